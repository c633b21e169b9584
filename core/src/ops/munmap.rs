//! munmap(2).

use crate::errno::Errno;
use crate::flags::MapFlags;
use crate::host::Host;
use crate::map::NodeSource;
use crate::page::AddrRange;
use crate::space::Space;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// munmap(2).
    ///
    /// # Errors
    /// EINVAL for a misaligned start, length 0 and a range that is none;
    /// ENOMEM; whatever the host answers.
    pub fn munmap(&mut self, addr: usize, len: usize) -> Result<(), Errno> {
        let range = self.unmapped_range(addr, len)?;
        self.reserve(2)?;
        if self.config.narrow() {
            return self.munmap_narrow(range);
        }
        self.unmap(range)
    }

    /// What a munmap(2) with these arguments unmaps.
    pub(crate) fn unmapped_range(&self, addr: usize, len: usize) -> Result<AddrRange, Errno> {
        // do_vmi_munmap()
        if !self.config.target.is_aligned(addr) || len == 0 {
            return Err(Errno::EINVAL);
        }
        self.target_range(addr, len).ok_or(Errno::EINVAL)
    }

    /// Unmaps `range`, whole host pages, on the host and in the table. Needs one
    /// reserved entry.
    pub(crate) fn unmap(&mut self, range: AddrRange) -> Result<(), Errno> {
        let Some(hard) = self.hard_part(range) else {
            self.host.munmap(range.start(), range.len())?;
            self.map.remove(range);
            return Ok(());
        };
        // What lies behind first: there the host finds a length that is none
        // before anything is gone.
        self.unmap_outside(hard.end(), range.end())?;
        if !self.map.is_free(hard) {
            // Like any MAP_FIXED it may fail when the old is gone already.
            self.keep_place(hard, MapFlags::FIXED).inspect_err(|_| self.settle(hard))?;
            self.map.remove(hard);
        }
        self.unmap_outside(range.start(), hard.start())
    }

    /// Unmaps what of a range is not in the hard window.
    fn unmap_outside(&mut self, from: usize, to: usize) -> Result<(), Errno> {
        let Some(part) = AddrRange::new(from, to).filter(|part| !part.is_empty()) else {
            return Ok(());
        };
        self.host.munmap(part.start(), part.len())?;
        self.map.remove(part);
        Ok(())
    }
}
