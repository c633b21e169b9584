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
}
