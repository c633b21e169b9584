//! Raw system calls: arguments in, `Result` out, errno untouched.
//!
//! Nothing here goes through the C library, so nothing here can be a hook of
//! this library or of another one.

use crate::arch::syscall6;
use crate::filter;
use pagesim_core::errno::Errno;

/// The kernel's answer as a result (values from -4095 on are errors).
#[inline]
pub(crate) fn result(raw: usize) -> Result<usize, Errno> {
    const MAX_ERRNO: usize = 4095;
    if raw > usize::MAX - MAX_ERRNO {
        Err(Errno(raw.wrapping_neg() as i32))
    } else {
        Ok(raw)
    }
}

/// A system call; see its manual page for `args`.
///
/// # Safety
/// That of the system call.
#[inline]
pub(crate) unsafe fn call(n: libc::c_long, args: [usize; 6]) -> Result<usize, Errno> {
    // SAFETY: the caller's promise.
    result(unsafe { syscall6(n as usize, args) })
}

/// # Safety
/// That of mmap(2): what is replaced or handed out is the caller's business.
pub(crate) unsafe fn mmap(
    addr: usize,
    len: usize,
    prot: u32,
    flags: u32,
    fd: i32,
    offset: u64,
) -> Result<usize, Errno> {
    let args = [addr, len, prot as usize, flags as usize, fd as usize, offset as usize];
    // SAFETY: the caller's promise.
    unsafe { call(libc::SYS_mmap, args) }
}

/// # Safety
/// Nobody uses the range any more, or it is the program's own wish.
pub(crate) unsafe fn munmap(addr: usize, len: usize) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    unsafe { call(libc::SYS_munmap, [addr, len, 0, 0, 0, 0]) }.map(drop)
}

/// # Safety
/// As [`munmap`].
pub(crate) unsafe fn mprotect(addr: usize, len: usize, prot: u32) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    unsafe { call(libc::SYS_mprotect, [addr, len, prot as usize, 0, 0, 0]) }.map(drop)
}

/// madvise(2).
///
/// # Safety
/// As [`munmap`]: some advice destroys contents.
pub(crate) unsafe fn madvise(addr: usize, len: usize, advice: i32) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    unsafe { call(libc::SYS_madvise, [addr, len, advice as usize, 0, 0, 0]) }.map(drop)
}

/// msync(2).
pub(crate) fn msync(addr: usize, len: usize, flags: i32) -> Result<(), Errno> {
    // SAFETY: changes no memory of this process.
    unsafe { call(libc::SYS_msync, [addr, len, flags as usize, 0, 0, 0]) }.map(drop)
}

/// A system call that the program has not asked for: EPERM where a filter would end
/// the process for it.
///
/// # Safety
/// As the call itself.
pub(crate) unsafe fn own(number: libc::c_long, args: [usize; 6]) -> Result<usize, Errno> {
    if filter::ends(number) {
        return Err(Errno::EPERM);
    }
    // SAFETY: the caller's promise.
    unsafe { call(number, args) }
}

/// write(2) of all bytes; gives up at the first error but EINTR.
pub(crate) fn write_all(fd: i32, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        let args = [fd as usize, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0];
        // SAFETY: reads a live slice.
        match unsafe { call(libc::SYS_write, args) } {
            Ok(n) => bytes = bytes.get(n..).unwrap_or(&[]),
            Err(Errno::EINTR) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// One read(2).
pub(crate) fn read(fd: i32, buffer: &mut [u8]) -> Result<usize, Errno> {
    loop {
        let args = [fd as usize, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0, 0];
        // SAFETY: writes into a live slice.
        match unsafe { own(libc::SYS_read, args) } {
            Err(Errno::EINTR) => {}
            answer => return answer,
        }
    }
}

/// openat(2) relative to the working directory; `path` ends with NUL.
pub(crate) fn open(path: &core::ffi::CStr, flags: i32, mode: u32) -> Result<i32, Errno> {
    let dir = libc::AT_FDCWD as usize;
    let args = [dir, path.as_ptr() as usize, flags as usize, mode as usize, 0, 0];
    // SAFETY: the path is a C string.
    unsafe { own(libc::SYS_openat, args) }.map(|fd| fd as i32)
}

/// close(2); there is nothing to be done about an error.
pub(crate) fn close(fd: i32) {
    // SAFETY: only descriptors that this library opened are closed.
    let _ = unsafe { own(libc::SYS_close, [fd as usize, 0, 0, 0, 0, 0]) };
}

/// fstat(2).
pub(crate) fn fstat(fd: i32) -> Result<libc::stat, Errno> {
    let mut st = core::mem::MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the kernel fills a structure of this layout.
    unsafe { own(libc::SYS_fstat, [fd as usize, st.as_mut_ptr() as usize, 0, 0, 0, 0]) }?;
    // SAFETY: filled, and any bytes are a valid stat.
    Ok(unsafe { st.assume_init() })
}

/// stat(2).
pub(crate) fn stat(path: &core::ffi::CStr) -> Result<libc::stat, Errno> {
    stat_at(path.as_ptr() as usize)
}

/// stat(2) of a path that may be at an address without memory.
pub(crate) fn stat_at(path: usize) -> Result<libc::stat, Errno> {
    let mut st = core::mem::MaybeUninit::<libc::stat>::zeroed();
    let dir = libc::AT_FDCWD as usize;
    let args = [dir, path, st.as_mut_ptr() as usize, 0, 0, 0];
    // SAFETY: the kernel reads the path, or refuses; it fills a structure of this
    // layout.
    unsafe { own(libc::SYS_newfstatat, args) }?;
    // SAFETY: filled, and any bytes are a valid stat.
    Ok(unsafe { st.assume_init() })
}

/// readlink(2); the length of what was put into `buffer`, without a NUL.
pub(crate) fn readlink(path: &core::ffi::CStr, buffer: &mut [u8]) -> Result<usize, Errno> {
    let dir = libc::AT_FDCWD as usize;
    let path = path.as_ptr() as usize;
    let args = [dir, path, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0];
    // SAFETY: the path is a C string; writes into a live slice.
    unsafe { own(libc::SYS_readlinkat, args) }
}

/// f_type of fstatfs(2).
pub(crate) fn file_system(fd: i32) -> Result<libc::c_long, Errno> {
    let mut st = core::mem::MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: the kernel fills a structure of this layout.
    unsafe { own(libc::SYS_fstatfs, [fd as usize, st.as_mut_ptr() as usize, 0, 0, 0, 0]) }?;
    // SAFETY: filled, and any bytes are a valid statfs.
    Ok(unsafe { st.assume_init() }.f_type as libc::c_long)
}

/// sysinfo(2).
pub(crate) fn sysinfo() -> Result<libc::sysinfo, Errno> {
    let mut info = core::mem::MaybeUninit::<libc::sysinfo>::zeroed();
    // SAFETY: the kernel fills a structure of this layout.
    unsafe { call(libc::SYS_sysinfo, [info.as_mut_ptr() as usize, 0, 0, 0, 0, 0]) }?;
    // SAFETY: filled, and any bytes are a valid sysinfo.
    Ok(unsafe { info.assume_init() })
}

/// getpid(2).
pub(crate) fn getpid() -> i32 {
    // SAFETY: no arguments, no effects.
    unsafe { own(libc::SYS_getpid, [0; 6]) }.map_or(0, |pid| pid as i32)
}

/// gettid(2).
pub(crate) fn gettid() -> i32 {
    // SAFETY: no arguments, no effects.
    unsafe { own(libc::SYS_gettid, [0; 6]) }.map_or(0, |tid| tid as i32)
}

/// exit_group(2).
pub(crate) fn exit(status: i32) -> ! {
    loop {
        // SAFETY: ends the process.
        let _ = unsafe { call(libc::SYS_exit_group, [status as usize, 0, 0, 0, 0, 0]) };
    }
}

/// A set of signals as the kernel keeps it.
pub(crate) type SignalSet = u64;

/// rt_sigprocmask(2): sets the mask and returns the old one.
pub(crate) fn set_signal_mask(set: SignalSet) -> SignalSet {
    let mut old: SignalSet = 0;
    let args = [
        libc::SIG_SETMASK as usize,
        &raw const set as usize,
        &raw mut old as usize,
        size_of::<SignalSet>(),
        0,
        0,
    ];
    // SAFETY: both sets live in this frame; a mask is the thread's own.
    let _ = unsafe { own(libc::SYS_rt_sigprocmask, args) };
    old
}

/// rt_sigprocmask(2): the mask as it is.
pub(crate) fn signal_mask() -> SignalSet {
    let mut mask: SignalSet = 0;
    let args = [0, 0, &raw mut mask as usize, size_of::<SignalSet>(), 0, 0];
    // SAFETY: without a new mask it only writes to the old one, in this frame.
    let _ = unsafe { call(libc::SYS_rt_sigprocmask, args) };
    mask
}

/// FUTEX_WAIT in this process: sleeps while `*word == expected`.
pub(crate) fn futex_wait(word: *const u32, expected: u32) {
    let op = (libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG) as usize;
    // SAFETY: the kernel only reads the word; waking early is allowed for.
    let _ = unsafe { own(libc::SYS_futex, [word as usize, op, expected as usize, 0, 0, 0]) };
}

/// FUTEX_WAKE in this process: wakes one waiter.
pub(crate) fn futex_wake(word: *const u32) {
    wake(word, 1);
}

/// The same for every waiter.
pub(crate) fn futex_wake_all(word: *const u32) {
    wake(word, i32::MAX as usize);
}

fn wake(word: *const u32, most: usize) {
    let op = (libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG) as usize;
    // SAFETY: the address is only a key.
    let _ = unsafe { own(libc::SYS_futex, [word as usize, op, most, 0, 0, 0]) };
}
