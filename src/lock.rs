//! The one lock: every operation on the table and the host runs under it, but for the
//! host's part of those that fly (see `flight`). Whoever takes it for another one waits
//! until these have landed.
//!
//! The word holds the owner's thread pointer, so that a signal handler that
//! interrupted the owner in the same thread finds out instead of waiting for
//! itself. Bit 0 says that somebody sleeps on it.
//!
//! The word lies in a page that fork wipes. A forked child therefore always
//! finds it free, whether the fork went through the C library or not. What the
//! wipe forgets, [`BUSY`] keeps: it lies in ordinary memory, holds the owner for as
//! long as the table may be half-edited, and is copied by fork. A child that takes
//! the lock for the first time ([`Page::epoch`] is 0) and finds it set knows that
//! the table it inherited was in the middle of an edit by a thread it does not have.

use crate::arch::thread_pointer;
use crate::{flight, sys};
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

const WAITERS: usize = 1;

/// What lies in the page that fork wipes.
#[repr(C)]
pub(crate) struct Page {
    word: AtomicUsize,
    /// 0 until the first owner in this process has looked at [`BUSY`].
    epoch: AtomicU32,
    /// Operations of this process that are between their halves (see `flight`).
    flying: AtomicU32,
    /// Threads that wait for these to end.
    wanted: AtomicU32,
}

/// Where the lock lies when no page can be had.
#[link_section = ".data"]
static EARLY: Page = Page {
    word: AtomicUsize::new(0),
    epoch: AtomicU32::new(1),
    flying: AtomicU32::new(0),
    wanted: AtomicU32::new(0),
};

/// Null until it is settled where the lock lies.
#[link_section = ".data"]
static PAGE: AtomicPtr<Page> = AtomicPtr::new(core::ptr::null_mut());

/// The owner, while it may be editing the table; survives fork.
#[link_section = ".data"]
static BUSY: AtomicUsize = AtomicUsize::new(0);

/// How often the lock was taken; it skips a number where memory may have changed by other
/// means than under the lock.
static TURN: AtomicUsize = AtomicUsize::new(0);

/// The number of this turn. With the lock held.
pub(crate) fn turn() -> usize {
    TURN.load(Ordering::Relaxed)
}

/// Nothing that was known of memory in the turn before is certain any more.
pub(crate) fn skip_turn() {
    TURN.store(turn().wrapping_add(1), Ordering::Relaxed);
}

/// The lock is taken by `me`, whose turn begins.
fn begin_turn(me: usize) {
    BUSY.store(me, Ordering::Relaxed);
    skip_turn();
}

/// What taking the lock found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    /// The table is as its last owner left it.
    Clean,
    /// The owner died in a fork; the table has to be made anew.
    Orphaned,
    /// This very thread holds it already, below this frame.
    Nested,
}

fn page() -> &'static Page {
    // SAFETY: null, or points to EARLY or to a page that is never unmapped and that
    // is valid as a Page for every content.
    unsafe { PAGE.load(Ordering::Acquire).as_ref() }.unwrap_or(&EARLY)
}

/// Puts the lock into `page`, which fork wipes; `false` when it has its place already.
///
/// Nobody has taken it before it has a place (see [`is_settled`]).
pub(crate) fn lie_in(page: *mut Page) -> bool {
    // SAFETY: the caller hands over zeroed memory of its own.
    unsafe { &*page }.epoch.store(1, Ordering::Relaxed);
    settle_in(page)
}

/// There is no page for the lock.
pub(crate) fn lie_in_data() {
    settle_in((&raw const EARLY).cast_mut());
}

fn settle_in(page: *mut Page) -> bool {
    let none = core::ptr::null_mut();
    PAGE.compare_exchange(none, page, Ordering::AcqRel, Ordering::Acquire).is_ok()
}

/// Whether the lock has its place.
#[inline]
pub(crate) fn is_settled() -> bool {
    !PAGE.load(Ordering::Relaxed).is_null()
}

/// Whether it lies in a page that fork wipes.
#[inline]
pub(crate) fn is_wiped_by_fork() -> bool {
    is_settled() && !core::ptr::eq(page(), &raw const EARLY)
}

/// Runs `start` in one thread at a time; `None` when this thread is in it already. For
/// what comes before the lock is settled.
pub(crate) fn alone<T>(start: impl FnOnce() -> T) -> Option<T> {
    #[link_section = ".data"]
    static STARTING: AtomicUsize = AtomicUsize::new(0);
    if !acquire(&STARTING, thread_pointer()) {
        return None;
    }
    let done = start();
    release(&STARTING);
    Some(done)
}

/// Whether this thread holds the lock.
pub(crate) fn held_here() -> bool {
    BUSY.load(Ordering::Relaxed) == thread_pointer()
}

/// Takes the lock, or finds that this thread has it.
pub(crate) fn take() -> Taken {
    let me = thread_pointer();
    let page = page();
    if acquire(&page.word, me) {
        settle(page, me)
    } else {
        Taken::Nested
    }
}

/// First moments of an owner. A signal may still arrive here: its handler finds
/// the word taken by its own thread, as it should.
fn settle(page: &Page, me: usize) -> Taken {
    let fresh = page.epoch.load(Ordering::Relaxed) == 0;
    let busy = BUSY.load(Ordering::Relaxed);
    let flying = fresh || page.flying.load(Ordering::Relaxed) != 0;
    if (fresh && busy == me) || (flying && flight::is_under_way(me)) {
        // A signal handler that interrupted this thread's own operation, or a fork
        // in one that interrupted an edit: the frame that edits is still below.
        release(&page.word);
        return Taken::Nested;
    }
    if flying && !fresh {
        wait_until_landed(page, me);
    }
    page.epoch.store(1, Ordering::Relaxed);
    begin_turn(me);
    if fresh {
        // by a fork, which may have left memory behind
        skip_turn();
    }
    let lost = fresh && flight::forget_all();
    if lost || (fresh && busy != 0) {
        Taken::Orphaned
    } else {
        Taken::Clean
    }
}

/// Gives the lock to operations that are to end, until there are none. While
/// somebody waits, none begin.
#[cold]
fn wait_until_landed(page: &Page, me: usize) {
    loop {
        let flying = page.flying.load(Ordering::SeqCst);
        if flying == 0 {
            return;
        }
        page.wanted.fetch_add(1, Ordering::SeqCst);
        release(&page.word);
        if !changes(&page.flying, flying) {
            sys::futex_wait(page.flying.as_ptr(), flying);
        }
        acquire(&page.word, me);
        // a handler may have forked meanwhile, and the child has a page of its own
        lower(&page.wanted);
    }
}

/// Looks for a while whether `count` changes.
fn changes(count: &AtomicU32, from: u32) -> bool {
    for _ in 0..SPINS {
        if count.load(Ordering::Relaxed) != from {
            return true;
        }
        core::hint::spin_loop();
    }
    false
}

/// Takes 1 off, but nothing off 0.
fn lower(count: &AtomicU32) -> u32 {
    let lowered = count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
    lowered.map_or(0, |before| before - 1)
}

/// Takes the lock for the first half of an operation that has two; `false` when it has to
/// be done at a stretch.
pub(crate) fn take_for_half() -> bool {
    let (page, me) = (page(), thread_pointer());
    if !acquire(&page.word, me) {
        return false;
    }
    if page.epoch.load(Ordering::Relaxed) == 0 || page.wanted.load(Ordering::Relaxed) != 0 {
        release(&page.word);
        return false;
    }
    begin_turn(me);
    true
}

/// The operation goes on without the lock.
pub(crate) fn take_off() {
    page().flying.fetch_add(1, Ordering::SeqCst);
}

/// Takes the lock again for the second half. `false`, and it is not taken, in the child of a
/// fork that happened in between and left a table that cannot be edited: it will be
/// made anew.
pub(crate) fn retake() -> bool {
    let (page, me) = (page(), thread_pointer());
    acquire(&page.word, me);
    if page.epoch.load(Ordering::Relaxed) == 0 && BUSY.load(Ordering::Relaxed) != 0 {
        release(&page.word);
        return false;
    }
    begin_turn(me);
    true
}

/// The operation has ended.
pub(crate) fn land() {
    let page = page();
    if lower(&page.flying) == 0 && page.wanted.load(Ordering::SeqCst) != 0 {
        sys::futex_wake_all(page.flying.as_ptr());
    }
}

/// Gives the lock back.
pub(crate) fn give_back() {
    BUSY.store(0, Ordering::Release);
    release(&page().word);
}

/// In a child of a fork that was made with the lock held: starts out free.
pub(crate) fn start_free_in_child() {
    // one that has just ended may not have cleared its place yet
    flight::forget_all();
    let page = page();
    page.epoch.store(1, Ordering::Relaxed);
    BUSY.store(0, Ordering::Relaxed);
    page.word.store(0, Ordering::Release);
}

/// `false` when the word says that this thread is the owner.
fn acquire(word: &AtomicUsize, me: usize) -> bool {
    match word.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed) {
        Ok(_) => true,
        Err(seen) if seen & !WAITERS == me => false,
        Err(_) => acquire_slow(word, me),
    }
}

/// Rounds of looking before sleeping: about as long as one short operation.
const SPINS: u32 = 40;

#[cold]
fn acquire_slow(word: &AtomicUsize, me: usize) -> bool {
    for _ in 0..SPINS {
        if word.load(Ordering::Relaxed) == 0
            && word.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed).is_ok()
        {
            return true;
        }
        core::hint::spin_loop();
    }
    loop {
        // whoever has slept cannot know whether others still do
        let seen =
            match word.compare_exchange(0, me | WAITERS, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(seen) => seen,
            };
        let asleep = seen | WAITERS;
        if seen == asleep
            || word.compare_exchange(seen, asleep, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            sys::futex_wait(low_half(word), asleep as u32);
        }
    }
}

fn release(word: &AtomicUsize) {
    if word.swap(0, Ordering::Release) & WAITERS != 0 {
        sys::futex_wake(low_half(word));
    }
}

/// The half of the word that holds [`WAITERS`]: futexes have 32 bits.
fn low_half(word: &AtomicUsize) -> *const u32 {
    let half = word.as_ptr().cast_const().cast::<u32>();
    if cfg!(target_endian = "little") {
        half
    } else {
        half.wrapping_add(1)
    }
}
