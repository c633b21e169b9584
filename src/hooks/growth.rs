//! Calls that change the size of a file: the C library's does its work, then the
//! tails of the file are looked at (see `eof`). Without a live tail that costs a load.

use super::{errno, hook, next};
use crate::eof::{self, transfer};
use core::ffi::{c_char, c_int, c_uint, c_void};
use libc::{loff_t, off64_t, off_t, size_t, ssize_t, FILE};
use pagesim_core::errno::Errno;

fn missing() -> isize {
    errno::word(Err(Errno::ENOSYS))
}

/// The file offset among the arguments of a call; `None` where the descriptor's is
/// meant.
macro_rules! at {
    () => { None };
    ($at:ident $(, $flags:ident)?) => { u64::try_from($at).ok() };
}

/// Defines write(2) and pwrite(2) under their names: a buffer, and what is written
/// is a prefix of it.
macro_rules! like_write {
    ($($name:ident, $c_name:literal ($($at:ident: $at_ty:ty)?);)*) => {
        hook! {$(
            fn $name(fd: c_int, buffer: *const c_void, len: size_t $(, $at: $at_ty)?) -> ssize_t {
                let next = next!($c_name, fn(c_int, *const c_void, size_t $(, $at_ty)?) -> ssize_t);
                let Some(next) = next else { return missing() };
                let done = next(fd, buffer, len $(, $at)?);
                if done == len as ssize_t && !eof::alive() {
                    return done;
                }
                let at = at!($($at)?);
                transfer::after_write(fd, done, buffer as usize, len, at, |from, rest| {
                    next(fd, buffer.wrapping_byte_add(from), rest $(, $at + from as $at_ty)?)
                })
            }
        )*}
    };
}

like_write! {
    write, c"write"();
    __write, c"__write"();
    pwrite, c"pwrite"(offset: off_t);
    pwrite64, c"pwrite64"(offset: off64_t);
    __pwrite64, c"__pwrite64"(offset: off64_t);
}

/// Defines writev(2) and its relatives.
macro_rules! like_writev {
    ($($name:ident, $c_name:literal ($($at:ident: $at_ty:ty),*);)*) => {
        hook! {$(
            fn $name(fd: c_int, vector: *const c_void, count: c_int $(, $at: $at_ty)*) -> ssize_t {
                let next = next!($c_name, fn(c_int, *const c_void, c_int $(, $at_ty)*) -> ssize_t);
                let Some(next) = next else { return missing() };
                transfer::prepare_vector(vector as usize, count.max(0) as usize);
                let done = next(fd, vector, count $(, $at)*);
                transfer::wrote(fd, at!($($at),*), done);
                done
            }
        )*}
    };
}

like_writev! {
    writev, c"writev"();
    pwritev, c"pwritev"(offset: off_t);
    pwritev64, c"pwritev64"(offset: off64_t);
    pwritev2, c"pwritev2"(offset: off_t, flags: c_int);
    pwritev64v2, c"pwritev64v2"(offset: off64_t, flags: c_int);
}

/// Defines calls that may change the size of the file of a descriptor among their
/// arguments; `then` says what is to be done about it.
macro_rules! resizing {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*) -> $ret:ty, $then:ident($of:ident);)*) => {
        hook! {$(
            fn $name($($arg: $ty),*) -> $ret {
                match next!($c_name, fn($($ty),*) -> $ret) {
                    Some(next) => {
                        let answer = next($($arg),*);
                        transfer::$then($of);
                        answer
                    }
                    None => missing() as $ret,
                }
            }
        )*}
    };
}

resizing! {
    ftruncate, c"ftruncate"(fd: c_int, size: off_t) -> c_int, truncated(fd);
    ftruncate64, c"ftruncate64"(fd: c_int, size: off64_t) -> c_int, truncated(fd);
    fallocate, c"fallocate"(fd: c_int, mode: c_int, at: off_t, len: off_t) -> c_int, changed(fd);
    fallocate64, c"fallocate64"(fd: c_int, mode: c_int, at: off64_t, len: off64_t) -> c_int, changed(fd);
    posix_fallocate, c"posix_fallocate"(fd: c_int, at: off_t, len: off_t) -> c_int, changed(fd);
    posix_fallocate64, c"posix_fallocate64"(fd: c_int, at: off64_t, len: off64_t) -> c_int, changed(fd);
    sendfile, c"sendfile"(to: c_int, from: c_int, at: *mut off_t, len: size_t) -> ssize_t, changed(to);
    sendfile64, c"sendfile64"(to: c_int, from: c_int, at: *mut off64_t, len: size_t) -> ssize_t, changed(to);
    copy_file_range, c"copy_file_range"(
        from: c_int, at: *mut loff_t, to: c_int, to_at: *mut loff_t, len: size_t, flags: c_uint
    ) -> ssize_t, changed(to);
    splice, c"splice"(
        from: c_int, at: *mut loff_t, to: c_int, to_at: *mut loff_t, len: size_t, flags: c_uint
    ) -> ssize_t, changed(to);
}

/// Defines truncate(2) under its names.
macro_rules! like_truncate {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(path: *const c_char, size: off_t) -> c_int {
                let Some(next) = next!($c_name, fn(*const c_char, off_t) -> c_int) else {
                    return missing() as c_int;
                };
                let mut answer = next(path, size);
                if answer != 0 && transfer::refused(&[path as usize]) {
                    answer = next(path, size);
                }
                if answer == 0 {
                    transfer::truncated_path(path as usize);
                }
                answer
            }
        )*}
    };
}

like_truncate! {
    truncate, c"truncate";
    truncate64, c"truncate64";
}

/// Streams: the C library writes their buffers by calls of its own, which nobody
/// can take. What has reached the file when one of these returns is seen.
macro_rules! streams {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {
        hook! {$(
            fn $name($($arg: $ty),*) -> $ret {
                match next!($c_name, fn($($ty),*) -> $ret) {
                    Some(next) => {
                        let answer = next($($arg),*);
                        transfer::seen();
                        answer
                    }
                    None => missing() as $ret,
                }
            }
        )*}
    };
}

streams! {
    fflush, c"fflush"(stream: *mut FILE) -> c_int;
    fflush_unlocked, c"fflush_unlocked"(stream: *mut FILE) -> c_int;
    fclose, c"fclose"(stream: *mut FILE) -> c_int;
    fwrite, c"fwrite"(from: *const c_void, size: size_t, count: size_t, stream: *mut FILE) -> size_t;
    fwrite_unlocked, c"fwrite_unlocked"(from: *const c_void, size: size_t, count: size_t, stream: *mut FILE) -> size_t;
    fputs, c"fputs"(text: *const c_char, stream: *mut FILE) -> c_int;
    fputs_unlocked, c"fputs_unlocked"(text: *const c_char, stream: *mut FILE) -> c_int;
    vfprintf, c"vfprintf"(stream: *mut FILE, format: *const c_char, list: *mut c_void) -> c_int;
    __vfprintf_chk, c"__vfprintf_chk"(stream: *mut FILE, flag: c_int, format: *const c_char, list: *mut c_void) -> c_int;
    vdprintf, c"vdprintf"(fd: c_int, format: *const c_char, list: *mut c_void) -> c_int;
    __vdprintf_chk, c"__vdprintf_chk"(fd: c_int, flag: c_int, format: *const c_char, list: *mut c_void) -> c_int;
}
