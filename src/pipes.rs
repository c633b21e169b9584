//! Pipes: a pipe holds 16 pages, and its size is counted in pages.
//!
//! A new pipe is made as large as 16 target pages. Where the host refuses (an
//! unprivileged user beyond fs.pipe-max-size or fs.pipe-user-pages-soft), it gets
//! the largest size that the host grants, as the kernel's own fallback in
//! `alloc_pipe_info()` does, and F_GETPIPE_SZ says which. The slots of the pipe
//! stay the host's: small writes fill them as host pages.

use crate::eof::transfer;
use crate::{state, sys};
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

/// Whether the program itself has given a pipe the size that new ones have on the
/// host: then that size says nothing any more.
static CHOSEN: AtomicBool = AtomicBool::new(false);

fn fcntl(fd: i32, command: i32, value: usize) -> Result<usize, Errno> {
    // SAFETY: F_SETPIPE_SZ and F_GETPIPE_SZ take no pointer.
    unsafe { sys::call(libc::SYS_fcntl, [fd as usize, command as usize, value, 0, 0, 0]) }
}

/// pipe2(2); `fds` is the program's pointer.
pub(crate) fn pipe2(fds: *mut i32, flags: i32) -> Result<(), Errno> {
    transfer::prepare_args(&[fds as usize]);
    // SAFETY: the kernel checks the program's pointer.
    unsafe { sys::call(libc::SYS_pipe2, [fds as usize, flags as usize, 0, 0, 0, 0]) }?;
    // SAFETY: the kernel has just written there.
    enlarge(unsafe { *fds });
    Ok(())
}

/// Gives a new pipe the size it has with target pages.
pub(crate) fn enlarge(fd: i32) {
    if let Some(config) = state::config() {
        let _ = resize(fd, config);
    }
}

fn resize(fd: i32, config: &Config) -> Result<usize, Errno> {
    let whole = config.target.bytes().saturating_mul(SLOTS);
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
    if state::config().is_some_and(|config| new_size(config) == granted) {
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
pub(crate) fn opened(fd: i32) {
    if fd >= 0 && NAMED.load(Ordering::Relaxed) {
        opened_perhaps_named(fd);
    }
}

#[cold]
fn opened_perhaps_named(fd: i32) {
    let Some(config) = state::config() else { return };
    let chosen = CHOSEN.load(Ordering::Relaxed);
    if !chosen && fcntl(fd, libc::F_GETPIPE_SZ, 0) == Ok(new_size(config)) {
        let _ = resize(fd, config);
    }
}
