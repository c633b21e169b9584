//! Rings of drivers that a library cannot show on larger pages: said aloud, so
//! that a program's failure is not taken for a bug of its own.

use crate::sys;
use core::fmt::Write;
use core::sync::atomic::{AtomicBool, Ordering};
use pagesim_core::space::{Config, MapRequest};

/// Says once, on standard error, why a ring of perf cannot be had: the kernel
/// makes it of 1 + 2^n of its own pages, which 1 + 2^n target pages never are, and
/// it tells the program where in it the data begin.
#[cold]
pub(crate) fn explain(config: &Config, request: &MapRequest) {
    static SAID: AtomicBool = AtomicBool::new(false);
    let page = config.target.bytes();
    let data = request.len.saturating_sub(page);
    let ring = request.len % page == 0 && (data / page).is_power_of_two() && request.offset == 0;
    if !ring || !is_perf_event(request.fd) || SAID.swap(true, Ordering::Relaxed) {
        return;
    }
    let mut line = crate::log::Line::new();
    let _ = write!(
        line,
        "pagesim: a perf ring of {} bytes cannot be shown in pages of {} KiB on this machine: \
         mmap says EINVAL where a kernel with such pages has it",
        request.len,
        page >> 10
    );
    let _ = sys::write_all(2, line.finish());
}

/// Whether a descriptor is that of a perf event.
pub(crate) fn is_perf_event(fd: i32) -> bool {
    const NAME: &[u8] = b"anon_inode:[perf_event]";
    let mut path = crate::log::Line::new();
    let _ = write!(path, "/proc/self/fd/{fd}\0");
    let mut name = [0u8; NAME.len() + 1];
    let (from, to) = (path.finish().as_ptr() as usize, name.as_mut_ptr() as usize);
    let args = [libc::AT_FDCWD as usize, from, to, name.len(), 0, 0];
    // SAFETY: readlinkat(2) of a C string into a buffer of this length.
    let len = unsafe { sys::call(libc::SYS_readlinkat, args) };
    len.is_ok_and(|len| name.get(..len) == Some(NAME))
}
