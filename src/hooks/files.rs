//! open(2) and fopen(3), for files that count in pages and named pipes; seeking in
//! the former.

use super::errno::word;
use super::{hook, next};
use crate::eof::transfer;
use crate::{pipes, procfs, sys};
use core::ffi::{c_char, c_int};
use libc::{mode_t, FILE};

/// What is done about every file that was opened.
#[inline]
fn opened(path: *const c_char, flags: c_int, fd: c_int) -> c_int {
    pipes::opened(fd);
    if flags & libc::O_TRUNC != 0 && fd >= 0 {
        transfer::truncated(fd);
    }
    // SAFETY: a successful open(2) has read the path.
    unsafe { procfs::opened(path, flags, fd) };
    fd
}

/// Defines open(2) under a name. Variadic in C; a mode that is not there is not
/// looked at.
macro_rules! like_open {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
                transfer::prepare_args(&[path as usize]);
                match next!($c_name, fn(*const c_char, c_int, mode_t) -> c_int) {
                    Some(next) => opened(path, flags, next(path, flags, mode)),
                    None => raw(libc::AT_FDCWD, path, flags, mode),
                }
            }
        )*}
    };
}

/// And openat(2).
macro_rules! like_openat {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(dir: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
                transfer::prepare_args(&[path as usize]);
                match next!($c_name, fn(c_int, *const c_char, c_int, mode_t) -> c_int) {
                    Some(next) => opened(path, flags, next(dir, path, flags, mode)),
                    None => raw(dir, path, flags, mode),
                }
            }
        )*}
    };
}

like_open! {
    open, c"open";
    open64, c"open64";
    __open, c"__open";
    __open64, c"__open64";
    __open_2, c"__open_2";
    __open64_2, c"__open64_2";
}

like_openat! {
    openat, c"openat";
    openat64, c"openat64";
    __openat_2, c"__openat_2";
    __openat64_2, c"__openat64_2";
}

/// Where the C library has no function of the name.
fn raw(dir: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    word(open_raw(dir, path, flags, mode)) as c_int
}

/// openat(2) by its number.
pub(crate) fn open_raw(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> Result<usize, pagesim_core::errno::Errno> {
    let args = [dir as usize, path as usize, flags as usize, mode as usize, 0, 0];
    transfer::prepare_args(&args);
    // SAFETY: the program's own request.
    let fd = unsafe { sys::call(libc::SYS_openat, args) }?;
    opened(path, flags, fd as c_int);
    Ok(fd)
}

/// Defines fopen(3) under a name: the C library's own opens files by itself.
macro_rules! like_fopen {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(path: *const c_char, mode: *const c_char) -> *mut FILE {
                transfer::prepare_args(&[path as usize, mode as usize]);
                // SAFETY: the program's strings.
                if unsafe { procfs::concerns_stream(path, mode) } {
                    return stream(path, mode);
                }
                match next!($c_name, fn(*const c_char, *const c_char) -> *mut FILE) {
                    Some(next) => next(path, mode),
                    None => stream(path, mode),
                }
            }
        )*}
    };
}

like_fopen! {
    fopen, c"fopen";
    fopen64, c"fopen64";
}

/// fopen(3) for reading, by way of fdopen(3).
fn stream(path: *const c_char, mode: *const c_char) -> *mut FILE {
    let Some(fdopen) = next!(c"fdopen", fn(c_int, *const c_char) -> *mut FILE) else {
        return core::ptr::null_mut();
    };
    // SAFETY: the program's string.
    let private = unsafe { core::ffi::CStr::from_ptr(mode) }.to_bytes().contains(&b'e');
    let flags = if private { libc::O_CLOEXEC } else { 0 };
    let fd = raw(libc::AT_FDCWD, path, libc::O_RDONLY | flags, 0);
    if fd < 0 {
        return core::ptr::null_mut();
    }
    let stream = fdopen(fd, mode);
    if stream.is_null() {
        sys::close(fd);
    }
    stream
}

hook! {
    fn rewind(stream: *mut FILE) -> () {
        renew(stream);
        if let Some(next) = next!(c"rewind", fn(*mut FILE) -> ()) {
            next(stream);
        }
    }
}

/// Defines fseek(3) under a name.
macro_rules! like_fseek {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(stream: *mut FILE, offset: i64, whence: c_int) -> c_int {
                if whence == libc::SEEK_SET && offset == 0 {
                    renew(stream);
                }
                match next!($c_name, fn(*mut FILE, i64, c_int) -> c_int) {
                    Some(next) => next(stream, offset, whence),
                    None => word(Err(pagesim_core::errno::Errno::ENOSYS)) as c_int,
                }
            }
        )*}
    };
}

like_fseek! {
    fseek, c"fseek";
    fseeko, c"fseeko";
    fseeko64, c"fseeko64";
}

/// A stream goes back to its beginning.
fn renew(stream: *mut FILE) {
    if stream.is_null() || !procfs::any() {
        return;
    }
    if let Some(fileno) = next!(c"fileno", fn(*mut FILE) -> c_int) {
        procfs::rewound(fileno(stream));
    }
}
