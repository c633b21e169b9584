//! Mappings that the kernel insists on placing by itself: the rings of io_uring
//! (`io_uring_get_unmapped_area()` refuses every address).
//!
//! The kernel takes the highest gap that fits. So it is shown one that ends where
//! the mapping has to end: what lies above is kept by a mapping without access, of
//! which the rest of the mapping's last target page stays. The place is outside the
//! guest window, and the table does not know it: it is handled as memory of others,
//! which is whole target pages here.

use crate::sys;
use core::fmt::Write;
use core::sync::atomic::{AtomicBool, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::page::AddrRange;
use pagesim_core::space::{Config, MapRequest};

/// Places tried: another thread of the C library may map something meanwhile.
const TRIES: usize = 8;

/// Maps what could not be mapped at a place of our choice; `None` where the kernel
/// would not place it either.
#[cold]
pub(crate) fn placed_by_kernel(config: &Config, request: &MapRequest) -> Option<usize> {
    let only_placed = request.addr == 0
        && !request.flags.is_fixed()
        && !request.flags.contains(MapFlags::ANONYMOUS)
        && config.target.is_aligned(request.offset as usize);
    let len = config.real.ceil(request.len).filter(|len| *len != 0 && only_placed)?;
    let Ok(first) = proposed(request, len) else {
        explain(config, request);
        return None;
    };
    let mut at = first.start();
    for _ in 0..TRIES {
        // SAFETY: what was just mapped and nobody knows of.
        unsafe { sys::munmap(at, len) }.ok()?;
        match below(config, request, AddrRange::from_len(at, len)?) {
            Ok(place) => return Some(place),
            Err(Some(elsewhere)) => at = elsewhere,
            Err(None) => return None,
        }
    }
    // SAFETY: as above.
    let _ = unsafe { sys::munmap(at, len) };
    None
}

/// Says once, on standard error, why a ring of perf cannot be had: the kernel
/// makes it of 1 + 2^n of its own pages, which 1 + 2^n target pages never are, and
/// it tells the program where in it the data begin.
fn explain(config: &Config, request: &MapRequest) {
    static SAID: AtomicBool = AtomicBool::new(false);
    let page = config.target.bytes();
    let data = request.len.saturating_sub(page);
    let ring = request.len % page == 0 && (data / page).is_power_of_two();
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

fn is_perf_event(fd: i32) -> bool {
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

/// Where the kernel puts it.
fn proposed(request: &MapRequest, len: usize) -> Result<AddrRange, Errno> {
    let (prot, flags) = (request.prot.bits(), request.flags.bits());
    // SAFETY: a new mapping where nothing was.
    let at = unsafe { sys::mmap(0, len, prot, flags, request.fd, request.offset) }?;
    AddrRange::from_len(at, len).ok_or(Errno::ENOMEM)
}

/// Tries the highest whole target pages inside `gap` and below it. `Err` has where
/// the kernel has mapped it instead.
fn below(config: &Config, request: &MapRequest, gap: AddrRange) -> Result<usize, Option<usize>> {
    let target = config.target;
    let place = target.ceil(gap.len()).and_then(|whole| {
        let start = target.floor(gap.end().checked_sub(whole)?);
        AddrRange::from_len(start, whole)
    });
    let Some(place) = place else { return Err(None) };
    let ring_end = place.start() + gap.len();
    let Some(above) = AddrRange::new(ring_end, gap.end()) else { return Err(None) };
    keep(above).map_err(|_| None)?;
    let got = proposed(request, gap.len());
    let landed = got.is_ok_and(|range| range.start() == place.start());
    let rest = if landed { AddrRange::new(place.end(), above.end()) } else { Some(above) };
    if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
        // SAFETY: a mapping of ours that only kept the place.
        let _ = unsafe { sys::munmap(rest.start(), rest.len()) };
    }
    match got {
        Ok(range) if landed => Ok(range.start()),
        Ok(range) => Err(Some(range.start())),
        Err(_) => Err(None),
    }
}

/// Maps `range` without access where nothing is.
fn keep(range: AddrRange) -> Result<(), Errno> {
    if range.is_empty() {
        return Ok(());
    }
    let flags =
        MapFlags::PRIVATE | MapFlags::ANONYMOUS | MapFlags::NORESERVE | MapFlags::FIXED_NOREPLACE;
    let (start, len) = (range.start(), range.len());
    // SAFETY: a new mapping where nothing was.
    let at = unsafe { sys::mmap(start, len, Prot::NONE.bits(), flags.bits(), -1, 0) }?;
    if at == start {
        return Ok(());
    }
    // a kernel before 4.17 takes the address for a hint
    // SAFETY: what was just mapped.
    unsafe { sys::munmap(at, len) }?;
    Err(Errno::EEXIST)
}
