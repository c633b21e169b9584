//! mmap(2) and munmap(2) of programs with threads: the kernel does its part without the
//! lock being held.
//!
//! Behind one lock, the kernel's own concurrency (page faults, the freeing of pages) is
//! lost, and a thread that is preempted in a call stops all others. So the simplest
//! of these calls are made in two halves ([`pagesim_core::apart`]): under the lock the range is
//! noted in the table and here, as *in flight*; without it the kernel is asked; under
//! it the table learns how that went.
//!
//! Invariants:
//! * ranges in flight do not overlap: what would overlap is done at a stretch;
//! * whoever takes the lock for anything else first waits until nothing is in flight
//!   (`lock::take`), so that to every other operation table and host agree, as ever;
//!   while somebody waits, nothing takes off;
//! * who is in flight is noted in ordinary memory, which fork copies: a child that has
//!   lost the thread makes the table anew. Forks that pass a hook take the lock, so
//!   that nothing is in flight;
//! * a signal handler that interrupts a flight of its own thread works without the table, as
//!   inside any other operation.

use crate::state::{self, space_for_half};
use crate::sys::{self, SignalSet};
use crate::{arch, eof, lock, pending, record, signals, threads};
use core::sync::atomic::{AtomicUsize, Ordering};
use pagesim_core::apart::{Coming, MOST_APART};
use pagesim_core::errno::Errno;
use pagesim_core::page::AddrRange;
use pagesim_core::space::MapRequest;

struct Place {
    /// The thread; 0 where nothing is in flight.
    owner: AtomicUsize,
    start: AtomicUsize,
    end: AtomicUsize,
}

/// Written under the lock, but for the end of a flight that has nothing to tell.
static PLACES: [Place; MOST_APART] = [const {
    Place { owner: AtomicUsize::new(0), start: AtomicUsize::new(0), end: AtomicUsize::new(0) }
}; MOST_APART];

/// Whether `thread` has something in flight.
pub(crate) fn is_under_way(thread: usize) -> bool {
    PLACES.iter().any(|place| place.owner.load(Ordering::Relaxed) == thread)
}

/// In the child of a fork that lost its threads: nothing is in flight. Whether
/// something was.
pub(crate) fn forget_all() -> bool {
    let clear = |any, place: &Place| any | (place.owner.swap(0, Ordering::Relaxed) != 0);
    PLACES.iter().fold(false, clear)
}

/// A free place, if there is one and `range` shares nothing with what is in flight.
/// With the lock held.
fn place_for(range: AddrRange) -> Option<&'static Place> {
    let mut free = None;
    for place in &PLACES {
        if place.owner.load(Ordering::Acquire) == 0 {
            free = Some(place);
            continue;
        }
        let (start, end) = (&place.start, &place.end);
        let taken = AddrRange::new(start.load(Ordering::Relaxed), end.load(Ordering::Relaxed))?;
        if taken.overlaps(range) {
            return None;
        }
    }
    free
}

/// An operation between its halves, or in the first one.
struct Flight {
    place: &'static Place,
    mask: Option<SignalSet>,
}

/// Whether calls may be made in halves just now. What other modules have to do with a
/// mapping needs the lock.
#[inline]
fn allowed() -> bool {
    threads::several() && state::is_under_way() && !record::on() && !eof::alive()
}

/// Begins a flight by `half`, which is the first half, or what comes before it, up to where the
/// range is known.
fn begin<T>(
    half: impl FnOnce(&mut dyn FnMut(AddrRange) -> bool) -> Option<T>,
) -> Option<(T, Flight)> {
    let mask = signals::may_interrupt().then(signals::block);
    let begun = lock::take_for_half().then(|| {
        let mut place = None;
        // again, since the lock may have changed hands in between
        let done = if eof::alive() || pending::any() {
            None
        } else {
            half(&mut |range| {
                place = place_for(range);
                place.inspect(|place| {
                    place.start.store(range.start(), Ordering::Relaxed);
                    place.end.store(range.end(), Ordering::Relaxed);
                });
                place.is_some()
            })
        };
        let begun = done.zip(place);
        if let Some((_, place)) = &begun {
            place.owner.store(arch::thread_pointer(), Ordering::Release);
            lock::take_off();
        }
        lock::give_back();
        begun
    });
    match begun.flatten() {
        Some((done, place)) => Some((done, Flight { place, mask })),
        None => {
            restore(mask);
            None
        }
    }
}

fn restore(mask: Option<SignalSet>) {
    if let Some(mask) = mask {
        signals::restore(mask);
    }
}

impl Flight {
    /// Ends it without a second half. The place comes last: a handler that finds
    /// nothing in flight under its thread's name would wait for what it interrupted.
    fn end(self) {
        lock::land();
        self.place.owner.store(0, Ordering::Release);
        restore(self.mask);
    }

    /// Ends it with one.
    fn end_with(self, half: impl FnOnce()) {
        if lock::retake() {
            half();
            lock::land();
            self.place.owner.store(0, Ordering::Release);
            lock::give_back();
        } else {
            self.place.owner.store(0, Ordering::Release);
        }
        restore(self.mask);
    }
}

/// mmap(2) in two halves; `None` when it has to be done at a stretch.
#[inline]
pub(crate) fn mmap(request: &MapRequest) -> Option<Result<usize, Errno>> {
    if allowed() {
        mmap_apart(request)
    } else {
        None
    }
}

#[inline(never)]
fn mmap_apart(request: &MapRequest) -> Option<Result<usize, Errno>> {
    let (coming, flight) = begin(|may_fly| {
        // SAFETY: the lock is held, and this is the only borrow.
        let space = unsafe { space_for_half() };
        let coming = space.find_coming(request)?;
        if may_fly(coming.range()) && space.begin_coming(&coming).is_ok() {
            Some(coming)
        } else {
            None
        }
    })?;
    let (at, len) = (coming.range().start(), coming.range().len());
    let (prot, flags) = (coming.prot().bits(), coming.flags().bits());
    // SAFETY: what the program asked for, where nothing may be replaced.
    let answer = unsafe { sys::mmap(at, len, prot, flags, -1, 0) };
    if answer == Ok(at) {
        flight.end();
        return Some(answer);
    }
    if let Ok(elsewhere) = answer {
        // a kernel that takes MAP_FIXED_NOREPLACE for a hint
        // SAFETY: what was just mapped and nobody knows of.
        let _ = unsafe { sys::munmap(elsewhere, len) };
    }
    take_back(flight, &coming);
    // something is in the way: there is more to do than this
    answer.err().filter(|errno| *errno != Errno::EEXIST).map(Err)
}

fn take_back(flight: Flight, coming: &Coming) {
    flight.end_with(|| {
        // SAFETY: the lock is held, and this is the only borrow.
        unsafe { space_for_half() }.take_back(coming);
    });
}

/// munmap(2) in two halves; `None` when it has to be done at a stretch.
#[inline]
pub(crate) fn munmap(addr: usize, len: usize) -> Option<Result<(), Errno>> {
    if allowed() {
        munmap_apart(addr, len)
    } else {
        None
    }
}

#[inline(never)]
fn munmap_apart(addr: usize, len: usize) -> Option<Result<(), Errno>> {
    let (range, flight) = begin(|may_fly| {
        // SAFETY: the lock is held, and this is the only borrow.
        let space = unsafe { space_for_half() };
        // what is refused is refused at a stretch too
        let range = space.check_leaving(addr, len).ok().flatten()?;
        may_fly(range).then_some(range)
    })?;
    // SAFETY: the program's own request.
    let answer = unsafe { sys::munmap(range.start(), range.len()) };
    if answer.is_ok() {
        flight.end_with(|| {
            // SAFETY: the lock is held, and this is the only borrow.
            unsafe { space_for_half() }.end_leaving(range);
        });
    } else {
        flight.end();
    }
    Some(answer)
}
