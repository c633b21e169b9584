//! The one place where a result becomes a return value and errno.

use crate::arch::weak_symbol;
use core::ffi::{c_int, c_void};
use pagesim_core::errno::Errno;

/// Sets errno. glibc and musl both name its place so.
pub(crate) fn set(error: Errno) {
    let symbol = weak_symbol!("__errno_location");
    if symbol != 0 {
        // SAFETY: int *__errno_location(void), the calling thread's errno.
        unsafe {
            let location: extern "C" fn() -> *mut c_int = core::mem::transmute(symbol);
            *location() = error.0;
        }
    }
}

/// errno of the calling thread.
pub(crate) fn get() -> Errno {
    let symbol = weak_symbol!("__errno_location");
    if symbol == 0 {
        return Errno(0);
    }
    // SAFETY: as in `set`.
    unsafe {
        let location: extern "C" fn() -> *mut c_int = core::mem::transmute(symbol);
        Errno(*location())
    }
}

/// A return value; on an error errno is set and it is -1.
pub(crate) fn word(result: Result<usize, Errno>) -> isize {
    match result {
        Ok(value) => value as isize,
        Err(error) => {
            set(error);
            -1
        }
    }
}

/// For functions that answer 0 or -1.
pub(crate) fn status(result: Result<(), Errno>) -> c_int {
    word(result.map(|()| 0)) as c_int
}

/// For functions that answer an address or MAP_FAILED.
pub(crate) fn address(result: Result<usize, Errno>) -> *mut c_void {
    word(result) as *mut c_void
}

/// The end of a system call that the kernel answered with an error.
pub(crate) extern "C" fn fail_with_raw(raw: isize) -> isize {
    set(Errno(-raw as i32));
    -1
}
