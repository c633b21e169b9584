//! Where entries live: blocks of doubling size, addressed by one number.
//!
//! Place `p` of block `k` is any number in `[32 << k, 64 << k)`, so the block of
//! a place is told by its leading zeros alone, and 0 ([`NIL`]) is in no block.
//!
//! Invariants: the blocks `0..made` are there, no others; places from `fresh` on
//! were never used (their memory stays untouched, so a block that was just
//! doubled costs no memory yet); unused places below `fresh` are on the free
//! list, `spare` of them, linked by `next`.

use super::node::{Node, NIL, NOTHING};
use super::{NodeSource, OutOfMemory};

/// Entries in the first block.
const FIRST: u32 = 32;
/// 32 << 24 entries: more than half a thousand million.
const BLOCKS: usize = 24;
/// Leading zeros of a place in block 0.
const FIRST_ZEROS: u32 = FIRST.leading_zeros();

pub(super) struct Arena<S> {
    source: S,
    blocks: [Option<&'static mut [Node]>; BLOCKS],
    made: u32,
    fresh: u32,
    free: u32,
    spare: u32,
}

/// Block and offset of a place.
#[inline(always)]
fn locate(place: u32) -> (usize, usize) {
    let zeros = place.leading_zeros();
    let block = FIRST_ZEROS.wrapping_sub(zeros);
    // For NIL both are meaningless, and `block` is out of every range.
    let offset = place ^ (1 << 31u32.wrapping_sub(zeros).min(31));
    (block as usize, offset as usize)
}

impl<S> Arena<S> {
    pub(super) const fn new(source: S) -> Self {
        Arena {
            source,
            blocks: [const { None }; BLOCKS],
            made: 0,
            fresh: FIRST,
            free: NIL,
            spare: 0,
        }
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

    /// The first place behind the blocks that are there.
    fn limit(&self) -> u32 {
        FIRST << self.made
    }

    /// Entries there is memory for, used or not.
    pub(super) fn capacity(&self) -> usize {
        (self.limit() - FIRST) as usize
    }

    /// Entries that can be made without asking for memory.
    pub(super) fn available(&self) -> usize {
        (self.limit() - self.fresh + self.spare) as usize
    }

    /// Checks that `used` entries and the unused ones are all there are.
    pub(super) fn verify(&self, used: usize) -> Result<(), &'static str> {
        let mut at = self.free;
        for _ in 0..self.spare {
            if at == NIL || at >= self.fresh {
                return Err("the free list leads out of the used places");
            }
            if self.node(at).height != 0 {
                return Err("a live entry is on the free list");
            }
            at = self.node(at).next;
        }
        if at != NIL {
            return Err("the free list is longer than it should be");
        }
        if used + self.available() != self.capacity() {
            return Err("an entry is neither used nor free");
        }
        Ok(())
    }

    /// Uses every place anew. Nothing may refer to an old one any more.
    pub(super) fn clear(&mut self) {
        self.fresh = FIRST;
        self.free = NIL;
        self.spare = 0;
    }

    /// Puts `node` back among the unused.
    pub(super) fn free(&mut self, place: u32) {
        let next = self.free;
        if let Some(node) = self.node_mut(place) {
            *node = Node { next, ..NOTHING };
            self.free = place;
            self.spare += 1;
        }
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
        let count = self.limit() as usize;
        let slot = self.blocks.get_mut(self.made as usize).ok_or(OutOfMemory)?;
        let block = self.source.grow(count).ok_or(OutOfMemory)?;
        if block.len() < count {
            return Err(OutOfMemory);
        }
        *slot = Some(block);
        self.made += 1;
        Ok(())
    }

    /// A place with `node` in it; [`NIL`] when there is no memory.
    pub(super) fn alloc(&mut self, node: Node) -> u32 {
        if self.free == NIL && self.fresh == self.limit() && self.grow().is_err() {
            return NIL;
        }
        let place = if self.free == NIL { self.fresh } else { self.free };
        let Some(slot) = self.node_mut(place) else {
            return NIL;
        };
        let next = slot.next;
        *slot = node;
        if self.free == NIL {
            self.fresh += 1;
        } else {
            self.free = next;
            self.spare -= 1;
        }
        place
    }
}
