//! The edits: insert, remove, update, with their splits and merges.
//!
//! In the pictures a letter is an entry's content, so equal letters that touch
//! are one entry; `.` is free.

use super::node::{Node, NIL};
use super::{NodeSource, VmaMap};
use crate::page::AddrRange;
use crate::vma::Vma;

impl<S: NodeSource> VmaMap<S> {
    /// Adds an entry where nothing is (precondition: `is_free`; an overlapping
    /// part of the old is replaced) and merges it with its neighbours. Needs up to
    /// 2 reserved entries, 1 where the range is free. Without memory for them the
    /// entry is not added.
    ///
    /// ```text
    ///   aa..bb  +   ..  =  aa..bb      aa..aa  + aa  =  aaaaaa
    ///   aa..bb  +  c.   =  aac.bb      aa..aa  + a.  =  aaa.aa
    ///   aa..bb  +  cc   =  aaccbb      aa..aa  + .a  =  aa.aaa
    /// ```
    pub fn insert(&mut self, vma: Vma) {
        if vma.range.is_empty() {
            return;
        }
        let mut next = self.seek(vma.range.start());
        if next != NIL && self.node(next).start < vma.range.end() {
            self.remove(vma.range);
            next = self.seek(vma.range.start());
        }
        let prev = if next == NIL { self.last } else { self.node(next).prev };
        let new = Node::of(&vma);
        let after_prev = prev != NIL && self.node(prev).continues_into(&new);
        let before_next = next != NIL && new.continues_into(self.node(next));
        match (after_prev, before_next) {
            (true, true) => {
                let end = self.node(next).end;
                self.edit(prev, |prev| prev.end = end);
                self.unlink(next);
                self.remember(prev);
            }
            (true, false) => {
                self.edit(prev, |prev| prev.end = new.end);
                self.refresh_gap(next);
                self.remember(prev);
            }
            (false, true) => {
                self.edit(next, |next| next.set_start(new.start));
                self.refresh_gap(next);
                self.remember(next);
            }
            (false, false) => {
                self.link(prev, next, new);
            }
        }
    }

    /// Takes out everything inside `range`. Needs 1 reserved entry (a split);
    /// without memory for it what lies behind the cut is forgotten too.
    ///
    /// ```text
    ///   aaaaaa - ..xx.. = aa..aa    split        aabbcc - .xxxx. = a....c
    ///   aaaaaa - xxx... = ...aaa    trim         aabbcc - xxxxxx = ......
    ///   aaaaaa - ...xxx = aaa...    trim         ..aa.. - xxxxxx = ......
    /// ```
    pub fn remove(&mut self, range: AddrRange) {
        let mut at = self.seek(range.start());
        let mut node = self.node(at);
        if range.is_empty() || at == NIL || node.start >= range.end() {
            return;
        }
        if node.start < range.start() {
            if node.end > range.end() {
                self.cut(at, range);
                return;
            }
            let next = node.next;
            self.edit(at, |node| node.end = range.start());
            at = next;
            node = self.node(at);
        }
        while at != NIL && node.end <= range.end() {
            let next = node.next;
            self.unlink(at);
            at = next;
            node = self.node(at);
        }
        if at != NIL && node.start < range.end() {
            self.edit(at, |node| node.set_start(range.end()));
        }
        self.refresh_gap(at);
    }

    /// Changes every entry inside `range` (split at the edges) by `edit`, which
    /// must leave the range alone, then merges. Needs 2 reserved entries; an
    /// entry that cannot be split for want of memory stays unchanged.
    ///
    /// ```text
    ///   aaaaaa ..bb.. = aabbaa   two splits     aabbcc  bbbb.. = bbbbcc   taken over by b
    ///   aabbcc .bb... = abbbcc   edge moved     aabbaa  ..aa.. = aaaaaa   merged both ways
    ///   aabbcc ...cc. = aabccc   edge moved     aa..aa  bbbbbb = bb..bb   holes stay
    /// ```
    pub fn update(&mut self, range: AddrRange, mut edit: impl FnMut(&mut Vma)) {
        let mut at = self.seek(range.start());
        let mut changed = false;
        while at != NIL {
            let Some(part) = self.node(at).vma().clipped(range) else {
                break;
            };
            let mut new = part;
            edit(&mut new);
            new.range = part.range;
            if new == part {
                if changed {
                    at = self.merge_with_prev(at);
                }
                changed = false;
            } else {
                at = self.rewrite(at, &new, part.range.end() == range.end());
                changed = true;
            }
            at = self.node(at).next;
        }
        if changed {
            self.merge_with_prev(at);
        }
    }

    /// Makes the part `new.range` of the entry `at` what `new` says, and merges
    /// it with the entry before. Returns the entry that then holds the end of
    /// the part. The entry behind is left alone, unless this part is the `last`
    /// one: else it has not been asked about yet.
    fn rewrite(&mut self, mut at: u32, new: &Vma, last: bool) -> u32 {
        let content = Node::of(new);
        let node = self.node(at);
        let (at_start, at_end) = (node.start == content.start, node.end == content.end);
        let (prev, next) = (node.prev, node.next);
        if at_start && prev != NIL && self.node(prev).continues_into(&content) {
            // aaabbb -> aaaaab: the edge moves, or the whole entry goes. Both
            // neighbours touch, so no gap changes.
            self.edit(prev, |prev| prev.end = content.end);
            if at_end {
                self.unlink(at);
            } else {
                self.edit(at, |node| node.set_start(content.end));
            }
            return prev;
        }
        if last && !at_start && at_end && content.continues_into(self.node(next)) {
            // aaabbb -> abbbbb, without the split and the merge.
            self.edit(next, |next| next.set_start(content.start));
            self.edit(at, |node| node.end = content.start);
            return next;
        }
        if !at_start {
            let tail = self.split(at, content.start);
            if tail == NIL {
                return at;
            }
            at = tail;
        }
        if !at_end && self.split(at, content.end) == NIL {
            return self.merge_with_prev(at);
        }
        self.edit(at, |node| node.set_vma(new));
        at
    }

    /// Cuts the entry `at` in two at `addr`, which lies inside it. Returns the
    /// upper one; [`NIL`] when there is no memory, then nothing has changed.
    fn split(&mut self, at: u32, addr: usize) -> u32 {
        let node = self.node(at);
        let (next, end) = (node.next, node.end);
        let tail = node.tail(addr);
        self.edit(at, |node| node.end = addr);
        let new = self.link(at, next, tail);
        if new == NIL {
            self.edit(at, |node| node.end = end);
        }
        new
    }

    /// Takes `hole` out of the entry `at`, which reaches beyond it on both sides.
    /// Without memory for the upper part that one is lost.
    fn cut(&mut self, at: u32, hole: AddrRange) {
        let node = self.node(at);
        let next = node.next;
        let tail = node.tail(hole.end());
        self.edit(at, |node| node.end = hole.start());
        match self.link(at, next, tail) {
            NIL => self.refresh_gap(next),
            new => self.raise_ceiling(new),
        }
    }

    /// Makes `at` and the entry before it one if they can be. Returns the entry
    /// that holds what was `at`.
    fn merge_with_prev(&mut self, at: u32) -> u32 {
        let node = self.node(at);
        let (prev, end) = (node.prev, node.end);
        if at == NIL || prev == NIL || !self.node(prev).continues_into(node) {
            return at;
        }
        self.edit(prev, |prev| prev.end = end);
        self.unlink(at);
        prev
    }
}
