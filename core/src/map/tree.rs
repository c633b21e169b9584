//! The tree: links, balance and the gaps that its subtrees know of.
//!
//! An AVL tree, but that an entry which has lost its only child goes on counting as two
//! levels: the next entry made there needs no other to change. (To the others it is an
//! entry with a child. So the tree is no higher than an AVL tree of twice as many.)
//!
//! Each entry knows the gap in front of it, each subtree the
//! largest of these (the kernel's `vma_compute_gap` and `rb_subtree_gap`, before
//! its maple tree), counted up to [`ENOUGH`]: the room below a window that fills
//! from the top is the largest gap of many subtrees, and without that limit each
//! mapping made there would change them all.
//!
//! Everything walks along parent links; the stack holds a few numbers.

use super::node::{Node, ENOUGH, NIL};
use super::{NodeSource, VmaMap};

/// A child's side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl Side {
    fn other(self) -> Side {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

impl Node {
    fn child(&self, side: Side) -> u32 {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }

    fn set_child(&mut self, side: Side, child: u32) {
        match side {
            Side::Left => self.left = child,
            Side::Right => self.right = child,
        }
    }
}

impl<S> VmaMap<S> {
    #[inline(always)]
    pub(super) fn node(&self, at: u32) -> &Node {
        self.arena.node(at)
    }

    /// Changes the entry `at`; nothing for [`NIL`].
    #[inline(always)]
    pub(super) fn edit(&mut self, at: u32, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.arena.node_mut(at) {
            change(node);
        }
    }

    /// The first entry that ends behind `addr`.
    ///
    /// Looks beside the entry used last before it descends: a mapping is mostly
    /// made in the gap just found, and asked about soon after.
    pub(super) fn seek(&self, addr: usize) -> u32 {
        let near = self.near.get();
        if near != NIL {
            let node = self.node(near);
            if addr < node.end {
                if addr >= node.start || self.node(node.prev).end <= addr {
                    return near;
                }
            } else if addr < self.node(node.next).end {
                self.remember(node.next);
                return node.next;
            } else if node.next == NIL {
                return NIL;
            }
        }
        let found = self.descend(addr);
        self.remember(found);
        found
    }

    fn descend(&self, addr: usize) -> u32 {
        let mut at = self.root;
        let mut found = NIL;
        while at != NIL {
            let node = self.node(at);
            if addr < node.end {
                found = at;
                if addr >= node.start {
                    break;
                }
                at = node.left;
            } else {
                at = node.right;
            }
        }
        found
    }

    /// Makes `at` the entry that [`VmaMap::seek`] looks at first.
    pub(super) fn remember(&self, at: u32) {
        if at != NIL {
            self.near.set(at);
        }
    }

    /// Puts `new` in the place of the child `old` of `parent`.
    fn replace_child(&mut self, parent: u32, old: u32, new: u32) {
        if parent == NIL {
            self.root = new;
        } else {
            self.edit(parent, |node| {
                if node.left == old {
                    node.left = new;
                } else {
                    node.right = new;
                }
            });
        }
        self.edit(new, |node| node.parent = parent);
    }

    /// Computes height and largest gap of `at` from its children.
    fn refresh(&mut self, at: u32) {
        let node = self.node(at);
        let (left, right) = (self.node(node.left), self.node(node.right));
        let height = 1 + left.height.max(right.height);
        let max_gap = node.gap.min(ENOUGH).max(left.max_gap).max(right.max_gap);
        self.edit(at, |node| {
            node.height = height;
            node.max_gap = max_gap;
        });
    }

    /// Lets `at` sink to `side`, its child on the other side rises; returns that.
    ///
    /// ```text
    ///     at            up             (side = Left)
    ///    /  \          /  \
    ///   a    up  ->   at   c
    ///       /  \     /  \
    ///      b    c   a    b
    /// ```
    fn rotate(&mut self, at: u32, side: Side) -> u32 {
        let parent = self.node(at).parent;
        let up = self.node(at).child(side.other());
        let between = self.node(up).child(side);
        self.replace_child(parent, at, up);
        self.edit(between, |node| node.parent = at);
        self.edit(up, |node| node.set_child(side, at));
        self.edit(at, |node| {
            node.set_child(side.other(), between);
            node.parent = up;
        });
        self.refresh(at);
        self.refresh(up);
        up
    }

    /// Rotates so that the child of `at` on the heavy side rises.
    fn rebalance(&mut self, at: u32, heavy: Side) -> u32 {
        let child = self.node(at).child(heavy);
        let (outer, inner) = (self.node(child).child(heavy), self.node(child).child(heavy.other()));
        if self.node(outer).height < self.node(inner).height {
            self.rotate(child, heavy);
        }
        self.rotate(at, heavy.other())
    }

    /// Brings the ancestors from `at` upward in order after a child or the gap
    /// of `at` changed; ends at the first whose parent would see no difference.
    pub(super) fn retrace(&mut self, mut at: u32) {
        while at != NIL {
            let node = self.node(at);
            let (left, right) = (self.node(node.left), self.node(node.right));
            let height = match left.height.max(right.height) {
                0 => node.height.min(2),
                below => 1 + below,
            };
            let max_gap = node.gap.min(ENOUGH).max(left.max_gap).max(right.max_gap);
            let before = (node.height, node.max_gap);
            let mut top = at;
            if left.height > right.height + 1 {
                top = self.rebalance(at, Side::Left);
            } else if right.height > left.height + 1 {
                top = self.rebalance(at, Side::Right);
            } else if before == (height, max_gap) {
                return;
            } else {
                self.edit(at, |node| {
                    node.height = height;
                    node.max_gap = max_gap;
                });
            }
            let node = self.node(top);
            if before == (node.height, node.max_gap) {
                return;
            }
            at = node.parent;
        }
    }

    /// Computes the gap in front of `at` (from address 0 for the first entry)
    /// after an edge of it or of the entry before it moved.
    pub(super) fn refresh_gap(&mut self, at: u32) {
        if self.measure_gap(at) {
            self.retrace(at);
        }
    }

    /// [`VmaMap::refresh_gap`] without telling the ancestors. Returns whether
    /// there is something to tell.
    fn measure_gap(&mut self, at: u32) -> bool {
        let node = self.node(at);
        let (old, gap) = (node.gap, node.start.saturating_sub(self.node(node.prev).end));
        if gap > old {
            self.raise_ceiling(at);
        }
        self.edit(at, |node| node.gap = gap);
        gap != old
    }

    /// Takes `at` out of tree and thread and frees it.
    pub(super) fn unlink(&mut self, at: u32) {
        // What leaves its place takes one level from the tree there, not two.
        self.shrink_leaf(at);
        if self.node(at).left != NIL && self.node(at).right != NIL {
            self.shrink_leaf(self.node(at).next);
        }
        let node = *self.node(at);
        self.unthread(&node);
        self.drop_from_ceiling(at);
        let longer = self.measure_gap(node.next);
        if node.left == NIL || node.right == NIL {
            let child = if node.left == NIL { node.right } else { node.left };
            self.replace_child(node.parent, at, child);
            self.retrace(node.parent);
        } else {
            self.unlink_inner(at, &node);
        }
        if longer && node.next != node.parent {
            self.retrace(node.next);
        }
        if self.near.get() == at {
            let near = if node.next == NIL { node.prev } else { node.next };
            self.near.set(near);
        }
        self.arena.free(at);
        self.len -= 1;
    }

    /// Lets an entry without children count as one level.
    fn shrink_leaf(&mut self, at: u32) {
        let node = self.node(at);
        if node.left == NIL && node.right == NIL && node.height == 2 {
            let parent = node.parent;
            self.edit(at, |node| node.height = 1);
            self.retrace(parent);
        }
    }

    fn unthread(&mut self, node: &Node) {
        match node.prev {
            NIL => self.first = node.next,
            prev => self.edit(prev, |before| before.next = node.next),
        }
        match node.next {
            NIL => self.last = node.prev,
            next => self.edit(next, |after| after.prev = node.prev),
        }
    }

    /// [`VmaMap::unlink`] of an entry with two children: its successor, which
    /// has no left child, takes its place.
    fn unlink_inner(&mut self, at: u32, node: &Node) {
        let heir = node.next;
        let mut changed = self.node(heir).parent;
        if changed == at {
            changed = heir;
        } else {
            let orphan = self.node(heir).right;
            self.replace_child(changed, heir, orphan);
            self.edit(heir, |heir| heir.right = node.right);
            self.edit(node.right, |right| right.parent = heir);
        }
        self.edit(node.left, |left| left.parent = heir);
        self.edit(heir, |heir| {
            heir.left = node.left;
            // What the parent saw up to now, so that retrace can tell whether
            // it sees something else.
            heir.height = node.height;
            heir.max_gap = node.max_gap;
        });
        self.replace_child(node.parent, at, heir);
        self.retrace(changed);
        // The first walk may have ended below the heir, whose own gap is new
        // in this place.
        self.retrace(heir);
    }
}

impl<S: NodeSource> VmaMap<S> {
    /// Makes an entry between the neighbours `prev` and `next` (either may be
    /// [`NIL`]). Returns it; [`NIL`] when there is no memory.
    pub(super) fn link(&mut self, prev: u32, next: u32, mut node: Node) -> u32 {
        // One of two neighbours is an ancestor of the other, so the lower one
        // has no child on the side where the new entry goes.
        let below_prev = prev != NIL && self.node(prev).right == NIL;
        let parent = if below_prev { prev } else { next };
        node.parent = parent;
        node.prev = prev;
        node.next = next;
        node.gap = node.start.saturating_sub(self.node(prev).end);
        node.max_gap = node.gap.min(ENOUGH);
        let new = self.arena.alloc(node);
        if new == NIL {
            return NIL;
        }
        match parent {
            NIL => self.root = new,
            _ if below_prev => self.edit(parent, |node| node.right = new),
            _ => self.edit(parent, |node| node.left = new),
        }
        match prev {
            NIL => self.first = new,
            _ => self.edit(prev, |node| node.next = new),
        }
        match next {
            NIL => {
                self.last = new;
                self.raise_ceiling(new);
            }
            _ => self.edit(next, |node| node.prev = new),
        }
        self.len += 1;
        self.remember(new);
        let shorter = self.measure_gap(next);
        self.retrace(parent);
        if shorter && parent != next {
            self.retrace(next);
        }
        new
    }
}
