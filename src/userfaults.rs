//! userfaultfd(2), which counts in pages in three places: the ranges it is given,
//! the addresses it tells of, and what is missing.
//!
//! On a system with target pages a page is there or missing as a whole. So what is
//! partly there when it is registered is completed first; a fault in a missing
//! page is answered for all of it, since ranges are whole target pages; and the address
//! of a fault is that of its page, unless the program asks for the exact one.
//!
//! No lock: everything here only asks the kernel.

use crate::other::{fetch, larger};
use crate::{maps, sys};
use core::ffi::CStr;
use core::fmt::Write;
use core::sync::atomic::{AtomicBool, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::page::{AddrRange, PageSize};
use pagesim_core::space::Config;
use pagesim_core::vma::Backing;

/// The type of the requests of <linux/userfaultfd.h>, in bits 8 to 15.
const UFFDIO: usize = 0xaa;

const REGISTER: usize = 0;
const COPY: usize = 3;
const MOVE: usize = 5;
const CONTINUE: usize = 7;
const LAST: usize = 8;
const API: usize = 0x3f;

/// `UFFDIO_REGISTER_MODE_MISSING` and `UFFDIO_REGISTER_MODE_MINOR`.
const MISSING: usize = 1;
const MINOR: usize = 4;
/// `UFFD_FEATURE_EXACT_ADDRESS`.
const EXACT_ADDRESS: usize = 1 << 11;
/// `UFFD_FEATURE_EVENT_REMAP`.
const EVENT_REMAP: usize = 1 << 2;

/// Whether messages are to be looked at: until the program begins to handle user
/// faults, reading costs one load more.
static ROUNDED: AtomicBool = AtomicBool::new(false);
/// Whether the program has asked for exact addresses.
static EXACT: AtomicBool = AtomicBool::new(false);
/// Whether it has asked to be told of moves: who moves a mapping then waits until it has
/// read that, and a second mapping counts as one.
static MOVES_TOLD: AtomicBool = AtomicBool::new(false);

/// Whether an ioctl(2) is about user faults. Its arguments are not to be looked at where it
/// fails: that would be a fault that the program waits for.
#[inline]
pub(crate) fn is_request(request: usize) -> bool {
    (request >> 8) & 0xff == UFFDIO
}

/// Before an ioctl(2): whether it is to be refused, as ranges of user faults are of
/// whole pages (`validate_range()`).
#[inline]
pub(crate) fn refuses(fd: i32, request: usize, argument: usize) -> bool {
    is_request(request) && looked_at(fd, request & 0xff, argument)
}

#[cold]
fn looked_at(fd: i32, number: usize, argument: usize) -> bool {
    if number == API {
        begins(argument);
    }
    let Some(config) = larger().filter(|_| number <= LAST && is_ours(fd)) else { return false };
    let Ok([first, second, third]) = fetch::<[usize; 3]>(argument) else { return false };
    let page = config.target;
    let aligned = match number {
        COPY => page.is_aligned(first) && page.is_aligned(third),
        MOVE => [first, second, third].iter().all(|at| page.is_aligned(*at)),
        _ => page.is_aligned(first) && page.is_aligned(second),
    };
    let range = AddrRange::from_len(first, second).filter(|_| aligned);
    match (number, range) {
        (REGISTER, Some(range)) if third & MINOR != 0 => complete_file(config, range),
        (REGISTER, Some(range)) if third & MISSING != 0 => complete(config, range),
        (CONTINUE, Some(range)) => complete_file(config, range),
        _ => {}
    }
    !aligned
}

/// [`complete`] for the file behind a shared mapping whose faults the program handles: by
/// another mapping of it, so that nothing of it is mapped in this one.
fn complete_file(config: &Config, range: AddrRange) {
    let beside = if MOVES_TOLD.load(Ordering::Relaxed) {
        by_link(range)
    } else {
        let args = [range.start(), 0, range.len(), libc::MREMAP_MAYMOVE as usize, 0, 0];
        // SAFETY: a new mapping beside the one there is, where nothing was.
        unsafe { sys::own(libc::SYS_mremap, args) }.ok()
    };
    let Some(beside) = beside else { return };
    if let Some(range) = AddrRange::from_len(beside, range.len()) {
        complete(config, range);
    }
    // SAFETY: nobody else knows of it.
    let _ = unsafe { sys::munmap(beside, range.len()) };
}

/// A mapping of the same part of the file, by a link that only the privileged may follow.
fn by_link(range: AddrRange) -> Option<usize> {
    let region = maps::region_from(range.start()).ok()??;
    let Backing::File { offset, .. } = region.backing else { return None };
    let within = range.start().checked_sub(region.range.start())?;
    if !region.shared || !region.range.covers(range) {
        return None;
    }
    let mut link = crate::log::Line::new();
    let (start, end) = (region.range.start(), region.range.end());
    write!(link, "/proc/self/map_files/{start:x}-{end:x}\0").ok()?;
    let link = CStr::from_bytes_until_nul(link.text()).ok()?;
    let fd = sys::open(link, libc::O_RDONLY | libc::O_CLOEXEC, 0).ok()?;
    let (prot, flags) = (libc::PROT_READ as usize, libc::MAP_SHARED as usize);
    let at = offset as usize + within;
    // SAFETY: a new mapping where nothing was.
    let made = unsafe { sys::own(libc::SYS_mmap, [0, range.len(), prot, flags, fd as usize, at]) };
    sys::close(fd);
    made.ok()
}

/// The first request of all, whose answer has the features that the kernel knows in
/// the place of those that are asked for.
fn begins(argument: usize) {
    let (Some(_), Ok([_, features])) = (larger(), fetch::<[usize; 2]>(argument)) else { return };
    if features & EVENT_REMAP != 0 {
        MOVES_TOLD.store(true, Ordering::Relaxed);
    }
    if features & EXACT_ADDRESS != 0 {
        EXACT.store(true, Ordering::Relaxed);
    }
    ROUNDED.store(!EXACT.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// Whether what is read may be messages.
#[inline]
pub(crate) fn any() -> bool {
    ROUNDED.load(Ordering::Relaxed)
}

/// `struct uffd_msg` of <linux/userfaultfd.h>, of an event of a fault.
#[repr(C, packed)]
struct Message {
    event: u8,
    reserved: [u8; 7],
    flags: u64,
    address: u64,
    more: u64,
}

/// `UFFD_EVENT_PAGEFAULT`.
const PAGE_FAULT: u8 = 0x12;

/// read(2) of `fd` has put `got` bytes at `to`.
#[inline]
pub(crate) fn told(fd: i32, to: usize, got: isize) {
    if any() && got > 0 {
        round(fd, to, got as usize);
    }
}

#[cold]
fn round(fd: i32, to: usize, got: usize) {
    let Some(config) = larger() else { return };
    if got % size_of::<Message>() != 0 || !is_ours(fd) {
        return;
    }
    let count = got / size_of::<Message>();
    // SAFETY: the kernel has just written these bytes; the type has no alignment and
    // no value that is not one.
    let messages = unsafe { core::slice::from_raw_parts_mut(to as *mut Message, count) };
    for message in messages {
        if message.event == PAGE_FAULT {
            message.address &= !(config.target.mask() as u64);
        }
    }
}

/// Host pages asked for at once.
const CHUNK: usize = 512;

/// Makes the target pages of `range` that are partly there wholly so.
fn complete(config: &Config, range: AddrRange) {
    let (target, real) = (config.target, config.real);
    let each = target.bytes() >> real.shift();
    let mut resident = [0u8; CHUNK];
    let mut at = range.start();
    while at < range.end() {
        let len = (CHUNK << real.shift()).min(range.end() - at);
        let args = [at, len, resident.as_mut_ptr() as usize, 0, 0, 0];
        // SAFETY: mincore(2) writes one byte for each host page of at most CHUNK.
        if unsafe { sys::own(libc::SYS_mincore, args) }.is_err() {
            return;
        }
        let told = resident.get(..len >> real.shift()).unwrap_or(&[]);
        for (index, parts) in told.chunks(each).enumerate() {
            let there = parts.iter().filter(|part| *part & 1 != 0).count();
            if there != 0 && there != parts.len() {
                populate(at + index * target.bytes(), target);
            }
        }
        at += len;
    }
}

/// Has all of a target page read (Linux 5.14).
fn populate(page: usize, target: PageSize) {
    // SAFETY: what is there stays as it is; what is missing is read as zeros. Where
    // that cannot be, it stays missing.
    let _ = unsafe { sys::madvise(page, target.bytes(), libc::MADV_POPULATE_READ) };
}

/// Whether `fd` is a userfaultfd; where there is no /proc, the request decides.
fn is_ours(fd: i32) -> bool {
    const NAME: &[u8] = b"anon_inode:[userfaultfd]";
    let mut path = crate::log::Line::new();
    let _ = write!(path, "/proc/self/fd/{fd}\0");
    let mut name = [0u8; NAME.len() + 1];
    let (from, to) = (path.finish().as_ptr() as usize, name.as_mut_ptr() as usize);
    let args = [libc::AT_FDCWD as usize, from, to, name.len(), 0, 0];
    // SAFETY: readlinkat(2) of a C string into a buffer of this length.
    let len: Result<usize, Errno> = unsafe { sys::own(libc::SYS_readlinkat, args) };
    len.map_or(true, |len| name.get(..len) == Some(NAME))
}
