//! Operations without the table: for a signal handler that interrupted an
//! operation of its own thread.
//!
//! The arguments are rounded and checked like those of any other call; the host
//! keeps the mappings right, and places new ones; the table reads the ranges again
//! before it is next used (see `pending`). Only for target pages that are not
//! smaller than host pages: for those the table is not needed to be exact.

use crate::ranges::Remap;
use crate::{mincore, pending, sys};
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::page::AddrRange;
use pagesim_core::space::{Config, MapRequest};

fn note(start: usize, len: usize) {
    if let Some(range) = AddrRange::from_len(start, len) {
        pending::push(range);
    }
}

/// mmap(2).
pub(crate) fn mmap(config: &Config, request: &MapRequest) -> Result<usize, Errno> {
    let target = config.target;
    if !target.is_aligned(request.offset as usize) {
        return Err(Errno::EINVAL);
    }
    let map = |addr, len, flags: MapFlags| {
        // SAFETY: the program's own request.
        unsafe {
            sys::mmap(addr, len, request.prot.bits(), flags.bits(), request.fd, request.offset)
        }
    };
    let len = match target.ceil(request.len) {
        Some(len) if len != 0 => len,
        _ => return map(request.addr, request.len, request.flags),
    };
    if request.flags.is_fixed() {
        // a misaligned address stays misaligned for the host
        let addr = if target.is_aligned(request.addr) { request.addr } else { request.addr | 1 };
        let mapped = map(addr, len, request.flags)?;
        note(mapped, len);
        return Ok(mapped);
    }
    let hint = target.floor(request.addr);
    if hint != 0 {
        if let Ok(mapped) = map(hint, len, request.flags | MapFlags::FIXED_NOREPLACE) {
            note(mapped, len);
            return Ok(mapped);
        }
    }
    let mapped = place(config, len, request.flags)?;
    let answer = map(mapped, len, request.flags | MapFlags::FIXED);
    if answer.is_ok() {
        note(mapped, len);
    } else {
        // SAFETY: the place that was just taken and that nobody knows of.
        let _ = unsafe { sys::munmap(mapped, len) };
    }
    answer
}

/// Takes an aligned place of the host's choice.
fn place(config: &Config, len: usize, flags: MapFlags) -> Result<usize, Errno> {
    let slack = config.target.bytes() - config.real.bytes();
    let whole = len.checked_add(slack).ok_or(Errno::ENOMEM)?;
    let kept = flags & MapFlags::BIT32;
    let claim = kept | MapFlags::PRIVATE | MapFlags::ANONYMOUS | MapFlags::NORESERVE;
    // SAFETY: a new mapping where nothing was, trimmed to its aligned part.
    unsafe {
        let start = sys::mmap(0, whole, Prot::NONE.bits(), claim.bits(), -1, 0)?;
        let place = config.target.ceil(start).ok_or(Errno::ENOMEM)?;
        let (head, tail) = (place - start, slack - (place - start));
        if head != 0 {
            let _ = sys::munmap(start, head);
        }
        if tail != 0 {
            let _ = sys::munmap(place + len, tail);
        }
        Ok(place)
    }
}

/// A range of whole target pages from `addr` on, or the error for it.
fn pages(config: &Config, addr: usize, len: usize, wrapped: Errno) -> Result<usize, Errno> {
    if !config.target.is_aligned(addr) {
        return Err(Errno::EINVAL);
    }
    match config.target.ceil(len) {
        Some(rounded) if addr.checked_add(rounded).is_some() => Ok(rounded),
        _ => Err(wrapped),
    }
}

/// munmap(2).
pub(crate) fn munmap(config: &Config, addr: usize, len: usize) -> Result<(), Errno> {
    let len = pages(config, addr, len, Errno::EINVAL)?;
    // SAFETY: the program's own request.
    unsafe { sys::munmap(addr, len) }?;
    note(addr, len);
    Ok(())
}

/// mprotect(2).
pub(crate) fn mprotect(config: &Config, addr: usize, len: usize, prot: Prot) -> Result<(), Errno> {
    let len = pages(config, addr, len, Errno::ENOMEM)?;
    // SAFETY: the program's own request.
    let answer = unsafe { sys::mprotect(addr, len, prot.bits()) };
    // also a call that fails may have changed a part
    note(addr, len);
    answer
}

/// msync(2).
pub(crate) fn msync(config: &Config, addr: usize, len: usize, flags: i32) -> Result<(), Errno> {
    let len = pages(config, addr, len, Errno::ENOMEM)?;
    sys::msync(addr, len, flags)
}

/// A call on a range that answers 0 or an error: its start and length are the first
/// arguments.
pub(crate) fn ranged(
    config: &Config,
    number: libc::c_long,
    args: [usize; 6],
    wrapped: Errno,
    floors: bool,
) -> Result<(), Errno> {
    let [addr, len, rest @ ..] = args;
    let start = if floors { config.target.floor(addr) } else { addr };
    let len = pages(config, start, len.checked_add(addr - start).ok_or(wrapped)?, wrapped)?;
    let [c, d, e, f] = rest;
    // SAFETY: the program's own request.
    unsafe { sys::call(number, [start, len, c, d, e, f]) }?;
    note(start, len);
    Ok(())
}

/// mincore(2).
pub(crate) fn mincore(
    config: &Config,
    addr: usize,
    len: usize,
    vector: usize,
) -> Result<(), Errno> {
    let len = pages(config, addr, len, Errno::ENOMEM)?;
    let range = AddrRange::from_len(addr, len).ok_or(Errno::ENOMEM)?;
    mincore::tell(config.real, range, config.target.bytes(), vector, mincore::may_write)
}

/// mremap(2): in place where that can be, else to an aligned place.
pub(crate) fn mremap(config: &Config, remap: &Remap) -> Result<usize, Errno> {
    let old_len = pages(config, remap.addr, remap.old_len, Errno::EINVAL)?;
    let new_len = config.target.ceil(remap.new_len).ok_or(Errno::EINVAL)?;
    let raw = |flags: i32, to: usize| {
        let args = [remap.addr, old_len, new_len, flags as usize, to, 0];
        // SAFETY: the program's own request, with its lengths in whole pages.
        unsafe { sys::call(libc::SYS_mremap, args) }
    };
    note(remap.addr, old_len.max(new_len));
    if remap.flags & libc::MREMAP_FIXED != 0 {
        pages(config, remap.new_addr, new_len, Errno::EINVAL)?;
        note(remap.new_addr, new_len);
        return raw(remap.flags, remap.new_addr);
    }
    let in_place = raw(remap.flags & !libc::MREMAP_MAYMOVE, 0);
    if in_place.is_ok() || remap.flags & libc::MREMAP_MAYMOVE == 0 {
        return in_place;
    }
    let to = place(config, new_len, MapFlags::empty())?;
    let moved = raw(remap.flags | libc::MREMAP_FIXED, to);
    match moved {
        Ok(_) => note(to, new_len),
        Err(_) => {
            // SAFETY: the place that was just taken and that nobody knows of.
            let _ = unsafe { sys::munmap(to, new_len) };
        }
    }
    moved
}
