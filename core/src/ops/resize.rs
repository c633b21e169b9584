//! mremap(2) that grows, and mremap(2) where target pages share host pages.

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::host::Host;
use crate::map::NodeSource;
use crate::ops::call::{Call, How};
use crate::ops::mprotect::Change;
use crate::ops::mremap::{Resize, DONTUNMAP, FIXED, MAYMOVE};
use crate::page::AddrRange;
use crate::space::{MapRequest, Space};
use crate::vma::{Backing, Vma, COPIED};

/// MADV_DONTNEED of madvise(2).
const DONTNEED: i32 = 4;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// The request for a place for `len` bytes, `lead` bytes into its first host page.
    fn claim_call(&self, hint: usize, len: usize, lead: usize) -> Result<Call, Errno> {
        let request = MapRequest {
            addr: hint,
            len,
            prot: Prot::NONE,
            flags: MapFlags::PRIVATE | MapFlags::ANONYMOUS | MapFlags::NORESERVE,
            fd: -1,
            offset: 0,
            align: 0,
        };
        let unit = self.config.unit();
        let span = lead.checked_add(len).and_then(|len| unit.ceil(len)).ok_or(Errno::ENOMEM)?;
        Ok(Call { lead, span, align: unit.bytes(), ..Call::new(&request, len, None) })
    }

    /// Takes such a place with a mapping without access that is in the table.
    pub(crate) fn claim(&mut self, hint: usize, len: usize, lead: usize) -> Result<usize, Errno> {
        let call = self.claim_call(hint, len, lead)?;
        // What counts for the next place is the mapping that is to go there.
        let rolling = self.rolling;
        let at = self.map_anywhere(&call)?;
        self.rolling = rolling;
        self.reserve(16).inspect_err(|_| {
            let _ = self.munmap(at, len);
        })?;
        Ok(at)
    }

    /// mremap(2) to a larger length.
    pub(crate) fn grow(&mut self, resize: &Resize) -> Result<usize, Errno> {
        // vma_to_resize(): an empty old range duplicates, which only a shared
        // mapping can be.
        if resize.old.is_empty() && !resize.vma.flags.is_shared() {
            return Err(Errno::EINVAL);
        }
        self.check_extent(resize)?;
        if self.config.narrow() {
            return self.grow_narrow(resize);
        }
        if self.map.overlapping(resize.old).any(|vma| vma.backing == Backing::Filler) {
            return Err(Errno::EFAULT);
        }
        if !self.must_move(resize) && self.grow_in_place(resize)? {
            return Ok(resize.old.start());
        }
        if resize.flags & MAYMOVE == 0 {
            if old_is_device(&resize.vma) {
                // VM_DONTEXPAND, before the look for room
                return Err(Errno::EFAULT);
            }
            return Err(Errno::ENOMEM);
        }
        self.move_away(resize, 0, MAYMOVE | FIXED)
    }

    /// Moves the old range to a new place, the address a hint. Where the host can tell
    /// that a place is free it is not claimed, which would cost as much as the move.
    pub(crate) fn move_away(
        &mut self,
        resize: &Resize,
        hint: usize,
        flags: i32,
    ) -> Result<usize, Errno> {
        if let Some(dest) = self.vacant_place(hint, resize.new_len) {
            return self.carry(resize, dest, flags);
        }
        let at = self.claim(hint, resize.new_len, 0)?;
        let dest = AddrRange::from_len(at, resize.new_len).ok_or(Errno::ENOMEM)?;
        self.carry(resize, dest, flags).inspect_err(|_| {
            let _ = self.unmap(dest);
        })
    }

    /// The place in the window for `len` bytes, if nothing is there but the reservation.
    fn vacant_place(&mut self, hint: usize, len: usize) -> Option<AddrRange> {
        if hint != 0 {
            return None;
        }
        let call = self.claim_call(hint, len, 0).ok()?;
        let place = AddrRange::from_len(self.find_place(&call)?, len)?;
        let vacant = match self.hard_part(place) {
            Some(part) => part == place,
            None => self.host.is_vacant(place),
        };
        vacant.then_some(place)
    }

    /// Whether there is no room behind and the program would have it moved: then the
    /// host finds the same reasons to refuse that.
    fn must_move(&self, resize: &Resize) -> bool {
        let old = resize.old;
        resize.flags & MAYMOVE != 0
            && !old.is_empty()
            && !old_is_device(&resize.vma)
            && self.map.find(old.start()).is_some_and(|vma| vma.is_plain())
            && self.map.find(old.end()).is_some_and(|vma| vma.is_ours())
    }

    /// Whether the mapping could be extended where it is.
    fn grow_in_place(&mut self, resize: &Resize) -> Result<bool, Errno> {
        let Resize { old, vma, .. } = *resize;
        if old.is_empty() {
            return Ok(false);
        }
        // A length beyond all addresses is refused, for the host's reason.
        let end = resize.new_end().unwrap_or(usize::MAX);
        let behind = AddrRange::new(old.end(), end).ok_or(Errno::EINVAL)?;
        // Where the table has something behind it the host finds the reason to
        // refuse: no room, or an old range that is none.
        let hard = self.hard_part(behind).filter(|_| self.map.is_free(behind));
        if let Some(hard) = hard {
            self.host.munmap(hard.start(), hard.len())?;
        }
        let grown = self.remap(resize, 0, 0);
        if let Err(errno) = grown {
            if let Some(hard) = hard {
                self.undo(hard);
            }
            return if errno == Errno::ENOMEM { Ok(false) } else { Err(errno) };
        }
        if self.map.find(old.start()).is_some_and(|vma| vma.is_ours()) {
            let delta = (behind.start() - vma.range.start()) as u64;
            self.map.insert(Vma { range: behind, backing: vma.backing.advanced(delta), ..vma });
        }
        Ok(true)
    }

    /// The host range of `range`, when no other target page has a part in it.
    fn sole_span(&self, range: AddrRange) -> Option<AddrRange> {
        let span = range.round_out(self.config.host)?;
        (self.own_pages(range) == span).then_some(span)
    }

    fn grow_narrow(&mut self, resize: &Resize) -> Result<usize, Errno> {
        let Resize { old, new_len, vma, .. } = *resize;
        if self.map.find(old.start()).is_none_or(|vma| !vma.is_ours()) {
            return Err(Errno::EFAULT);
        }
        let behind = resize.new_end().ok().and_then(|end| AddrRange::new(old.end(), end));
        let behind = behind.ok_or(Errno::ENOMEM)?;
        let last = vma.range.end() == old.end();
        let memory = vma.backing == Backing::Anonymous && !vma.flags.is_shared();
        if last && memory && !old.is_empty() && self.map.is_free(behind) {
            let call = memory_call(&vma, behind, How::Keep);
            let rolling = self.rolling;
            match self.map_fixed_narrow(&call, behind) {
                Ok(_) => {
                    // no new place
                    self.rolling = rolling;
                    return Ok(old.start());
                }
                // taken, or beside what it cannot join
                Err(Errno::EEXIST | Errno::ENOMEM | Errno::EINVAL) => {}
                Err(errno) => return Err(errno),
            }
        }
        if resize.flags & MAYMOVE == 0 {
            return Err(Errno::ENOMEM);
        }
        let lead = old.start() & self.config.host.mask();
        let at = self.claim(0, new_len, lead)?;
        let dest = AddrRange::from_len(at, new_len).ok_or(Errno::ENOMEM)?;
        self.carry_narrow(resize, dest).inspect_err(|_| {
            let _ = self.munmap_narrow(dest);
        })
    }

    /// MREMAP_FIXED and MREMAP_DONTUNMAP.
    pub(crate) fn move_narrow(&mut self, resize: &Resize, dest: AddrRange) -> Result<usize, Errno> {
        let old = resize.old;
        let lead = old.start() & self.config.host.mask();
        if resize.flags & FIXED == 0 {
            self.check_extent(resize)?;
            let at = self.claim(0, resize.new_len, lead)?;
            let dest = AddrRange::from_len(at, resize.new_len).ok_or(Errno::ENOMEM)?;
            return self.carry_narrow(resize, dest).inspect_err(|_| {
                let _ = self.munmap_narrow(dest);
            });
        }
        let kept = old.len().min(resize.new_len);
        let duplicates = old.is_empty() && !resize.vma.flags.is_shared();
        if kept > resize.vma.range.len() || duplicates {
            let answer = self.fail_late(resize, dest);
            // EFAULT when what was to be duplicated lay at the new place
            let private = duplicates && !dest.contains(old.start());
            return if private { answer.or(Err(Errno::EINVAL)) } else { answer };
        }
        if old.len() <= resize.new_len {
            return self.carry_narrow(resize, dest);
        }
        self.trim(resize)?;
        let kept = AddrRange::new(old.start(), resize.new_end()?).ok_or(Errno::EINVAL)?;
        self.carry_narrow(&Resize { old: kept, host_len: kept.len(), ..*resize }, dest)
    }

    /// Moves the old range to `dest`: as whole host pages where both have theirs
    /// for themselves, else by a copy, which only private memory can be.
    fn carry_narrow(&mut self, resize: &Resize, dest: AddrRange) -> Result<usize, Errno> {
        let Resize { old, vma, .. } = *resize;
        let ours = self.map.find(old.start()).is_some_and(|vma| vma.is_ours());
        if old.end() > vma.range.end() || !ours {
            return Err(Errno::EFAULT);
        }
        let mask = self.config.host.mask();
        let congruent = old.start() & mask == dest.start() & mask;
        let place = self.free_span(dest).filter(|_| congruent);
        let grows = resize.new_len > old.len();
        // A copy cannot be continued by contents of the file, nor can these come
        // back to what it leaves behind.
        if vma.flags.contains(COPIED) || resize.mixed {
            match resize.flags & DONTUNMAP {
                0 if grows => return Err(Errno::EFAULT),
                0 => {}
                _ => return Err(Errno::EINVAL),
            }
        }
        let source = if old.is_empty() { self.page_of(old.start()) } else { self.sole_span(old) };
        if let (Some(source), Some(place), false) = (source, place, resize.mixed) {
            match self.carry_pages(resize, dest, source, place) {
                // To the host the pages may be several mappings: they were made
                // one by one, or for others that are gone.
                Err(Errno::EFAULT) if !vma.flags.is_shared() => {}
                answer => return answer,
            }
        }
        self.carry_copy(resize, dest)
    }

    /// An empty range in the host page of `addr`, for duplicates.
    fn page_of(&self, addr: usize) -> Option<AddrRange> {
        let start = self.config.host.floor(addr);
        AddrRange::new(start, start)
    }

    /// The host range of `dest` when nothing but `dest` is in it.
    fn free_span(&mut self, dest: AddrRange) -> Option<AddrRange> {
        let span = dest.round_out(self.config.host)?;
        let sole = self.map.overlapping(span).all(|vma| dest.covers(vma.range));
        let first = self.host_page(dest.start());
        let last = self.host_page(dest.end().saturating_sub(1));
        for page in [first, last] {
            let part = page.intersection(dest)?;
            if part != page && self.note_foreign(page, part).unwrap_or(true) {
                return None;
            }
        }
        sole.then_some(span)
    }

    fn carry_pages(
        &mut self,
        resize: &Resize,
        dest: AddrRange,
        source: AddrRange,
        place: AddrRange,
    ) -> Result<usize, Errno> {
        let Resize { old, flags, vma, .. } = *resize;
        let flags = flags & DONTUNMAP | MAYMOVE | FIXED;
        let len = if resize.new_len == old.len() { source.len() } else { place.len() };
        if !source.is_empty() {
            self.make_even(resize, source)?;
        }
        let moved = self.host.mremap(source.start(), source.len(), len, flags, place.start());
        moved.inspect_err(|_| {
            self.settle(place);
            self.settle(source);
        })?;
        self.map.remove(dest);
        self.map.insert(Vma { range: dest, ..vma });
        if flags & DONTUNMAP == 0 && !source.is_empty() {
            self.map.remove(old);
            if let Some(hard) = self.hard_part(source) {
                if self.keep_place(hard, MapFlags::FIXED).is_err() {
                    self.settle(hard);
                }
            }
        }
        self.rolling = dest.end();
        Ok(dest.start())
    }

    /// Takes back what target pages that are gone have left in the host pages
    /// `source`: protections, and contents of private pages behind the old range
    /// where it grows into them.
    fn make_even(&mut self, resize: &Resize, source: AddrRange) -> Result<(), Errno> {
        let Resize { old, vma, .. } = *resize;
        let left = AddrRange::new(old.end(), source.end()).filter(|left| !left.is_empty());
        let grows = !vma.flags.is_shared() && resize.new_len > old.len();
        if let Some(left) = left.filter(|_| grows) {
            self.host.mprotect(source.start(), source.len(), vma.prot | Prot::RW)?;
            match vma.backing {
                Backing::Anonymous => self.host.zero(left),
                _ => self.renew_behind(old)?,
            }
        }
        self.host.mprotect(source.start(), source.len(), vma.prot)
    }

    /// Lets the host page in which `old`, a private mapping of a file, ends show the
    /// file again, but for what is of `old` in it. The page can be read and written and
    /// holds nothing else.
    fn renew_behind(&mut self, old: AddrRange) -> Result<(), Errno> {
        let page = self.host_page(old.end());
        let Some(kept) = page.intersection(old) else { return Ok(()) };
        let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS;
        let aside = self.host.mmap(0, page.len(), Prot::RW, flags, -1, 0)?;
        let copied = self.host.copy(kept.start(), aside, kept.len());
        let renewed = self.host.madvise(page.start(), page.len(), DONTNEED);
        if renewed.is_ok() {
            self.host.copy(aside, kept.start(), copied);
        }
        let cleared = self.host.munmap(aside, page.len());
        renewed.and(cleared)
    }

    /// Private memory: mapped anew at `dest`, copied, unmapped.
    fn carry_copy(&mut self, resize: &Resize, dest: AddrRange) -> Result<usize, Errno> {
        let Resize { old, new_len, flags, vma, .. } = *resize;
        let memory = vma.backing == Backing::Anonymous;
        let stays = flags & DONTUNMAP != 0;
        let file = matches!(vma.backing, Backing::File { .. });
        // What stays behind of a file's mapping, or comes new to it, would have to
        // be read.
        let copyable = memory || file && !stays && new_len <= old.len();
        if vma.flags.is_shared() || old.is_empty() || !copyable {
            return Err(Errno::EINVAL);
        }
        let writable = Vma { prot: vma.prot | Prot::RW, ..vma };
        self.map_fixed_narrow(&memory_call(&writable, dest, How::Replace), dest)?;
        self.fill_copy(resize, dest).inspect_err(|_| {
            let _ = self.munmap_narrow(dest);
        })?;
        self.rolling = dest.end();
        Ok(dest.start())
    }

    /// Makes the memory at `dest` what the old range is, and that nothing.
    fn fill_copy(&mut self, resize: &Resize, dest: AddrRange) -> Result<(), Errno> {
        let Resize { old, flags, vma, .. } = *resize;
        self.reserve(16)?;
        self.copy_pages(old, dest.start())?;
        let file = vma.backing != Backing::Anonymous;
        let mark = if file { COPIED } else { MapFlags::empty() };
        self.map.update(dest, |entry| {
            entry.backing = vma.backing.advanced((entry.range.start() - dest.start()) as u64);
            entry.flags = vma.flags | mark;
        });
        if !vma.prot.contains(Prot::RW) {
            let whole = Vma { range: dest, ..vma };
            self.protect_narrow(&whole, Change { prot: vma.prot, key: None })?;
        }
        if flags & DONTUNMAP != 0 {
            self.zero_memory(old)
        } else {
            self.munmap_narrow(old)
        }
    }

    /// Copies `from`, whatever its protection, host page by host page.
    fn copy_pages(&mut self, from: AddrRange, to: usize) -> Result<(), Errno> {
        let mut at = from.start();
        while at < from.end() {
            let page = self.host_page(at);
            let Some(part) = page.intersection(from) else { break };
            let union = self.union(page, AddrRange::default()) & Prot::RWX;
            let raised = !union.contains(Prot::READ);
            if raised {
                self.host.mprotect(page.start(), page.len(), union | Prot::READ)?;
            }
            self.host.copy(part.start(), to + (part.start() - from.start()), part.len());
            if raised {
                self.host.mprotect(page.start(), page.len(), union)?;
            }
            at = page.end();
        }
        Ok(())
    }
}

fn old_is_device(vma: &Vma) -> bool {
    matches!(vma.backing, Backing::Special { .. })
}

/// A request for private memory with what else `vma` has.
fn memory_call(vma: &Vma, range: AddrRange, how: How) -> Call {
    let request = MapRequest {
        addr: range.start(),
        len: range.len(),
        prot: vma.prot,
        flags: MapFlags::PRIVATE
            | MapFlags::ANONYMOUS
            | vma.flags & MapFlags::NORESERVE
            | how.flag(),
        fd: -1,
        offset: 0,
        align: 0,
    };
    Call::new(&request, range.len(), None)
}
