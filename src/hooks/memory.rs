//! mmap(2) and its relatives.

use super::errno::{address, status};
use super::hook;
use crate::arch::weak_symbol;
use crate::calls;
use core::ffi::{c_int, c_void};
use libc::{off64_t, off_t, size_t};

hook! {
    fn mmap(addr: *mut c_void, len: size_t, prot: c_int, flags: c_int, fd: c_int, offset: off_t)
        -> *mut c_void = libc::mmap {
        address(calls::mmap(addr as usize, len, prot, flags, fd, offset as u64))
    }

    fn mmap64(addr: *mut c_void, len: size_t, prot: c_int, flags: c_int, fd: c_int, offset: off64_t)
        -> *mut c_void = libc::mmap64 {
        address(calls::mmap(addr as usize, len, prot, flags, fd, offset as u64))
    }

    fn munmap(addr: *mut c_void, len: size_t) -> c_int = libc::munmap {
        status(calls::munmap(addr as usize, len))
    }

    fn mprotect(addr: *mut c_void, len: size_t, prot: c_int) -> c_int = libc::mprotect {
        status(calls::mprotect(addr as usize, len, prot))
    }

    /// A cancellation point, unlike the others.
    fn msync(addr: *mut c_void, len: size_t, flags: c_int) -> c_int = libc::msync {
        test_cancel();
        status(calls::msync(addr as usize, len, flags))
    }
}

/// Ends this thread here if it is to be cancelled: no lock is held.
fn test_cancel() {
    let symbol = weak_symbol!("pthread_testcancel");
    if symbol != 0 {
        // SAFETY: pthread_testcancel(3). What unwinds the stack finds nothing to be
        // cleaned up in this frame and the hook's.
        let test: extern "C" fn() = unsafe { core::mem::transmute(symbol) };
        test();
    }
}
