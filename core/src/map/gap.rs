//! Finding free room.
//!
//! Every entry but the first knows the gap in front of it, every subtree the
//! largest of its gaps, so a walk enters only subtrees with a gap that is long
//! enough (the kernel's `unmapped_area` and `unmapped_area_topdown`). The room
//! below the first and above the last entry belongs to no entry and is looked
//! at apart.

use super::node::{Node, NIL};
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

    /// Whether room that ends at or before `addr` can hold it.
    fn fits_before(&self, addr: usize) -> bool {
        addr.checked_sub(self.len).is_some_and(|start| start >= self.within.start())
    }

    /// Whether room that begins at or behind `addr` can hold it.
    fn fits_behind(&self, addr: usize) -> bool {
        addr.checked_add(self.len).is_some_and(|end| end <= self.within.end())
    }
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
        if self.is_empty() {
            return query.lowest_in(0, usize::MAX);
        }
        let (first, last) = (self.node(self.first), self.node(self.last));
        if let Some(addr) = query.lowest_in(0, first.start) {
            self.remember(self.first);
            return Some(addr);
        }
        self.lowest_between(query).or_else(|| {
            let addr = query.lowest_in(last.end, usize::MAX)?;
            self.remember(self.last);
            Some(addr)
        })
    }

    /// Address of the highest gap that answers the query. Cost as with
    /// [`VmaMap::lowest_gap`].
    #[must_use]
    pub fn highest_gap(&self, query: &GapQuery) -> Option<usize> {
        if self.is_empty() {
            return query.highest_in(0, usize::MAX);
        }
        let (first, last) = (self.node(self.first), self.node(self.last));
        if let Some(addr) = query.highest_in(last.end, usize::MAX) {
            self.remember(self.last);
            return Some(addr);
        }
        self.highest_between(query).or_else(|| {
            let addr = query.highest_in(0, first.start)?;
            self.remember(self.first);
            Some(addr)
        })
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

    /// The free room in front of an entry.
    fn room(node: &Node) -> (usize, usize) {
        (node.start.saturating_sub(node.gap), node.start)
    }

    /// [`VmaMap::lowest_gap`] between the first and the last entry.
    ///
    /// A walk in order of address that leaves out subtrees without a gap of
    /// `len` and whatever lies outside `within`. On the way up, being a left
    /// child means that the parent's own gap is next.
    fn lowest_between(&self, query: &GapQuery) -> Option<usize> {
        let mut at = self.root;
        let mut step = Step::Enter;
        while at != NIL {
            let node = self.node(at);
            match step {
                Step::Enter => {
                    let left = self.node(node.left);
                    step = Step::Gap;
                    if left.max_gap >= query.len && query.fits_before(node.start) {
                        at = node.left;
                        step = Step::Enter;
                    }
                }
                Step::Gap => {
                    if node.gap >= query.len {
                        let (start, end) = Self::room(node);
                        if let Some(addr) = query.lowest_in(start, end) {
                            self.remember(at);
                            return Some(addr);
                        }
                    }
                    let right = self.node(node.right);
                    step = Step::Leave;
                    if right.max_gap >= query.len && query.fits_behind(node.end) {
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

    /// [`VmaMap::highest_gap`] between the first and the last entry: the mirror
    /// image of [`VmaMap::lowest_between`], but an entry's own gap still lies in
    /// front of it, so it comes after the right subtree.
    fn highest_between(&self, query: &GapQuery) -> Option<usize> {
        let mut at = self.root;
        let mut step = Step::Enter;
        while at != NIL {
            let node = self.node(at);
            match step {
                Step::Enter => {
                    let right = self.node(node.right);
                    step = Step::Gap;
                    if right.max_gap >= query.len && query.fits_behind(node.end) {
                        at = node.right;
                        step = Step::Enter;
                    }
                }
                Step::Gap => {
                    if node.gap >= query.len {
                        let (start, end) = Self::room(node);
                        if let Some(addr) = query.highest_in(start, end) {
                            self.remember(at);
                            return Some(addr);
                        }
                    }
                    let left = self.node(node.left);
                    step = Step::Leave;
                    if left.max_gap >= query.len && query.fits_before(node.start) {
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
