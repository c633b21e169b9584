//! What the handling of tails asks of the kernel.

use crate::procfs::resident;
use crate::{filter, sys};
use core::sync::atomic::{AtomicBool, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::page::{AddrRange, PageSize};

/// No kernel's pages are smaller.
pub(crate) const SMALLEST_PAGE: usize = 1 << 12;

/// No `how` of rt_sigprocmask(2).
const NO_SUCH_HOW: usize = 99;

/// Whether the 8 bytes at `addr` can be read.
///
/// rt_sigprocmask(2) copies its set from the caller's memory before it looks at
/// `how`: EFAULT when it cannot, else EINVAL and nothing happens. The kernel reads
/// as the program would, without a signal, a descriptor or a right that a
/// filter could have taken away.
pub(crate) fn readable(addr: usize) -> bool {
    // who cannot be asked has no tails; a null pointer is no set, which is no error
    if addr == 0 || filter::ends(libc::SYS_rt_sigprocmask) {
        return false;
    }
    let args = [NO_SUCH_HOW, addr, 0, size_of::<sys::SignalSet>(), 0, 0];
    // SAFETY: reads memory and changes nothing, whatever the address.
    !matches!(unsafe { sys::call(libc::SYS_rt_sigprocmask, args) }, Err(Errno::EFAULT))
}

/// FUTEX_WAKE_OP's operation: `*word |= 0`.
const OR_NOTHING: usize = 2 << 28;

/// Whether the aligned word at `addr` can be written; leaves it as it is.
///
/// FUTEX_WAKE_OP does an atomic operation on its second word.
pub(crate) fn writable(addr: usize) -> bool {
    let mine = 0u32;
    let op = (libc::FUTEX_WAKE_OP | libc::FUTEX_PRIVATE_FLAG) as usize;
    let args = [&raw const mine as usize, op, 0, 0, addr, OR_NOTHING];
    // SAFETY: wakes nobody (0 waiters on either word) and stores what is there.
    !matches!(unsafe { sys::call(libc::SYS_futex, args) }, Err(Errno::EFAULT))
}

const MAYMOVE: usize = 1;
const FIXED: usize = 2;
const DONTUNMAP: usize = 4;

/// # Safety
/// That of mremap(2).
unsafe fn mremap(
    old: usize,
    old_len: usize,
    new_len: usize,
    flags: usize,
    new: usize,
) -> Result<usize, Errno> {
    // SAFETY: the caller's promise.
    unsafe { sys::call(libc::SYS_mremap, [old, old_len, new_len, flags, new, 0]) }
}

/// Moves the mapping `from` to `to`, over what is there. Other threads find the
/// one or the other at `to` and nothing in between: `mremap_to()` holds the
/// address space for writing.
pub(crate) fn move_over(from: AddrRange, to: usize) -> Result<(), Errno> {
    // SAFETY: callers name mappings of their own or tails, whose contents they
    // answer for.
    unsafe { mremap(from.start(), from.len(), from.len(), MAYMOVE | FIXED, to) }.map(drop)
}

/// A second mapping of the shared memory at `range`, somewhere; not locked in memory,
/// where it would count once more.
pub(crate) fn duplicate(range: AddrRange) -> Result<AddrRange, Errno> {
    let locked = is_locked(range);
    if locked {
        unlock(range);
    }
    // SAFETY: an old length of 0 leaves the old mapping as it is.
    let at = unsafe { mremap(range.start(), 0, range.len(), MAYMOVE, 0) };
    if locked {
        lock(range);
    }
    AddrRange::from_len(at?, range.len()).ok_or(Errno::ENOMEM)
}

/// Makes a second mapping of what is mapped at `range`, a part of a file past its
/// end, where there are no pages: only the mapping itself is wanted.
///
/// MREMAP_DONTUNMAP leaves the old one in place, so that no other thread finds a
/// hole (for files from Linux 5.13 on). A shared mapping can be duplicated in every
/// kernel. Else the mapping is moved.
///
/// The parked mapping is not locked in memory: MREMAP_DONTUNMAP counts what is
/// locked twice.
pub(crate) fn park(range: AddrRange, shared: bool) -> Result<Parked, Errno> {
    let locked = is_locked(range);
    if locked {
        unlock(range);
    }
    if !shared {
        // the file is to come back, not what the program had made of it
        // SAFETY: callers need nothing of what is there.
        let _ = unsafe { sys::madvise(range.start(), range.len(), libc::MADV_DONTNEED) };
    }
    let parked = second_mapping(range, shared);
    match parked {
        Ok((range, moved)) => Ok(Parked { range, moved, locked }),
        Err(errno) => {
            if locked {
                lock(range);
            }
            Err(errno)
        }
    }
}

/// Answer of [`park`].
pub(crate) struct Parked {
    pub(crate) range: AddrRange,
    /// Nothing is left in the old place.
    pub(crate) moved: bool,
    /// The old place was locked in memory.
    pub(crate) locked: bool,
}

/// Whether the program has ever locked memory.
static ANY_LOCKED: AtomicBool = AtomicBool::new(false);

/// It is about to.
pub(crate) fn locking() {
    ANY_LOCKED.store(true, Ordering::Relaxed);
}

/// Whether what is past the end of a file, shared, or dispensable, is locked in
/// memory. madvise(2) does not take pages away that are
/// (`can_madv_dontneed_free()`).
pub(crate) fn is_locked(range: AddrRange) -> bool {
    if !ANY_LOCKED.load(Ordering::Relaxed) {
        return false;
    }
    // SAFETY: callers need nothing of what is there.
    let answer = unsafe { sys::madvise(range.start(), range.len(), libc::MADV_DONTNEED) };
    answer == Err(Errno::EINVAL)
}

/// mlock(2); beyond the limit it stays unlocked.
pub(crate) fn lock(range: AddrRange) {
    // SAFETY: contents are untouched.
    let _ = unsafe { sys::call(libc::SYS_mlock, [range.start(), range.len(), 0, 0, 0, 0]) };
}

/// Has a child not get a mapping, or get it after all.
pub(crate) fn leave_behind(range: AddrRange, leave: bool) {
    let advice = if leave { libc::MADV_DONTFORK } else { libc::MADV_DOFORK };
    // SAFETY: changes nothing in this process.
    let _ = unsafe { sys::madvise(range.start(), range.len(), advice) };
}

/// munlock(2).
fn unlock(range: AddrRange) {
    // SAFETY: contents are untouched.
    let _ = unsafe { sys::call(libc::SYS_munlock, [range.start(), range.len(), 0, 0, 0, 0]) };
}

/// The second mapping, and whether it is the only one now.
fn second_mapping(range: AddrRange, shared: bool) -> Result<(AddrRange, bool), Errno> {
    let len = range.len();
    // SAFETY: there is nothing in the pages past the end of a file.
    if let Ok(at) = unsafe { mremap(range.start(), len, len, MAYMOVE | DONTUNMAP, 0) } {
        return Ok((AddrRange::from_len(at, len).ok_or(Errno::ENOMEM)?, false));
    }
    if shared {
        return Ok((duplicate(range)?, false));
    }
    let place = anonymous(len, Prot::NONE, MapFlags::PRIVATE | MapFlags::NORESERVE)?;
    match move_over(range, place.start()) {
        Ok(()) => Ok((place, true)),
        Err(errno) => {
            unmap(place);
            Err(errno)
        }
    }
}

/// New memory somewhere.
pub(crate) fn anonymous(len: usize, prot: Prot, flags: MapFlags) -> Result<AddrRange, Errno> {
    let flags = MapFlags::ANONYMOUS | flags;
    // SAFETY: a new mapping where nothing was.
    let at = unsafe { sys::mmap(0, len, prot.bits(), flags.bits(), -1, 0) }?;
    AddrRange::from_len(at, len).ok_or(Errno::ENOMEM)
}

/// Memory of the given kind with the same bytes as `range`, which can be read.
pub(crate) fn copy(range: AddrRange, flags: MapFlags) -> Result<AddrRange, Errno> {
    let copy = anonymous(range.len(), Prot::RW, flags)?;
    copy_to(range, copy);
    Ok(copy)
}

/// Copies the first bytes of `from`, which can be read, over all of `to`, a mapping of our
/// own that is not longer and can be written.
pub(crate) fn copy_to(from: AddrRange, to: AddrRange) {
    let (from, place) = (from.start() as *const u8, to.start() as *mut u8);
    // SAFETY: what callers say of both; nobody else knows of the second.
    unsafe { core::ptr::copy_nonoverlapping(from, place, to.len()) };
}

/// A sum of memory that can be read, in whole words; that of zeros is 0.
pub(crate) fn sum(range: AddrRange) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let first = range.start() as *const u64;
    let words = 0..range.len() / size_of::<u64>();
    // SAFETY: whole words that can be read, which other threads may be writing.
    let read = |i| unsafe { first.add(i).read_volatile() };
    words.fold(0, |sum, i| (sum ^ read(i)).wrapping_mul(FACTOR).rotate_left(29))
}

/// Whether this is the only thread of its process; `false` where the kernel does not say.
pub(crate) fn is_single_threaded() -> bool {
    // a folder has two links and one for each folder in it
    sys::stat(c"/proc/self/task").is_ok_and(|tasks| tasks.st_nlink == 3)
}

/// What the kernel says of the pages of this process (`/proc/self/pagemap`).
pub(crate) struct Pagemap(i32);

impl Pagemap {
    /// `None` without `/proc`.
    pub(crate) fn open() -> Option<Pagemap> {
        let flags = libc::O_RDONLY | libc::O_CLOEXEC;
        sys::open(c"/proc/self/pagemap", flags, 0).ok().map(Pagemap)
    }

    /// The first host page of `range`, in a private mapping of a file, that is the
    /// process's own, or was when it was swapped out.
    pub(crate) fn first_own(&self, range: AddrRange, page: PageSize) -> Option<usize> {
        const PRESENT: u64 = 1 << 63;
        const SWAPPED: u64 = 1 << 62;
        const OF_FILE: u64 = 1 << 61;
        if range.is_empty() {
            return None;
        }
        // at once (Linux 6.7); else entry by entry
        if let Some(found) = resident::first(self.0, range, resident::Pages::OwnUsed) {
            return found;
        }
        let own = |entry: &u64| entry & (PRESENT | SWAPPED) != 0 && entry & OF_FILE == 0;
        let (mut at, end) = (range.start() >> page.shift(), range.end() >> page.shift());
        while at < end {
            let mut entries = [0u64; 64];
            let len = (end - at).min(entries.len()) * size_of::<u64>();
            let (room, offset) = (entries.as_mut_ptr() as usize, at * size_of::<u64>());
            let args = [self.0 as usize, room, len, offset, 0, 0];
            // SAFETY: no more than the array has room for.
            unsafe { sys::own(libc::SYS_pread64, args) }.ok()?;
            if let Some(index) = entries.iter().position(own) {
                return Some((at + index) << page.shift());
            }
            at += entries.len();
        }
        None
    }
}

impl Drop for Pagemap {
    fn drop(&mut self) {
        sys::close(self.0);
    }
}

/// New zeroed memory over `range`, a tail, in one step.
pub(crate) fn zeroed_over(range: AddrRange, prot: Prot, flags: MapFlags) -> Result<(), Errno> {
    let flags = flags | MapFlags::ANONYMOUS | MapFlags::FIXED;
    // SAFETY: nothing can be in the pages of a file past its end.
    unsafe { sys::mmap(range.start(), range.len(), prot.bits(), flags.bits(), -1, 0) }.map(drop)
}

/// mprotect(2) of a mapping of our own or of a tail.
pub(crate) fn protect(range: AddrRange, prot: Prot) -> Result<(), Errno> {
    // SAFETY: callers name what is theirs.
    unsafe { sys::mprotect(range.start(), range.len(), prot.bits()) }
}

/// munmap(2) of a mapping of our own.
pub(crate) fn unmap(range: AddrRange) {
    // SAFETY: callers name what is theirs and what nobody else knows of.
    let _ = unsafe { sys::munmap(range.start(), range.len()) };
}
