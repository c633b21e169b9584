//! open(2) and fopen(3), for files that count in pages and named pipes; seeking in
//! the former.

use super::errno::word;
use super::{hook, next};
use crate::eof::transfer;
use crate::procfs::{self, origin};
use crate::{pipes, structures, sys};
use core::ffi::{c_char, c_int};
use libc::{mode_t, size_t, ssize_t, FILE};
use pagesim_core::errno::Errno;

/// What is done about every file that was opened.
#[inline]
fn opened(path: *const c_char, flags: c_int, fd: c_int) -> c_int {
    pipes::opened(fd, flags);
    if flags & libc::O_TRUNC != 0 && fd >= 0 {
        transfer::truncated(fd, false);
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
) -> Result<usize, Errno> {
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
                let opened = match next!($c_name, fn(*const c_char, *const c_char) -> *mut FILE) {
                    Some(next) => perhaps_pipe(next(path, mode), mode),
                    None => stream(path, mode),
                };
                // mode "w" may have cut a file
                transfer::seen();
                opened
            }
        )*}
    };
}

like_fopen! {
    fopen, c"fopen";
    fopen64, c"fopen64";
}

/// A stream that may be of a named pipe: those that only read are not looked at.
fn perhaps_pipe(stream: *mut FILE, mode: *const c_char) -> *mut FILE {
    // SAFETY: the program's string.
    let reads = unsafe { core::ffi::CStr::from_ptr(mode) }.to_bytes();
    if !stream.is_null() && (reads.first() != Some(&b'r') || reads.contains(&b'+')) {
        pipes::opened(descriptor(stream), libc::O_WRONLY);
    }
    stream
}

/// Whether a stream's mode says that a child does not inherit it.
fn private(mode: *const c_char) -> c_int {
    // SAFETY: the program's string.
    let private = unsafe { core::ffi::CStr::from_ptr(mode) }.to_bytes().contains(&b'e');
    if private {
        libc::O_CLOEXEC
    } else {
        0
    }
}

/// fopen(3) for reading, by way of fdopen(3).
fn stream(path: *const c_char, mode: *const c_char) -> *mut FILE {
    let Some(fdopen) = next!(c"fdopen", fn(c_int, *const c_char) -> *mut FILE) else {
        return core::ptr::null_mut();
    };
    let fd = raw(libc::AT_FDCWD, path, libc::O_RDONLY | private(mode), 0);
    if fd < 0 {
        return core::ptr::null_mut();
    }
    let stream = fdopen(fd, mode);
    if stream.is_null() {
        sys::close(fd);
    }
    stream
}

/// Defines freopen(3) under a name. The stream has read nothing of the file yet.
macro_rules! like_freopen {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(path: *const c_char, mode: *const c_char, stream: *mut FILE) -> *mut FILE {
                let next =
                    next!($c_name, fn(*const c_char, *const c_char, *mut FILE) -> *mut FILE);
                let Some(next) = next else { return core::ptr::null_mut() };
                transfer::prepare_args(&[path as usize, mode as usize]);
                let opened = next(path, mode, stream);
                transfer::seen();
                // SAFETY: the program's strings.
                if !opened.is_null() && unsafe { procfs::concerns_stream(path, mode) } {
                    let flags = private(mode) | libc::O_RDONLY;
                    // SAFETY: as above.
                    unsafe { procfs::opened(path, flags, descriptor(opened)) };
                }
                opened
            }
        )*}
    };
}

like_freopen! {
    freopen, c"freopen";
    freopen64, c"freopen64";
}

hook! {
    fn rewind(stream: *mut FILE) -> () {
        renew(stream);
        if let Some(next) = next!(c"rewind", fn(*mut FILE) -> ()) {
            next(stream);
        }
        transfer::seen();
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
                let next = next!($c_name, fn(*mut FILE, i64, c_int) -> c_int);
                let Some(next) = next else { return word(Err(Errno::ENOSYS)) as c_int };
                let answer = next(stream, offset, whence);
                // what was in the stream's buffer is in the file now
                transfer::seen();
                answer
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
    if !stream.is_null() && procfs::any() {
        procfs::rewound(descriptor(stream));
    }
}

/// fileno(3) of an open stream.
fn descriptor(stream: *mut FILE) -> c_int {
    next!(c"fileno", fn(*mut FILE) -> c_int).map_or(-1, |fileno| fileno(stream))
}

/// readlinkat(2) by its number.
pub(crate) fn link_at(
    dir: c_int,
    path: *const c_char,
    place: *mut c_char,
    room: usize,
) -> Result<usize, Errno> {
    let args = [dir as usize, path as usize, place as usize, room, 0, 0];
    // SAFETY: the program's own request; the kernel has read the path then.
    unsafe {
        let len = transfer::asking_call(libc::SYS_readlinkat, args)?;
        Ok(origin::name(dir, path, place.cast(), room, len))
    }
}

hook! {
    fn readlink(path: *const c_char, place: *mut c_char, room: size_t)
        -> ssize_t = libc::readlink {
        match next!(c"readlink", fn(*const c_char, *mut c_char, size_t) -> ssize_t) {
            // musl has an answer of its own
            Some(next) if room == 0 => next(path, place, room),
            _ => word(link_at(libc::AT_FDCWD, path, place, room)),
        }
    }

    fn readlinkat(dir: c_int, path: *const c_char, place: *mut c_char, room: size_t)
        -> ssize_t = libc::readlinkat {
        match next!(c"readlinkat", fn(c_int, *const c_char, *mut c_char, size_t) -> ssize_t) {
            Some(next) if room == 0 => next(dir, path, place, room),
            _ => word(link_at(dir, path, place, room)),
        }
    }

    /// Where a buffer is shorter than its program says, the C library has the last word.
    fn __readlink_chk(path: *const c_char, place: *mut c_char, room: size_t, size: size_t)
        -> ssize_t {
        match next!(c"__readlink_chk", fn(*const c_char, *mut c_char, size_t, size_t) -> ssize_t) {
            Some(next) if room > size => next(path, place, room, size),
            _ => word(link_at(libc::AT_FDCWD, path, place, room)),
        }
    }

    fn __readlinkat_chk(
        dir: c_int,
        path: *const c_char,
        place: *mut c_char,
        room: size_t,
        size: size_t,
    ) -> ssize_t {
        let next = next!(
            c"__readlinkat_chk",
            fn(c_int, *const c_char, *mut c_char, size_t, size_t) -> ssize_t
        );
        match next {
            Some(next) if room > size => next(dir, path, place, room, size),
            _ => word(link_at(dir, path, place, room)),
        }
    }
}

/// openat2(2) (Linux 5.6), of one number on all architectures.
pub(crate) const SYS_OPENAT2: libc::c_long = 437;

/// openat2(2) by its number; the C library has no function for it.
pub(crate) fn open_how(args: [usize; 6]) -> Result<usize, Errno> {
    let [dir, path, how, len, ..] = args;
    let args = [dir, path, how, structures::shortened(how, len)?, 0, 0];
    // SAFETY: the program's own request.
    let fd = unsafe { transfer::asking_call(SYS_OPENAT2, args) }?;
    // SAFETY: `struct open_how` begins with the flags; the kernel has read it.
    let flags = unsafe { (how as *const u64).read_unaligned() };
    opened(path as *const c_char, flags as c_int, fd as c_int);
    Ok(fd)
}
