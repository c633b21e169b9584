//! Rings of drivers that a library cannot show on larger pages: said aloud, so
//! that a program's failure is not taken for a bug of its own.

use crate::arena::Arena;
use crate::linux::Linux;
use crate::sys;
use core::fmt::Write;
use core::sync::atomic::{AtomicBool, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::space::{Config, MapRequest, Space};
use pagesim_core::vma::Backing;

/// What /proc/self/fd says of a perf event.
const PERF: &[u8] = b"anon_inode:[perf_event]";

/// Says once, on standard error, why a ring of perf cannot be had: the kernel
/// makes it of 1 + 2^n of its own pages, which 1 + 2^n target pages never are, and
/// it tells the program where in it the data begin. Or the memory of a BPF map, which
/// is as long as the kernel's own pages make it, its parts one page of them each.
#[cold]
fn explain(config: &Config, request: &MapRequest) {
    static SAID: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];
    let [of_perf, of_bpf] = &SAID;
    let page = config.target.bytes();
    let data = request.len.saturating_sub(page);
    let ring = request.len % page == 0 && (data / page).is_power_of_two() && request.offset == 0;
    let (what, said) = match request.fd {
        fd if ring && is_perf_event(fd) => ("perf ring", of_perf),
        fd if config.target > config.real && is_called(fd, b"anon_inode:bpf-map") => {
            ("BPF map", of_bpf)
        }
        _ => return,
    };
    if said.swap(true, Ordering::Relaxed) {
        return;
    }
    let mut line = crate::log::Line::new();
    let _ = write!(
        line,
        "pagesim: a {what} of {} bytes cannot be shown in pages of {} KiB on this machine: \
         mmap fails where a kernel with such pages has it",
        request.len,
        page >> 10
    );
    let _ = sys::write_all(2, line.finish());
}

/// A file was mapped, or not: where the first page of a ring of perf was asked for only,
/// which tells of the counter, it is mapped as the kernel has it. What follows in the
/// target page is nothing's.
#[inline]
pub(crate) fn mapped(
    space: &mut Space<Linux, Arena>,
    request: &MapRequest,
    result: Result<usize, Errno>,
) -> Result<usize, Errno> {
    match result {
        Ok(at) if request.len > space.config().target.bytes() || !is_special(space, at) => result,
        Ok(_) | Err(Errno::EINVAL | Errno::EPERM) if request.fd >= 0 => {
            first_page(space, request, result)
        }
        _ => result,
    }
}

fn is_special(space: &Space<Linux, Arena>, at: usize) -> bool {
    space.map().find(at).is_some_and(|vma| matches!(vma.backing, Backing::Special { .. }))
}

#[cold]
#[inline(never)]
fn first_page(
    space: &mut Space<Linux, Arena>,
    request: &MapRequest,
    result: Result<usize, Errno>,
) -> Result<usize, Errno> {
    let (real, target) = (space.config().real.bytes(), space.config().target.bytes());
    let one = request.len > real && request.len <= target && request.offset == 0;
    if !one || !is_perf_event(request.fd) {
        if result.is_err() {
            explain(space.config(), request);
        }
        return result;
    }
    if let Ok(at) = result {
        space.munmap(at, request.len)?;
    }
    space.mmap(&MapRequest { len: real, ..*request })
}

/// Whether a descriptor is that of a perf event.
pub(crate) fn is_perf_event(fd: i32) -> bool {
    is_called(fd, PERF)
}

fn is_called(fd: i32, wanted: &[u8]) -> bool {
    let mut path = crate::log::Line::new();
    let _ = write!(path, "/proc/self/fd/{fd}\0");
    let mut name = [0u8; 32];
    let (from, to) = (path.finish().as_ptr() as usize, name.as_mut_ptr() as usize);
    let args = [libc::AT_FDCWD as usize, from, to, name.len(), 0, 0];
    // SAFETY: readlinkat(2) of a C string into a buffer of this length.
    let len = unsafe { sys::own(libc::SYS_readlinkat, args) };
    len.is_ok_and(|len| name.get(..len) == Some(wanted))
}
