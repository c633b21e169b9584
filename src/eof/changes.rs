//! Files that this process is about to change, or has changed, and those that others may
//! have.
//!
//! What a program has stored in a shared tail is in the page cache on a large page. A
//! file that grows over it leaves it there where nothing is written; what is written
//! there replaces it, zeros included. So a call that is about to write clears the tail
//! where it will write and marks the file's tails: from then to its end what they
//! still hold goes into the file when that has grown over them. Growth that nobody has
//! announced (another process, the C library's streams) carries nothing over: what has
//! been written there is not known.

use super::refresh::{on_disk, Part};
use super::transfer::with;
use super::{alive, any_private, file_of, kernel, pinned};
use crate::sys;
use core::ffi::{c_int, CStr};
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

fn appends(fd: i32) -> bool {
    let flags = ask(fd, libc::SYS_fcntl, libc::F_GETFL as usize, 0);
    flags.is_ok_and(|flags| flags & libc::O_APPEND as usize != 0)
}

#[cold]
fn growing(id: Option<FileId>, part: &Part) {
    if let Some(id) = id {
        with(|eof| eof.growing(id, part));
    }
}

/// A call is about to write `len` bytes to the file of `fd`.
#[inline]
pub(crate) fn writing(fd: i32, at: Option<i64>, len: usize) {
    if alive() {
        write_begins(fd, at, len as u64);
    }
}

#[cold]
fn write_begins(fd: i32, at: Option<i64>, len: u64) {
    // pipes and sockets have no tails
    let file = sys::fstat(fd).ok().filter(|st| st.st_mode & libc::S_IFMT == libc::S_IFREG);
    if let Some(st) = file {
        let start = match at {
            // pwrite(2) appends, too
            _ if at == Some(AT_END) || appends(fd) => st.st_size as u64,
            Some(at) => at as u64,
            None => ask(fd, libc::SYS_lseek, 0, libc::SEEK_CUR as usize).unwrap_or(0) as u64,
        };
        let id = FileId { dev: st.st_dev, ino: st.st_ino };
        with(|eof| eof.writing(id, &(start..start.saturating_add(len))));
    }
}

/// The same for an array of iovec, which was looked at.
#[inline]
pub(crate) fn writing_vector(fd: i32, at: Option<i64>, vector: usize, count: usize) {
    if alive() {
        writing(fd, at, total(vector, count));
    }
}

#[cold]
fn total(vector: usize, count: usize) -> usize {
    let size = size_of::<libc::iovec>();
    let mut sum = 0usize;
    for at in (0..count.min(MAX_VECTOR)).map(|i| vector.saturating_add(i * size)) {
        if !kernel::readable(at & !7) || !kernel::readable((at + size - 1) & !7) {
            break;
        }
        // SAFETY: readable a moment ago; no alignment is taken for granted.
        let iov = unsafe { (at as *const libc::iovec).read_unaligned() };
        sum = sum.saturating_add(iov.iov_len);
    }
    sum
}

/// `UIO_MAXIOV`.
pub(super) const MAX_VECTOR: usize = 1024;

/// A call is about to move up to `len` bytes between two files, each given by its
/// descriptor and the address of an offset, or 0 for where the descriptor stands.
#[inline]
pub(crate) fn moving(to: (i32, usize), from: (i32, usize), len: usize) {
    if alive() {
        move_begins(to, from, len);
    }
}

#[cold]
fn move_begins(to: (i32, usize), from: (i32, usize), len: usize) {
    let len = available(from).map_or(len, |most| most.min(len));
    writing(to.0, offset_at(to.1), len);
}

/// The offset that a call will find at an address.
fn offset_at(at: usize) -> Option<i64> {
    // SAFETY: readable at this moment; no alignment is taken for granted.
    (at != 0 && kernel::readable(at & !7)).then(|| unsafe { (at as *const i64).read_unaligned() })
}

/// How many bytes can be read.
fn available((fd, at): (i32, usize)) -> Option<usize> {
    if let Some(offset) = offset_at(at) {
        let left = sys::fstat(fd).ok()?.st_size.saturating_sub(offset);
        return Some(usize::try_from(left).unwrap_or(0));
    }
    let mut left: c_int = 0;
    ask(fd, libc::SYS_ioctl, libc::FIONREAD as usize, &raw mut left as usize).ok()?;
    Some(usize::try_from(left).unwrap_or(0))
}

/// fallocate(2) is about to be done.
#[inline]
pub(crate) fn allocating(fd: i32, mode: i32, at: i64, len: i64) {
    if alive() {
        allocation_begins(fd, mode, at as u64..at.saturating_add(len) as u64);
    }
}

#[cold]
fn allocation_begins(fd: i32, mode: i32, range: Part) {
    // tmpfs, which has no device, cannot zero a range
    let id = file_of(fd);
    let zeroes = mode & libc::FALLOC_FL_ZERO_RANGE != 0 && id.is_some_and(on_disk);
    growing(id, if zeroes { &range } else { &(0..0) });
}

/// It has been done.
#[inline]
pub(crate) fn allocated(fd: i32, mode: i32, at: i64, len: i64) {
    if alive() && mode & libc::FALLOC_FL_PUNCH_HOLE != 0 {
        punched(fd, &(at as u64..at.saturating_add(len) as u64));
    }
    changed(fd);
}

#[cold]
fn punched(fd: i32, range: &Part) {
    if let Ok(st) = sys::fstat(fd) {
        let id = FileId { dev: st.st_dev, ino: st.st_ino };
        with(|eof| eof.punched(id, st.st_size as u64, range));
    }
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
        // what a file system on a disk zeroes then (`ext4_setattr()`)
        let behind = if on_disk(id) { size as u64..u64::MAX } else { 0..0 };
        growing(Some(id), &behind);
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
        cut(file_of(fd), grew);
    }
}

/// The file at a path was truncated.
#[inline]
pub(crate) fn truncated_path(path: usize, grew: bool) {
    if (alive() || pinned::any()) && path != 0 {
        // SAFETY: the kernel has just taken it for a path.
        let path = unsafe { CStr::from_ptr(path as *const core::ffi::c_char) };
        cut(sys::stat(path).ok().map(|st| FileId { dev: st.st_dev, ino: st.st_ino }), grew);
    }
}

#[cold]
fn cut(id: Option<FileId>, grew: bool) {
    if let Some(id) = id {
        with(|eof| {
            eof.truncated(id, grew);
            eof.end_look();
        });
    }
}
