//! The host: this kernel.

use crate::{eof, filter, maps, mincore, sys};
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::host::{FileInfo, FileKind, Host, HostRegion};
use pagesim_core::page::{AddrRange, PageSize};
use pagesim_core::vma::FileId;

/// The kernel, with its page size R.
pub(crate) struct Linux {
    pub(crate) page: PageSize,
}

impl Host for Linux {
    #[inline]
    fn mmap(
        &mut self,
        addr: usize,
        len: usize,
        prot: Prot,
        flags: MapFlags,
        fd: i32,
        offset: u64,
    ) -> Result<usize, Errno> {
        // SAFETY: what the program asked for, at a place the core answers for.
        unsafe { sys::mmap(addr, len, prot.bits(), flags.bits(), fd, offset) }
    }

    #[inline]
    fn munmap(&mut self, addr: usize, len: usize) -> Result<(), Errno> {
        // SAFETY: the program's own request.
        unsafe { sys::munmap(addr, len) }
    }

    #[inline]
    fn mprotect(&mut self, addr: usize, len: usize, prot: Prot) -> Result<(), Errno> {
        // SAFETY: the program's own request.
        unsafe { sys::mprotect(addr, len, prot.bits()) }
    }

    fn msync(&mut self, addr: usize, len: usize, flags: i32) -> Result<(), Errno> {
        sys::msync(addr, len, flags)
    }

    fn file(&mut self, fd: i32) -> Result<FileInfo, Errno> {
        let st = sys::fstat(fd)?;
        Ok(FileInfo {
            id: FileId { dev: st.st_dev, ino: st.st_ino },
            size: st.st_size as u64,
            kind: kind(fd, &st),
        })
    }

    fn read(&mut self, fd: i32, addr: usize, len: usize, offset: u64) -> Result<usize, Errno> {
        let args = [fd as usize, addr, len, offset as usize, 0, 0];
        // SAFETY: the core names memory it has just mapped writable.
        unsafe { sys::call(libc::SYS_pread64, args) }
    }

    fn zero(&mut self, range: AddrRange) {
        // SAFETY: the core names memory that is mapped and writable.
        unsafe { core::ptr::write_bytes(range.start() as *mut u8, 0, range.len()) }
    }

    fn region_from(&mut self, addr: usize) -> Result<Option<HostRegion>, Errno> {
        maps::region_from(addr)
    }

    fn is_mapped(&mut self, addr: usize) -> bool {
        let mut vec = 0u8;
        let args = [self.page.floor(addr), self.page.bytes(), &raw mut vec as usize, 0, 0, 0];
        // SAFETY: mincore(2) writes one byte for one page.
        !matches!(unsafe { sys::call(libc::SYS_mincore, args) }, Err(Errno::ENOMEM))
    }

    /// mprotect(2) with PROT_GROWSDOWN answers ENOMEM only when there is nothing in the
    /// range, and EINVAL when the first that there is does not grow down.
    fn is_vacant(&mut self, range: AddrRange) -> bool {
        let prot = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_GROWSDOWN;
        let args = [range.start(), range.len(), prot as usize, 0, 0, 0];
        // SAFETY: does nothing but to a stack, which can be read and written already.
        let answer = unsafe { sys::own(libc::SYS_mprotect, args) };
        answer == Err(Errno::ENOMEM)
    }

    fn copy(&mut self, from: usize, to: usize, len: usize) -> usize {
        let local = libc::iovec { iov_base: to as *mut libc::c_void, iov_len: len };
        let remote = libc::iovec { iov_base: from as *mut libc::c_void, iov_len: len };
        let (local, remote) = (&raw const local as usize, &raw const remote as usize);
        // SAFETY: getpid(2) has no arguments; process_vm_readv(2) of this process
        // reports what it cannot read instead of faulting, and the core names
        // memory for `to` that is mapped and writable.
        let copied = unsafe {
            sys::own(libc::SYS_getpid, [0; 6])
                .and_then(|pid| sys::own(libc::SYS_process_vm_readv, [pid, local, 1, remote, 1, 0]))
        };
        match copied {
            Ok(done) => done,
            Err(Errno::EFAULT) => 0,
            // a filter forbids it
            Err(_) => self.copy_by_page(from, to, len),
        }
    }

    fn mremap(
        &mut self,
        addr: usize,
        old_len: usize,
        new_len: usize,
        flags: i32,
        new_addr: usize,
    ) -> Result<usize, Errno> {
        // SAFETY: what the program asked for, at a place the core answers for.
        unsafe {
            sys::call(libc::SYS_mremap, [addr, old_len, new_len, flags as usize, new_addr, 0])
        }
    }

    fn madvise(&mut self, addr: usize, len: usize, advice: i32) -> Result<(), Errno> {
        // SAFETY: the program's own request.
        unsafe { done(libc::SYS_madvise, [addr, len, advice as usize, 0, 0, 0]) }
    }

    fn mincore(&mut self, range: AddrRange, group: usize, vec: usize) -> Result<(), Errno> {
        mincore::tell(self.page, range, group, vec, mincore::can_write)
    }

    fn mlock(&mut self, addr: usize, len: usize, flags: Option<u32>) -> Result<(), Errno> {
        let (call, flags) = match flags {
            None => (libc::SYS_mlock, 0),
            Some(flags) => (libc::SYS_mlock2, flags as usize),
        };
        // SAFETY: the program's own request.
        unsafe { done(call, [addr, len, flags, 0, 0, 0]) }
    }

    fn munlock(&mut self, addr: usize, len: usize) -> Result<(), Errno> {
        // SAFETY: the program's own request.
        unsafe { done(libc::SYS_munlock, [addr, len, 0, 0, 0, 0]) }
    }

    fn remap_file_pages(
        &mut self,
        addr: usize,
        len: usize,
        prot: Prot,
        pgoff: usize,
        flags: MapFlags,
    ) -> Result<(), Errno> {
        let (prot, flags) = (prot.bits() as usize, flags.bits() as usize);
        // SAFETY: the program's own request.
        unsafe { done(libc::SYS_remap_file_pages, [addr, len, prot, pgoff, flags, 0]) }
    }

    fn pkey_mprotect(
        &mut self,
        addr: usize,
        len: usize,
        prot: Prot,
        key: i32,
    ) -> Result<(), Errno> {
        let args = [addr, len, prot.bits() as usize, key as usize, 0, 0];
        // SAFETY: the program's own request.
        unsafe { done(libc::SYS_pkey_mprotect, args) }
    }

    fn mseal(&mut self, addr: usize, len: usize, flags: usize) -> Result<(), Errno> {
        // SAFETY: the program's own request.
        unsafe { done(SYS_MSEAL, [addr, len, flags, 0, 0, 0]) }
    }

    fn mbind(&mut self, addr: usize, len: usize, policy: [usize; 4]) -> Result<(), Errno> {
        let [mode, mask, bits, flags] = policy;
        // SAFETY: the program's own request.
        unsafe { done(libc::SYS_mbind, [addr, len, mode, mask, bits, flags]) }
    }
}

/// mseal(2), younger than the numbers that are unlike on the architectures.
const SYS_MSEAL: libc::c_long = 462;

/// A system call without a result.
///
/// # Safety
/// As the call.
unsafe fn done(call: libc::c_long, args: [usize; 6]) -> Result<(), Errno> {
    // SAFETY: the caller's.
    unsafe { sys::call(call, args) }.map(|_| ())
}

/// `HUGETLBFS_MAGIC` of <linux/magic.h>.
const HUGETLBFS: libc::c_long = 0x9584_58f6;
/// Block sizes from here on may be hugetlbfs's, which are those of its pages.
const LARGE_BLOCK: libc::blksize_t = 1 << 16;

fn kind(fd: i32, st: &libc::stat) -> FileKind {
    match st.st_mode & libc::S_IFMT {
        libc::S_IFREG => {
            if st.st_blksize >= LARGE_BLOCK && sys::file_system(fd) == Ok(HUGETLBFS) {
                FileKind::Huge(st.st_blksize as usize)
            } else {
                FileKind::Regular
            }
        }
        // a block device's mappings are page cache, like a file's
        libc::S_IFBLK => FileKind::Regular,
        libc::S_IFCHR if st.st_rdev == libc::makedev(1, 5) => FileKind::Zero,
        _ => FileKind::Special,
    }
}

impl Linux {
    /// [`Host::copy`] where the kernel does not do it.
    fn copy_by_page(&self, from: usize, to: usize, len: usize) -> usize {
        let unasked = filter::ends(libc::SYS_rt_sigprocmask);
        let mut done = 0;
        while done < len && (unasked || eof::readable(self.page.floor(from + done))) {
            let at = from + done;
            let rest = self.page.bytes() - (at & self.page.mask());
            let part = rest.min(len - done);
            // SAFETY: this page can be read, and the core names memory for `to` that
            // is mapped and writable and not the same.
            unsafe { core::ptr::copy(at as *const u8, (to + done) as *mut u8, part) };
            done += part;
        }
        done
    }
}
