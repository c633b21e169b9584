//! The VMA map: disjoint address ranges, each with protection, flags and
//! backing.
//!
//! All edits split at the edges and merge with equal neighbours (see
//! [`Vma::continues_into`]), so two entries that touch always differ. Lookups,
//! edits of one entry and gap searches cost O(log n) in the number of entries;
//! nothing ever looks at single pages.
//!
//! Invariants, all of them checked by [`VmaMap::verify`]:
//! * entries are not empty, do not overlap and stand in order of address, both
//!   in the tree and along the thread (`first`, `next`, `prev`, `last`);
//! * the tree is an AVL tree, in which an entry without children may count as two
//!   levels; every subtree knows the largest gap in front of
//!   one of its entries;
//! * two neighbours that could be one entry are one entry.
//!
//! No locks in here: the owner of the map has one. Queries take `&self`, but
//! they move hints, so the map is not `Sync`.
//!
//! Stack: no recursion and no arrays, since callers run on small signal stacks.

mod arena;
mod edit;
mod gap;
mod node;
mod tree;
mod verify;

#[cfg(test)]
mod torn;

pub use gap::GapQuery;
pub use node::Node;

use crate::page::AddrRange;
use crate::vma::Vma;
use arena::Arena;
use core::cell::Cell;
use gap::Ceiling;
use node::NIL;

/// No memory for another entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfMemory;

/// Where the map gets its memory: blocks that are never given back.
pub trait NodeSource {
    /// `count` entries, all of them [`Node::default`] (all bytes zero is a valid
    /// default entry), or `None` when there is no memory.
    ///
    /// The map asks for blocks of doubling size, 32 entries first, and uses each
    /// from its beginning: pages of a block that were not reached yet are never
    /// touched.
    fn grow(&mut self, count: usize) -> Option<&'static mut [Node]>;
}

/// The map.
pub struct VmaMap<S> {
    arena: Arena<S>,
    root: u32,
    first: u32,
    last: u32,
    len: usize,
    /// A live entry close to where the next question will be, or NIL. Only ever
    /// a hint for speed; queries move it.
    near: Cell<u32>,
    ceiling: Cell<Option<Ceiling>>,
}

impl<S> VmaMap<S> {
    /// An empty map. Takes no memory yet.
    #[must_use]
    pub const fn new(source: S) -> Self {
        VmaMap {
            arena: Arena::new(source),
            root: NIL,
            first: NIL,
            last: NIL,
            len: 0,
            near: Cell::new(NIL),
            ceiling: Cell::new(None),
        }
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes of memory taken from the source for entries, used or not. Of the
    /// newest block only the part that was ever in use has been touched.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.arena.capacity() * node_bytes()
    }

    /// The entry that holds `addr`.
    #[must_use]
    pub fn find(&self, addr: usize) -> Option<Vma> {
        let node = self.node(self.seek(addr));
        (node.start <= addr && addr < node.end).then(|| node.vma())
    }

    /// The first entry that ends behind `addr`.
    #[must_use]
    pub fn first_from(&self, addr: usize) -> Option<Vma> {
        self.vma_at(self.seek(addr))
    }

    /// The last entry that begins before `addr`.
    #[must_use]
    pub fn last_before(&self, addr: usize) -> Option<Vma> {
        let at = self.seek(addr);
        let node = self.node(at);
        self.vma_at(match at {
            NIL => self.last,
            _ if node.start < addr => at,
            _ => node.prev,
        })
    }

    /// Whether nothing in `range` is mapped.
    #[must_use]
    pub fn is_free(&self, range: AddrRange) -> bool {
        let at = self.seek(range.start());
        range.is_empty() || at == NIL || self.node(at).start >= range.end()
    }

    /// The parts of the entries inside `range`, in order of address, clipped to it.
    #[must_use]
    pub fn overlapping(&self, range: AddrRange) -> Overlapping<'_, S> {
        Overlapping { map: self, range, at: self.seek(range.start()) }
    }

    /// Forgets everything, keeps the memory. Trusts no link: the map may be the
    /// copy that a fork made of one in the middle of an edit.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.root = NIL;
        self.first = NIL;
        self.last = NIL;
        self.len = 0;
        self.near.set(NIL);
        self.ceiling.set(None);
    }

    fn vma_at(&self, at: u32) -> Option<Vma> {
        (at != NIL).then(|| self.node(at).vma())
    }
}

impl<S: NodeSource> VmaMap<S> {
    /// Makes sure that `n` more entries fit without asking for memory.
    ///
    /// # Errors
    /// When the source has no memory. Nothing has changed then.
    pub fn reserve(&mut self, n: usize) -> Result<(), OutOfMemory> {
        self.arena.reserve(n)
    }
}

/// Size of one entry in bytes: what the map costs per VMA.
#[must_use]
pub const fn node_bytes() -> usize {
    core::mem::size_of::<Node>()
}

/// Iterator of [`VmaMap::overlapping`].
pub struct Overlapping<'a, S> {
    map: &'a VmaMap<S>,
    range: AddrRange,
    at: u32,
}

impl<S> Iterator for Overlapping<'_, S> {
    type Item = Vma;

    fn next(&mut self) -> Option<Vma> {
        let node = self.map.node(self.at);
        if self.at == NIL || node.start >= self.range.end() {
            return None;
        }
        self.at = node.next;
        node.vma().clipped(self.range)
    }
}

impl<S> core::iter::FusedIterator for Overlapping<'_, S> {}
