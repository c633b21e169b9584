//! mremap(2), madvise(2), mincore(2), mlock(2) and their relatives.

use super::errno::{address, status};
use super::{hook, next};
use crate::eof;
use crate::ranges::{self, Remap};
use core::ffi::{c_int, c_uint, c_void};
use libc::size_t;
use pagesim_core::errno::Errno;

hook! {
    /// Variadic in C; an address that need not be there is not looked at, as in the C
    /// library (newer ones take a hint for MREMAP_DONTUNMAP, which is only a hint).
    fn mremap(
        addr: *mut c_void,
        old_len: size_t,
        new_len: size_t,
        flags: c_int,
        new_addr: *mut c_void,
    ) -> *mut c_void {
        let fixed = flags & libc::MREMAP_FIXED != 0;
        let (addr, new_addr) = (addr as usize, if fixed { new_addr as usize } else { 0 });
        address(ranges::mremap(&Remap { addr, old_len, new_len, flags, new_addr }))
    }

    fn madvise(addr: *mut c_void, len: size_t, advice: c_int) -> c_int = libc::madvise {
        status(ranges::madvise(addr as usize, len, advice))
    }

    fn posix_madvise(addr: *mut c_void, len: size_t, advice: c_int)
        -> c_int = libc::posix_madvise {
        ranges::posix_madvise(addr as usize, len, advice)
    }

    fn mincore(addr: *mut c_void, len: size_t, vector: *mut u8) -> c_int {
        status(ranges::mincore(addr as usize, len, vector as usize))
    }

    fn mlock(addr: *const c_void, len: size_t) -> c_int = libc::mlock {
        status(ranges::mlock(addr as usize, len, None))
    }

    fn mlock2(addr: *const c_void, len: size_t, flags: c_uint) -> c_int {
        status(ranges::mlock(addr as usize, len, Some(flags)))
    }

    fn mlockall(flags: c_int) -> c_int = libc::mlockall {
        eof::locking();
        match next!(c"mlockall", fn(c_int) -> c_int) {
            Some(next) => next(flags),
            None => status(Err(Errno::ENOSYS)),
        }
    }

    fn munlock(addr: *const c_void, len: size_t) -> c_int = libc::munlock {
        status(ranges::munlock(addr as usize, len))
    }

    fn pkey_mprotect(addr: *mut c_void, len: size_t, prot: c_int, key: c_int) -> c_int {
        status(ranges::pkey_mprotect(addr as usize, len, prot, key))
    }

    fn remap_file_pages(
        addr: *mut c_void,
        len: size_t,
        prot: c_int,
        pgoff: size_t,
        flags: c_int,
    ) -> c_int {
        status(ranges::remap_file_pages(
            addr as usize,
            len,
            prot as usize,
            pgoff,
            flags as usize,
        ))
    }
}
