//! One stored entry: the VMA itself, its place in the tree and the thread
//! through all entries in order of address.
//!
//! Invariant: every field is an integer and 0 everywhere is the default, so a
//! block of zero bytes from the system is a block of valid entries.

use crate::flags::{MapFlags, Prot};
use crate::page::AddrRange;
use crate::vma::{Backing, FileId, Vma};

/// The link that leads nowhere. The arena never hands it out.
pub(super) const NIL: u32 = 0;

/// Gaps of this size are not told apart by subtrees: 1 TiB on 64-bit systems, of
/// which there is never more than a few.
pub(super) const ENOUGH: usize = match 1_usize.checked_shl(40) {
    Some(tebibyte) => tebibyte,
    None => usize::MAX,
};

const ANONYMOUS: u8 = 0;
const FILE: u8 = 1;
const SPECIAL: u8 = 2;
const FILLER: u8 = 3;
const FOREIGN: u8 = 4;

/// A stored entry. Made of integers only: a block of zero bytes is a block of
/// valid entries. 96 bytes on 64-bit systems.
// The fields a descent reads come first and share half a cache line.
#[repr(C, align(32))]
#[derive(Clone, Copy, Default, Debug)]
pub struct Node {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The largest `gap` in the subtree, or [`ENOUGH`].
    pub(super) max_gap: usize,
    pub(super) left: u32,
    pub(super) right: u32,
    /// Free bytes between the entry before, or address 0, and this one.
    pub(super) gap: usize,
    pub(super) parent: u32,
    pub(super) prev: u32,
    pub(super) next: u32,
    pub(super) prot: u32,
    pub(super) flags: u32,
    pub(super) kind: u8,
    /// Levels of the subtree, 1 or 2 for a leaf (0 only in NIL).
    pub(super) height: u8,
    pub(super) dev: u64,
    pub(super) ino: u64,
    pub(super) offset: u64,
}

/// What reading through [`NIL`] yields: no levels, no gap, no range.
pub(super) static NOTHING: Node = Node {
    start: 0,
    end: 0,
    max_gap: 0,
    left: NIL,
    right: NIL,
    gap: 0,
    parent: NIL,
    prev: NIL,
    next: NIL,
    prot: 0,
    flags: 0,
    kind: ANONYMOUS,
    height: 0,
    dev: 0,
    ino: 0,
    offset: 0,
};

const _: () = assert!(core::mem::size_of::<Node>() <= 128);

impl Node {
    /// An unlinked entry for `vma`.
    pub(super) fn of(vma: &Vma) -> Node {
        let mut node = Node { height: 1, ..Node::default() };
        node.set_vma(vma);
        node
    }

    pub(super) fn range(&self) -> AddrRange {
        AddrRange::new(self.start, self.end).unwrap_or_default()
    }

    pub(super) fn vma(&self) -> Vma {
        let id = FileId { dev: self.dev, ino: self.ino };
        let offset = self.offset;
        Vma {
            range: self.range(),
            prot: Prot::from_bits_retain(self.prot),
            flags: MapFlags::from_bits_retain(self.flags),
            backing: match self.kind {
                FILE => Backing::File { id, offset },
                SPECIAL => Backing::Special { id, offset },
                FILLER => Backing::Filler,
                FOREIGN => Backing::Foreign,
                _ => Backing::Anonymous,
            },
        }
    }

    /// Everything but the links.
    pub(super) fn set_vma(&mut self, vma: &Vma) {
        let (kind, id, offset) = match vma.backing {
            Backing::Anonymous => (ANONYMOUS, FileId::default(), 0),
            Backing::File { id, offset } => (FILE, id, offset),
            Backing::Special { id, offset } => (SPECIAL, id, offset),
            Backing::Filler => (FILLER, FileId::default(), 0),
            Backing::Foreign => (FOREIGN, FileId::default(), 0),
        };
        self.start = vma.range.start();
        self.end = vma.range.end();
        self.prot = vma.prot.bits();
        self.flags = vma.flags.bits();
        self.kind = kind;
        self.dev = id.dev;
        self.ino = id.ino;
        self.offset = offset;
    }

    /// Moves the front edge to `start`; what lies behind it keeps its backing.
    pub(super) fn set_start(&mut self, start: usize) {
        if matches!(self.kind, FILE | SPECIAL) {
            // Wraps like the edge itself: moving the edge down moves the
            // offset down.
            let delta = start.wrapping_sub(self.start) as isize as i64;
            self.offset = self.offset.wrapping_add_signed(delta);
        }
        self.start = start;
    }

    /// An unlinked entry for the part from `start` on.
    pub(super) fn tail(&self, start: usize) -> Node {
        let mut tail = Node { left: NIL, right: NIL, height: 1, ..*self };
        tail.set_start(start);
        tail
    }

    /// [`Vma::continues_into`], after the cheap reasons for a no.
    pub(super) fn continues_into(&self, next: &Node) -> bool {
        self.end == next.start
            && self.kind == next.kind
            && self.prot == next.prot
            && self.vma().continues_into(&next.vma())
    }
}
