//! What the emulation asks of the system below it.

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::page::AddrRange;
use crate::vma::{Backing, FileId};

/// What kind of object a file descriptor that is to be mapped refers to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// A file whose pages are page cache: its mappings end with the file.
    Regular,
    /// `/dev/zero` and the like: a mapping of it has no end.
    Zero,
    /// A hugetlbfs file: addresses and lengths count huge pages of this size
    /// in bytes.
    Huge(usize),
    /// A device or an anonymous inode: the driver sees the length as asked.
    Special,
}

/// Answer of [`Host::file`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileInfo {
    /// Which file.
    pub id: FileId,
    /// Its size in bytes, where it has one.
    pub size: u64,
    /// What it is.
    pub kind: FileKind,
}

/// One entry of the host's own list of mappings (a line of `/proc/self/maps`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostRegion {
    /// Where.
    pub range: AddrRange,
    /// Current protection.
    pub prot: Prot,
    /// Whether it is a shared mapping.
    pub shared: bool,
    /// A file with its offset, or anonymous.
    pub backing: Backing,
}

/// The system below: the kernel, or an in-memory model of one in tests.
///
/// Addresses and lengths reach it as the operation computed them. An operation
/// that wants to be *refused* with the host's own choice of error passes an
/// argument that the host must refuse (a misaligned fixed address, length 0):
/// so the order in which errors are reported is always the host's.
pub trait Host {
    /// mmap(2).
    ///
    /// # Errors
    /// As the host answers.
    fn mmap(
        &mut self,
        addr: usize,
        len: usize,
        prot: Prot,
        flags: MapFlags,
        fd: i32,
        offset: u64,
    ) -> Result<usize, Errno>;

    /// munmap(2).
    ///
    /// # Errors
    /// As the host answers.
    fn munmap(&mut self, addr: usize, len: usize) -> Result<(), Errno>;

    /// mprotect(2).
    ///
    /// # Errors
    /// As the host answers.
    fn mprotect(&mut self, addr: usize, len: usize, prot: Prot) -> Result<(), Errno>;

    /// msync(2).
    ///
    /// # Errors
    /// As the host answers.
    fn msync(&mut self, addr: usize, len: usize, flags: i32) -> Result<(), Errno>;

    /// What `fd` refers to (fstat(2)).
    ///
    /// # Errors
    /// EBADF, and whatever else the host answers.
    fn file(&mut self, fd: i32) -> Result<FileInfo, Errno>;

    /// One pread(2) of up to `len` bytes at file offset `offset` into the
    /// memory at `addr`, which is mapped and writable. Returns the number of
    /// bytes read; 0 is the end of the file.
    ///
    /// # Errors
    /// As the host answers, EINTR included.
    fn read(&mut self, fd: i32, addr: usize, len: usize, offset: u64) -> Result<usize, Errno>;

    /// Fills memory, which is mapped and writable, with zeros.
    fn zero(&mut self, range: AddrRange);

    /// The first mapping on the host that ends behind `addr`, whoever made it;
    /// `None` when there is none.
    ///
    /// # Errors
    /// ENOSYS when the host cannot tell (no `/proc`).
    fn region_from(&mut self, addr: usize) -> Result<Option<HostRegion>, Errno>;

    /// Whether anything is mapped at the host page that holds `addr`. Works
    /// also where [`Host::region_from`] does not.
    fn is_mapped(&mut self, addr: usize) -> bool;

    /// Whether nothing at all is mapped in `range`; `false` also where the host cannot
    /// tell.
    fn is_vacant(&mut self, range: AddrRange) -> bool;

    /// Copies up to `len` bytes of memory and returns how many: it ends early
    /// where `from` cannot be read (protected, behind the end of a file) instead
    /// of faulting. `to` is mapped and writable. (process_vm_readv(2) on itself,
    /// or a pipe.)
    fn copy(&mut self, from: usize, to: usize, len: usize) -> usize;

    /// mremap(2).
    ///
    /// # Errors
    /// As the host answers.
    fn mremap(
        &mut self,
        addr: usize,
        old_len: usize,
        new_len: usize,
        flags: i32,
        new_addr: usize,
    ) -> Result<usize, Errno>;

    /// madvise(2).
    ///
    /// # Errors
    /// As the host answers.
    fn madvise(&mut self, addr: usize, len: usize, advice: i32) -> Result<(), Errno>;

    /// mincore(2) of `range`, which is mapped, told in pieces of `group` bytes:
    /// to the program's memory at `vec` goes one byte for each, 1 when any page of
    /// it is resident. `group` may be smaller than a page; the last piece may be
    /// incomplete. Nothing behind these bytes is written to.
    ///
    /// # Errors
    /// EFAULT for `vec`, and whatever else the host answers.
    fn mincore(&mut self, range: AddrRange, group: usize, vec: usize) -> Result<(), Errno>;

    /// mlock(2), with `flags` mlock2(2).
    ///
    /// # Errors
    /// As the host answers.
    fn mlock(&mut self, addr: usize, len: usize, flags: Option<u32>) -> Result<(), Errno>;

    /// munlock(2).
    ///
    /// # Errors
    /// As the host answers.
    fn munlock(&mut self, addr: usize, len: usize) -> Result<(), Errno>;

    /// remap_file_pages(2); `pgoff` counts the host's pages.
    ///
    /// # Errors
    /// As the host answers.
    fn remap_file_pages(
        &mut self,
        addr: usize,
        len: usize,
        prot: Prot,
        pgoff: usize,
        flags: MapFlags,
    ) -> Result<(), Errno>;

    /// pkey_mprotect(2).
    ///
    /// # Errors
    /// As the host answers.
    fn pkey_mprotect(&mut self, addr: usize, len: usize, prot: Prot, key: i32)
        -> Result<(), Errno>;

    /// mseal(2).
    ///
    /// # Errors
    /// As the host answers.
    fn mseal(&mut self, addr: usize, len: usize, flags: usize) -> Result<(), Errno>;

    /// mbind(2); `policy` is mode, node mask, its length in bits, and flags.
    ///
    /// # Errors
    /// As the host answers.
    fn mbind(&mut self, addr: usize, len: usize, policy: [usize; 4]) -> Result<(), Errno>;
}
