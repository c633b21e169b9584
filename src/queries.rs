//! Answers to questions about the page size and what is counted in pages.

use crate::eof::transfer;
use crate::hooks::errno;
use crate::real::Real;
use crate::{state, sys, threads};
use core::ffi::{c_int, c_long, c_ulong};
use pagesim_core::errno::Errno;

/// T in bytes; where the library is inert, the kernel's page size.
pub(crate) fn page_size() -> usize {
    let kernel = || state::startup().and_then(|s| s.aux(libc::AT_PAGESZ));
    state::target().map(|t| t.bytes()).or_else(kernel).unwrap_or(4096)
}

/// Memory that sysinfo(2) reports, in target pages.
fn pages(of: impl Fn(&libc::sysinfo) -> c_ulong) -> c_long {
    match sys::sysinfo() {
        Ok(info) => {
            let bytes = of(&info).saturating_mul(c_ulong::from(info.mem_unit));
            (bytes / page_size() as c_ulong) as c_long
        }
        Err(_) => -1,
    }
}

/// sysinfo(2) into the program's structure: a kernel counts memory in its pages,
/// so what it tells in bytes is whole target pages.
pub(crate) fn sysinfo(place: *mut libc::sysinfo) -> Result<(), Errno> {
    transfer::prepare_args(&[place as usize]);
    // SAFETY: the kernel checks the program's pointer.
    unsafe { sys::call(libc::SYS_sysinfo, [place as usize, 0, 0, 0, 0, 0]) }?;
    // SAFETY: the kernel has just written there.
    let (Some(target), Some(info)) = (state::target(), unsafe { place.as_mut() }) else {
        return Ok(());
    };
    let unit = c_ulong::from(info.mem_unit.max(1));
    let whole = |count: c_ulong| match count.checked_mul(unit) {
        Some(bytes) => target.floor(bytes as usize) as c_ulong / unit,
        None => count,
    };
    info.totalram = whole(info.totalram);
    info.freeram = whole(info.freeram);
    info.sharedram = whole(info.sharedram);
    info.bufferram = whole(info.bufferram);
    info.totalswap = whole(info.totalswap);
    info.freeswap = whole(info.freeswap);
    Ok(())
}

/// getrusage(2) into the program's structure: the most that was ever resident is
/// whole target pages.
pub(crate) fn usage(who: c_int, place: *mut libc::rusage) -> Result<(), Errno> {
    let args = [who as usize, place as usize, 0, 0, 0, 0];
    // SAFETY: the program's own request; the kernel checks the pointer.
    unsafe { transfer::asking_call(libc::SYS_getrusage, args) }?;
    // SAFETY: the kernel has just written there.
    let (Some(target), Some(usage)) = (state::target(), unsafe { place.as_mut() }) else {
        return Ok(());
    };
    let bytes = (usage.ru_maxrss as usize).checked_mul(1 << 10);
    if let Some(whole) = bytes.and_then(|bytes| target.ceil(bytes)) {
        usage.ru_maxrss = (whole >> 10) as c_long;
    }
    Ok(())
}

/// `PR_GET_AUXV` of <linux/prctl.h> (Linux 6.4).
const GET_AUXV: c_int = 0x4155_5856;

/// prctl(2) has answered `copied`: where it was asked for the auxiliary vector, of which
/// it put as much as there was room for at `place`, the page size there is T.
pub(crate) fn vector_told(option: c_int, place: usize, room: usize, copied: usize) {
    const PAIR: usize = 2 * size_of::<usize>();
    let Some(target) = state::target().filter(|_| option == GET_AUXV) else { return };
    for index in 0..room.min(copied) / PAIR {
        let pair = (place + index * PAIR) as *mut [usize; 2];
        // SAFETY: the kernel has just written this pair, aligned or not.
        unsafe {
            let [kind, _] = pair.read_unaligned();
            if kind == libc::AT_PAGESZ as usize {
                pair.write_unaligned([kind, target.bytes()]);
            }
        }
    }
}

/// Physical memory in target pages.
pub(crate) fn physical_pages() -> c_long {
    pages(|info| info.totalram)
}

/// Free physical memory in target pages.
pub(crate) fn available_pages() -> c_long {
    pages(|info| info.freeram)
}

static SYSCONF: Real = Real::new();

/// sysconf(3).
pub(crate) fn sysconf(name: c_int) -> c_long {
    match name {
        libc::_SC_PAGESIZE => page_size() as c_long,
        libc::_SC_PHYS_PAGES => physical_pages(),
        libc::_SC_AVPHYS_PAGES => available_pages(),
        _ => match SYSCONF.address(c"sysconf") {
            Some(address) => {
                // SAFETY: the next library's sysconf.
                let sysconf: extern "C" fn(c_int) -> c_long =
                    unsafe { core::mem::transmute(address) };
                let own = sysconf(name);
                if name == libc::_SC_THREAD_STACK_MIN {
                    threads::stack_min(own)
                } else {
                    own
                }
            }
            None => {
                errno::set(Errno::EINVAL);
                -1
            }
        },
    }
}

static GETAUXVAL: Real = Real::new();

/// getauxval(3). Other values than the page size come from the C library, which may
/// know them better than the vector does (AT_HWCAP2, tunables).
pub(crate) fn getauxval(kind: c_ulong) -> c_ulong {
    if kind == libc::AT_PAGESZ {
        return page_size() as c_ulong;
    }
    if let Some(address) = GETAUXVAL.address(c"getauxval") {
        // SAFETY: the next library's getauxval.
        let getauxval: extern "C" fn(c_ulong) -> c_ulong = unsafe { core::mem::transmute(address) };
        return getauxval(kind);
    }
    match state::startup().and_then(|s| s.aux(kind)) {
        Some(value) => value as c_ulong,
        None => {
            errno::set(Errno(libc::ENOENT));
            0
        }
    }
}
