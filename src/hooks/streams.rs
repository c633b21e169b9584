//! Streams of the C library: it reads and writes files by calls of its own, which
//! nobody can take. Memory that is handed through to such a call is looked at
//! before, and what has reached a file when a function returns is seen then.
//! fprintf(3) is variadic, which cannot be written here: fflush(3) and fclose(3) see
//! what it has left in the buffer.

use super::{errno, hook, next};
use crate::eof::transfer;
use crate::shell;
use core::ffi::{c_char, c_int, c_void};
use libc::{size_t, FILE};
use pagesim_core::errno::Errno;

/// Defines functions after which a stream's file may have grown.
macro_rules! writing {
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

writing! {
    fflush, c"fflush"(stream: *mut FILE) -> c_int;
    fflush_unlocked, c"fflush_unlocked"(stream: *mut FILE) -> c_int;
    fcloseall, c"fcloseall"() -> c_int;
    fputs, c"fputs"(text: *const c_char, stream: *mut FILE) -> c_int;
    fputs_unlocked, c"fputs_unlocked"(text: *const c_char, stream: *mut FILE) -> c_int;
    vfprintf, c"vfprintf"(stream: *mut FILE, format: *const c_char, list: *mut c_void) -> c_int;
    __vfprintf_chk, c"__vfprintf_chk"(
        stream: *mut FILE, flag: c_int, format: *const c_char, list: *mut c_void
    ) -> c_int;
    vdprintf, c"vdprintf"(fd: c_int, format: *const c_char, list: *mut c_void) -> c_int;
    __vdprintf_chk, c"__vdprintf_chk"(
        fd: c_int, flag: c_int, format: *const c_char, list: *mut c_void
    ) -> c_int;
}

hook! {
    /// A stream of popen(3) ends as by pclose(3), as it does in the C library.
    fn fclose(stream: *mut FILE) -> c_int = libc::fclose {
        let Some(next) = next!(c"fclose", fn(*mut FILE) -> c_int) else {
            return errno::word(Err(Errno::ENOSYS)) as c_int;
        };
        let answer = shell::close(stream, |stream| next(stream)).unwrap_or_else(|| next(stream));
        transfer::seen();
        answer
    }
}

/// Defines functions that hand memory through.
macro_rules! blocks {
    ($($name:ident, $c_name:literal ($memory:ident: $memory_ty:ty $(, $arg:ident: $ty:ty)*);)*) => {
        hook! {$(
            fn $name(
                $memory: $memory_ty, $($arg: $ty,)* size: size_t, count: size_t, stream: *mut FILE,
            ) -> size_t {
                let next =
                    next!($c_name, fn($memory_ty, $($ty,)* size_t, size_t, *mut FILE) -> size_t);
                let Some(next) = next else { return 0 };
                transfer::prepare($memory as usize, size.saturating_mul(count));
                let done = next($memory, $($arg,)* size, count, stream);
                transfer::seen();
                done
            }
        )*}
    };
}

blocks! {
    fwrite, c"fwrite"(from: *const c_void);
    fwrite_unlocked, c"fwrite_unlocked"(from: *const c_void);
    fread, c"fread"(to: *mut c_void);
    fread_unlocked, c"fread_unlocked"(to: *mut c_void);
    __fread_chk, c"__fread_chk"(to: *mut c_void, room: size_t);
    __fread_unlocked_chk, c"__fread_unlocked_chk"(to: *mut c_void, room: size_t);
}
