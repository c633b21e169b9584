//! Pipes: a pipe holds 16 pages, and its size is counted in pages.
//!
//! A new pipe is made as large as 16 target pages. Where the host refuses (an
//! unprivileged user beyond fs.pipe-max-size or fs.pipe-user-pages-soft), it gets
//! the largest size that the host grants, as the kernel's own fallback in
//! `alloc_pipe_info()` does, and where the process has enough of them (`allowance`) it stays
//! as it is; F_GETPIPE_SZ says which. The slots of the pipe
//! stay the host's: small writes fill them as host pages.
//!
//! A named pipe may have been made by any program. Whoever opens one to write, or asks
//! for its size, gives it that of a new one, unless somebody has given it another.

use crate::eof::transfer;
use crate::{allowance, state, sys};
use core::sync::atomic::{AtomicBool, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::space::Config;

/// `PIPE_DEF_BUFFERS` of the kernel.
const SLOTS: usize = 16;

/// The largest size that `round_pipe_size()` accepts.
const LARGEST: usize = 1 << 31;

/// Whether this process has made a named pipe: only then does open(2) look for
/// them.
static NAMED: AtomicBool = AtomicBool::new(false);

/// Whether the program itself has given a named pipe the size that new ones have on the
/// host: then that size says nothing any more.
static CHOSEN: AtomicBool = AtomicBool::new(false);

fn fcntl(fd: i32, command: i32, value: usize) -> Result<usize, Errno> {
    // SAFETY: F_SETPIPE_SZ and F_GETPIPE_SZ take no pointer.
    unsafe { sys::own(libc::SYS_fcntl, [fd as usize, command as usize, value, 0, 0, 0]) }
}

/// pipe2(2); `fds` is the program's pointer.
pub(crate) fn pipe2(fds: *mut i32, flags: i32) -> Result<(), Errno> {
    transfer::prepare_args(&[fds as usize]);
    // SAFETY: the kernel checks the program's pointer.
    unsafe { sys::call(libc::SYS_pipe2, [fds as usize, flags as usize, 0, 0, 0, 0]) }?;
    // SAFETY: the kernel has just written there.
    let ends = unsafe { *fds.cast::<[i32; 2]>() };
    enlarge(ends);
    Ok(())
}

/// Gives a new pipe the size it has with target pages.
pub(crate) fn enlarge(ends: [i32; 2]) {
    let [first, _] = ends;
    match state::config() {
        Some(config)
            if config.target > config.real && allowance::grants(config, ends, whole(config)) =>
        {
            let _ = resize(first, config);
        }
        _ => {}
    }
}

/// 16 target pages.
fn whole(config: &Config) -> usize {
    config.target.bytes().saturating_mul(SLOTS)
}

fn resize(fd: i32, config: &Config) -> Result<usize, Errno> {
    let whole = whole(config);
    let usual = new_size(config);
    let mut size = whole;
    loop {
        match fcntl(fd, libc::F_SETPIPE_SZ, size) {
            Err(Errno::EPERM) if size / 2 > usual => size /= 2,
            Err(error) => {
                log::warn!("a pipe cannot hold {whole} bytes here: {error:?}");
                return Err(error);
            }
            granted => return granted,
        }
    }
}

/// fcntl(F_SETPIPE_SZ): `round_pipe_size()` with target pages.
pub(crate) fn set_size(fd: i32, size: usize) -> Result<usize, Errno> {
    // the kernel takes an unsigned int
    let asked = size as u32 as usize;
    let rounded = match state::target() {
        Some(target) if asked <= LARGEST => asked.max(target.bytes()).next_power_of_two(),
        _ => asked,
    };
    let granted = fcntl(fd, libc::F_SETPIPE_SZ, rounded)?;
    if state::config().is_some_and(|config| new_size(config) == granted) && is_named(fd) {
        CHOSEN.store(true, Ordering::Relaxed);
    }
    Ok(granted)
}

/// The size of a new pipe on the host.
fn new_size(config: &Config) -> usize {
    config.real.bytes().saturating_mul(SLOTS)
}

/// The program makes a named pipe.
pub(crate) fn made_named() {
    NAMED.store(true, Ordering::Relaxed);
}

/// The program has opened a file: a named pipe whose size nobody has set yet gets
/// that of a new one.
#[inline]
pub(crate) fn opened(fd: i32, flags: i32) {
    if fd >= 0 && (flags & libc::O_ACCMODE != libc::O_RDONLY || NAMED.load(Ordering::Relaxed)) {
        opened_perhaps_named(fd);
    }
}

fn opened_perhaps_named(fd: i32) {
    if let Ok(size) = fcntl(fd, libc::F_GETPIPE_SZ, 0) {
        named_size(fd, size);
    }
}

/// fcntl(F_GETPIPE_SZ).
pub(crate) fn size(fd: i32) -> Result<usize, Errno> {
    let size = fcntl(fd, libc::F_GETPIPE_SZ, 0)?;
    Ok(if is_named(fd) { named_size(fd, size) } else { size })
}

/// What a named pipe of `size` bytes is made to hold.
#[cold]
fn named_size(fd: i32, size: usize) -> usize {
    match state::config() {
        Some(config)
            if config.target > config.real
                && size == new_size(config)
                && !CHOSEN.load(Ordering::Relaxed)
                && allowance::grants(config, [fd, -1], whole(config)) =>
        {
            resize(fd, config).unwrap_or(size)
        }
        _ => size,
    }
}

/// Whether a pipe has a name in a file system.
fn is_named(fd: i32) -> bool {
    /// `PIPEFS_MAGIC` of <linux/magic.h>.
    const PIPEFS: libc::c_long = 0x5049_5045;
    sys::file_system(fd).is_ok_and(|magic| magic != PIPEFS)
}
