//! remap_file_pages(2), mseal(2), mbind(2).

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::host::Host;
use crate::map::NodeSource;
use crate::ops::walk::Holes;
use crate::page::AddrRange;
use crate::space::Space;
use crate::vma::{Backing, Vma, COPIED};

impl<H: Host, S: NodeSource> Space<H, S> {
    /// remap_file_pages(2); `pgoff` counts target pages.
    ///
    /// # Errors
    /// EINVAL for what is no shared mapping of a file, and whatever else the
    /// host answers.
    pub fn remap_file_pages(
        &mut self,
        addr: usize,
        len: usize,
        prot: Prot,
        pgoff: usize,
        flags: MapFlags,
    ) -> Result<(), Errno> {
        let target = self.config.target;
        self.reserve(3)?;
        // Start and length are rounded down, without a word.
        let (start, len) = (target.floor(addr), target.floor(len));
        let range = AddrRange::from_len(start, len).filter(|range| !range.is_empty());
        let range = range.ok_or(Errno::EINVAL)?;
        let offset =
            pgoff.checked_shl(target.shift()).filter(|bytes| bytes >> target.shift() == pgoff);
        let offset = offset.ok_or(Errno::EINVAL)?;
        let host = self.config.host;
        let vma = self.map.find(start);
        let copied = vma.is_some_and(|vma| vma.flags.contains(COPIED));
        // Of a host page the host has more than was mapped.
        let beyond = self.config.narrow() && !vma.is_some_and(|vma| vma.range.covers(range));
        if copied || beyond || ![start, len, offset].into_iter().all(|at| host.is_aligned(at)) {
            // Parts of host pages cannot be exchanged.
            return Err(Errno::EINVAL);
        }
        let host_pgoff = offset >> self.config.real.shift();
        self.host.remap_file_pages(start, len, prot, host_pgoff, flags)?;
        if let Some(vma) = vma.filter(Vma::is_ours) {
            let offset = offset as u64;
            let backing = match vma.backing {
                Backing::File { id, .. } => Backing::File { id, offset },
                Backing::Special { id, .. } => Backing::Special { id, offset },
                other => other,
            };
            self.map.remove(range);
            self.map.insert(Vma { range, backing, ..vma });
        }
        Ok(())
    }

    /// mseal(2).
    ///
    /// # Errors
    /// EINVAL for a misaligned start and a range that is none; ENOMEM, with
    /// nothing sealed, for one with a hole; whatever the host answers.
    pub fn mseal(&mut self, addr: usize, len: usize, flags: usize) -> Result<(), Errno> {
        let range = self.target_range(addr, len).ok_or(Errno::EINVAL)?;
        if !self.config.target.is_aligned(addr) || range.is_empty() || flags != 0 {
            let misaligned = addr & self.config.target.mask() != 0;
            let addr = if misaligned { addr | 1 } else { addr };
            return self.host.mseal(addr, 0, flags);
        }
        if self.own_pages(range) != range {
            return Err(Errno::EINVAL);
        }
        if let Ok(Some(_)) = self.first_gap(range) {
            return Err(Errno::ENOMEM);
        }
        self.over_mapped(range, Holes::Skip, |space, part| {
            space.host.mseal(part.start(), part.len(), flags)
        })
    }

    /// mbind(2); `policy` is mode, node mask, its length in bits, and flags.
    ///
    /// # Errors
    /// EINVAL for a misaligned start, and whatever else the host answers.
    pub fn mbind(&mut self, addr: usize, len: usize, policy: [usize; 4]) -> Result<(), Errno> {
        if !self.config.target.is_aligned(addr) {
            return Err(Errno::EINVAL);
        }
        // PAGE_ALIGN() lets lengths just below the largest come out as 0.
        let mask = self.config.target.mask();
        let len = len.wrapping_add(mask) & !mask;
        let range = self.target_range(addr, len).ok_or(Errno::EINVAL)?;
        let span = range.round_out(self.config.host).ok_or(Errno::EINVAL)?;
        let span = if range.is_empty() { range } else { span };
        self.host.mbind(self.config.host.floor(addr), span.len(), policy)
    }
}
