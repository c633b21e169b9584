//! mlock(2), mlock2(2), munlock(2).
//!
//! Locked memory is counted in what is locked on the host: whole target pages,
//! so that RLIMIT_MEMLOCK means what it means to a kernel with such pages.

use crate::errno::Errno;
use crate::host::Host;
use crate::map::NodeSource;
use crate::ops::walk::Holes;
use crate::page::AddrRange;
use crate::space::Space;

/// mlock2(2): lock pages when they are touched.
const MLOCK_ONFAULT: u32 = 1;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// mlock(2), with `flags` mlock2(2).
    ///
    /// # Errors
    /// The host's; EINVAL for a range that is none, ENOMEM for one with a hole,
    /// in front of which all is locked, and for pages that cannot be touched, which are
    /// locked with the others.
    pub fn mlock(&mut self, addr: usize, len: usize, flags: Option<u32>) -> Result<(), Errno> {
        let range = self.locked_range(addr, len)?;
        // mlock2(2) looks at the flags and do_mlock() at the permission first.
        if range.is_empty() || flags.is_some_and(|flags| flags & !MLOCK_ONFAULT != 0) {
            self.host.mlock(self.config.host.floor(addr), 0, flags)?;
        }
        let page = self.config.host;
        // do_mlock() marks all of the range before it touches the first page.
        let mut touched = Ok(());
        self.over_mapped(range, Holes::Stop, |space, part| {
            let span = part.round_out(page).ok_or(Errno::EINVAL)?;
            touched = touched.and(space.host.mlock(span.start(), span.len(), flags));
            Ok(())
        })?;
        touched
    }

    /// munlock(2). A host page that other target pages use stays locked.
    ///
    /// # Errors
    /// As [`Space::mlock`].
    pub fn munlock(&mut self, addr: usize, len: usize) -> Result<(), Errno> {
        let range = self.locked_range(addr, len)?;
        self.over_mapped(range, Holes::Stop, |space, part| {
            let span = space.own_pages(part);
            if span.is_empty() {
                return Ok(());
            }
            space.host.munlock(span.start(), span.len())
        })
    }

    /// The target pages from `addr` on; lengths just below the largest come out
    /// as 0, as the kernel's do.
    fn locked_range(&self, addr: usize, len: usize) -> Result<AddrRange, Errno> {
        let target = self.config.target;
        let within = addr & target.mask();
        let len = len.wrapping_add(within).wrapping_add(target.mask()) & !target.mask();
        AddrRange::from_len(target.floor(addr), len).ok_or(Errno::EINVAL)
    }
}
