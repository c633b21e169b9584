//! Files that this process is about to change, or has changed, and those that others may
//! have.
//!
//! What a program has stored in a shared tail is in the page cache on a large page. A
//! file that grows over it leaves it there where nothing is written; what is written
//! there replaces it, zeros included. So behind a call that has written, the tail is cleared
//! where it wrote, and what the file's tails still hold goes into the file where that has
//! grown over them; the same around a call that makes a file grow without writing. Growth that nobody has
//! announced (another process, the C library's streams) carries nothing over: what has
//! been written there is not known.

use super::refresh::{on_disk, Part};
use super::transfer::with;
use super::{alive, any_private, file_of, kernel, pinned};
use crate::sys;
use core::ffi::CStr;
use pagesim_core::errno::Errno;
use pagesim_core::vma::FileId;

/// Looks at the tails where this process may just have learnt that another one
/// has changed a file.
#[inline]
pub(crate) fn seen() {
    if alive() {
        with(|eof| eof.recheck_all());
    }
}

/// An offset that stands for the end of the file.
const AT_END: i64 = i64::MAX;

/// Where pwritev2(2) writes; `None` is where the descriptor stands.
pub(crate) fn place_of(offset: i64, flags: i32) -> Option<i64> {
    const RWF_APPEND: i32 = 0x10;
    match (flags & RWF_APPEND, offset) {
        (0, -1) => None,
        (0, _) => Some(offset),
        _ => Some(AT_END),
    }
}

/// Something that is asked of a descriptor.
fn ask(fd: i32, number: libc::c_long, b: usize, c: usize) -> Result<usize, Errno> {
    // SAFETY: callers ask for numbers, into their own frames.
    unsafe { sys::call(number, [fd as usize, b, c, 0, 0, 0]) }
}

fn status(fd: i32) -> i32 {
    ask(fd, libc::SYS_fcntl, libc::F_GETFL as usize, 0).map_or(0, |flags| flags as i32)
}

/// Where a call is going to write, which is to be known before it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    file: Option<FileId>,
    start: u64,
    /// What is written there goes to the disk at once.
    flushes: bool,
}

impl Place {
    /// The same for a call with flags of pwritev2(2).
    pub(crate) fn with_flags(self, flags: i32) -> Place {
        let flushes = flags & (libc::RWF_DSYNC | libc::RWF_SYNC) != 0;
        Place { flushes: self.flushes || flushes, ..self }
    }
}

/// A call is about to write to the file of `fd`.
#[inline]
pub(crate) fn writing(fd: i32, at: Option<i64>) -> Place {
    if alive() {
        place_in(fd, at)
    } else {
        Place::default()
    }
}

#[cold]
fn place_in(fd: i32, at: Option<i64>) -> Place {
    // pipes and sockets have no tails
    let file = sys::fstat(fd).ok().filter(|st| st.st_mode & libc::S_IFMT == libc::S_IFREG);
    let Some(st) = file else { return Place::default() };
    let flags = status(fd);
    let start = match at {
        // pwrite(2) appends, too
        _ if at == Some(AT_END) || flags & libc::O_APPEND != 0 => st.st_size as u64,
        Some(at) => at as u64,
        None => ask(fd, libc::SYS_lseek, 0, libc::SEEK_CUR as usize).unwrap_or(0) as u64,
    };
    let flushes = flags & (libc::O_DSYNC | libc::O_DIRECT) != 0;
    Place { file: Some(FileId { dev: st.st_dev, ino: st.st_ino }), start, flushes }
}

/// It has written `done` bytes there, or failed.
#[inline]
pub(crate) fn written(fd: i32, place: Place, done: isize) {
    if alive() {
        write_ends(fd, place, done);
    }
}

#[cold]
fn write_ends(fd: i32, place: Place, done: isize) {
    match (place.file, u64::try_from(done)) {
        (Some(id), Ok(len)) if len != 0 => with(|eof| {
            let part = place.start..place.start.saturating_add(len);
            eof.writing(id, &part);
            eof.grown_enough(id);
            if place.flushes {
                eof.flushed(Some(id), &part);
            }
            eof.end_look();
        })
        .unwrap_or(()),
        _ => changed(fd),
    }
}

/// `UIO_MAXIOV`.
pub(super) const MAX_VECTOR: usize = 1024;

/// A call is about to move bytes to a file at an offset, given by its address, or 0 for
/// where the descriptor stands.
#[inline]
pub(crate) fn moving(to: i32, at: usize) -> Place {
    if alive() {
        place_in(to, offset_at(at))
    } else {
        Place::default()
    }
}

/// The offset that a call will find at an address.
fn offset_at(at: usize) -> Option<i64> {
    // SAFETY: readable at this moment; no alignment is taken for granted.
    (at != 0 && kernel::readable(at & !7)).then(|| unsafe { (at as *const i64).read_unaligned() })
}

/// What lies at `at` in the file of `fd`, `len` bytes or all, has been written back.
#[inline]
pub(crate) fn flushed(fd: i32, at: i64, len: i64) {
    if alive() {
        flush(file_of(fd), at, len);
    }
}

#[cold]
fn flush(id: Option<FileId>, at: i64, len: i64) {
    let start = at as u64;
    let end = if len == 0 { u64::MAX } else { start.saturating_add(len as u64) };
    if id.is_some() {
        with(|eof| eof.flushed(id, &(start..end)));
    }
}

/// So have all files.
#[inline]
pub(crate) fn all_flushed() {
    if alive() {
        with(|eof| eof.flushed(None, &(0..u64::MAX)));
    }
}

/// fallocate(2) has been done.
#[inline]
pub(crate) fn allocated(fd: i32, mode: i32, at: i64, len: i64) {
    if alive() {
        allocation_ends(fd, mode, &(at as u64..at.saturating_add(len) as u64));
    }
}

#[cold]
fn allocation_ends(fd: i32, mode: i32, range: &Part) {
    let Ok(st) = sys::fstat(fd) else { return };
    let id = FileId { dev: st.st_dev, ino: st.st_ino };
    // tmpfs, which has no device, cannot zero a range
    let zeroes = mode & libc::FALLOC_FL_ZERO_RANGE != 0 && on_disk(id);
    with(|eof| {
        if mode & libc::FALLOC_FL_PUNCH_HOLE != 0 {
            eof.punched(id, st.st_size as u64, range);
        }
        eof.growing(id, if zeroes { range } else { &(0..0) });
        eof.grown_enough(id);
        eof.end_look();
    });
}

/// The file of `fd` may have grown or shrunk.
#[inline]
pub(crate) fn changed(fd: i32) {
    if alive() {
        recheck(file_of(fd));
    }
}

#[cold]
fn recheck(id: Option<FileId>) {
    if let Some(id) = id {
        with(|eof| {
            eof.grown_enough(id);
            eof.end_look();
        });
    }
}

/// The file of `fd` is about to be truncated to `size` bytes; whether it grows by that.
#[inline]
pub(crate) fn truncating(fd: i32, size: i64) -> bool {
    (alive() || any_private()) && truncation_begins(sys::fstat(fd), size)
}

/// The file at a path is about to be.
#[inline]
pub(crate) fn truncating_path(path: usize, size: i64) -> bool {
    path != 0 && (alive() || any_private()) && truncation_begins(sys::stat_at(path), size)
}

#[cold]
fn truncation_begins(file: Result<libc::stat, Errno>, size: i64) -> bool {
    let Ok(file) = file else { return false };
    let id = FileId { dev: file.st_dev, ino: file.st_ino };
    if size > file.st_size {
        return true;
    }
    if any_private() && (0..file.st_size).contains(&size) {
        with(|eof| eof.before_cut(id, size as u64));
    }
    false
}

/// The file of `fd` was truncated, or has grown by that.
#[inline]
pub(crate) fn truncated(fd: i32, grew: bool) {
    if alive() || pinned::any() {
        cut(sys::fstat(fd), grew);
    }
}

/// The file at a path was truncated.
#[inline]
pub(crate) fn truncated_path(path: usize, grew: bool) {
    if (alive() || pinned::any()) && path != 0 {
        // SAFETY: the kernel has just taken it for a path.
        let path = unsafe { CStr::from_ptr(path as *const core::ffi::c_char) };
        cut(sys::stat(path), grew);
    }
}

#[cold]
fn cut(file: Result<libc::stat, Errno>, grew: bool) {
    let Ok(st) = file else { return };
    let id = FileId { dev: st.st_dev, ino: st.st_ino };
    with(|eof| {
        if grew {
            // what a file system on a disk zeroes then (`ext4_setattr()`)
            let behind = if on_disk(id) { st.st_size as u64..u64::MAX } else { 0..0 };
            eof.growing(id, &behind);
        }
        eof.truncated(id, grew);
        eof.end_look();
    });
}
