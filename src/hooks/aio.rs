//! aio_read(3) and its relatives: the C library's own threads make the calls. Memory is
//! looked at when a request is made, files when the program asks what became of it.

use super::{errno, hook, next};
use crate::eof::transfer;
use core::ffi::{c_int, c_void};
use libc::aiocb;
use pagesim_core::errno::Errno;

/// Looks at the memory of a request.
fn asked(request: *const aiocb) {
    // SAFETY: null or the program's structure.
    if let Some(request) = unsafe { request.as_ref() } {
        transfer::prepare(request.aio_buf as usize, request.aio_nbytes);
    }
}

/// Defines functions that take a request.
macro_rules! requests {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(request: *mut aiocb) -> c_int {
                let Some(next) = next!($c_name, fn(*mut aiocb) -> c_int) else {
                    return errno::status(Err(Errno::ENOSYS));
                };
                asked(request);
                next(request)
            }
        )*}
    };
}

requests! {
    aio_read, c"aio_read";
    aio_read64, c"aio_read64";
    aio_write, c"aio_write";
    aio_write64, c"aio_write64";
}

/// Defines lio_listio(3) under its names.
macro_rules! lists {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(mode: c_int, list: *const *mut aiocb, count: c_int, event: *mut c_void) -> c_int {
                let next = next!(
                    $c_name,
                    fn(c_int, *const *mut aiocb, c_int, *mut c_void) -> c_int
                );
                let Some(next) = next else { return errno::status(Err(Errno::ENOSYS)) };
                for i in 0..usize::try_from(count).unwrap_or(0) {
                    // SAFETY: the program's array of that many.
                    asked(unsafe { *list.add(i) });
                }
                let answer = next(mode, list, count, event);
                transfer::seen();
                answer
            }
        )*}
    };
}

lists! {
    lio_listio, c"lio_listio";
    lio_listio64, c"lio_listio64";
}

/// Defines functions that tell what became of requests.
macro_rules! questions {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {
        hook! {$(
            fn $name($($arg: $ty),*) -> $ret {
                let Some(next) = next!($c_name, fn($($ty),*) -> $ret) else {
                    return errno::word(Err(Errno::ENOSYS)) as $ret;
                };
                let answer = next($($arg),*);
                transfer::seen();
                answer
            }
        )*}
    };
}

questions! {
    aio_error, c"aio_error"(request: *const aiocb) -> c_int;
    aio_error64, c"aio_error64"(request: *const aiocb) -> c_int;
    aio_return, c"aio_return"(request: *mut aiocb) -> isize;
    aio_return64, c"aio_return64"(request: *mut aiocb) -> isize;
    aio_suspend, c"aio_suspend"(list: *const c_void, count: c_int, limit: *const c_void) -> c_int;
    aio_suspend64, c"aio_suspend64"(list: *const c_void, count: c_int, limit: *const c_void) -> c_int;
}
