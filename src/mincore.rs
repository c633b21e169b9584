//! mincore(2) told in pieces that are not the host's pages.
//!
//! The kernel writes one byte for each of its pages. Where several make a piece,
//! they are asked for in chunks on the stack. Whether the program's vector can be
//! written to is for the kernel to find out: of one piece the first page is asked
//! for with that vector, and when it is resident there is nothing left to ask; of more the
//! vector's pages are tried beforehand. Where that is the page of this very stack, it can,
//! and where it is the one of the operation just before, that still can.

use crate::{lock, sys};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::page::{AddrRange, PageSize};

/// Host pages asked for at once.
const CHUNK: usize = 512;
/// Bit of mincore(2)'s vector; the others are reserved.
const RESIDENT: u8 = 1;

/// How it is found out whether bytes can be written to: [`may_write`], or
/// [`can_write`] with the lock held for this very call.
pub(crate) type Trial = fn(PageSize, AddrRange) -> Result<(), Errno>;

/// See `Host::mincore`.
pub(crate) fn tell(
    page: PageSize,
    range: AddrRange,
    group: usize,
    vec: usize,
    trial: Trial,
) -> Result<(), Errno> {
    if range.is_empty() {
        // access_ok(): no address of the kernel's
        return if (vec as isize) < 0 { mincore(0, 0, vec) } else { Ok(()) };
    }
    if group < page.bytes() {
        return tell_parts(page, range, group, vec);
    }
    let each = group >> page.shift();
    let pages = range.len().div_ceil(page.bytes());
    let groups = pages.div_ceil(each);
    if groups == 1 || each == 1 {
        mincore(range.start(), (groups << page.shift()).min(range.len()), vec)?;
    } else {
        let bytes = AddrRange::from_len(vec, groups).ok_or(Errno::EFAULT)?;
        let here = page.floor(&raw const bytes as usize);
        if !AddrRange::from_len(here, page.bytes()).is_some_and(|stack| stack.covers(bytes)) {
            trial(page, bytes)?;
        }
    }
    // SAFETY: the kernel has just written to these bytes, or to their pages.
    let told = unsafe { core::slice::from_raw_parts_mut(vec as *mut u8, groups) };
    if each == 1 {
        return Ok(());
    }
    if let [only] = told {
        if *only & RESIDENT != 0 {
            return Ok(());
        }
    }
    gather(page, range, each, told)
}

fn mincore(addr: usize, len: usize, vec: usize) -> Result<(), Errno> {
    // SAFETY: the kernel checks the vector.
    unsafe { sys::call(libc::SYS_mincore, [addr, len, vec, 0, 0, 0]) }.map(drop)
}

/// A set of signals.
const WORD: usize = size_of::<sys::SignalSet>();

/// The page that was tried last, and in which turn at the lock.
static TRIED: AtomicUsize = AtomicUsize::new(0);
static WHEN: AtomicUsize = AtomicUsize::new(0);

/// [`may_write`], but for a page that it was called for in the turn before: what would
/// have changed that takes a turn.
pub(crate) fn can_write(page: PageSize, bytes: AddrRange) -> Result<(), Errno> {
    let turn = lock::turn();
    let first = page.floor(bytes.start());
    let alone = page.floor(bytes.end() - 1) == first;
    let lately = WHEN.load(Ordering::Relaxed).wrapping_add(1) == turn;
    if !(alone && lately && TRIED.load(Ordering::Relaxed) == first) {
        may_write(page, bytes)?;
    }
    if alone {
        TRIED.store(first, Ordering::Relaxed);
        WHEN.store(turn, Ordering::Relaxed);
    }
    Ok(())
}

/// Has the kernel write to each page of `bytes`, which are about to be written to:
/// the thread's signal mask, the cheapest thing it writes; where there is no room for
/// that, the first bytes of the set of pending signals, of which one can say how many.
pub(crate) fn may_write(page: PageSize, bytes: AddrRange) -> Result<(), Errno> {
    if bytes.len() < WORD {
        let args = [bytes.start(), bytes.len(), 0, 0, 0, 0];
        // SAFETY: the kernel checks the place.
        return unsafe { sys::call(libc::SYS_rt_sigpending, args) }.map(drop);
    }
    let last = bytes.end() - WORD;
    let mut at = bytes.start();
    while at < bytes.end() {
        let args = [0, 0, at.min(last), WORD, 0, 0];
        // SAFETY: rt_sigprocmask(2) without a new mask; the kernel checks the place.
        unsafe { sys::call(libc::SYS_rt_sigprocmask, args) }?;
        at = page.floor(at).saturating_add(page.bytes());
    }
    Ok(())
}

/// A piece of `each` pages is resident when any of them is.
#[inline(never)]
fn gather(page: PageSize, range: AddrRange, each: usize, told: &mut [u8]) -> Result<(), Errno> {
    let mut chunk = [const { MaybeUninit::<u64>::uninit() }; CHUNK / WORD];
    let mut at = range.start();
    // a chunk is whole pieces: the largest has half as many pages
    for told in told.chunks_mut((CHUNK / each).max(1)) {
        let len = (CHUNK << page.shift()).min(range.end() - at);
        mincore(at, len, chunk.as_mut_ptr() as usize)?;
        let pages = len.div_ceil(page.bytes()).min(CHUNK);
        // SAFETY: the kernel has just written one byte for each page, so these words
        // are whole.
        let words = unsafe { core::slice::from_raw_parts(chunk.as_ptr().cast(), pages / WORD) };
        if each >= WORD && words.len() * WORD == pages {
            for (piece, words) in told.iter_mut().zip(words.chunks(each / WORD)) {
                *piece = any(words);
            }
        } else {
            // SAFETY: as above.
            let seen = unsafe { core::slice::from_raw_parts(chunk.as_ptr().cast(), pages) };
            for (piece, pages) in told.iter_mut().zip(seen.chunks(each)) {
                *piece = pages.iter().fold(0, |any, page: &u8| any | page) & RESIDENT;
            }
        }
        at += len;
    }
    Ok(())
}

/// Whether any of the bytes says that its page is resident.
fn any(pages: &[u64]) -> u8 {
    const ALL: u64 = u64::from_ne_bytes([RESIDENT; 8]);
    u8::from(pages.iter().fold(0, |any, word| any | word) & ALL != 0)
}

/// A page is several pieces: its byte for each of them.
fn tell_parts(page: PageSize, range: AddrRange, group: usize, vec: usize) -> Result<(), Errno> {
    let mut at = range.start();
    let mut to = vec;
    while at < range.end() {
        mincore(page.floor(at), page.bytes(), to)?;
        at = at.saturating_add(group);
        to = to.wrapping_add(1);
    }
    Ok(())
}
