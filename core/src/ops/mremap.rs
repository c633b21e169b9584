//! mremap(2): the arguments, and moves to an address that the program names.
//!
//! The order of checks is that of `mm/mremap.c` in Linux 6.12. Growth is in
//! [`super::resize`].

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::host::Host;
use crate::map::NodeSource;
use crate::page::AddrRange;
use crate::space::Space;
use crate::vma::{Backing, Vma, COPIED};

/// MREMAP_MAYMOVE.
pub(crate) const MAYMOVE: i32 = 1;
/// MREMAP_FIXED.
pub(crate) const FIXED: i32 = 2;
/// MREMAP_DONTUNMAP.
pub(crate) const DONTUNMAP: i32 = 4;

/// What is to be moved or resized, in whole target pages.
#[derive(Clone, Copy)]
pub(crate) struct Resize {
    /// The old range; empty to duplicate a shared mapping.
    pub(crate) old: AddrRange,
    pub(crate) new_len: usize,
    pub(crate) flags: i32,
    /// What lies at its beginning, from there to its end.
    pub(crate) vma: Vma,
    /// Whether it is in part a copy of the file's contents and in part not.
    pub(crate) mixed: bool,
    /// What the host has of the old range: less only for memory of others that
    /// ends inside a target page.
    pub(crate) host_len: usize,
}

/// Whether the flags are known and go together. MREMAP_DONTUNMAP does not
/// resize, by the lengths as the program gave them.
fn flags_fit(flags: i32, same_len: bool) -> bool {
    let moves = flags & MAYMOVE != 0;
    flags & !(MAYMOVE | FIXED | DONTUNMAP) == 0
        && (moves || flags & FIXED == 0)
        && (moves && same_len || flags & DONTUNMAP == 0)
}

impl Resize {
    /// The error for an old range that is not one mapping: vma_to_resize() looks at
    /// the kind of mapping before the extent.
    fn crossing(&self) -> Errno {
        let special = matches!(self.vma.backing, Backing::Special { .. });
        if special && self.flags & DONTUNMAP != 0 {
            Errno::EINVAL
        } else {
            Errno::EFAULT
        }
    }

    /// Where the old range ends when it has the new length.
    pub(crate) fn new_end(&self) -> Result<usize, Errno> {
        self.old.start().checked_add(self.new_len).ok_or(Errno::EINVAL)
    }
}

impl<H: Host, S: NodeSource> Space<H, S> {
    /// mremap(2). Returns the address.
    ///
    /// # Errors
    /// As a kernel with target pages.
    pub fn mremap(
        &mut self,
        addr: usize,
        old_len: usize,
        new_len: usize,
        flags: i32,
        new_addr: usize,
    ) -> Result<usize, Errno> {
        let target = self.config.target;
        if !flags_fit(flags, old_len == new_len) || !target.is_aligned(addr) {
            return Err(Errno::EINVAL);
        }
        // PAGE_ALIGN() lets lengths just below the largest come out as 0.
        let old_len = old_len.wrapping_add(target.mask()) & !target.mask();
        let new_len = new_len.wrapping_add(target.mask()) & !target.mask();
        if new_len == 0 {
            return Err(Errno::EINVAL);
        }
        self.reserve(16)?;
        let Some(old) = AddrRange::from_len(addr, old_len) else {
            // munmap(2) of the rest refuses, if there is a rest and a mapping.
            let empty = AddrRange::from_len(addr, 0).unwrap_or_default();
            self.resize_of(empty, new_len, flags)?;
            let stays = old_len == new_len && flags & (FIXED | DONTUNMAP) == 0;
            return if stays { Ok(addr) } else { Err(Errno::EINVAL) };
        };
        let resize = self.resize_of(old, new_len, flags)?;
        if flags & (FIXED | DONTUNMAP) != 0 {
            return self.move_named(&resize, new_addr);
        }
        if old_len > new_len {
            self.trim(&resize)?;
        }
        if old_len >= new_len {
            Ok(addr)
        } else {
            self.grow(&resize)
        }
    }

    /// Looks at what is to be resized; EFAULT when that is nothing.
    fn resize_of(&mut self, old: AddrRange, new_len: usize, flags: i32) -> Result<Resize, Errno> {
        let addr = old.start();
        if let Some(vma) = self.map.find(addr).filter(Vma::is_ours) {
            let rest = AddrRange::new(addr, vma.range.end()).unwrap_or_default();
            let vma = vma.clipped(rest).ok_or(Errno::EFAULT)?;
            let (vma, mixed) = self.whole_mapping(vma);
            return Ok(Resize { old, new_len, flags, vma, mixed, host_len: old.len() });
        }
        if self.is_freed(addr) {
            return Err(Errno::EFAULT);
        }
        let Ok(region) = self.host.region_from(addr) else {
            // Without a list of mappings nothing is known but that it is there.
            let vma =
                Vma { range: old, prot: Prot::RW, flags: MapFlags::PRIVATE, ..Vma::default() };
            let resize = Resize { old, new_len, flags, vma, mixed: false, host_len: old.len() };
            return if self.host.is_mapped(addr) { Ok(resize) } else { Err(Errno::EFAULT) };
        };
        let region = region.filter(|region| region.range.contains(addr)).ok_or(Errno::EFAULT)?;
        let rest = AddrRange::new(addr, region.range.end()).unwrap_or_default();
        let kind = if region.shared { MapFlags::SHARED } else { MapFlags::PRIVATE };
        let vma = Vma {
            range: region.range,
            prot: region.prot & Prot::RWX,
            flags: kind,
            backing: region.backing,
        };
        let vma = vma.clipped(rest).ok_or(Errno::EFAULT)?;
        // The rest of the last target page belongs to what ends there.
        let least = old.len().saturating_sub(self.config.target.mask());
        let host_len = if rest.len() >= least { old.len().min(rest.len()) } else { old.len() };
        Ok(Resize { old, new_len, flags, vma, mixed: false, host_len })
    }

    /// `vma` with the entries behind it that differ only in being a copy or not:
    /// to the program they are one mapping.
    fn whole_mapping(&self, vma: Vma) -> (Vma, bool) {
        let mut whole = vma;
        let mut mixed = false;
        while let Some(next) = self.map.find(whole.range.end()) {
            let flags = next.flags.difference(COPIED) | vma.flags & COPIED;
            let same = Vma { flags, ..next };
            if !whole.continues_into(&same) {
                break;
            }
            mixed = true;
            whole.range =
                AddrRange::new(vma.range.start(), next.range.end()).unwrap_or(whole.range);
        }
        (whole, mixed)
    }

    /// Unmaps what a smaller new length leaves over.
    pub(crate) fn trim(&mut self, resize: &Resize) -> Result<(), Errno> {
        let tail = AddrRange::new(resize.new_end()?, resize.old.end()).ok_or(Errno::EINVAL)?;
        if self.config.narrow() {
            self.munmap_narrow(tail)
        } else {
            self.unmap(tail)
        }
    }

    /// MREMAP_FIXED and MREMAP_DONTUNMAP (`mremap_to()`).
    fn move_named(&mut self, resize: &Resize, new_addr: usize) -> Result<usize, Errno> {
        let dest = AddrRange::from_len(new_addr, resize.new_len);
        let dest = dest.filter(|dest| self.config.target.is_aligned(dest.start()));
        let dest = dest.ok_or(Errno::EINVAL)?;
        if dest.overlaps(resize.old) {
            return Err(Errno::EINVAL);
        }
        if self.config.narrow() {
            return self.move_narrow(resize, dest);
        }
        if resize.flags & FIXED == 0 {
            // DONTUNMAP alone: a new place, the address a hint.
            self.check_extent(resize)?;
            return self.move_away(resize, new_addr, MAYMOVE | FIXED | DONTUNMAP);
        }
        let kept = resize.old.len().min(resize.new_len);
        let kept = AddrRange::from_len(resize.old.start(), kept).unwrap_or(resize.old);
        if self.hard_part(kept).is_some_and(|hard| self.has_gap(hard)) {
            // The host has the reservation there.
            return self.fail_late(resize, dest);
        }
        if self.has_filler(resize.old) {
            return self.move_special(resize, dest);
        }
        self.carry(resize, dest, resize.flags)
    }

    /// What mremap_to() has done by the time it finds that the old range is none.
    pub(crate) fn fail_late(&mut self, resize: &Resize, dest: AddrRange) -> Result<usize, Errno> {
        if self.config.narrow() {
            self.munmap_narrow(dest)?;
        } else {
            self.unmap(dest)?;
        }
        if resize.old.len() > resize.new_len {
            self.trim(resize)?;
        }
        Err(resize.crossing())
    }

    /// A range cannot be resized across the edge of a mapping; behind one of ours
    /// the host may have the reservation, which looks like more of it.
    pub(crate) fn check_extent(&self, resize: &Resize) -> Result<(), Errno> {
        let ours = self.map.find(resize.old.start()).is_some_and(|vma| vma.is_ours());
        let crosses = ours && resize.old.end() > resize.vma.range.end();
        if crosses {
            Err(resize.crossing())
        } else {
            Ok(())
        }
    }

    /// Whether the table has nothing in a part of `range`.
    fn has_gap(&self, range: AddrRange) -> bool {
        let entries = self.map.overlapping(range);
        entries.map(|vma| vma.range.len()).sum::<usize>() < range.len()
    }

    fn has_filler(&self, range: AddrRange) -> bool {
        self.map.overlapping(range).any(|vma| vma.backing == Backing::Filler)
    }

    /// Moves the old range to `dest` on the host and in the table; what is at
    /// `dest` is replaced.
    pub(crate) fn carry(
        &mut self,
        resize: &Resize,
        dest: AddrRange,
        flags: i32,
    ) -> Result<usize, Errno> {
        let old = resize.old;
        self.remap(resize, flags, dest.start()).inspect_err(|_| {
            // The kernel has unmapped the destination and the rest of the old
            // range before most of its checks.
            self.settle(dest);
            self.settle(old);
        })?;
        self.map.remove(dest);
        self.enter_moved(resize, dest);
        if flags & DONTUNMAP == 0 && !old.is_empty() {
            self.vacate(old);
        }
        self.rolling = dest.end();
        Ok(dest.start())
    }

    /// Enters at `dest`, where nothing is, what the table has of the old range;
    /// what comes last goes on to the end of `dest`.
    fn enter_moved(&mut self, resize: &Resize, dest: AddrRange) {
        let foreign = self.map.find(resize.old.start()).is_none_or(|vma| !vma.is_ours());
        if resize.old.is_empty() || foreign || resize.new_len > resize.old.len() {
            self.map.insert(Vma { range: dest, ..resize.vma });
            return;
        }
        let mut at = resize.old.start();
        let kept = AddrRange::from_len(at, resize.new_len).unwrap_or_default();
        while let Some(rest) = AddrRange::new(at, kept.end()).filter(|rest| !rest.is_empty()) {
            let Some(vma) = self.map.first_from(at).and_then(|vma| vma.clipped(rest)) else {
                break;
            };
            at = vma.range.end();
            let delta = vma.range.start() - kept.start();
            let start = dest.start().saturating_add(delta);
            // A kernel that moves several mappings at once (6.17) may need more
            // entries than were reserved for one.
            let _ = self.reserve(3);
            if let Some(range) = AddrRange::from_len(start, vma.range.len()) {
                self.map.insert(Vma { range, ..vma });
            }
        }
    }

    /// The old range is free on the host; where it is to be reserved it becomes
    /// so again.
    fn vacate(&mut self, old: AddrRange) {
        self.map.remove(old);
        if let Some(hard) = self.hard_part(old) {
            if self.keep_place(hard, MapFlags::FIXED).is_err() {
                self.settle(hard);
            }
        }
    }

    /// A special file with the filler behind it: drivers' mappings do not grow.
    fn move_special(&mut self, resize: &Resize, dest: AddrRange) -> Result<usize, Errno> {
        let kept = resize.old.len().min(resize.new_len);
        let old = AddrRange::from_len(resize.old.start(), kept).ok_or(Errno::EINVAL)?;
        let shorter = Resize { old, host_len: old.len(), ..*resize };
        let filler = self.map.overlapping(old).find(|vma| vma.backing == Backing::Filler);
        let whole = filler.is_none_or(|filler| {
            filler.range.end() == old.end() && filler.range.start() == resize.vma.range.end()
        });
        if resize.new_len > resize.old.len() || !whole {
            return self.fail_late(resize, dest);
        }
        if resize.new_len < resize.old.len() {
            self.trim(resize)?;
        }
        let Some(filler) = filler else { return self.carry(&shorter, dest, resize.flags) };
        let front = AddrRange::new(old.start(), filler.range.start()).ok_or(Errno::EINVAL)?;
        let rest =
            dest.start().checked_add(front.len()).and_then(|at| AddrRange::new(at, dest.end()));
        let rest = rest.ok_or(Errno::EINVAL)?;
        self.keep_place(rest, MapFlags::FIXED).inspect_err(|_| self.settle(dest))?;
        self.map.remove(rest);
        let part = Resize { old: front, new_len: front.len(), host_len: front.len(), ..*resize };
        let place = AddrRange::new(dest.start(), rest.start()).ok_or(Errno::EINVAL)?;
        self.carry(&part, place, resize.flags).inspect_err(|_| {
            self.undo(rest);
        })?;
        self.map.insert(Vma { range: rest, ..filler });
        if resize.flags & DONTUNMAP == 0 {
            self.release(filler.range)?;
            self.map.remove(filler.range);
        }
        Ok(dest.start())
    }
}
