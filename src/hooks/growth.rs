//! Calls that change the size of a file: the C library's does its work, then the
//! tails of the file are looked at (see `eof`). Without a live tail that costs a load
//! and a jump.

use super::{errno, hook, next};
use crate::eof::{self, transfer};
use crate::other::at_most;
use crate::{sys, tmpfs};
use core::ffi::{c_char, c_int, c_uint, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};
use libc::{loff_t, mode_t, off64_t, off_t, size_t, ssize_t};
use pagesim_core::errno::Errno;

fn missing() -> isize {
    errno::word(Err(Errno::ENOSYS))
}

/// The file offset among the arguments of a call; `None` where the descriptor's is
/// meant.
macro_rules! at {
    () => {
        None
    };
    ($at:ident) => {
        Some($at)
    };
    ($at:ident, $flags:ident) => {
        transfer::place_of($at, $flags)
    };
}

/// The flags that a call has been given.
macro_rules! flags {
    ($offset:ident, $flags:ident) => {
        $flags
    };
    ($($offset:ident)?) => {
        0
    };
}

/// Where the most frequent hooks go: straight to the C library's function as long as
/// no file is mapped that can have a tail, which costs a load and a jump; then
/// by a look whether the call is about one; and at first, and whenever there is
/// something to be done, through `rest`.
type Path = AtomicPtr<c_void>;

/// Defines write(2) and pwrite(2) under their names: a buffer, and what is written
/// is a prefix of it. And [`watch`], after which all of them are watched.
macro_rules! like_write {
    ($($name:ident, $c_name:literal, $module:ident ($($at:ident: $at_ty:ty)?);)*) => {
        $(mod $module {
            use super::*;

            type Write = extern "C" fn(c_int, *const c_void, size_t $(, $at_ty)?) -> ssize_t;

            pub(super) static PATH: Path = Path::new(rest as *const c_void as *mut c_void);
            static REAL: Path = Path::new(rest as *const c_void as *mut c_void);

            #[inline(always)]
            pub(super) fn by(path: &Path) -> Write {
                // SAFETY: paths hold functions of this signature.
                unsafe { core::mem::transmute(path.load(Ordering::Relaxed)) }
            }

            extern "C" fn watched(
                fd: c_int, buffer: *const c_void, len: size_t $(, $at: $at_ty)?
            ) -> ssize_t {
                if eof::alive() || eof::concerned(buffer as usize, len) {
                    return rest(fd, buffer, len $(, $at)?);
                }
                by(&REAL)(fd, buffer, len $(, $at)?)
            }

            #[cold]
            #[inline(never)]
            pub(super) extern "C" fn rest(
                fd: c_int, buffer: *const c_void, len: size_t $(, $at: $at_ty)?
            ) -> ssize_t {
                let next = next!($c_name, fn(c_int, *const c_void, size_t $(, $at_ty)?) -> ssize_t);
                let Some(next) = next else { return missing() };
                REAL.store(next as *mut c_void, Ordering::SeqCst);
                PATH.store(next as *mut c_void, Ordering::SeqCst);
                if eof::any_file() {
                    PATH.store(watched as *const c_void as *mut c_void, Ordering::SeqCst);
                }
                transfer::prepare(buffer as usize, len);
                let place = transfer::writing(fd, at!($($at)?));
                let done = next(fd, buffer, len $(, $at)?);
                transfer::written(fd, place, done);
                done
            }
        })*
        hook! {$(
            fn $name(fd: c_int, buffer: *const c_void, len: size_t $(, $at: $at_ty)?) -> ssize_t {
                $module::by(&$module::PATH)(fd, buffer, at_most(len) $(, $at)?)
            }
        )*}

        /// From now on there are files whose tails a write may concern.
        pub(crate) fn watch() {
            $($module::PATH.store(
                $module::rest as *const c_void as *mut c_void, Ordering::SeqCst
            );)*
        }
    };
}

like_write! {
    write, c"write", plain();
    __write, c"__write", own();
    pwrite, c"pwrite", at_offset(offset: off_t);
    pwrite64, c"pwrite64", at_offset_64(offset: off64_t);
    __pwrite64, c"__pwrite64", own_at_offset(offset: off64_t);
}

/// Defines writev(2) and its relatives.
macro_rules! like_writev {
    ($($name:ident, $c_name:literal ($($at:ident: $at_ty:ty),*);)*) => {
        hook! {$(
            fn $name(fd: c_int, vector: *const c_void, count: c_int $(, $at: $at_ty)*) -> ssize_t {
                let next = next!($c_name, fn(c_int, *const c_void, c_int $(, $at_ty)*) -> ssize_t);
                let Some(next) = next else { return missing() };
                let length = count.max(0) as usize;
                transfer::prepare_vector(vector as usize, length);
                let place = transfer::writing(fd, at!($($at),*)).with_flags(flags!($($at),*));
                let done = next(fd, vector, count $(, $at)*);
                transfer::written(fd, place, done);
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

/// Defines fallocate(2) and its relatives, with the mode that they mean.
macro_rules! allocating {
    ($($name:ident, $c_name:literal ($($mode:ident: $mode_ty:ty)?), $meant:expr;)*) => {
        hook! {$(
            fn $name(fd: c_int, $($mode: $mode_ty,)? at: off64_t, len: off64_t) -> c_int {
                let next = next!($c_name, fn(c_int, $($mode_ty,)? off64_t, off64_t) -> c_int);
                let Some(next) = next else { return missing() as c_int };
                let answer = match tmpfs::punch(fd, $meant, at, len) {
                    Some(answer) => errno::word(answer) as c_int,
                    None => next(fd, $($mode,)? at, len),
                };
                allocated(fd, $meant, at, len, answer == 0);
                answer
            }
        )*}
    };
}

/// A call that allocates or punches has ended.
fn allocated(fd: c_int, mode: c_int, at: i64, len: i64, done: bool) {
    if done {
        tmpfs::allocated(fd, mode, at, len);
        transfer::allocated(fd, mode, at, len);
    } else {
        transfer::changed(fd);
    }
}

/// fallocate(2) by its number.
pub(crate) fn allocate(args: [usize; 6]) -> Result<usize, Errno> {
    let [fd, mode, at, len, ..] = args;
    let (fd, mode, at, len) = (fd as c_int, mode as c_int, at as i64, len as i64);
    let done = match tmpfs::punch(fd, mode, at, len) {
        Some(answer) => answer,
        // SAFETY: no pointers.
        None => unsafe { sys::call(libc::SYS_fallocate, args) },
    };
    allocated(fd, mode, at, len, done.is_ok());
    done
}

allocating! {
    fallocate, c"fallocate"(mode: c_int), mode;
    fallocate64, c"fallocate64"(mode: c_int), mode;
    posix_fallocate, c"posix_fallocate"(), 0;
    posix_fallocate64, c"posix_fallocate64"(), 0;
}

/// Defines calls that write to a file what is in another: to which, the address of the
/// offset there, or 0, and the length where that is no more than a write takes.
macro_rules! moving {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*), $to:expr, $at:expr $(, $len:ident)?;)*) => {
        hook! {$(
            fn $name($($arg: $ty),*) -> ssize_t {
                let Some(next) = next!($c_name, fn($($ty),*) -> ssize_t) else { return missing() };
                transfer::prepare_args(&[$($arg as usize),*]);
                $(let $len = at_most($len);)?
                let place = transfer::moving($to, $at);
                let done = next($($arg),*);
                transfer::written($to, place, done);
                done
            }
        )*}
    };
}

moving! {
    sendfile, c"sendfile"(to: c_int, from: c_int, at: *mut off_t, len: size_t), to, 0, len;
    sendfile64, c"sendfile64"(to: c_int, from: c_int, at: *mut off64_t, len: size_t), to, 0, len;
    copy_file_range, c"copy_file_range"(
        from: c_int, at: *mut loff_t, to: c_int, to_at: *mut loff_t, len: size_t, flags: c_uint
    ), to, to_at as usize, len;
    splice, c"splice"(
        from: c_int, at: *mut loff_t, to: c_int, to_at: *mut loff_t, len: size_t, flags: c_uint
    ), to, to_at as usize;
}

/// Defines calls that write a file back: from where on, and how many bytes or 0 for all.
macro_rules! flushing {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*), $flushes:expr, $at:expr, $len:expr;)*) => {
        hook! {$(
            fn $name(fd: c_int $(, $arg: $ty)*) -> c_int {
                let next = next!($c_name, fn(c_int $(, $ty)*) -> c_int);
                let Some(next) = next else { return missing() as c_int };
                let answer = next(fd $(, $arg)*);
                transfer::seen();
                if answer == 0 && $flushes {
                    transfer::flushed(fd, $at, $len);
                }
                answer
            }
        )*}
    };
}

flushing! {
    fsync, c"fsync"(), true, 0, 0;
    fdatasync, c"fdatasync"(), true, 0, 0;
    sync_file_range, c"sync_file_range"(at: off64_t, len: off64_t, flags: c_uint),
        flags & libc::SYNC_FILE_RANGE_WRITE != 0, at, len;
    posix_fadvise, c"posix_fadvise"(at: off_t, len: off_t, advice: c_int),
        advice == libc::POSIX_FADV_DONTNEED, at, len;
    posix_fadvise64, c"posix_fadvise64"(at: off64_t, len: off64_t, advice: c_int),
        advice == libc::POSIX_FADV_DONTNEED, at, len;
}

hook! {
    fn sync() -> () = libc::sync {
        if let Some(next) = next!(c"sync", fn() -> ()) {
            next();
        }
        transfer::all_flushed();
    }

    fn syncfs(fd: c_int) -> c_int = libc::syncfs {
        let Some(next) = next!(c"syncfs", fn(c_int) -> c_int) else { return missing() as c_int };
        let answer = next(fd);
        if answer == 0 {
            transfer::all_flushed();
        }
        answer
    }
}

/// Defines ftruncate(2) under its names.
macro_rules! like_ftruncate {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(fd: c_int, size: off64_t) -> c_int {
                let Some(next) = next!($c_name, fn(c_int, off64_t) -> c_int) else {
                    return missing() as c_int;
                };
                let grows = transfer::truncating(fd, size);
                let answer = next(fd, size);
                if answer == 0 {
                    transfer::truncated(fd, grows);
                }
                answer
            }
        )*}
    };
}

like_ftruncate! {
    ftruncate, c"ftruncate";
    ftruncate64, c"ftruncate64";
}

/// Defines creat(2) under its names.
macro_rules! like_creat {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(path: *const c_char, mode: mode_t) -> c_int {
                let Some(next) = next!($c_name, fn(*const c_char, mode_t) -> c_int) else {
                    return missing() as c_int;
                };
                transfer::prepare_args(&[path as usize]);
                let fd = next(path, mode);
                if fd >= 0 {
                    transfer::truncated(fd, false);
                }
                fd
            }
        )*}
    };
}

like_creat! {
    creat, c"creat";
    creat64, c"creat64";
}

/// Defines truncate(2) under its names.
macro_rules! like_truncate {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(path: *const c_char, size: off_t) -> c_int {
                let Some(next) = next!($c_name, fn(*const c_char, off_t) -> c_int) else {
                    return missing() as c_int;
                };
                transfer::prepare_args(&[path as usize]);
                let grows = transfer::truncating_path(path as usize, size);
                let answer = next(path, size);
                if answer == 0 {
                    transfer::truncated_path(path as usize, grows);
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
