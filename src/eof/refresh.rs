//! Taking tails away again: when the file has grown over them or shrunk
//! away from their page, and when the program unmaps them.

use super::list::Tail;
use super::{kernel, Eof};
use pagesim_core::eof;
use pagesim_core::flags::Prot;
use pagesim_core::page::AddrRange;
use pagesim_core::vma::{Backing, FileId, Vma};

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
    fn vma_of(&self, tail: &Tail) -> Option<Vma> {
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
        if kernel::readable(tail.parked) {
            let real = self.space.config().real;
            let end = eof::first_beyond(tail.parked_range(), real, kernel::readable);
            self.grown(number, &tail, &vma, end - tail.parked);
        } else if vma.prot.intersects(Prot::RWX) && !kernel::readable(self.page_start(&tail)) {
            self.put_back(number, &tail, &vma, tail.range.len());
        }
    }

    fn page_start(&self, tail: &Tail) -> usize {
        self.space.config().target.floor(tail.range.start())
    }

    /// The file reaches over the first `len` bytes of the tail.
    fn grown(&mut self, number: usize, tail: &Tail, vma: &Vma, len: usize) {
        if tail.shared {
            self.put_back(number, tail, vma, len);
            return;
        }
        // What a program stored in a private page stays; on a large page too the
        // page is the program's own from then on.
        let real = self.space.config().real.bytes();
        let mut rest = Some(*tail);
        let mut left = len;
        while let (Some(now), true) = (rest, left != 0) {
            let page = AddrRange::from_len(now.range.start(), real).unwrap_or_default();
            if is_zero(page, vma.prot) {
                if !self.put_back(number, &now, vma, real) {
                    return;
                }
            } else {
                kernel::unmap(AddrRange::from_len(now.parked, real).unwrap_or_default());
                self.list.set(number, now.without_front(real));
            }
            rest = now.without_front(real);
            left = left.saturating_sub(real);
        }
    }

    /// Moves the file's mapping back over the first `len` bytes of a tail. What was
    /// stored there is dropped: Linux zeroes it when a file grows (ext4; tmpfs
    /// alone lets it survive).
    fn put_back(&mut self, number: usize, tail: &Tail, vma: &Vma, len: usize) -> bool {
        let Some(part) = AddrRange::from_len(tail.parked, len) else { return false };
        let back = kernel::protect(part, vma.prot)
            .and_then(|()| kernel::move_over(part, tail.range.start()));
        match back {
            Ok(()) => self.list.set(number, tail.without_front(len)),
            // No entry left in the kernel's list: the tail stays as it is.
            Err(_) => drop(kernel::protect(part, Prot::READ)),
        }
        back.is_ok()
    }

    fn drop_parked(&mut self, number: usize, tail: &Tail) {
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

    /// A file was truncated: the kernel has zeroed the page in which it ends now
    /// from its end on (`truncate_pagecache()`), the shared tails follow.
    pub(crate) fn truncated(&mut self, id: FileId) {
        self.recheck_file(id);
        for number in 0..self.list.numbers() {
            match self.list.get(number) {
                Some(tail) if tail.shared && tail.id == id => zero(tail.range),
                _ => {}
            }
        }
    }

    /// msync(2) with MS_SYNC of `range`: writing back, a file system on a disk
    /// zeroes what lies past the end (`ext4_bio_write_folio()` and others).
    pub(crate) fn written_back(&mut self, range: AddrRange) {
        for number in 0..self.list.numbers() {
            match self.list.get(number) {
                Some(tail) if tail.shared && tail.range.overlaps(range) && on_disk(tail.id) => {
                    zero(tail.range);
                }
                _ => {}
            }
        }
    }

    /// The table was made anew from the host, which does not know what tails
    /// belong to: puts them into it again.
    pub(crate) fn restore_table(&mut self) {
        self.list.recount();
        for number in 0..self.list.numbers() {
            let Some(tail) = self.list.get(number) else { continue };
            let _ = self.space.adopt_tail(tail.range, tail.id, tail.offset);
        }
        self.publish();
    }
}

/// File systems without a device have major number 0: tmpfs, and others that are
/// taken for it.
fn on_disk(id: FileId) -> bool {
    libc::major(id.dev) != 0
}

/// Zeroes shared memory, whatever protection its mapping has.
fn zero(range: AddrRange) {
    let Ok(same) = kernel::duplicate(range) else { return };
    if kernel::protect(same, Prot::RW).is_ok() {
        // SAFETY: a writable mapping of our own.
        unsafe { core::ptr::write_bytes(same.start() as *mut u8, 0, same.len()) };
    }
    kernel::unmap(same);
}

/// Whether private memory holds only zeros, read past a protection that forbids it.
fn is_zero(page: AddrRange, prot: Prot) -> bool {
    let hidden = !kernel::readable(page.start());
    if hidden && kernel::protect(page, Prot::READ).is_err() {
        return false;
    }
    let words = page.len() / size_of::<u64>();
    let first = page.start() as *const u64;
    // SAFETY: readable memory of whole words, which other threads may be writing.
    let zero = (0..words).all(|i| unsafe { first.add(i).read_volatile() } == 0);
    if hidden {
        let _ = kernel::protect(page, prot);
    }
    zero
}
