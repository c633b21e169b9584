//! Fork: the child must find a table that is whole and a lock that is free.
//!
//! fork(3) takes the lock before and starts the child with it free
//! (pthread_atfork). Every other way to fork is met by the lock's page, which the
//! kernel hands to the child wiped; see `lock`.

use crate::arch::weak_symbol;
use crate::state::{self, Guard};
use crate::{arena, eof, lock, sys};
use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use pagesim_core::page::PageSize;

/// Moves the lock into a page that fork wipes. Where there is no memory for it,
/// forks outside the C library are not covered and all else works.
///
/// Precondition: this thread holds the lock, before any other thread exists.
pub(crate) fn wipe_lock_in_children(page: PageSize) {
    let Some(block) = arena::block(page.bytes()) else { return };
    // SAFETY: a page of our own.
    if unsafe { sys::madvise(block as usize, page.bytes(), libc::MADV_WIPEONFORK) }.is_ok() {
        lock::move_to(block.cast());
    }
}

/// The guard and the signal mask of the thread that forks; guarded by the lock.
struct Held(UnsafeCell<Option<Option<sys::SignalSet>>>);
// SAFETY: only touched by the owner of the lock.
unsafe impl Sync for Held {}
static HELD: Held = Held(UnsafeCell::new(None));

extern "C" fn prepare() {
    if let Some(mut guard) = state::enter_for_fork() {
        eof::before_fork(&mut guard);
        let mask = guard.keep();
        // SAFETY: the lock is held.
        unsafe { *HELD.0.get() = Some(mask) };
    }
}

/// The guard that `prepare` kept, if it was this thread that did.
fn resume() -> Option<Guard> {
    if !lock::held_here() {
        return None;
    }
    // SAFETY: the lock is held by this thread.
    unsafe { (*HELD.0.get()).take() }.map(Guard::resume)
}

extern "C" fn parent() {
    drop(resume());
}

extern "C" fn child() {
    if let Some(guard) = resume() {
        guard.end_in_child();
    }
}

type Handler = extern "C" fn();

/// Asks the C library to call us around its forks.
pub(crate) fn register() {
    let glibc = weak_symbol!("__register_atfork");
    if glibc != 0 {
        // SAFETY: the signature glibc's pthread_atfork calls it with.
        let register: extern "C" fn(Handler, Handler, Handler, *mut c_void) -> c_int =
            unsafe { core::mem::transmute(glibc) };
        register(prepare, parent, child, core::ptr::null_mut());
        return;
    }
    let posix = weak_symbol!("pthread_atfork");
    if posix != 0 {
        // SAFETY: pthread_atfork(3).
        let register: extern "C" fn(Handler, Handler, Handler) -> c_int =
            unsafe { core::mem::transmute(posix) };
        register(prepare, parent, child);
    }
}
