//! Where entries live: blocks of doubling size, addressed by one number.
//!
//! A place is a block's number in the upper five bits and an offset in the
//! rest. There is no block 0, so 0 ([`NIL`]) is in none, and finding a place
//! takes a shift and a comparison.
//!
//! Invariants: the blocks `1..=made` are there, no others; in the last one the
//! offsets from `fresh` on are unused (a block that was just added has never been
//! touched there, so it costs no memory yet); all other unused places are
//! on the free list, `spare` of them, linked by `next`.

use super::node::{Node, NIL, NOTHING};
use super::{NodeSource, OutOfMemory};

/// Entries in the first block; each further one doubles.
const FIRST: usize = 32;
const OFFSET_BITS: u32 = 27;
/// As many as there are numbers in the upper bits, so that none is out of
/// bounds. The last one used is the one with as many entries as offsets.
const BLOCKS: usize = 1 << (u32::BITS - OFFSET_BITS);
const LAST: usize = OFFSET_BITS as usize - FIRST.trailing_zeros() as usize + 1;

pub(super) struct Arena<S> {
    source: S,
    blocks: [Option<&'static mut [Node]>; BLOCKS],
    made: usize,
    fresh: usize,
    free: u32,
    spare: usize,
}

/// Entries in block number `block`.
const fn size(block: usize) -> usize {
    match block {
        0 => 0,
        _ => FIRST << (block - 1),
    }
}

#[inline(always)]
fn locate(place: u32) -> (usize, usize) {
    ((place >> OFFSET_BITS) as usize, (place & ((1 << OFFSET_BITS) - 1)) as usize)
}

/// What [`locate`] takes apart.
fn place(block: usize, offset: usize) -> u32 {
    (block as u32) << OFFSET_BITS | offset as u32
}

impl<S> Arena<S> {
    pub(super) const fn new(source: S) -> Self {
        let blocks = [const { None }; BLOCKS];
        Arena { source, blocks, made: 0, fresh: 0, free: NIL, spare: 0 }
    }

    /// The entry at `place`; an empty one for [`NIL`].
    #[inline(always)]
    pub(super) fn node(&self, place: u32) -> &Node {
        let (block, offset) = locate(place);
        match self.blocks.get(block) {
            Some(Some(block)) => block.get(offset).unwrap_or(&NOTHING),
            _ => &NOTHING,
        }
    }

    /// The entry at `place`; `None` for [`NIL`].
    #[inline(always)]
    pub(super) fn node_mut(&mut self, place: u32) -> Option<&mut Node> {
        let (block, offset) = locate(place);
        self.blocks.get_mut(block)?.as_mut()?.get_mut(offset)
    }

    /// Entries there is memory for, used or not.
    pub(super) fn capacity(&self) -> usize {
        (1..=self.made).map(size).sum()
    }

    /// Entries that can be made without asking for memory.
    pub(super) fn available(&self) -> usize {
        size(self.made) - self.fresh + self.spare
    }

    /// Puts `place` among the unused.
    pub(super) fn free(&mut self, place: u32) {
        let next = self.free;
        if let Some(node) = self.node_mut(place) {
            // Without a range and without height nothing takes it for live.
            node.start = 0;
            node.end = 0;
            node.height = 0;
            node.next = next;
            self.free = place;
            self.spare += 1;
        }
    }

    /// Makes every place unused, whatever fields and links say: only that the
    /// blocks `1..=made` are there is taken for granted.
    pub(super) fn clear(&mut self) {
        self.free = NIL;
        self.spare = 0;
        for block in 1..self.made {
            for offset in 0..size(block) {
                self.free(place(block, offset));
            }
        }
        self.fresh = 0;
    }

    /// Leaves the unused as an edit that was cut short might.
    #[cfg(test)]
    pub(super) fn tear(&mut self, free: u32, spare: usize) {
        self.free = free;
        self.spare = spare;
    }

    /// Checks that `used` entries and the unused ones are all there are.
    pub(super) fn verify(&self, used: usize) -> Result<(), &'static str> {
        let mut at = self.free;
        for _ in 0..self.spare {
            if at == NIL {
                return Err("the free list is too short");
            }
            if self.node(at).height != 0 {
                return Err("a live entry is on the free list");
            }
            at = self.node(at).next;
        }
        if at != NIL {
            return Err("the free list is too long");
        }
        if used + self.available() != self.capacity() {
            return Err("an entry is neither used nor free");
        }
        Ok(())
    }
}

impl<S: NodeSource> Arena<S> {
    pub(super) fn reserve(&mut self, n: usize) -> Result<(), OutOfMemory> {
        while self.available() < n {
            self.grow()?;
        }
        Ok(())
    }

    #[cold]
    fn grow(&mut self) -> Result<(), OutOfMemory> {
        let number = self.made + 1;
        if number > LAST {
            return Err(OutOfMemory);
        }
        let block = self.source.grow(size(number)).ok_or(OutOfMemory)?;
        let slot = self.blocks.get_mut(number).ok_or(OutOfMemory)?;
        if block.len() < size(number) {
            return Err(OutOfMemory);
        }
        *slot = Some(block);
        // What is left of the block before would be forgotten.
        while self.fresh < size(self.made) {
            self.free(self.fresh_place());
            self.fresh += 1;
        }
        self.made = number;
        self.fresh = 0;
        Ok(())
    }

    fn fresh_place(&self) -> u32 {
        place(self.made, self.fresh)
    }

    /// A place with `node` in it; [`NIL`] when there is no memory.
    #[inline]
    pub(super) fn alloc(&mut self, node: Node) -> u32 {
        if self.spare == 0 && self.fresh == size(self.made) && self.grow().is_err() {
            return NIL;
        }
        let place = if self.spare == 0 { self.fresh_place() } else { self.free };
        let Some(slot) = self.node_mut(place) else {
            return NIL;
        };
        let next = slot.next;
        *slot = node;
        if self.spare == 0 {
            self.fresh += 1;
        } else {
            self.free = next;
            self.spare -= 1;
        }
        place
    }
}
