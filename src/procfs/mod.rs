//! Files below `/proc` that count in pages.
//!
//! A program that opens one of them for reading gets a file in memory with the
//! numbers in target pages, under the descriptor that open(2) would have given. The
//! memory file is named after its origin, so nothing has to be remembered of it: it
//! survives dup, fork and exec, and is made anew from its origin when the program
//! goes back to its beginning, as these files are. `pagemap` is too large for that:
//! it stays the kernel's own and reads of it are translated.
//!
//! No lock is taken and no memory needed but the stack.

mod name;
pub(crate) mod origin;
pub(crate) mod pagemap;
pub(crate) mod resident;
pub(crate) mod scan;
mod text;

use crate::{state, sys};
use core::ffi::{c_char, CStr};
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use name::{Kind, Link};
use pagesim_core::counts::Units;
use pagesim_core::errno::Errno;

/// Whether a file of this kind was ever opened: until then, reading and seeking
/// costs one load more.
static OPENED: AtomicBool = AtomicBool::new(false);

fn units() -> Option<Units> {
    state::config().map(|config| Units { target: config.target, real: config.real })
}

/// Whether `path` may lead to one of the files: most absolute names are told by their
/// second byte, others have to be looked at.
///
/// # Safety
/// `path` is a C string.
#[inline]
pub(crate) unsafe fn may_concern(path: *const c_char) -> bool {
    // SAFETY: the caller's promise; a byte is only read when the one before it was not
    // the last.
    let begins = unsafe {
        let path = path.cast::<u8>();
        path.read() != b'/' || matches!(path.add(1).read(), b'p' | b's' | b'd' | b'/' | b'.')
    };
    // SAFETY: the caller's promise.
    begins && name::is_known(unsafe { CStr::from_ptr(path) }.to_bytes())
}

/// The program has opened `path`: where that is a file that counts in pages,
/// puts the translation in its place.
///
/// # Safety
/// `path` is a C string when `fd` is a descriptor.
#[inline]
pub(crate) unsafe fn opened(path: *const c_char, flags: i32, fd: i32) {
    let reads = flags & (libc::O_ACCMODE | libc::O_PATH) == libc::O_RDONLY;
    // SAFETY: a successful open(2) has read the path.
    if fd >= 0 && reads && unsafe { may_concern(path) } {
        translate(fd, flags);
    }
}

#[cold]
fn translate(fd: i32, flags: i32) {
    let (Some(units), Some(link)) = (units(), Link::of(fd)) else { return };
    if link.origin().is_some() {
        // the program opens the descriptor of a memory file once more
        OPENED.store(true, Ordering::Relaxed);
        let _ = renew(fd);
        return;
    }
    let of_kernel = |_: &Kind| matches!(sys::file_system(fd), Ok(PROC_SUPER_MAGIC | SYSFS_MAGIC));
    let Some(kind) = link.kind().filter(of_kernel) else {
        return;
    };
    OPENED.store(true, Ordering::Relaxed);
    if kind == Kind::Pagemap {
        pagemap::opened();
        return;
    }
    match replace(fd, flags, units, &link, kind) {
        Ok(()) => unread(fd),
        Err(error) => log::warn!("a file of /proc stays in host pages: {error:?}"),
    }
}

/// `PROC_SUPER_MAGIC` of <linux/magic.h>.
const PROC_SUPER_MAGIC: libc::c_long = 0x9fa0;
/// And `SYSFS_MAGIC`.
const SYSFS_MAGIC: libc::c_long = 0x6265_6572;

/// A memory file with the label of `link`. Kernels from 6.3 on want to be told
/// that it will not be executed, and may refuse it else (vm.memfd_noexec).
fn memory_file(link: &Link) -> Result<i32, Errno> {
    const NOEXEC_SEAL: u32 = 8;
    let label = link.label();
    let create = |flags: u32| {
        let args = [label.as_ptr() as usize, flags as usize, 0, 0, 0, 0];
        // SAFETY: memfd_create(2) with a C string.
        unsafe { sys::own(libc::SYS_memfd_create, args) }
    };
    let fd = match create(libc::MFD_CLOEXEC | NOEXEC_SEAL) {
        Err(Errno::EINVAL) => create(libc::MFD_CLOEXEC),
        answer => answer,
    };
    fd.map(|fd| fd as i32)
}

/// Makes the memory file and gives it the number `fd`.
fn replace(fd: i32, flags: i32, units: Units, link: &Link, kind: Kind) -> Result<(), Errno> {
    let memory = memory_file(link)?;
    let done = text::copy(fd, memory, units, link, kind).and_then(|()| {
        let kept = flags & (libc::O_NONBLOCK | libc::O_NOATIME | libc::O_APPEND | libc::O_SYNC);
        let how = kept | libc::O_RDONLY | libc::O_CLOEXEC;
        let reader = sys::open(Link::path(memory).as_c_str(), how, 0)?;
        let args = [reader as usize, fd as usize, (flags & libc::O_CLOEXEC) as usize, 0, 0, 0];
        // SAFETY: dup3(2) over the descriptor that open(2) has just made.
        let moved = unsafe { sys::own(libc::SYS_dup3, args) };
        sys::close(reader);
        moved.map(drop)
    });
    sys::close(memory);
    done
}

/// A read by the program, at `offset` or at the file's position; `None` where the
/// kernel answers it as it is.
#[inline]
pub(crate) fn read(
    fd: i32,
    to: *mut u8,
    len: usize,
    offset: Option<i64>,
) -> Option<Result<usize, Errno>> {
    if any() {
        read_perhaps(fd, to, len, offset)
    } else {
        None
    }
}

#[cold]
fn read_perhaps(
    fd: i32,
    to: *mut u8,
    len: usize,
    offset: Option<i64>,
) -> Option<Result<usize, Errno>> {
    if is_beginning(fd, offset) {
        if let Err(error) = renew(fd) {
            return Some(Err(error));
        }
    }
    pagemap::read(fd, to, len, offset)
}

/// Descriptors of memory files that may not have been read yet, with 1 added.
static UNREAD: [AtomicI32; 16] = [const { AtomicI32::new(0) }; 16];
/// How many reads of other descriptors are looked at: one may be a copy of these.
static CHECKS: AtomicU32 = AtomicU32::new(0);

/// A memory file was opened as `fd`. Its first read may come long after that.
fn unread(fd: i32) {
    const READS: u32 = 64;
    let free = UNREAD.iter().find(|known| matches!(known.load(Ordering::Relaxed), 0));
    let other = || UNREAD.get(fd as usize % UNREAD.len());
    if let Some(place) = free.or_else(other) {
        place.store(fd + 1, Ordering::Relaxed);
    }
    CHECKS.store(READS, Ordering::Relaxed);
}

fn may_be_unread(fd: i32) -> bool {
    let one = |left: u32| left.checked_sub(1);
    let known = |place: &&AtomicI32| place.load(Ordering::Relaxed) == fd + 1;
    match UNREAD.iter().find(known) {
        Some(place) => {
            place.store(0, Ordering::Relaxed);
            true
        }
        None => CHECKS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one).is_ok(),
    }
}

/// Whether a read at `offset`, or at the file's position, is one from the beginning.
fn is_beginning(fd: i32, offset: Option<i64>) -> bool {
    let args = [fd as usize, 0, libc::SEEK_CUR as usize, 0, 0, 0];
    // SAFETY: no pointers.
    let position = || unsafe { sys::own(libc::SYS_lseek, args) };
    offset.map_or_else(|| may_be_unread(fd) && position() == Ok(0), |offset| offset == 0)
}

/// [`read`] into the parts of an array of iovec.
#[inline]
pub(crate) fn read_vector(
    fd: i32,
    vector: usize,
    count: usize,
    offset: Option<i64>,
) -> Option<Result<usize, Errno>> {
    if !any() {
        return None;
    }
    if is_beginning(fd, offset) {
        if let Err(error) = renew(fd) {
            return Some(Err(error));
        }
    }
    pagemap::read_vector(fd, vector, count, offset)
}

/// Whether there is anything to look for when the program seeks or reads.
#[inline]
pub(crate) fn any() -> bool {
    OPENED.load(Ordering::Relaxed)
}

/// The program reads from the beginning of `fd` again: what it finds there is of
/// now.
#[inline]
pub(crate) fn rewound(fd: i32) {
    if any() && renew(fd).is_err() {
        // the next read says so
        unread(fd);
    }
}

/// Makes the memory file `fd` anew from its origin; an error where there is none any more,
/// as its process has ended. Nothing is left in it then.
#[cold]
fn renew(fd: i32) -> Result<(), Errno> {
    let (Some(units), Some(origin)) = (units(), Link::origin_of(fd)) else { return Ok(()) };
    let Some(kind) = origin.kind() else { return Ok(()) };
    let source = sys::open(origin.as_c_str(), libc::O_RDONLY | libc::O_CLOEXEC, 0);
    let is_gone = |error: &Errno| matches!(error, Errno(libc::ENOENT | libc::ESRCH));
    let mut gone = source.as_ref().err().is_some_and(is_gone);
    if source.is_err() && !gone {
        return Ok(());
    }
    let flags = libc::O_WRONLY | libc::O_TRUNC | libc::O_CLOEXEC;
    let memory = sys::open(Link::path(fd).as_c_str(), flags, 0);
    if let (Ok(source), Ok(memory)) = (&source, &memory) {
        if let Err(error) = text::copy(*source, *memory, units, &origin, kind) {
            gone = is_gone(&error);
            if !gone {
                log::warn!("a file of /proc could not be made anew: {error:?}");
            }
        }
    }
    for open in [source, memory].into_iter().flatten() {
        sys::close(open);
    }
    if gone {
        Err(Errno(libc::ESRCH))
    } else {
        Ok(())
    }
}

/// Whether `path`, opened through stdio, leads to one of the files.
///
/// # Safety
/// `path` is null or a C string.
pub(crate) unsafe fn concerns_stream(path: *const c_char, mode: *const c_char) -> bool {
    // SAFETY: the caller's promise; a mode is a C string.
    unsafe {
        !path.is_null()
            && !mode.is_null()
            && mode.cast::<u8>().read() == b'r'
            && !CStr::from_ptr(mode).to_bytes().contains(&b'+')
            && may_concern(path)
            && state::config().is_some()
    }
}
