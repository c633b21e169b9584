//! Finding free room.
//!
//! Every entry knows the gap in front of it, every subtree the largest of its
//! gaps, so a walk enters only subtrees with a gap that is long enough (the
//! kernel's `unmapped_area` and `unmapped_area_topdown`). The room behind the
//! last entry belongs to no entry and is looked at apart.
//!
//! Mappings are mostly made from the top down, over and over with the same
//! query. So the map keeps a [`Ceiling`] above which the last search found
//! nothing, and the next one begins there.

use super::node::{Node, ENOUGH, NIL};
use super::VmaMap;
use crate::page::AddrRange;

/// Which gap to take and where to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GapQuery {
    /// Bytes wanted; not 0.
    pub len: usize,
    /// The address is congruent to `skew` modulo `align`; a power of two.
    pub align: usize,
    /// See `align`; less than it.
    pub skew: usize,
    /// The whole gap lies in here.
    pub within: AddrRange,
}

impl GapQuery {
    fn mask(&self) -> usize {
        self.align.saturating_sub(1)
    }

    /// The lowest fitting address in the free room from `start` to `end`.
    fn lowest_in(&self, start: usize, end: usize) -> Option<usize> {
        let start = start.max(self.within.start());
        let end = end.min(self.within.end());
        let addr = start.checked_add(self.skew.wrapping_sub(start) & self.mask())?;
        (addr.checked_add(self.len)? <= end).then_some(addr)
    }

    /// The highest fitting address in the free room from `start` to `end`.
    fn highest_in(&self, start: usize, end: usize) -> Option<usize> {
        let start = start.max(self.within.start());
        let end = end.min(self.within.end());
        let addr = end.checked_sub(self.len)?;
        let addr = addr.checked_sub(addr.wrapping_sub(self.skew) & self.mask())?;
        (start <= addr).then_some(addr)
    }

    /// What a subtree must at least claim to be worth entering.
    fn claim(&self) -> usize {
        self.len.min(ENOUGH)
    }

    /// Whether room that ends at or before `addr` can hold it.
    fn fits_before(&self, addr: usize) -> bool {
        addr.checked_sub(self.len).is_some_and(|start| start >= self.within.start())
    }

    /// Whether room that begins at or behind `addr` can hold it.
    fn fits_behind(&self, addr: usize) -> bool {
        addr.checked_add(self.len).is_some_and(|end| end <= self.within.end())
    }
}

/// What the last [`VmaMap::highest_gap`] knows for the next one.
///
/// Invariant: no entry behind `at` has a gap that answers `query`, so none there
/// answers one that asks for more or allows less. Whatever makes a gap larger
/// moves `at` up to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ceiling {
    /// A live entry.
    at: u32,
    query: GapQuery,
}

/// Where a walk stands: which part of the entry's subtree is still to be seen.
#[derive(Clone, Copy)]
enum Step {
    /// All of it.
    Enter,
    /// The entry's own gap, then the far child.
    Gap,
    /// Nothing; go up.
    Leave,
}

impl Ceiling {
    fn holds_for(&self, query: &GapQuery) -> bool {
        let known = &self.query;
        known.len <= query.len
            && known.within.end() == query.within.end()
            && known.within.start() <= query.within.start()
            && known.align == query.align
            && known.skew == query.skew
    }
}

impl<S> VmaMap<S> {
    /// Address of the lowest gap that answers the query.
    ///
    /// O(log n) when every gap of `len` bytes can be aligned, as is so when
    /// entries and `skew` are multiples of `align`. Else each gap that is long
    /// enough but has no aligned address with room behind it (its length is
    /// less than `len + align`) is seen once: with k of these below the answer,
    /// at worst O(k log n). The answer is exact in any case.
    #[must_use]
    pub fn lowest_gap(&self, query: &GapQuery) -> Option<usize> {
        let behind_last = || {
            let addr = query.lowest_in(self.node(self.last).end, usize::MAX)?;
            Some((self.last, addr))
        };
        let found = self.lowest_from(self.root, Step::Enter, query).or_else(behind_last);
        let (at, addr) = found?;
        self.remember(at);
        Some(addr)
    }

    /// Address of the highest gap that answers the query. Cost as with
    /// [`VmaMap::lowest_gap`]; O(1) for the same query again where little has
    /// changed.
    #[must_use]
    pub fn highest_gap(&self, query: &GapQuery) -> Option<usize> {
        if let Some(addr) = query.highest_in(self.node(self.last).end, usize::MAX) {
            self.remember(self.last);
            return Some(addr);
        }
        let known = self.ceiling.get().filter(|known| known.holds_for(query));
        let (at, step) = known.map_or((self.root, Step::Enter), |known| (known.at, Step::Gap));
        let (at, addr) = self.highest_from(at, step, query)?;
        // At the same place the older query is the stronger knowledge.
        if known.is_none_or(|known| known.at != at) {
            self.ceiling.set(Some(Ceiling { at, query: *query }));
        }
        self.remember(at);
        Some(addr)
    }

    /// Address of the lowest gap that answers the query from `from` on, else of
    /// the lowest one at all: the order of a placement that goes on where it
    /// last stopped and starts once more from the bottom.
    #[must_use]
    pub fn rolling_gap(&self, query: &GapQuery, from: usize) -> Option<usize> {
        let start = from.clamp(query.within.start(), query.within.end());
        let above = AddrRange::new(start, query.within.end()).unwrap_or_default();
        self.lowest_gap(&GapQuery { within: above, ..*query }).or_else(|| self.lowest_gap(query))
    }

    /// The gap in front of `at` has become larger, or has not been one so far.
    pub(super) fn raise_ceiling(&mut self, at: u32) {
        if let Some(Ceiling { at: known, query }) = self.ceiling.get() {
            if self.node(known).start < self.node(at).start {
                self.ceiling.set(Some(Ceiling { at, query }));
            }
        }
    }

    /// `at` goes away. Behind the entry before it there is then nothing new but
    /// the longer gap of its successor, which is announced when it is measured.
    pub(super) fn drop_from_ceiling(&mut self, at: u32) {
        if let Some(Ceiling { at: known, query }) = self.ceiling.get() {
            if known == at {
                let prev = self.node(at).prev;
                self.ceiling.set((prev != NIL).then_some(Ceiling { at: prev, query }));
            }
        }
    }

    /// Checks the invariant of [`Ceiling`].
    pub(super) fn verify_ceiling(&self) -> Result<(), &'static str> {
        let Some(Ceiling { at, query }) = self.ceiling.get() else {
            return Ok(());
        };
        if self.node(at).height == 0 {
            return Err("the ceiling is not a live entry");
        }
        let mut above = self.node(at).next;
        while above != NIL {
            let node = self.node(above);
            let (start, end) = Self::room(node);
            if query.highest_in(start, end).is_some() {
                return Err("there is an answer above the ceiling");
            }
            above = node.next;
        }
        Ok(())
    }

    /// The free room in front of an entry.
    fn room(node: &Node) -> (usize, usize) {
        (node.start.saturating_sub(node.gap), node.start)
    }

    /// The lowest answer in front of an entry, and which, from a place in the
    /// walk on.
    ///
    /// The walk goes in order of address and leaves out subtrees without a gap
    /// of `len` and whatever lies outside `within`. On the way up, being a left
    /// child means that the parent's own gap is next.
    fn lowest_from(&self, mut at: u32, mut step: Step, query: &GapQuery) -> Option<(u32, usize)> {
        while at != NIL {
            let node = self.node(at);
            match step {
                Step::Enter => {
                    let left = self.node(node.left);
                    step = Step::Gap;
                    if left.max_gap >= query.claim() && query.fits_before(node.start) {
                        at = node.left;
                        step = Step::Enter;
                    }
                }
                Step::Gap => {
                    if node.gap >= query.len {
                        let (start, end) = Self::room(node);
                        if let Some(addr) = query.lowest_in(start, end) {
                            return Some((at, addr));
                        }
                    }
                    let right = self.node(node.right);
                    step = Step::Leave;
                    if right.max_gap >= query.claim() && query.fits_behind(node.end) {
                        at = node.right;
                        step = Step::Enter;
                    }
                }
                Step::Leave => {
                    let parent = self.node(node.parent);
                    step = if parent.left == at { Step::Gap } else { Step::Leave };
                    at = node.parent;
                }
            }
        }
        None
    }

    /// The mirror image of [`VmaMap::lowest_from`].
    fn highest_from(&self, mut at: u32, mut step: Step, query: &GapQuery) -> Option<(u32, usize)> {
        while at != NIL {
            let node = self.node(at);
            match step {
                Step::Enter => {
                    let right = self.node(node.right);
                    step = Step::Gap;
                    if right.max_gap >= query.claim() && query.fits_behind(node.end) {
                        at = node.right;
                        step = Step::Enter;
                    }
                }
                Step::Gap => {
                    if node.gap >= query.len {
                        let (start, end) = Self::room(node);
                        if let Some(addr) = query.highest_in(start, end) {
                            return Some((at, addr));
                        }
                    }
                    let left = self.node(node.left);
                    step = Step::Leave;
                    if left.max_gap >= query.claim() && query.fits_before(node.start) {
                        at = node.left;
                        step = Step::Enter;
                    }
                }
                Step::Leave => {
                    let parent = self.node(node.parent);
                    step = if parent.right == at { Step::Gap } else { Step::Leave };
                    at = node.parent;
                }
            }
        }
        None
    }
}
