//! Memory that the kernel stores into at any moment: the frames of signals on an
//! alternate stack, or on a stack that the program gave a thread. There no fault
//! asks for a tail, the process is killed; so tails in such memory are filled as soon as
//! there are any, and the strict mode leaves them alone.

use super::{concerned, Eof};
use crate::arch::thread_pointer;
use core::sync::atomic::{AtomicUsize, Ordering};
use pagesim_core::page::AddrRange;

/// One stack among the mappings of files. With more than there are places, the rest have
/// only those tails that they begin with.
struct Place {
    /// Whose: a thread's pointer, or 1 for the stack of a thread itself; 0 is free.
    owner: AtomicUsize,
    start: AtomicUsize,
    end: AtomicUsize,
}

static PLACES: [Place; 64] = [const {
    Place { owner: AtomicUsize::new(0), start: AtomicUsize::new(0), end: AtomicUsize::new(0) }
}; 64];
/// How many were ever in use.
static USED: AtomicUsize = AtomicUsize::new(0);
const OF_THREAD: usize = 1;

fn used() -> impl Iterator<Item = (usize, AddrRange)> {
    PLACES.iter().take(USED.load(Ordering::Acquire)).filter_map(|place| {
        let owner = place.owner.load(Ordering::Acquire);
        let (start, end) = (place.start.load(Ordering::Relaxed), place.end.load(Ordering::Relaxed));
        Some((owner, AddrRange::new(start, end)?)).filter(|(owner, _)| *owner != 0)
    })
}

fn take(owner: usize, addr: usize, len: usize) {
    let free = |place: &&Place| {
        place.owner.compare_exchange(0, owner, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    };
    if let Some((number, place)) = PLACES.iter().enumerate().find(|(_, place)| free(place)) {
        place.start.store(addr, Ordering::Relaxed);
        place.end.store(addr.saturating_add(len), Ordering::Relaxed);
        USED.fetch_max(number + 1, Ordering::AcqRel);
    }
}

/// The calling thread's alternate stack is `len` bytes from `addr` on; 0 for none.
pub(crate) fn alternate_stack(addr: usize, len: usize) {
    let me = thread_pointer();
    for place in PLACES.iter().take(USED.load(Ordering::Acquire)) {
        if place.owner.load(Ordering::Relaxed) == me {
            place.end.store(0, Ordering::Relaxed);
            place.start.store(0, Ordering::Relaxed);
            place.owner.store(0, Ordering::Release);
        }
    }
    if len != 0 && concerned(addr, len) {
        take(me, addr, len);
    }
}

/// A thread is about to run on `len` bytes from `addr` on.
pub(crate) fn stack(addr: usize, len: usize) {
    if !concerned(addr, len) {
        return;
    }
    let known = |place: &&Place| {
        place.owner.load(Ordering::Acquire) == OF_THREAD
            && place.start.load(Ordering::Relaxed) == addr
    };
    match PLACES.iter().take(USED.load(Ordering::Acquire)).find(known) {
        // an earlier one may have been shorter
        Some(place) => drop(place.end.fetch_max(addr.saturating_add(len), Ordering::Relaxed)),
        None => take(OF_THREAD, addr, len),
    }
}

/// Whether there ever was any.
#[inline]
pub(super) fn any() -> bool {
    USED.load(Ordering::Relaxed) != 0
}

/// Whether a part of `range` is such memory.
pub(super) fn holds(range: AddrRange) -> bool {
    used().any(|(_, stack)| stack.overlaps(range))
}

impl Eof<'_> {
    /// Fills the tails that have come to be in such memory.
    pub(super) fn fill_pinned(&mut self) {
        for (_, stack) in used() {
            self.fill_range(stack.start(), stack.len());
        }
    }
}
