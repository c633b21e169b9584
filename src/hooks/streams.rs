//! Streams of the C library: it reads and writes files by calls of its own, which
//! nobody can take. Memory that is handed through to such a call is looked at
//! before, and what has reached a file when a function returns is seen then.

use super::reading::buffered;
use super::{errno, hook, next};
use crate::arch::weak_symbol;
use crate::eof::{self, transfer};
use crate::shell;
use core::ffi::{c_char, c_int, c_void, CStr};
use libc::{size_t, wchar_t, FILE};
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
    fsetpos, c"fsetpos"(stream: *mut FILE, at: *const c_void) -> c_int;
    fsetpos64, c"fsetpos64"(stream: *mut FILE, at: *const c_void) -> c_int;
    setlinebuf, c"setlinebuf"(stream: *mut FILE) -> c_int;
    _flushlbf, c"_flushlbf"() -> c_int;
    fputws, c"fputws"(text: *const wchar_t, stream: *mut FILE) -> c_int;
    fputws_unlocked, c"fputws_unlocked"(text: *const wchar_t, stream: *mut FILE) -> c_int;
    perror, c"perror"(text: *const c_char) -> c_int;
    psignal, c"psignal"(signal: c_int, text: *const c_char) -> c_int;
    psiginfo, c"psiginfo"(info: *const c_void, text: *const c_char) -> c_int;
    putpwent, c"putpwent"(entry: *const c_void, stream: *mut FILE) -> c_int;
    putgrent, c"putgrent"(entry: *const c_void, stream: *mut FILE) -> c_int;
    putspent, c"putspent"(entry: *const c_void, stream: *mut FILE) -> c_int;
    addmntent, c"addmntent"(stream: *mut FILE, entry: *const c_void) -> c_int;
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

/// `BUFSIZ` of glibc; musl has less.
const BUFSIZ: usize = 8192;

/// Defines functions that give a stream a buffer, which is handed through from then
/// on. They write what the old one holds.
macro_rules! buffers {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*) -> $ret:ty, $len:expr;)*) => {
        hook! {$(
            fn $name(stream: *mut FILE, buffer: *mut c_char $(, $arg: $ty)*) -> $ret {
                let next = next!($c_name, fn(*mut FILE, *mut c_char $(, $ty)*) -> $ret);
                let Some(next) = next else {
                    return errno::word(Err(Errno::ENOSYS)) as $ret;
                };
                if !buffer.is_null() {
                    transfer::prepare(buffer as usize, $len);
                }
                let answer = next(stream, buffer $(, $arg)*);
                transfer::seen();
                answer
            }
        )*}
    };
}

buffers! {
    setbuf, c"setbuf"() -> c_int, BUFSIZ;
    setbuffer, c"setbuffer"(len: size_t) -> c_int, len;
    setvbuf, c"setvbuf"(mode: c_int, len: size_t) -> c_int, len;
}

/// Defines functions that hand memory through, to a stream or from it.
macro_rules! blocks {
    ($(
        $name:ident, $c_name:literal ($memory:ident: $memory_ty:ty $(, $arg:ident: $ty:ty)*), $through:ident;
    )*) => {
        hook! {$(
            fn $name(
                $memory: $memory_ty, $($arg: $ty,)* size: size_t, count: size_t, stream: *mut FILE,
            ) -> size_t {
                let next =
                    next!($c_name, fn($memory_ty, $($ty,)* size_t, size_t, *mut FILE) -> size_t);
                let Some(next) = next else { return 0 };
                transfer::prepare($memory as usize, size.saturating_mul(count));
                $through(stream, (size, count), || next($memory, $($arg,)* size, count, stream))
            }
        )*}
    };
}

/// Some of `count` blocks of `size` bytes go out.
fn out(stream: *mut FILE, (size, _): (usize, usize), put: impl FnOnce() -> size_t) -> size_t {
    putting(stream, put, |done| done.wrapping_mul(size))
}

/// The same in the other direction.
fn into(stream: *mut FILE, (size, count): (usize, usize), read: impl FnOnce() -> size_t) -> size_t {
    let reads = eof::alive() && buffered(stream) < size.saturating_mul(count);
    let done = read();
    if reads {
        transfer::seen();
    }
    done
}

blocks! {
    fwrite, c"fwrite"(from: *const c_void), out;
    fwrite_unlocked, c"fwrite_unlocked"(from: *const c_void), out;
    fread, c"fread"(to: *mut c_void), into;
    fread_unlocked, c"fread_unlocked"(to: *mut c_void), into;
    __fread_chk, c"__fread_chk"(to: *mut c_void, room: size_t), into;
    __fread_unlocked_chk, c"__fread_unlocked_chk"(to: *mut c_void, room: size_t), into;
}

/// Runs a function that puts what it answers, in bytes, into a stream. Only when
/// something has left the stream's buffer can its file have grown.
#[inline]
fn putting<T: Copy>(
    stream: *mut FILE,
    put: impl FnOnce() -> T,
    bytes: impl FnOnce(T) -> usize,
) -> T {
    if !eof::alive() || stream.is_null() {
        return put();
    }
    let before = pending(stream);
    let answer = put();
    if pending(stream) != before.wrapping_add(bytes(answer)) {
        transfer::changed(number(stream));
    }
    answer
}

/// __fpending(3): bytes in a stream's buffer that are to be written.
#[cold]
fn pending(stream: *mut FILE) -> usize {
    let pending = next!(c"__fpending", fn(*mut FILE) -> size_t);
    pending.map_or(usize::MAX, |pending| pending(stream))
}

/// fileno(3); errno stays as it is.
#[cold]
fn number(stream: *mut FILE) -> c_int {
    let Some(fileno) = next!(c"fileno", fn(*mut FILE) -> c_int) else { return -1 };
    let before = errno::get();
    let fd = fileno(stream);
    errno::set(before);
    fd
}

/// A variable of the C library that holds a stream.
macro_rules! standard {
    ($name:literal) => {{
        let address = weak_symbol!($name);
        // SAFETY: the variable of that name.
        unsafe { (address as *const *mut FILE).as_ref() }.copied().unwrap_or(core::ptr::null_mut())
    }};
}

fn standard_output() -> *mut FILE {
    standard!("stdout")
}

pub(super) fn standard_input() -> *mut FILE {
    standard!("stdin")
}

fn one(answer: c_int) -> usize {
    usize::from(answer != libc::EOF)
}

fn length(answer: c_int) -> usize {
    usize::try_from(answer).unwrap_or(0)
}

/// Not known before, so that the stream's file is looked at.
fn unknown(_: c_int) -> usize {
    usize::MAX
}

/// Defines functions that put a string into a stream.
macro_rules! strings {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(text: *const c_char, stream: *mut FILE) -> c_int {
                let Some(next) = next!($c_name, fn(*const c_char, *mut FILE) -> c_int) else {
                    return errno::word(Err(Errno::ENOSYS)) as c_int;
                };
                putting(stream, || next(text, stream), |answer| match answer {
                    libc::EOF => unknown(answer),
                    // SAFETY: the program's string, which was just read.
                    _ => unsafe { CStr::from_ptr(text) }.count_bytes(),
                })
            }
        )*}
    };
}

strings! {
    fputs, c"fputs";
    fputs_unlocked, c"fputs_unlocked";
}

/// Defines functions that put something into a stream.
macro_rules! putting {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*), $stream:expr, $bytes:ident;)*) => {
        hook! {$(
            fn $name($($arg: $ty),*) -> c_int {
                let Some(next) = next!($c_name, fn($($ty),*) -> c_int) else {
                    return errno::word(Err(Errno::ENOSYS)) as c_int;
                };
                putting($stream, || next($($arg),*), $bytes)
            }
        )*}
    };
}

putting! {
    fputc, c"fputc"(c: c_int, stream: *mut FILE), stream, one;
    putc, c"putc"(c: c_int, stream: *mut FILE), stream, one;
    _IO_putc, c"_IO_putc"(c: c_int, stream: *mut FILE), stream, one;
    fputc_unlocked, c"fputc_unlocked"(c: c_int, stream: *mut FILE), stream, one;
    putc_unlocked, c"putc_unlocked"(c: c_int, stream: *mut FILE), stream, one;
    __overflow, c"__overflow"(stream: *mut FILE, c: c_int), stream, unknown;
    putw, c"putw"(word: c_int, stream: *mut FILE), stream, unknown;
    putchar, c"putchar"(c: c_int), standard_output(), one;
    putchar_unlocked, c"putchar_unlocked"(c: c_int), standard_output(), one;
    puts, c"puts"(text: *const c_char), standard_output(), unknown;
    // wide streams, whose __fpending(3) and answers count wide characters
    fputwc, c"fputwc"(c: wchar_t, stream: *mut FILE), stream, one;
    putwc, c"putwc"(c: wchar_t, stream: *mut FILE), stream, one;
    fputwc_unlocked, c"fputwc_unlocked"(c: wchar_t, stream: *mut FILE), stream, one;
    putwc_unlocked, c"putwc_unlocked"(c: wchar_t, stream: *mut FILE), stream, one;
    putwchar, c"putwchar"(c: wchar_t), standard_output(), one;
    putwchar_unlocked, c"putwchar_unlocked"(c: wchar_t), standard_output(), one;
}

/// Defines printf(3) and its relatives with a va_list, and inner functions of the same
/// meaning, which no other library can take, for the variadic ones.
macro_rules! formatting {
    ($(
        $inner:ident, $name:ident, $c_name:literal ($($arg:ident: $ty:ty),*), |$next:ident| $run:expr;
    )*) => {$(
        pub(crate) extern "C" fn $inner($($arg: $ty),*) -> c_int {
            let Some($next) = next!($c_name, fn($($ty),*) -> c_int) else {
                return errno::word(Err(Errno::ENOSYS)) as c_int;
            };
            $run
        }

        hook! {
            fn $name($($arg: $ty),*) -> c_int {
                $inner($($arg),*)
            }
        }
    )*};
}

formatting! {
    to_output, vprintf, c"vprintf"(format: *const c_char, list: *mut c_void),
        |next| putting(standard_output(), || next(format, list), length);
    to_output_checked, __vprintf_chk, c"__vprintf_chk"(
        flag: c_int, format: *const c_char, list: *mut c_void
    ), |next| putting(standard_output(), || next(flag, format, list), length);
    to_stream, vfprintf, c"vfprintf"(
        stream: *mut FILE, format: *const c_char, list: *mut c_void
    ), |next| putting(stream, || next(stream, format, list), length);
    to_stream_checked, __vfprintf_chk, c"__vfprintf_chk"(
        stream: *mut FILE, flag: c_int, format: *const c_char, list: *mut c_void
    ), |next| putting(stream, || next(stream, flag, format, list), length);
    to_descriptor, vdprintf, c"vdprintf"(fd: c_int, format: *const c_char, list: *mut c_void),
        |next| written(fd, || next(fd, format, list));
    to_descriptor_checked, __vdprintf_chk, c"__vdprintf_chk"(
        fd: c_int, flag: c_int, format: *const c_char, list: *mut c_void
    ), |next| written(fd, || next(fd, flag, format, list));
    to_wide_output, vwprintf, c"vwprintf"(format: *const wchar_t, list: *mut c_void),
        |next| putting(standard_output(), || next(format, list), length);
    to_wide_output_checked, __vwprintf_chk, c"__vwprintf_chk"(
        flag: c_int, format: *const wchar_t, list: *mut c_void
    ), |next| putting(standard_output(), || next(flag, format, list), length);
    to_wide_stream, vfwprintf, c"vfwprintf"(
        stream: *mut FILE, format: *const wchar_t, list: *mut c_void
    ), |next| putting(stream, || next(stream, format, list), length);
    to_wide_stream_checked, __vfwprintf_chk, c"__vfwprintf_chk"(
        stream: *mut FILE, flag: c_int, format: *const wchar_t, list: *mut c_void
    ), |next| putting(stream, || next(stream, flag, format, list), length);
}

/// Runs a function that writes to the file of `fd`.
fn written(fd: c_int, write: impl FnOnce() -> c_int) -> c_int {
    let answer = write();
    transfer::changed(fd);
    answer
}

/// The variadic ones: `arch` makes a va_list and calls those above.
macro_rules! variadic {
    ($($name:ident $label:literal;)*) => {$(
        #[no_mangle]
        extern "C" fn $name() {
            crate::arch::tail_to!($label);
        }
    )*};
}
pub(super) use variadic;

variadic! {
    printf "pagesim_printf";
    fprintf "pagesim_fprintf";
    dprintf "pagesim_dprintf";
    __printf_chk "pagesim_printf_chk";
    __fprintf_chk "pagesim_fprintf_chk";
    __dprintf_chk "pagesim_dprintf_chk";
    wprintf "pagesim_wprintf";
    fwprintf "pagesim_fwprintf";
    __wprintf_chk "pagesim_wprintf_chk";
    __fwprintf_chk "pagesim_fwprintf_chk";
}
