//! System calls and the tails in memory that they are handed.
//!
//! The kernel answers EFAULT, or a short count, for memory it cannot reach, without a
//! signal, and often after the call has had its effect: a datagram is gone once it was
//! received into nowhere, a child waited for, a connection accepted, a timer set. So
//! the memory that a call is handed is looked at before. Only what a call finds by
//! itself (pointers in structures) is filled after an EFAULT, and the call done again
//! where it has done nothing by then.

pub(crate) use super::changes::*;
use super::{any_file, concerned, kernel, mask, pinned, Eof};
use crate::hooks::errno;
use crate::state::{self, Turn};
use crate::sys;
use core::ffi::c_long;
use pagesim_core::errno::Errno;

/// Does something with the tails, unless this thread is doing something already.
pub(super) fn with<T>(f: impl FnOnce(&mut Eof<'_>) -> T) -> Option<T> {
    match state::enter_for_tails() {
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

/// sigaltstack(2) with the address of a stack: `call` does it.
pub(crate) fn alternate_stack<T>(
    new: usize,
    old: usize,
    call: impl FnOnce() -> T,
    done: impl FnOnce(&T) -> bool,
) -> T {
    prepare_args(&[new, old]);
    let size = size_of::<libc::stack_t>();
    let known = any_file() && kernel::readable(new & !7) && kernel::readable((new + size - 1) & !7);
    // SAFETY: readable a moment ago; no alignment is taken for granted.
    let stack = known.then(|| unsafe { (new as *const libc::stack_t).read_unaligned() });
    let stack = stack.map(|stack| match stack.ss_flags & libc::SS_DISABLE {
        0 => (stack.ss_sp as usize, stack.ss_size),
        _ => (0, 0),
    });
    if let Some((start, len)) = stack {
        prepare(start, len);
    }
    let answer = call();
    if let (Some((start, len)), true) = (stack, done(&answer)) {
        pinned::alternate_stack(start, len);
    }
    answer
}

/// The longest thing that an argument of unknown length is taken to point to: a
/// path.
const LONGEST: usize = 4096;

/// [`prepare`] for whatever these arguments point to.
#[inline]
pub(crate) fn prepare_args(args: &[usize]) {
    if any_file() {
        for arg in args {
            prepare(*arg, LONGEST);
        }
    }
}

/// [`prepare`] for the strings of an array that ends with a null pointer.
#[inline]
pub(crate) fn prepare_strings(strings: usize) {
    if any_file() && strings != 0 {
        prepare_list(strings);
    }
}

/// `MAX_ARG_STRLEN`.
const LONGEST_STRING: usize = 32 * kernel::SMALLEST_PAGE;

/// [`prepare`] for a string that a program is started with; null is none.
#[inline]
pub(crate) fn prepare_string(string: usize) {
    prepare(string, LONGEST_STRING);
}

#[cold]
fn prepare_list(strings: usize) {
    let size = size_of::<usize>();
    for at in (strings..=usize::MAX - size).step_by(size) {
        // what is not aligned is for the kernel alone
        let new_page = at == strings || at % kernel::SMALLEST_PAGE == 0;
        if at % size != 0 || new_page && !prepared(at) {
            return;
        }
        // SAFETY: readable a moment ago, and aligned.
        let string = unsafe { (at as *const usize).read_volatile() };
        if string == 0 {
            return;
        }
        prepare_string(string);
    }
}

/// Whether the kernel could read a word at `addr`, a multiple of 8.
pub(crate) fn is_readable(addr: usize) -> bool {
    kernel::readable(addr & !7)
}

/// Whether the word at `addr` can be read, once a tail is filled there.
fn prepared(addr: usize) -> bool {
    prepare(addr, size_of::<usize>());
    kernel::readable(addr)
}

/// After EFAULT: fills the tails that arguments may point to, and what pointers
/// there point to; whether the call is worth doing again.
#[cold]
pub(crate) fn filled_for(args: &[usize]) -> bool {
    let mut filled = false;
    for arg in args {
        filled |= concerned(*arg, LONGEST) && fill(*arg, LONGEST);
        filled |= fill_behind(*arg);
    }
    filled
}

/// Pointers looked at in a structure.
const POINTERS: usize = 64;

/// Fills the tails that words at `at` point to.
fn fill_behind(at: usize) -> bool {
    let mut filled = false;
    let first = at & !(size_of::<usize>() - 1);
    if first < kernel::SMALLEST_PAGE {
        // a number
        return false;
    }
    for word in (0..POINTERS).map(|i| first.wrapping_add(i * size_of::<usize>())) {
        if (word == first || word % kernel::SMALLEST_PAGE == 0) && !kernel::readable(word) {
            break;
        }
        // SAFETY: readable a moment ago, and aligned.
        let to = unsafe { (word as *const usize).read_volatile() };
        filled |= concerned(to, LONGEST) && fill(to, LONGEST);
    }
    filled
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

/// A system call that may be handed tails, and after which a program may know that a
/// file has changed.
///
/// # Safety
/// That of the system call.
#[inline]
pub(crate) unsafe fn asking_call(number: c_long, args: Args) -> Result<usize, Errno> {
    prepare_args(&args);
    // SAFETY: the caller's promise.
    let answer = unsafe { sys::call(number, args) };
    seen();
    answer
}

/// A system call by its number, with what its hook does around it.
pub(crate) fn system_call(number: c_long, args: Args) -> Result<usize, Errno> {
    let [fd, addr, len, at, ..] = args;
    if number == libc::SYS_sigaltstack {
        // SAFETY: the program's own request.
        return alternate_stack(fd, addr, || unsafe { sys::call(number, args) }, Result::is_ok);
    }
    prepare_args(&args);
    prepare_by_number(number, &args);
    let place = place_by_number(number, &args);
    let grows = change_by_number(number, &args);
    // SAFETY: the program's own request.
    let mut answer = unsafe { sys::call(number, args) };
    if answer == Err(Errno::EFAULT) && number == libc::SYS_ioctl {
        answer = refused_system_call(number, args);
    }
    match number {
        libc::SYS_ftruncate if answer.is_ok() => truncated(fd as i32, grows),
        libc::SYS_truncate if answer.is_ok() => truncated_path(fd, grows),
        libc::SYS_fsync | libc::SYS_fdatasync if answer.is_ok() => {
            seen();
            flushed(fd as i32, 0, 0);
        }
        libc::SYS_sync_file_range if at & libc::SYNC_FILE_RANGE_WRITE as usize != 0 => {
            seen();
            flushed(fd as i32, addr as i64, len as i64);
        }
        libc::SYS_fadvise64 if at == libc::POSIX_FADV_DONTNEED as usize => {
            flushed(fd as i32, addr as i64, len as i64);
        }
        libc::SYS_syncfs | libc::SYS_sync => all_flushed(),
        libc::SYS_copy_file_range | libc::SYS_splice => written(len as i32, place, done(answer)),
        libc::SYS_sendfile
        | libc::SYS_write
        | libc::SYS_writev
        | libc::SYS_pwrite64
        | libc::SYS_pwritev
        | libc::SYS_pwritev2 => written(fd as i32, place, done(answer)),
        _ => {
            seen();
            mask::taken();
        }
    }
    answer
}

/// What is looked at before a system call beyond what its arguments point to.
fn prepare_by_number(number: c_long, args: &Args) {
    let [fd, addr, len, at, more, _] = *args;
    match number {
        libc::SYS_read
        | libc::SYS_write
        | libc::SYS_pread64
        | libc::SYS_pwrite64
        | libc::SYS_recvfrom
        | libc::SYS_sendto
        | libc::SYS_getdents64 => prepare(addr, len),
        libc::SYS_msgrcv => prepare(addr, len.saturating_add(size_of::<c_long>())),
        libc::SYS_readv
        | libc::SYS_writev
        | libc::SYS_preadv
        | libc::SYS_pwritev
        | libc::SYS_preadv2
        | libc::SYS_pwritev2
        | libc::SYS_vmsplice => prepare_vector(addr, len),
        libc::SYS_process_vm_readv | libc::SYS_process_vm_writev => {
            prepare_processes(fd, (addr, len), (at, more));
        }
        libc::SYS_recvmsg | libc::SYS_sendmsg => prepare_message(addr),
        libc::SYS_recvmmsg | libc::SYS_sendmmsg => prepare_messages(addr, len),
        _ => {}
    }
}

/// A function's answer.
fn done(answer: Result<usize, Errno>) -> isize {
    answer.map_or(-1, |done| done as isize)
}

/// Where a system call is about to write.
fn place_by_number(number: c_long, args: &Args) -> Place {
    let [fd, _, len, at, _, flags] = *args;
    match number {
        libc::SYS_write | libc::SYS_writev => writing(fd as i32, None),
        libc::SYS_pwrite64 | libc::SYS_pwritev => writing(fd as i32, Some(at as i64)),
        libc::SYS_pwritev2 => {
            writing(fd as i32, place_of(at as i64, flags as i32)).with_flags(flags as i32)
        }
        libc::SYS_sendfile => moving(fd as i32, 0),
        libc::SYS_copy_file_range | libc::SYS_splice => moving(len as i32, at),
        _ => Place::default(),
    }
}

/// What is done before a system call that changes a file without writing; whether it makes
/// it grow.
fn change_by_number(number: c_long, args: &Args) -> bool {
    let [fd, addr, ..] = *args;
    match number {
        libc::SYS_ftruncate => return truncating(fd as i32, addr as i64),
        libc::SYS_truncate => return truncating_path(fd, addr as i64),
        _ => {}
    }
    false
}

/// [`prepare_vector`] for both sides of process_vm_readv(2) and its twin. Nobody can
/// fill another process's tails.
pub(crate) fn prepare_processes(pid: usize, local: (usize, usize), remote: (usize, usize)) {
    if any_file() {
        prepare_vector(local.0, local.1);
        let bytes = remote.1.min(MAX_VECTOR) * size_of::<libc::iovec>();
        prepare(remote.0, bytes);
        if pid as i32 == sys::getpid() {
            prepare_vector(remote.0, remote.1);
        }
    }
}

/// Six arguments, of which a function takes as many as it has.
pub(crate) type Args = [usize; 6];

/// The end of a call that failed or that other processes' doings may be seen after:
/// done again when it had done nothing for a tail that it found by itself. `before`
/// is errno before the call, which a success leaves alone.
#[cold]
pub(crate) fn after(
    answer: isize,
    before: Errno,
    args: &Args,
    call: impl Fn(&Args) -> isize,
) -> isize {
    let mut answer = answer;
    if any_file() && answer as i32 == -1 && errno::get() == Errno::EFAULT && filled_for(args) {
        errno::set(before);
        answer = call(args);
    }
    seen();
    answer
}

/// errno, where [`after`] may need it.
#[inline]
pub(crate) fn errno_before() -> Errno {
    if any_file() {
        errno::get()
    } else {
        Errno(0)
    }
}
