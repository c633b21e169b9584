//! Checks that the map keeps its promises. For tests and debugging.

use super::node::{ENOUGH, NIL};
use super::VmaMap;

impl<S> VmaMap<S> {
    /// Checks every invariant of the map; O(n).
    ///
    /// # Errors
    /// A sentence that says which one does not hold.
    pub fn verify(&self) -> Result<(), &'static str> {
        self.arena.verify(self.len)?;
        self.verify_thread()?;
        self.verify_tree()?;
        let near = self.near.get();
        if near != NIL && self.node(near).height == 0 {
            return Err("the hint is not a live entry");
        }
        self.verify_ceiling()
    }

    fn verify_thread(&self) -> Result<(), &'static str> {
        let (mut prev, mut at) = (NIL, self.first);
        for _ in 0..self.len {
            let (node, before) = (self.node(at), self.node(prev));
            if at == NIL {
                return Err("the thread ends early");
            }
            if node.prev != prev {
                return Err("the thread leads back elsewhere");
            }
            if node.start >= node.end {
                return Err("an entry is empty");
            }
            if prev != NIL && before.end > node.start {
                return Err("entries overlap or are out of order");
            }
            if node.gap != node.start - before.end {
                return Err("an entry does not know its gap");
            }
            if prev != NIL && before.continues_into(node) {
                return Err("two neighbours should be one entry");
            }
            (prev, at) = (at, node.next);
        }
        if at != NIL || self.last != prev {
            return Err("the thread does not end at the last entry");
        }
        Ok(())
    }

    /// Follows the thread and finds each entry again at its place in the tree.
    fn verify_tree(&self) -> Result<(), &'static str> {
        if self.node(self.root).parent != NIL {
            return Err("the root has a parent");
        }
        let mut expected = self.leftmost(self.root);
        let mut at = self.first;
        for _ in 0..self.len {
            if at != expected {
                return Err("tree and thread are in different order");
            }
            self.verify_node(at)?;
            expected = self.successor(at);
            at = self.node(at).next;
        }
        if expected != NIL {
            return Err("the tree has more entries than the thread");
        }
        Ok(())
    }

    fn verify_node(&self, at: u32) -> Result<(), &'static str> {
        let node = self.node(at);
        let (left, right) = (self.node(node.left), self.node(node.right));
        if (node.left != NIL && left.parent != at) || (node.right != NIL && right.parent != at) {
            return Err("a child has another parent");
        }
        let levels = 1 + left.height.max(right.height);
        if node.height != levels && (levels, node.height) != (1, 2) {
            return Err("an entry has a wrong height");
        }
        if left.height.abs_diff(right.height) > 1 {
            return Err("an entry is out of balance");
        }
        if node.max_gap != node.gap.min(ENOUGH).max(left.max_gap).max(right.max_gap) {
            return Err("a subtree does not know its largest gap");
        }
        Ok(())
    }

    fn leftmost(&self, mut at: u32) -> u32 {
        while self.node(at).left != NIL {
            at = self.node(at).left;
        }
        at
    }

    /// The next entry in order, by the tree's links alone.
    fn successor(&self, mut at: u32) -> u32 {
        let right = self.node(at).right;
        if right != NIL {
            return self.leftmost(right);
        }
        loop {
            let parent = self.node(at).parent;
            if parent == NIL || self.node(parent).left == at {
                return parent;
            }
            at = parent;
        }
    }
}
