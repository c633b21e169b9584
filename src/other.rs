//! Calls that only look at a page size in passing: packet rings, NUMA questions, advice
//! for another process.

use crate::{eof, ranges, record, state, sys};
use libc::c_long;
use pagesim_core::errno::Errno;
use pagesim_core::finding::Call;
use pagesim_core::space::Config;

/// process_madvise(2) (Linux 5.10), of one number on all architectures.
pub(crate) const SYS_PROCESS_MADVISE: c_long = 440;

/// Reads a value from the program's memory, which may be anything.
pub(crate) fn fetch<T: Copy + Default>(addr: usize) -> Result<T, Errno> {
    let mut value = T::default();
    let len = size_of::<T>();
    let local = libc::iovec { iov_base: (&raw mut value).cast(), iov_len: len };
    let remote = libc::iovec { iov_base: addr as *mut libc::c_void, iov_len: len };
    let (local, remote) = (&raw const local as usize, &raw const remote as usize);
    let args = [sys::getpid() as usize, local, 1, remote, 1, 0];
    // SAFETY: process_vm_readv(2) of this process fails where there is no memory;
    // all values here are plain numbers.
    match unsafe { sys::own(libc::SYS_process_vm_readv, args) } {
        Ok(done) if done == len => Ok(value),
        Ok(_) | Err(Errno::EFAULT) => Err(Errno::EFAULT),
        // A filter forbids the call.
        Err(_) if eof::readable(addr & !7) && eof::readable((addr + len - 1) & !7) => {
            // SAFETY: the first and the last word can be read, and a value is shorter
            // than a page.
            Ok(unsafe { (addr as *const T).read_unaligned() })
        }
        Err(_) => Err(Errno::EFAULT),
    }
}

/// Puts a value into the program's memory, which may be anything.
pub(crate) fn put<T: Copy>(place: usize, value: &T) -> Result<(), Errno> {
    let len = size_of::<T>();
    let from = core::ptr::from_ref(value).cast_mut().cast();
    let local = libc::iovec { iov_base: from, iov_len: len };
    let remote = libc::iovec { iov_base: place as *mut libc::c_void, iov_len: len };
    let (local, remote) = (&raw const local as usize, &raw const remote as usize);
    let args = [sys::getpid() as usize, local, 1, remote, 1, 0];
    // SAFETY: process_vm_writev(2) to this process fails where there is no memory.
    match unsafe { sys::own(libc::SYS_process_vm_writev, args) } {
        Ok(done) if done == len => Ok(()),
        Ok(_) | Err(Errno::EFAULT) => Err(Errno::EFAULT),
        Err(_) => {
            // SAFETY: a filter forbids the call; the program promised room for it.
            unsafe { (place as *mut T).write_unaligned(*value) };
            Ok(())
        }
    }
}

/// `MAX_RW_COUNT` with the largest target page.
const LEAST_CAP: usize = (i32::MAX as usize) & !((1 << 20) - 1);

/// What one read or write of `len` bytes takes at most: `MAX_RW_COUNT`, which is whole pages.
#[inline]
pub(crate) fn at_most(len: usize) -> usize {
    if len > LEAST_CAP {
        cut(len)
    } else {
        len
    }
}

#[cold]
fn cut(len: usize) -> usize {
    /// More than this is no length, and for the kernel to refuse.
    const LARGEST: usize = 1 << 46;
    let page = state::target().filter(|_| len <= LARGEST);
    page.map_or(len, |page| len.min(page.floor(i32::MAX as usize)))
}

/// The configuration where target pages are larger than the host's.
pub(crate) fn larger() -> Option<&'static Config> {
    state::config().filter(|config| config.target > config.real)
}

/// Whether a setsockopt(2) is to be refused: the blocks of a packet ring are whole
/// pages (`packet_set_ring()`).
#[inline]
pub(crate) fn refuses_option(fd: i32, level: i32, name: i32, value: usize, len: usize) -> bool {
    level == libc::SOL_PACKET
        && matches!(name, libc::PACKET_RX_RING | libc::PACKET_TX_RING)
        && len >= size_of::<[u32; 4]>()
        && misaligned_ring(fd, name, value)
}

#[cold]
fn misaligned_ring(fd: i32, option: i32, value: usize) -> bool {
    let (Some(config), Ok([size, count])) = (larger(), fetch::<[u32; 2]>(value)) else {
        return false;
    };
    let misaligned = count != 0 && !config.target.is_aligned(size as usize);
    misaligned && record::refuses(|| Call::PacketRing { fd, option, size, count })
}

/// io_uring's calls (Linux 5.1), of one number on all architectures.
pub(crate) const SYS_IO_URING_SETUP: c_long = 425;
pub(crate) const SYS_IO_URING_REGISTER: c_long = 427;

/// Whether io_uring_setup(2) is to be refused: rings in the program's memory begin on
/// a page (`io_uring_parse_user_addr()`, `io_region_pin_pages()`).
#[cold]
#[inline(never)]
pub(crate) fn refuses_rings(params: usize) -> bool {
    /// `IORING_SETUP_NO_MMAP`, and where `struct io_uring_params` has the flags and
    /// both addresses.
    const NO_MMAP: u32 = 1 << 14;
    const FLAGS: usize = 8;
    const ADDRESSES: [usize; 2] = [72, 112];
    let Some(config) = larger() else { return false };
    let asks = fetch::<u32>(params.wrapping_add(FLAGS)).is_ok_and(|flags| flags & NO_MMAP != 0);
    asks && ADDRESSES.into_iter().any(|at| {
        let addr = fetch::<usize>(params.wrapping_add(at));
        addr.is_ok_and(|addr| !config.target.is_aligned(addr))
    })
}

/// Whether io_uring_register(2) is to be refused: so does a ring of buffers
/// (`io_register_pbuf_ring()`).
#[cold]
#[inline(never)]
pub(crate) fn refuses_buffers(request: usize, place: usize) -> bool {
    /// `IORING_REGISTER_PBUF_RING`, and a flag with which the kernel brings the memory.
    const BUFFER_RING: usize = 22;
    const FROM_KERNEL: usize = 1 << 48;
    let Some(config) = larger().filter(|_| request == BUFFER_RING) else { return false };
    fetch::<[usize; 2]>(place).is_ok_and(|[addr, entries_group_flags]| {
        entries_group_flags & FROM_KERNEL == 0 && !config.target.is_aligned(addr)
    })
}

/// process_madvise(2): one range after the other, as the kernel does it, each in
/// whole target pages.
pub(crate) fn process_madvise(args: [usize; 6]) -> Result<usize, Errno> {
    /// `UIO_MAXIOV`.
    const MOST: usize = 1024;
    let [pidfd, vector, count, advice, flags, _] = args;
    let raw = |vector: usize, count: usize| {
        // SAFETY: the program's own request.
        unsafe { sys::call(SYS_PROCESS_MADVISE, [pidfd, vector, count, advice, flags, 0]) }
    };
    let Some(config) = larger().filter(|_| count != 0 && count <= MOST) else {
        return raw(vector, count);
    };
    let range =
        |index: usize| fetch::<[usize; 2]>(vector.wrapping_add(index * size_of::<[usize; 2]>()));
    let one = |[start, len]: [usize; 2], index: usize| {
        // A misaligned start stays one for the host, which has other
        // reasons to refuse to look at first.
        let aligned = config.target.is_aligned(start);
        let start = if aligned { start } else { start | 1 };
        let whole = [start, config.target.ceil(len).ok_or(Errno::EINVAL)?];
        let answer = raw(&raw const whole as usize, 1);
        // of empty ones the very first is looked at, when another is not
        let more = || (1..count).any(|later| range(later).is_ok_and(|[_, len]| len != 0));
        if answer.is_ok() && index == 0 && len == 0 && !aligned && more() {
            return Err(Errno::EINVAL);
        }
        // only a process itself may give back memory (Linux 6.13); a hole is
        // found when all else is done
        if matches!(answer, Ok(_) | Err(Errno::ENOMEM)) {
            ranges::advised(start, len, advice as i32);
        }
        answer.map(|_| len)
    };
    let mut done = 0;
    for index in 0..count {
        match range(index).and_then(|range| one(range, index)) {
            Ok(len) => done += len,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// Host pages of the largest target page: 1 MiB of 4 KiB.
const PARTS: usize = 256;

/// move_pages(2): a target page is where any of its host pages is, and moves as a
/// whole.
pub(crate) fn move_pages(args: [usize; 6]) -> Result<usize, Errno> {
    let [pid, count, pages, nodes, status, flags] = args;
    let Some(config) = larger().filter(|_| count != 0) else {
        // SAFETY: the program's own request.
        return unsafe { sys::call(libc::SYS_move_pages, args) };
    };
    for index in 0..count {
        let page: usize = fetch(pages.wrapping_add(index * size_of::<usize>()))?;
        let node = match nodes {
            0 => None,
            nodes => Some(fetch::<i32>(nodes.wrapping_add(index * size_of::<i32>()))?),
        };
        let answer = move_one(config, pid, page, node, flags)?;
        store(status, index, answer)?;
    }
    Ok(0)
}

/// What status becomes of one target page.
fn move_one(
    config: &Config,
    pid: usize,
    page: usize,
    node: Option<i32>,
    flags: usize,
) -> Result<i32, Errno> {
    let first = config.target.floor(page);
    let count = (config.target.bytes() / config.real.bytes()).min(PARTS);
    let mut parts = [0usize; PARTS];
    for (index, part) in parts.iter_mut().take(count).enumerate() {
        *part = first.wrapping_add(index * config.real.bytes());
    }
    let wanted = [node.unwrap_or(0); PARTS];
    let nodes = if node.is_some() { wanted.as_ptr() as usize } else { 0 };
    let mut answers = [0i32; PARTS];
    let to = answers.as_mut_ptr() as usize;
    // SAFETY: arrays of `count` elements; moves nothing but where pages lie.
    unsafe {
        sys::call(libc::SYS_move_pages, [pid, count, parts.as_ptr() as usize, nodes, to, flags])
    }?;
    let seen = answers.get(..count).unwrap_or(&[]);
    let there = seen.iter().find(|status| **status >= 0).or(seen.first());
    Ok(there.copied().unwrap_or(0))
}

/// Puts a status into the program's array, which may be anything.
fn store(array: usize, index: usize, value: i32) -> Result<(), Errno> {
    put(array.wrapping_add(index * size_of::<i32>()), &value)
}

/// set_mempolicy_home_node(2) (Linux 5.17), of one number on all architectures.
pub(crate) const SYS_HOME_NODE: c_long = 450;

/// set_mempolicy_home_node(2): a range of whole pages.
pub(crate) fn home_node(args: [usize; 6]) -> Result<usize, Errno> {
    let [start, len, node, flags, ..] = args;
    let (start, len) = match larger() {
        // stays wrong for the host
        Some(config) if !config.target.is_aligned(start) => (start | 1, len),
        Some(config) => (start, config.target.ceil(len).unwrap_or(len)),
        None => (start, len),
    };
    // SAFETY: the program's own request.
    unsafe { sys::call(SYS_HOME_NODE, [start, len, node, flags, 0, 0]) }
}
