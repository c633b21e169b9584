//! What was done behind the table's back: ranges whose entries have to be read
//! from the host again before the table is used.
//!
//! Filled by operations that found the lock taken by their own thread (see
//! `direct`), emptied by the next owner. Only atomics: it is written in
//! the middle of anything.

use core::sync::atomic::{AtomicUsize, Ordering};
use pagesim_core::page::AddrRange;

const PLACES: usize = 16;

struct Place {
    start: AtomicUsize,
    end: AtomicUsize,
}

static RANGES: [Place; PLACES] =
    [const { Place { start: AtomicUsize::new(0), end: AtomicUsize::new(0) } }; PLACES];
#[link_section = ".data"]
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Adds a range.
pub(crate) fn push(range: AddrRange) {
    // counted last, so that a counted place is filled; one thread writes at a time
    let index = COUNT.load(Ordering::Relaxed);
    if let Some(place) = RANGES.get(index) {
        place.start.store(range.start(), Ordering::Relaxed);
        place.end.store(range.end(), Ordering::Relaxed);
    }
    COUNT.fetch_add(1, Ordering::Release);
}

/// Whether there is any.
#[inline]
pub(crate) fn any() -> bool {
    COUNT.load(Ordering::Relaxed) != 0
}

/// Hands every range to `one`, or calls `all` when there were too many to
/// remember. Repeats until no new ones came in meanwhile.
pub(crate) fn drain(mut one: impl FnMut(AddrRange), mut all: impl FnMut()) {
    loop {
        let count = COUNT.load(Ordering::Acquire);
        if count == 0 {
            return;
        }
        match RANGES.get(..count) {
            None => all(),
            Some(places) => places.iter().for_each(|place| {
                let (start, end) = (&place.start, &place.end);
                if let Some(range) =
                    AddrRange::new(start.load(Ordering::Relaxed), end.load(Ordering::Relaxed))
                {
                    one(range);
                }
            }),
        }
        if COUNT.compare_exchange(count, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return;
        }
    }
}
