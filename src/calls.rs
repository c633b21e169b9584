//! The emulated calls: each takes its turn at the address space, or goes to the
//! kernel as it is where the library is inert, and is logged.

use crate::arch::untagged;
use crate::eof::Eof;
use crate::procfs::origin;
use crate::state::{enter, Turn};
use crate::{direct, eof, flight, log, record, rings, sys};
use pagesim_core::errno::Errno;
use pagesim_core::finding::Call;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::space::MapRequest;

/// mmap(2). A file of `/proc` cannot be mapped, nor can what stands for it.
pub(crate) fn mmap(
    addr: usize,
    len: usize,
    prot: i32,
    flags: i32,
    fd: i32,
    offset: u64,
) -> Result<usize, Errno> {
    let named = flags & libc::MAP_ANONYMOUS == 0;
    let origin = if named { origin::of(fd, libc::O_RDONLY) } else { None };
    let fd = origin.unwrap_or(fd);
    let request = MapRequest {
        addr,
        len,
        prot: Prot::from_bits_retain(prot as u32),
        flags: MapFlags::from_bits_retain(flags as u32),
        fd,
        offset,
        align: 0,
    };
    if let Some(result) = flight::mmap(&request) {
        log::mmap(&request, result);
        return result;
    }
    let result = match enter() {
        Turn::Open(mut guard) => record::watched(
            &mut guard,
            || Call::Mmap(request, None),
            |guard| {
                if request.flags.is_fixed() && eof::alive() {
                    let mut eof = Eof::of(guard);
                    eof.leave(eof.pages(addr, len));
                }
                let mut result = guard.space().mmap(&request);
                if named {
                    result = rings::mapped(guard.space(), &request, result);
                }
                if let Ok(at) = result {
                    Eof::of(guard).mapped(at, len, request.flags);
                }
                result
            },
        ),
        Turn::Nested(config) => direct::mmap(config, &request),
        Turn::Inert => {
            // SAFETY: the program's own request.
            return unsafe { sys::mmap(addr, len, prot as u32, flags as u32, fd, offset) };
        }
    };
    log::mmap(&request, result);
    if let Some(origin) = origin {
        sys::close(origin);
    }
    result
}

/// munmap(2).
pub(crate) fn munmap(addr: usize, len: usize) -> Result<(), Errno> {
    let addr = untagged(addr);
    if let Some(result) = flight::munmap(addr, len) {
        log::call("munmap", addr, len, format_args!(""), result);
        return result;
    }
    let result = match enter() {
        Turn::Open(mut guard) => record::watched(
            &mut guard,
            || Call::Munmap { addr, len },
            |guard| {
                if eof::alive() {
                    let mut eof = Eof::of(guard);
                    eof.leave(eof.pages(addr, len));
                }
                let result = guard.space().munmap(addr, len);
                if result.is_ok() && eof::alive() {
                    let mut eof = Eof::of(guard);
                    eof.forget(eof.pages(addr, len));
                }
                result
            },
        ),
        Turn::Nested(config) => direct::munmap(config, addr, len),
        // SAFETY: the program's own request.
        Turn::Inert => return unsafe { sys::munmap(addr, len) },
    };
    log::call("munmap", addr, len, format_args!(""), result);
    result
}

/// mprotect(2).
pub(crate) fn mprotect(addr: usize, len: usize, prot: i32) -> Result<(), Errno> {
    let addr = untagged(addr);
    let new = Prot::from_bits_retain(prot as u32);
    let result = match enter() {
        Turn::Open(mut guard) => {
            let call = || Call::Mprotect { addr, len, prot: new };
            record::watched(&mut guard, call, |guard| guard.space().mprotect(addr, len, new))
        }
        Turn::Nested(config) => direct::mprotect(config, addr, len, new),
        // SAFETY: the program's own request.
        Turn::Inert => return unsafe { sys::mprotect(addr, len, prot as u32) },
    };
    log::call("mprotect", addr, len, format_args!(", {}", log::Names(new)), result);
    result
}

/// msync(2).
pub(crate) fn msync(addr: usize, len: usize, flags: i32) -> Result<(), Errno> {
    let addr = untagged(addr);
    let result = match enter() {
        Turn::Open(mut guard) => record::watched(
            &mut guard,
            || Call::Msync { addr, len, flags },
            |guard| {
                let result = guard.space().msync(addr, len, flags);
                if flags & libc::MS_SYNC != 0 && eof::alive() {
                    let mut eof = Eof::of(guard);
                    eof.written_back(eof.pages(addr, len));
                }
                result
            },
        ),
        Turn::Nested(config) => direct::msync(config, addr, len, flags),
        Turn::Inert => return sys::msync(addr, len, flags),
    };
    log::call("msync", addr, len, format_args!(", {}", log::SyncFlags(flags)), result);
    result
}
