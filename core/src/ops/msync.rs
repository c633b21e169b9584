//! msync(2) (A16).

use crate::errno::Errno;
use crate::host::Host;
use crate::map::NodeSource;
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
        self.over_range(range, |host, span| host.msync(span.start(), span.len(), flags))
    }

    /// A call that works on what is mapped in `range` and says ENOMEM when a
    /// part is not: the host's holes may be less than a target page, and the
    /// reservation is a hole to the program.
    pub(crate) fn over_range(
        &mut self,
        range: AddrRange,
        call: impl FnOnce(&mut H, AddrRange) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let span = range.round_out(self.config.host).ok_or(Errno::ENOMEM)?;
        let answer = call(&mut self.host, span);
        let soft = self.hard_part(span).is_none() && !self.config.narrow();
        match answer {
            Ok(()) if soft || self.covered(range) => Ok(()),
            Ok(()) | Err(Errno::ENOMEM) => match self.has_hole(range) {
                Some(true) => Err(Errno::ENOMEM),
                Some(false) => Ok(()),
                None => answer,
            },
            Err(errno) => Err(errno),
        }
    }
}
