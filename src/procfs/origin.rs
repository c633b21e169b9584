//! What a program can ask of a file but its contents is asked of the file of
//! `/proc` that a memory file stands for: its status, its file system, its
//! position from the end, its name, a mapping of it.

use super::any;
use super::name::Link;
use crate::sys;
use core::ffi::c_char;
use pagesim_core::errno::Errno;

/// Calls `ask` with `fd`, or, where that is a memory file of ours, with a
/// descriptor of its origin, opened with `flags`.
#[inline]
pub(crate) fn ask<T>(fd: i32, flags: i32, ask: impl FnOnce(i32) -> T) -> T {
    match of(fd, flags) {
        None => ask(fd),
        Some(origin) => {
            let answer = ask(origin);
            sys::close(origin);
            answer
        }
    }
}

/// A new descriptor of the file that `fd` stands for, where that is a memory file of
/// ours.
#[inline]
pub(crate) fn of(fd: i32, flags: i32) -> Option<i32> {
    if any() {
        opened(fd, flags)
    } else {
        None
    }
}

/// Apart, as its names take much of a small stack.
#[cold]
#[inline(never)]
fn opened(fd: i32, flags: i32) -> Option<i32> {
    let origin = Link::origin_of(fd)?;
    sys::open(origin.as_c_str(), flags | libc::O_CLOEXEC, 0).ok()
}

/// lseek(2) of a memory file to where only its size says; `None` for other files.
/// The kernel answers as for the origin, and the position is what it says.
#[inline]
pub(crate) fn seek(fd: i32, offset: i64, whence: i32) -> Option<Result<usize, Errno>> {
    if !any() || matches!(whence, libc::SEEK_SET | libc::SEEK_CUR) {
        return None;
    }
    let origin = opened(fd, libc::O_RDONLY)?;
    let found = to(origin, offset, whence).and_then(|at| to(fd, at as i64, libc::SEEK_SET));
    sys::close(origin);
    Some(found)
}

fn to(fd: i32, offset: i64, whence: i32) -> Result<usize, Errno> {
    // SAFETY: no pointers.
    unsafe { sys::own(libc::SYS_lseek, [fd as usize, offset as usize, whence as usize, 0, 0, 0]) }
}

/// The program has read the link `path` into `place`, where it has room for `room`
/// bytes; how many of them are now used. The name of a memory file becomes that of
/// its origin.
///
/// # Safety
/// As of readlinkat(2) that has just answered `len`.
#[inline]
pub(crate) unsafe fn name(
    dir: i32,
    path: *const c_char,
    place: *mut u8,
    room: usize,
    len: usize,
) -> usize {
    // SAFETY: the kernel has just written `len` bytes.
    let text = unsafe { core::slice::from_raw_parts_mut(place, len.min(room)) };
    if !Link::begins_like_ours(text) {
        return len;
    }
    // SAFETY: the caller's promise.
    let origin = unsafe { Link::at(dir, path) }.and_then(|link| link.origin());
    let Some(origin) = origin else { return len };
    // SAFETY: the program's buffer has this room.
    let text = unsafe { core::slice::from_raw_parts_mut(place, room) };
    let name = origin.bytes();
    // what the kernel wrote behind it was longer
    let bytes = name.iter().copied().chain(core::iter::repeat(0));
    text.iter_mut().take(len.max(name.len())).zip(bytes).for_each(|(to, from)| *to = from);
    name.len().min(room)
}
