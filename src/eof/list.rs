//! The tails that are filled at the moment.
//!
//! Slots in blocks of doubling size that are never given back; a slot is found
//! by looking through those in use, which are few. A slot is written before it
//! is marked live and marked free before anything else of it changes, so that a
//! child forked in the middle of an edit finds only whole entries.

use crate::arena;
use pagesim_core::page::{AddrRange, PageSize};
use pagesim_core::vma::FileId;

/// Memory in the place of a part of a file's mapping past the end of the file.
#[derive(Clone, Copy)]
pub(crate) struct Tail {
    /// Where; inside one target page and reaching to its end or to the next tail.
    pub(crate) range: AddrRange,
    /// Where the file's mapping of the same length waits; of a hidden tail, its
    /// memory.
    pub(crate) parked: usize,
    /// Which file.
    pub(crate) id: FileId,
    /// File offset of the first byte.
    pub(crate) offset: u64,
    /// Whether the mapping is shared.
    pub(crate) shared: bool,
    /// Whether the file's mapping is in its place and the memory waits (see
    /// `strict`).
    pub(crate) hidden: bool,
    /// Of a private mapping: the page was written and is the program's own, whether
    /// or not the file has grown over it.
    pub(crate) own: bool,
    /// Of a private mapping: the sum (`kernel::sum`) of what was there at first.
    pub(crate) sum: u64,
    /// Where a copy of what it holds is, during a fork in the strict mode; else 0.
    pub(crate) copy: usize,
    /// Of a shared mapping: what it holds goes into the file when that grows (see
    /// `changes`).
    pub(crate) growing: bool,
}

impl Tail {
    /// Where the memory is.
    pub(crate) fn memory(&self) -> AddrRange {
        if self.hidden {
            self.parked_range()
        } else {
            self.range
        }
    }

    /// Where the file's mapping is.
    pub(crate) fn file(&self) -> AddrRange {
        if self.hidden {
            self.range
        } else {
            self.parked_range()
        }
    }

    /// What waits.
    pub(crate) fn parked_range(&self) -> AddrRange {
        AddrRange::from_len(self.parked, self.range.len()).unwrap_or_default()
    }

    /// File offset behind the last byte.
    pub(crate) fn end_offset(&self) -> u64 {
        self.offset.saturating_add(self.range.len() as u64)
    }

    /// The tail without its first `len` bytes.
    pub(crate) fn without_front(&self, len: usize) -> Option<Tail> {
        let range = AddrRange::new(self.range.start().checked_add(len)?, self.range.end())?;
        let (parked, offset) = (self.parked + len, self.offset.saturating_add(len as u64));
        (!range.is_empty()).then_some(Tail { range, parked, offset, ..*self })
    }
}

#[repr(C)]
struct Slot {
    live: bool,
    tail: core::mem::MaybeUninit<Tail>,
}

/// Slots of the first block.
const FIRST: usize = 32;
/// Blocks; the last alone has more slots than there are mappings.
const BLOCKS: usize = 24;

/// See the module.
pub(crate) struct List {
    blocks: [*mut Slot; BLOCKS],
    /// Slots that have ever been live.
    used: usize,
    live: usize,
}

impl List {
    pub(crate) const fn new() -> List {
        List { blocks: [core::ptr::null_mut(); BLOCKS], used: 0, live: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// How many numbers there are for [`List::get`].
    pub(crate) fn numbers(&self) -> usize {
        self.used
    }

    fn slot(&self, number: usize) -> Option<*mut Slot> {
        // block k holds FIRST << k slots, numbered from FIRST * (2^k - 1) on
        let scaled = number / FIRST + 1;
        let block = (usize::BITS - 1 - scaled.leading_zeros()) as usize;
        let first = FIRST * ((1 << block) - 1);
        let base = self.blocks.get(block).copied().filter(|base| !base.is_null())?;
        Some(base.wrapping_add(number - first))
    }

    /// The live tail with this number.
    pub(crate) fn get(&self, number: usize) -> Option<Tail> {
        if number >= self.used {
            return None;
        }
        let slot = self.slot(number)?;
        // SAFETY: inside a block, written before it was marked live.
        unsafe { (*slot).live.then(|| (*slot).tail.assume_init_read()) }
    }

    /// All live tails with their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Tail)> + '_ {
        (0..self.used).filter_map(|number| Some((number, self.get(number)?)))
    }

    /// Makes sure that one more can be added.
    pub(crate) fn reserve(&mut self) -> bool {
        if self.live < self.used || self.slot(self.used).is_some() {
            return true;
        }
        let Some((index, place)) =
            self.blocks.iter_mut().enumerate().find(|(_, base)| base.is_null())
        else {
            return false;
        };
        let bytes = (FIRST << index) * size_of::<Slot>();
        match PageSize::MIN.ceil(bytes).and_then(arena::block) {
            Some(block) => {
                // zeroed, which is a free slot, and aligned to a page
                *place = block.cast();
                true
            }
            None => false,
        }
    }

    /// Adds a tail; its number. Without a [`List::reserve`] before it may do nothing.
    pub(crate) fn add(&mut self, tail: Tail) -> Option<usize> {
        let free = if self.live < self.used {
            (0..self.used).find(|number| self.get(*number).is_none())
        } else {
            None
        };
        let number = free.unwrap_or(self.used);
        let slot = self.slot(number)?;
        self.used = self.used.max(number + 1);
        self.live += 1;
        Self::write(slot, Some(tail));
        Some(number)
    }

    /// Changes a live tail, or takes it out.
    pub(crate) fn set(&mut self, number: usize, tail: Option<Tail>) {
        if self.get(number).is_none() {
            return;
        }
        let Some(slot) = self.slot(number) else { return };
        if tail.is_none() {
            self.live -= 1;
        }
        Self::write(slot, tail);
        if self.live == 0 {
            self.used = 0;
        }
    }

    fn write(slot: *mut Slot, tail: Option<Tail>) {
        use core::sync::atomic::{compiler_fence, Ordering};
        // SAFETY: inside a block; the lock is held.
        unsafe {
            (*slot).live = false;
            compiler_fence(Ordering::SeqCst);
            if let Some(tail) = tail {
                (*slot).tail.write(tail);
                compiler_fence(Ordering::SeqCst);
                (*slot).live = true;
            }
        }
    }

    /// Counts again: after a fork in the middle of an edit.
    pub(crate) fn recount(&mut self) {
        self.live = 0;
        self.live = self.iter().count();
    }
}
