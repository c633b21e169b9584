//! System calls and tails: memory that a call is handed, and files that a call
//! has changed.
//!
//! The kernel answers EFAULT, or a short count, for memory it cannot reach, without a
//! signal. Calls that would lose data that way (a datagram is gone once it was
//! received into nowhere) have their memory looked at before; the others are
//! done again when the memory turns out to be a tail.

use super::refresh::{Written, NOTHING};
use super::{alive, any_file, any_private, concerned, file_of, kernel, Eof};
use crate::hooks::errno;
use crate::state::{self, Turn};
use crate::sys;
use core::ffi::{c_long, CStr};
use pagesim_core::errno::Errno;
use pagesim_core::vma::FileId;

/// Does something with the tails, unless this thread is doing something already.
fn with<T>(f: impl FnOnce(&mut Eof<'_>) -> T) -> Option<T> {
    match state::enter() {
        Turn::Open(mut guard) => Some(f(&mut Eof::of(&mut guard))),
        Turn::Nested(_) | Turn::Inert => None,
    }
}

/// Fills the tails in memory that a call is about to be handed.
#[inline]
pub(crate) fn prepare(addr: usize, len: usize) {
    if concerned(addr, len) {
        fill(addr, len);
    }
}

/// Fills the tails in `len` bytes from `addr` on; whether there were any.
#[cold]
fn fill(addr: usize, len: usize) -> bool {
    with(|eof| eof.fill_range(addr, len)).unwrap_or(false)
}

/// [`prepare`] for the buffers of an array of iovec.
#[inline]
pub(crate) fn prepare_vector(vector: usize, count: usize) {
    if any_file() {
        prepare_each(vector, count);
    }
}

/// `UIO_MAXIOV`.
const MAX_VECTOR: usize = 1024;

#[cold]
fn prepare_each(vector: usize, count: usize) {
    let size = size_of::<libc::iovec>();
    prepare(vector, count.min(MAX_VECTOR) * size);
    let mut known = None;
    for at in (0..count.min(MAX_VECTOR)).map(|i| vector.saturating_add(i * size)) {
        let page = at / kernel::SMALLEST_PAGE;
        let last = (at + size - 1) / kernel::SMALLEST_PAGE;
        if known != Some(last) {
            // an array that cannot be read is for the kernel to refuse
            if !kernel::readable(at & !7)
                || (page != last && !kernel::readable(last * kernel::SMALLEST_PAGE))
            {
                return;
            }
            known = Some(last);
        }
        // SAFETY: readable a moment ago; no alignment is taken for granted.
        let iov = unsafe { (at as *const libc::iovec).read_unaligned() };
        prepare(iov.iov_base as usize, iov.iov_len);
    }
}

/// [`prepare`] for what a msghdr points to.
#[inline]
pub(crate) fn prepare_message(message: usize) {
    if any_file() {
        prepare_header(message);
    }
}

#[cold]
fn prepare_header(message: usize) {
    let size = size_of::<libc::msghdr>();
    prepare(message, size);
    if kernel::readable(message & !7) && kernel::readable((message + size - 1) & !7) {
        // SAFETY: readable a moment ago.
        let header = unsafe { (message as *const libc::msghdr).read_unaligned() };
        prepare(header.msg_name as usize, header.msg_namelen as usize);
        prepare(header.msg_control as usize, header.msg_controllen);
        prepare_vector(header.msg_iov as usize, header.msg_iovlen);
    }
}

/// [`prepare_message`] for an array of mmsghdr.
#[inline]
pub(crate) fn prepare_messages(messages: usize, count: usize) {
    if any_file() {
        let size = size_of::<libc::mmsghdr>();
        prepare(messages, count.min(MAX_VECTOR) * size);
        for i in 0..count.min(MAX_VECTOR) {
            prepare_header(messages.saturating_add(i * size));
        }
    }
}

/// The longest thing that an argument of unknown length is taken to point to: a
/// path.
const LONGEST: usize = 4096;

/// After EFAULT: fills the tails that arguments may point to; whether the call is
/// worth doing again.
pub(crate) fn filled_for(args: &[usize]) -> bool {
    let mut filled = false;
    for arg in args {
        filled |= concerned(*arg, LONGEST) && fill(*arg, LONGEST);
    }
    filled
}

/// Whether the call that has just failed was refused for one of these arguments
/// and is worth doing again.
#[cold]
pub(crate) fn refused(args: &[usize]) -> bool {
    any_file() && errno::get() == Errno::EFAULT && filled_for(args)
}

/// A system call that was answered with EFAULT: done again when it was for a tail.
pub(crate) fn refused_system_call(number: c_long, args: Args) -> Result<usize, Errno> {
    if any_file() && filled_for(&args) {
        // SAFETY: the program's own request.
        unsafe { sys::call(number, args) }
    } else {
        Err(Errno::EFAULT)
    }
}

/// A system call that is done again when it was refused for a tail, and after which
/// a program may know that a file has changed.
///
/// # Safety
/// That of the system call.
#[inline]
pub(crate) unsafe fn asking_call(number: c_long, args: Args) -> Result<usize, Errno> {
    // SAFETY: the caller's promise.
    let mut answer = unsafe { sys::call(number, args) };
    if answer == Err(Errno::EFAULT) {
        answer = refused_system_call(number, args);
    }
    seen();
    answer
}

/// A system call by its number, with what its hook does around it.
pub(crate) fn system_call(number: c_long, args: Args) -> Result<usize, Errno> {
    let [fd, addr, len, at, ..] = args;
    let count = |answer: Result<usize, Errno>| answer.map_or(-1, |count| count as isize);
    match number {
        libc::SYS_read
        | libc::SYS_write
        | libc::SYS_pread64
        | libc::SYS_pwrite64
        | libc::SYS_recvfrom
        | libc::SYS_sendto => prepare(addr, len),
        libc::SYS_readv
        | libc::SYS_writev
        | libc::SYS_preadv
        | libc::SYS_pwritev
        | libc::SYS_preadv2
        | libc::SYS_pwritev2 => prepare_vector(addr, len),
        libc::SYS_recvmsg | libc::SYS_sendmsg => prepare_message(addr),
        _ => {}
    }
    match number {
        libc::SYS_ftruncate => truncating(fd as i32, addr as i64),
        libc::SYS_truncate => truncating_path(fd, addr as i64),
        _ => {}
    }
    // SAFETY: the program's own request.
    let mut answer = unsafe { sys::call(number, args) };
    if answer == Err(Errno::EFAULT) {
        answer = refused_system_call(number, args);
    }
    match number {
        libc::SYS_ftruncate if answer.is_ok() => truncated(fd as i32),
        libc::SYS_ftruncate => {}
        libc::SYS_truncate if answer.is_ok() => truncated_path(fd),
        libc::SYS_copy_file_range | libc::SYS_splice => changed(len as i32),
        libc::SYS_write | libc::SYS_writev => wrote(fd as i32, None, count(answer)),
        libc::SYS_pwrite64 | libc::SYS_pwritev => wrote(fd as i32, Some(at as u64), count(answer)),
        _ => changed(fd as i32),
    }
    answer
}

/// Six arguments, of which a function takes as many as it has.
pub(crate) type Args = [usize; 6];

/// The end of a call that failed or that other processes' doings may be seen after:
/// done again when it was handed a tail; then the tails are looked at.
#[cold]
pub(crate) fn after(answer: isize, args: &Args, call: impl Fn(&Args) -> isize) -> isize {
    let mut answer = answer;
    if answer as i32 == -1 && refused(args) {
        answer = call(args);
    }
    seen();
    answer
}

/// Looks at the tails where this process may just have learnt that another one
/// has changed a file.
#[inline]
pub(crate) fn seen() {
    if alive() {
        with(|eof| eof.recheck_all());
    }
}

/// The end of a call that wrote from memory: `answer` of `len` bytes at `addr`. Goes on
/// from where it stopped when that was at a tail.
#[cold]
pub(crate) fn after_write(
    fd: i32,
    answer: isize,
    addr: usize,
    len: usize,
    at: Option<u64>,
    more: impl Fn(usize, usize) -> isize,
) -> isize {
    let mut done = answer;
    while any_file() && (done < len as isize) {
        let from = usize::try_from(done).unwrap_or(0);
        let stopped = done >= 0 || errno::get() == Errno::EFAULT;
        let rest = len - from;
        if !stopped || !concerned(addr + from, rest) || !fill(addr + from, rest) {
            break;
        }
        let next = more(from, rest);
        if next <= 0 && from != 0 {
            break;
        }
        done = if next < 0 { next } else { from as isize + next };
    }
    wrote(fd, at, done);
    done
}

/// What a call has written that went to `at`, or to where the descriptor stood.
fn written(fd: i32, at: Option<u64>, len: u64) -> Written {
    let end = || {
        let args = [fd as usize, 0, libc::SEEK_CUR as usize, 0, 0, 0];
        // SAFETY: asks for a number.
        unsafe { sys::call(libc::SYS_lseek, args) }.map_or(0, |end| end as u64)
    };
    let start = at.unwrap_or_else(|| end().saturating_sub(len));
    start..start.saturating_add(len)
}

/// The file of `fd` may have grown or shrunk.
#[inline]
pub(crate) fn changed(fd: i32) {
    if alive() {
        recheck(file_of(fd), &NOTHING);
    }
}

/// A call has written `answer` bytes to the file of `fd`.
#[inline]
pub(crate) fn wrote(fd: i32, at: Option<u64>, answer: isize) {
    if let (true, Ok(len)) = (alive(), u64::try_from(answer)) {
        recheck(file_of(fd), &written(fd, at, len));
    }
}

#[cold]
fn recheck(id: Option<FileId>, written: &Written) {
    if let Some(id) = id {
        with(|eof| {
            eof.recheck_file(id, written);
            eof.end_look();
        });
    }
}

/// The file of `fd` is about to be truncated to `size` bytes.
#[inline]
pub(crate) fn truncating(fd: i32, size: i64) {
    if any_private() {
        cutting(sys::fstat(fd), size);
    }
}

/// The file at a path is about to be.
#[inline]
pub(crate) fn truncating_path(path: usize, size: i64) {
    if any_private() && path != 0 {
        cutting(sys::stat_at(path), size);
    }
}

#[cold]
fn cutting(file: Result<libc::stat, Errno>, size: i64) {
    let Ok(file) = file else { return };
    if (0..file.st_size).contains(&size) {
        with(|eof| eof.before_cut(FileId { dev: file.st_dev, ino: file.st_ino }, size as u64));
    }
}

/// The file of `fd` was truncated.
#[inline]
pub(crate) fn truncated(fd: i32) {
    if alive() {
        cut(file_of(fd));
    }
}

/// The file at a path was truncated.
#[inline]
pub(crate) fn truncated_path(path: usize) {
    if alive() && path != 0 {
        // SAFETY: the kernel has just taken it for a path.
        let path = unsafe { CStr::from_ptr(path as *const core::ffi::c_char) };
        cut(sys::stat(path).ok().map(|st| FileId { dev: st.st_dev, ino: st.st_ino }));
    }
}

#[cold]
fn cut(id: Option<FileId>) {
    if let Some(id) = id {
        with(|eof| eof.truncated(id));
    }
}
