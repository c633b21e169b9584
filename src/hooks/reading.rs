//! Streams of the C library that are read: who reads from one may learn by that that
//! another process has changed a file.

use super::streams::{standard_input, variadic};
use super::{errno, hook, next};
use crate::eof::{self, transfer};
use core::ffi::{c_char, c_int, c_void};
use libc::{size_t, ssize_t, wchar_t, FILE};
use pagesim_core::errno::Errno;

/// Where a stream's reader stands in its buffer, and the buffer's end: the words behind
/// the flags in both C libraries (`_IO_read_ptr` and `_IO_read_end` of
/// <bits/types/struct_FILE.h>, `rpos` and `rend`).
#[repr(C)]
#[derive(Clone, Copy)]
struct Buffered {
    flags: usize,
    at: usize,
    end: usize,
}

impl Buffered {
    #[cold]
    fn of(stream: *const FILE) -> Option<Buffered> {
        // SAFETY: null or a stream, which another thread may be using: then it counts as
        // whatever is found.
        unsafe { stream.cast::<Buffered>().as_ref() }.copied()
    }
}

/// How many bytes are in the buffer, for which nothing has to be read.
#[cold]
pub(super) fn buffered(stream: *const FILE) -> usize {
    Buffered::of(stream).map_or(0, |buffered| buffered.end.saturating_sub(buffered.at))
}

/// Runs a function that reads from a stream, and looks at the tails unless all of it came
/// out of the buffer.
#[inline]
fn reading<T>(stream: *const FILE, read: impl FnOnce() -> T) -> T {
    if !eof::alive() {
        return read();
    }
    let before = Buffered::of(stream);
    let answer = read();
    // a buffer that was filled again begins in front of where its reader was
    let same = before
        .zip(Buffered::of(stream))
        .is_some_and(|(before, after)| after.end == before.end && after.at > before.at);
    if !same {
        transfer::seen();
    }
    answer
}

/// Defines functions that read more than one character, and what they answer where the C
/// library has none of the name.
macro_rules! lines {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*) -> $ret:ty, $missing:expr;)*) => {
        hook! {$(
            fn $name($($arg: $ty,)* stream: *mut FILE) -> $ret {
                let Some(next) = next!($c_name, fn($($ty,)* *mut FILE) -> $ret) else {
                    errno::set(Errno::ENOSYS);
                    return $missing;
                };
                reading(stream, || next($($arg,)* stream))
            }
        )*}
    };
}

const NO_LINE: *mut c_char = core::ptr::null_mut();

lines! {
    fgets, c"fgets"(to: *mut c_char, room: c_int) -> *mut c_char, NO_LINE;
    fgets_unlocked, c"fgets_unlocked"(to: *mut c_char, room: c_int) -> *mut c_char, NO_LINE;
    __fgets_chk, c"__fgets_chk"(to: *mut c_char, size: size_t, room: c_int) -> *mut c_char, NO_LINE;
    __fgets_unlocked_chk, c"__fgets_unlocked_chk"(
        to: *mut c_char, size: size_t, room: c_int
    ) -> *mut c_char, NO_LINE;
    getline, c"getline"(line: *mut *mut c_char, room: *mut size_t) -> ssize_t, -1;
    getdelim, c"getdelim"(line: *mut *mut c_char, room: *mut size_t, end: c_int) -> ssize_t, -1;
    __getdelim, c"__getdelim"(line: *mut *mut c_char, room: *mut size_t, end: c_int) -> ssize_t, -1;
}

/// Defines functions of which nobody can tell from outside whether they read.
macro_rules! unknown {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*) -> $ret:ty, $missing:expr;)*) => {
        hook! {$(
            fn $name($($arg: $ty),*) -> $ret {
                let Some(next) = next!($c_name, fn($($ty),*) -> $ret) else {
                    errno::set(Errno::ENOSYS);
                    return $missing;
                };
                let answer = next($($arg),*);
                transfer::seen();
                answer
            }
        )*}
    };
}

const NO_WIDE_LINE: *mut wchar_t = core::ptr::null_mut();

unknown! {
    // what the macros of getc_unlocked(3) call when a buffer is empty
    __uflow, c"__uflow"(stream: *mut FILE) -> c_int, -1;
    __underflow, c"__underflow"(stream: *mut FILE) -> c_int, -1;
    fgetws, c"fgetws"(to: *mut wchar_t, room: c_int, stream: *mut FILE) -> *mut wchar_t, NO_WIDE_LINE;
    fgetwc, c"fgetwc"(stream: *mut FILE) -> c_int, -1;
    getwc, c"getwc"(stream: *mut FILE) -> c_int, -1;
    getwchar, c"getwchar"() -> c_int, -1;
}

/// Defines functions that read one character.
macro_rules! taking {
    ($($name:ident, $c_name:literal ($($arg:ident)?), $stream:expr;)*) => {
        hook! {$(
            fn $name($($arg: *mut FILE)?) -> c_int {
                let next = next!($c_name, fn($(taking!(@ $arg))?) -> c_int);
                let Some(next) = next else {
                    return errno::word(Err(Errno::ENOSYS)) as c_int;
                };
                let reads = eof::alive() && buffered($stream) == 0;
                let answer = next($($arg)?);
                if reads {
                    transfer::seen();
                }
                answer
            }
        )*}
    };
    (@ $arg:ident) => {
        *mut FILE
    };
}

taking! {
    fgetc, c"fgetc"(stream), stream;
    getc, c"getc"(stream), stream;
    _IO_getc, c"_IO_getc"(stream), stream;
    fgetc_unlocked, c"fgetc_unlocked"(stream), stream;
    getc_unlocked, c"getc_unlocked"(stream), stream;
    getchar, c"getchar"(), standard_input();
    getchar_unlocked, c"getchar_unlocked"(), standard_input();
}

/// Defines scanf(3) and its relatives with a va_list, and inner functions of the same
/// meaning, which no other library can take, for the variadic ones.
macro_rules! scanning {
    ($($inner:ident, $name:ident, $c_name:literal ($($arg:ident: $ty:ty),*), $stream:expr;)*) => {$(
        pub(crate) extern "C" fn $inner($($arg: $ty),*) -> c_int {
            let Some(next) = next!($c_name, fn($($ty),*) -> c_int) else {
                return errno::word(Err(Errno::ENOSYS)) as c_int;
            };
            reading($stream, || next($($arg),*))
        }

        hook! {
            fn $name($($arg: $ty),*) -> c_int {
                $inner($($arg),*)
            }
        }
    )*};
}

scanning! {
    input, vscanf, c"vscanf"(format: *const c_char, list: *mut c_void), standard_input();
    input_c99, __isoc99_vscanf, c"__isoc99_vscanf"(format: *const c_char, list: *mut c_void), standard_input();
    input_c23, __isoc23_vscanf, c"__isoc23_vscanf"(format: *const c_char, list: *mut c_void), standard_input();
    stream, vfscanf, c"vfscanf"(from: *mut FILE, format: *const c_char, list: *mut c_void), from;
    stream_c99, __isoc99_vfscanf, c"__isoc99_vfscanf"(
        from: *mut FILE, format: *const c_char, list: *mut c_void
    ), from;
    stream_c23, __isoc23_vfscanf, c"__isoc23_vfscanf"(
        from: *mut FILE, format: *const c_char, list: *mut c_void
    ), from;
}

variadic! {
    scanf "pagesim_scanf";
    __isoc99_scanf "pagesim_scanf_c99";
    __isoc23_scanf "pagesim_scanf_c23";
    fscanf "pagesim_fscanf";
    __isoc99_fscanf "pagesim_fscanf_c99";
    __isoc23_fscanf "pagesim_fscanf_c23";
}
