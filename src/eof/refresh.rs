//! Taking tails away again: when the file has grown over them or shrunk
//! away from their page, and when the program unmaps them.

use super::list::Tail;
use super::{kernel, strict, Eof};
use pagesim_core::eof;
use pagesim_core::flags::Prot;
use pagesim_core::host::Host;
use pagesim_core::page::AddrRange;
use pagesim_core::vma::{Backing, FileId, Vma};

/// File offsets.
pub(crate) type Part = core::ops::Range<u64>;

/// Tails looked at by a call that has nothing to do with files.
const AT_MOST: usize = 16;

impl Eof<'_> {
    /// Looks at every tail of a file.
    pub(crate) fn recheck_file(&mut self, id: FileId) {
        for number in 0..self.list.numbers() {
            if self.list.get(number).is_some_and(|tail| tail.id == id) {
                self.recheck(number);
            }
        }
        self.publish();
    }

    /// A call of this process is about to make a file grow, or has, and zeroes or has written
    /// `part` of it: see `changes`.
    pub(crate) fn growing(&mut self, id: FileId, part: &Part) {
        self.clear(id, part);
        self.mark(id, true);
    }

    /// The end of that call.
    pub(crate) fn grown_enough(&mut self, id: FileId) {
        self.recheck_file(id);
        self.mark(id, false);
    }

    /// The same for a call that writes: a file system on a disk zeroes what is in front
    /// of it in a new block.
    pub(crate) fn writing(&mut self, id: FileId, part: &Part) {
        let block = self.space.config().real.bytes() as u64;
        let within = if on_disk(id) { part.start % block } else { 0 };
        self.growing(id, &(part.start - within..part.end));
    }

    fn mark(&mut self, id: FileId, growing: bool) {
        for number in 0..self.list.numbers() {
            match self.list.get(number) {
                Some(tail) if tail.shared && tail.id == id && tail.growing != growing => {
                    self.list.set(number, Some(Tail { growing, ..tail }));
                }
                _ => {}
            }
        }
    }

    /// Zeroes what shared tails hold of a part of their file.
    fn clear(&mut self, id: FileId, part: &Part) {
        for number in 0..self.list.numbers() {
            let Some(tail) = self.list.get(number).filter(|t| t.shared && t.id == id) else {
                continue;
            };
            let within = |offset: u64| {
                usize::try_from(offset.saturating_sub(tail.offset)).unwrap_or(usize::MAX)
            };
            zero(tail.memory(), within(part.start)..within(part.end));
        }
    }

    /// Looks at the tails, at some of them when there are many.
    pub(crate) fn recheck_some(&mut self) {
        let numbers = self.list.numbers();
        let first = if numbers > AT_MOST { self.next_check(numbers) } else { 0 };
        for step in 0..numbers.min(AT_MOST) {
            self.recheck((first + step) % numbers);
        }
        self.publish();
    }

    /// Looks at all of them.
    pub(crate) fn recheck_all(&mut self) {
        for number in 0..self.list.numbers() {
            self.recheck(number);
        }
        self.end_look();
    }

    /// The end of a call that may have been handed tails.
    pub(super) fn end_look(&mut self) {
        if strict::is_on() {
            self.hide_all();
        }
        self.fill_pinned();
        self.publish();
    }

    /// Where the next round begins among `numbers`.
    fn next_check(&self, numbers: usize) -> usize {
        use core::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(AT_MOST, Ordering::Relaxed) % numbers
    }

    /// The table's entry in which a tail lies; `None` when something else is
    /// there by now.
    pub(super) fn vma_of(&self, tail: &Tail) -> Option<Vma> {
        let vma = self.space.map().find(tail.range.start())?.clipped(tail.range)?;
        let same = Backing::File { id: tail.id, offset: tail.offset };
        (vma.backing == same && vma.range == tail.range).then_some(vma)
    }

    fn recheck(&mut self, number: usize) {
        let Some(tail) = self.list.get(number) else { return };
        let Some(vma) = self.vma_of(&tail) else {
            self.drop_parked(number, &tail);
            return;
        };
        let file = tail.file();
        if kernel::readable(file.start()) {
            let real = self.space.config().real;
            let end = eof::first_beyond(file, real, kernel::readable);
            self.grown(number, &tail, &vma, end - file.start());
        } else if vma.prot.intersects(Prot::RWX) && !kernel::readable(self.page_start(&tail)) {
            self.put_back(number, &tail, &vma, tail.range.len());
        }
    }

    fn page_start(&self, tail: &Tail) -> usize {
        self.space.config().target.floor(tail.range.start())
    }

    /// The file reaches over the first `len` bytes of the tail.
    ///
    /// What was stored in a shared tail becomes file, where the file is zero and a call
    /// of this process makes it grow: on a large page it is page cache from the
    /// first, and ext4 and tmpfs alike leave it there when the file grows over it (`ext4_block_truncate_page()` and the
    /// like zero the block of the end, and tails begin behind that).
    fn grown(&mut self, number: usize, tail: &Tail, vma: &Vma, len: usize) {
        if tail.shared {
            if tail.growing {
                self.carry_over(tail, vma, len);
            }
            self.put_back(number, tail, vma, len);
            return;
        }
        // A page that the program has written is its own from then on, all of it.
        let prot = if tail.hidden { Prot::RW } else { vma.prot };
        if tail.own || sum(tail.memory(), prot) != Some(tail.sum) {
            self.keep_own(number, tail, vma);
        } else if self.put_back(number, tail, vma, len) {
            if let Some(rest) = self.list.get(number) {
                let sum = sum(rest.memory(), prot).unwrap_or(rest.sum);
                self.list.set(number, Some(Tail { sum, ..rest }));
            }
        }
    }

    fn keep_own(&mut self, number: usize, tail: &Tail, vma: &Vma) {
        if tail.hidden && self.reveal(number, tail, vma).is_err() {
            return;
        }
        if let Some(tail) = self.list.get(number) {
            self.list.set(number, Some(Tail { own: true, ..tail }));
        }
    }

    /// Stores into the file what the first `len` bytes of a shared tail hold.
    fn carry_over(&self, tail: &Tail, vma: &Vma, len: usize) {
        let real = self.space.config().real.bytes();
        for at in (0..len).step_by(real) {
            let part = |whole: AddrRange| AddrRange::from_len(whole.start() + at, real);
            let page = part(tail.memory()).unwrap_or_default();
            let prot = if tail.hidden { Prot::RW } else { vma.prot };
            if is_zero(page, prot) {
                continue;
            }
            let Ok(same) = kernel::duplicate(page) else { continue };
            let file = kernel::duplicate(part(tail.file()).unwrap_or_default()).unwrap_or_default();
            // a file opened for reading only has no tail that was written here
            let ready = kernel::protect(same, Prot::READ).and(kernel::protect(file, Prot::RW));
            if !file.is_empty() && ready.is_ok() {
                // SAFETY: two mappings of our own of one length, one of them
                // writable; the file reaches over it.
                unsafe { merge(same, file) };
            }
            kernel::unmap(same);
            kernel::unmap(file);
        }
    }

    /// Moves the file's mapping back over the first `len` bytes of a tail.
    pub(super) fn put_back(&mut self, number: usize, tail: &Tail, vma: &Vma, len: usize) -> bool {
        let Some(part) = AddrRange::from_len(tail.parked, len) else { return false };
        if tail.hidden {
            // it is there already, and what waits is the memory
            kernel::unmap(part);
            self.list.set(number, tail.without_front(len));
            return true;
        }
        let place = AddrRange::from_len(tail.range.start(), len).unwrap_or_default();
        let locked = kernel::is_locked(place);
        if self.space.leaves_behind() {
            kernel::leave_behind(part, self.stays_behind(place));
        }
        let back = kernel::protect(part, vma.prot)
            .and_then(|()| kernel::move_over(part, tail.range.start()));
        match back {
            Ok(()) => {
                self.list.set(number, tail.without_front(len));
                if locked {
                    kernel::lock(place);
                }
            }
            // No entry left in the kernel's list: the tail stays as it is.
            Err(_) => drop(kernel::protect(part, Prot::READ)),
        }
        back.is_ok()
    }

    pub(super) fn drop_parked(&mut self, number: usize, tail: &Tail) {
        self.list.set(number, None);
        kernel::unmap(tail.parked_range());
    }

    /// The program has unmapped `range`, or mapped something else there.
    pub(crate) fn forget(&mut self, range: AddrRange) {
        for number in 0..self.list.numbers() {
            match self.list.get(number) {
                Some(tail) if tail.range.overlaps(range) => self.drop_parked(number, &tail),
                _ => {}
            }
        }
        self.publish();
    }

    /// The program has given back the memory of `range` (MADV_DONTNEED): private
    /// pages show the file again.
    pub(crate) fn given_back(&mut self, range: AddrRange) {
        for number in 0..self.list.numbers() {
            let tail = self.list.get(number);
            if let Some(tail) = tail.filter(|t| !t.shared && t.range.overlaps(range)) {
                if strict::is_on() {
                    // the kernel has kept it, since it is shared memory
                    zero(tail.memory(), 0..usize::MAX);
                }
                self.list.set(number, Some(Tail { own: false, ..tail }));
                self.recheck(number);
            }
        }
        self.publish();
    }

    /// The program is about to unmap `range`, or to map something else there. What
    /// it stored in shared tails is still in the page for other mappings of it.
    pub(crate) fn leave(&mut self, range: AddrRange) {
        for number in 0..self.list.numbers() {
            let tail = self.list.get(number);
            let Some(tail) = tail.filter(|t| t.shared && t.range.overlaps(range)) else {
                continue;
            };
            let prot = self.vma_of(&tail).map_or(Prot::NONE, |vma| vma.prot);
            if !is_zero(tail.memory(), if tail.hidden { Prot::RW } else { prot }) {
                self.fill_heirs(&tail, range);
            }
        }
    }

    fn fill_heirs(&mut self, tail: &Tail, leaving: AddrRange) {
        let mut at = 0;
        while let Some(vma) = self.space.map().first_from(at) {
            at = vma.range.end();
            let Backing::File { id, offset } = vma.backing else { continue };
            let delta = tail.offset.checked_sub(offset).and_then(|d| usize::try_from(d).ok());
            let place = delta.and_then(|delta| vma.range.start().checked_add(delta));
            let place = place.filter(|place| id == tail.id && vma.range.contains(*place));
            if let Some(place) = place.filter(|place| !leaving.contains(*place)) {
                self.fill_at(place);
            }
        }
    }

    /// A file was truncated: the kernel has zeroed the page in which it ends now
    /// from its end on (`truncate_pagecache()`), the shared tails follow. tmpfs does
    /// not when the file has grown (`shmem_setattr()`).
    pub(crate) fn truncated(&mut self, id: FileId, grew: bool) {
        self.grown_enough(id);
        if !grew || on_disk(id) {
            self.clear(id, &(0..u64::MAX));
        }
    }

    /// msync(2) with MS_SYNC of `range`: writing back, a file system on a disk
    /// zeroes what lies past the end (`ext4_bio_write_folio()` and others).
    pub(crate) fn written_back(&mut self, range: AddrRange) {
        for number in 0..self.list.numbers() {
            match self.list.get(number) {
                Some(tail) if tail.shared && tail.range.overlaps(range) && on_disk(tail.id) => {
                    zero(tail.memory(), 0..usize::MAX);
                }
                _ => {}
            }
        }
    }

    /// The same by fsync(2) and the like of a part of a file, or of all files: whole target
    /// pages are written back.
    pub(crate) fn flushed(&mut self, id: Option<FileId>, part: &Part) {
        let target = self.space.config().target.bytes() as u64;
        for number in 0..self.list.numbers() {
            let Some(tail) = self.list.get(number).filter(|tail| tail.shared) else { continue };
            let page = tail.offset - tail.offset % target;
            let within = part.start < page.saturating_add(target) && page < part.end;
            if within && id.is_none_or(|id| id == tail.id) && on_disk(tail.id) {
                zero(tail.memory(), 0..usize::MAX);
            }
        }
    }

    /// A hole was punched into a file of `size` bytes. A file system on a disk does
    /// nothing when it begins behind the end of the file, and takes the whole page when
    /// it reaches over that (`ext4_punch_hole()`).
    pub(crate) fn punched(&mut self, id: FileId, size: u64, range: &Part) {
        if !on_disk(id) {
            self.clear(id, range);
        } else if (range.start..range.end).contains(&size) && range.start != size {
            self.clear(id, &(range.start..u64::MAX));
        }
    }

    /// Whether the host has a mapping of this file at the beginning of `range`.
    fn is_file(&mut self, range: AddrRange, id: FileId) -> bool {
        let region = self.space.host_mut().region_from(range.start());
        let region = region.ok().flatten().filter(|region| region.range.contains(range.start()));
        region.is_some_and(|r| matches!(r.backing, Backing::File { id: seen, .. } if seen == id))
    }

    /// The table was made anew from the host, which does not know what tails
    /// belong to: puts them into it again.
    pub(crate) fn restore_table(&mut self) {
        self.list.recount();
        for number in 0..self.list.numbers() {
            let Some(tail) = self.list.get(number) else { continue };
            // an edit that the fork has cut short: the file's mapping is in its
            // place already, or still
            let (placed, waits) =
                (!self.is_file(tail.memory(), tail.id), self.is_file(tail.file(), tail.id));
            if placed && waits {
                let _ = self.space.adopt_tail(tail.range, tail.id, tail.offset);
            } else if waits {
                self.drop_parked(number, &tail);
            } else {
                self.list.set(number, None);
            }
        }
        self.publish();
    }
}

/// Copies bytes to where there are zeros.
///
/// # Safety
/// `from` can be read and `to`, of the same length, be written.
unsafe fn merge(from: AddrRange, to: AddrRange) {
    let (source, place) = (from.start() as *const u8, to.start() as *mut u8);
    for i in 0..from.len() {
        // SAFETY: the caller's promise; other threads may be at both.
        unsafe {
            let byte = source.add(i).read_volatile();
            if byte != 0 && place.add(i).read_volatile() == 0 {
                place.add(i).write_volatile(byte);
            }
        }
    }
}

/// File systems without a device have major number 0: tmpfs, and others that are
/// taken for it.
pub(super) fn on_disk(id: FileId) -> bool {
    libc::major(id.dev) != 0
}

/// Zeroes a part of shared memory, whatever protection its mapping has.
fn zero(range: AddrRange, part: core::ops::Range<usize>) {
    let (first, end) = (part.start.min(range.len()), part.end.min(range.len()));
    let Ok(same) = kernel::duplicate(range) else { return };
    if first < end && kernel::protect(same, Prot::RW).is_ok() {
        // SAFETY: a writable mapping of our own, of which this is a part.
        unsafe { core::ptr::write_bytes((same.start() + first) as *mut u8, 0, end - first) };
    }
    kernel::unmap(same);
}

/// Whether a tail's memory holds only zeros.
fn is_zero(page: AddrRange, prot: Prot) -> bool {
    sum(page, prot) == Some(0)
}

/// The sum of memory, read past a protection that forbids it.
fn sum(page: AddrRange, prot: Prot) -> Option<u64> {
    let hidden = !kernel::readable(page.start());
    if hidden && kernel::protect(page, Prot::READ).is_err() {
        return None;
    }
    let sum = kernel::sum(page);
    if hidden {
        let _ = kernel::protect(page, prot);
    }
    Some(sum)
}
