//! What the table knows of one mapping.

use crate::flags::{MapFlags, Prot};
use crate::page::AddrRange;

/// Which file: device and inode number, as stat(2) gives them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct FileId {
    /// Device number of the file system.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
}

/// What lies behind a VMA.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Backing {
    /// Memory without a file.
    #[default]
    Anonymous,
    /// A file; the VMA's first byte is the file's byte `offset`.
    File {
        /// Which file.
        id: FileId,
        /// File offset of the first byte, in bytes.
        offset: u64,
    },
    /// A device or an anonymous inode (perf, io_uring): mapped with the length
    /// its driver was asked for.
    Special {
        /// Which file.
        id: FileId,
        /// File offset of the first byte, in bytes.
        offset: u64,
    },
    /// The rest of the last target page behind a [`Backing::Special`]: belongs
    /// to the mapping, can never be accessed.
    Filler,
    /// Memory found on the host that no operation of ours made. Kept in the
    /// table only so that placement avoids it.
    Foreign,
}

impl Backing {
    /// The backing `delta` bytes further on.
    #[must_use]
    pub fn advanced(self, delta: u64) -> Backing {
        match self {
            Backing::File { id, offset } => {
                Backing::File { id, offset: offset.wrapping_add(delta) }
            }
            Backing::Special { id, offset } => {
                Backing::Special { id, offset: offset.wrapping_add(delta) }
            }
            other => other,
        }
    }
}

/// One mapping with one protection, one set of flags and one backing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Vma {
    /// Where; never empty. Multiples of the target page, except where a
    /// [`Backing::Filler`] begins and for foreign memory.
    pub range: AddrRange,
    /// The protection the program asked for.
    pub prot: Prot,
    /// The flags that stay with a mapping: its kind (shared or private) and
    /// what [`VMA_FLAGS`] names.
    pub flags: MapFlags,
    /// What lies behind it.
    pub backing: Backing,
}

/// The flags of mmap(2) that are a property of the mapping and not of the call.
pub const VMA_FLAGS: MapFlags = MapFlags::SHARED
    .union(MapFlags::PRIVATE)
    .union(MapFlags::GROWSDOWN)
    .union(MapFlags::NORESERVE)
    .union(MapFlags::HUGETLB);

/// A mark of the table's own among the flags: the contents were read into
/// memory without a file behind it, because the file's host pages could not be
/// mapped there. Such a mapping does not follow the file.
///
/// The bit belongs to the field in which mmap(2) is told the size of huge pages,
/// which is not kept.
pub const COPIED: MapFlags = MapFlags::from_bits_retain(1 << 31);

impl Vma {
    /// Whether an operation of ours made it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.backing != Backing::Foreign
    }

    /// Whether it is a mapping of the program's and not what fills a page up.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !matches!(self.backing, Backing::Foreign | Backing::Filler)
    }

    /// The part of it inside `range`, with its backing moved along; `None`
    /// when they share nothing.
    #[must_use]
    pub fn clipped(&self, range: AddrRange) -> Option<Vma> {
        let part = self.range.intersection(range)?;
        let delta = part.start() - self.range.start();
        Some(Vma { range: part, backing: self.backing.advanced(delta as u64), ..*self })
    }

    /// Whether `next`, which must begin where this one ends, continues it, so
    /// that both can be one entry (the kernel's `can_vma_merge_after`).
    #[must_use]
    pub fn continues_into(&self, next: &Vma) -> bool {
        self.range.end() == next.range.start()
            && self.prot == next.prot
            && self.flags == next.flags
            && self.backing.advanced(self.range.len() as u64) == next.backing
    }
}
