//! msync(2) (A16).

use crate::errno::Errno;
use crate::host::Host;
use crate::map::NodeSource;
use crate::ops::walk::Holes;
use crate::page::AddrRange;
use crate::space::Space;

/// Start writing back.
const MS_ASYNC: i32 = 1;
/// Forget cached copies.
const MS_INVALIDATE: i32 = 2;
/// Write back and wait.
const MS_SYNC: i32 = 4;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// msync(2).
    ///
    /// # Errors
    /// As the kernel's: EINVAL for flags and alignment, ENOMEM for a range that
    /// is none and, after the rest was done, for one with a hole.
    pub fn msync(&mut self, addr: usize, len: usize, flags: i32) -> Result<(), Errno> {
        let target = self.config.target;
        if flags & !(MS_ASYNC | MS_INVALIDATE | MS_SYNC) != 0
            || !target.is_aligned(addr)
            || flags & (MS_ASYNC | MS_SYNC) == MS_ASYNC | MS_SYNC
        {
            return Err(Errno::EINVAL);
        }
        // The kernel's own rounding: a length just below the largest becomes 0.
        let len = len.wrapping_add(target.mask()) & !target.mask();
        let range = AddrRange::from_len(addr, len).ok_or(Errno::ENOMEM)?;
        if range.is_empty() {
            return Ok(());
        }
        let page = self.config.host;
        self.over_mapped(range, Holes::Skip, |space, part| {
            let span = part.round_out(page).ok_or(Errno::ENOMEM)?;
            space.host.msync(span.start(), span.len(), flags)
        })
    }
}
