//! Fork: the child must find a table that is whole and a lock that is free.
//!
//! Every way to fork that passes a hook takes the lock before and starts the child
//! with it free: fork(3) by pthread_atfork, `_Fork`, clone(2) and syscall(2) by hooks of
//! their own. A fork by the bare instruction, and one inside a signal handler that
//! interrupted an operation, are met by the lock's page, which the kernel hands to
//! the child wiped; see `lock`.

use crate::arch::weak_symbol;
use crate::hooks::next;
use crate::state::{self, Guard};
use crate::{arena, eof, lock, sys};
use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use pagesim_config::MAX_PAGE;
use pagesim_core::space::Config;

/// Puts the lock into a page that fork wipes, before anybody takes it. Where there is no memory for it, forks outside the C library are not covered
/// and all else works.
///
/// It is done for the first operation and not at the start, since many small programs
/// never make one. The page lies right behind the guest window: as long as something is
/// mapped and touched there, the kernel keeps the page tables of the window's upper end,
/// where mappings come and go. Without a neighbour each munmap frees them and each
/// mmap makes them anew, which doubles the cost of the pair.
#[cold]
#[inline(never)]
pub(crate) fn wipe_lock_in_children(config: &Config) {
    let len = config.real.bytes();
    // not right at its end: what overruns the topmost mapping is to fault
    let Some(block) = arena::block_at(config.window.end() + MAX_PAGE / 2, len) else {
        return lock::lie_in_data();
    };
    // SAFETY: a page of our own.
    let wiped = unsafe { sys::madvise(block as usize, len, libc::MADV_WIPEONFORK) };
    if wiped.is_err() || !lock::lie_in(block.cast()) {
        // SAFETY: a page of our own, and nobody was told of it.
        let _ = unsafe { sys::munmap(block as usize, len) };
        lock::lie_in_data();
    }
}

/// The guard and the signal mask of the thread that forks; guarded by the lock.
struct Held(UnsafeCell<Option<Option<sys::SignalSet>>>);
// SAFETY: only touched by the owner of the lock.
unsafe impl Sync for Held {}
static HELD: Held = Held(UnsafeCell::new(None));

/// Takes the lock for a fork.
pub(crate) extern "C" fn before() {
    if let Some(mut guard) = state::enter_for_fork() {
        eof::before_fork(&mut guard);
        let mask = guard.keep();
        // SAFETY: the lock is held.
        unsafe { *HELD.0.get() = Some(mask) };
    }
}

/// The guard that [`before`] kept.
///
/// Precondition: the lock is held for a fork of this thread, or was not to be had.
fn resume() -> Option<Guard> {
    // SAFETY: nobody but the owner of the lock keeps one here.
    unsafe { (*HELD.0.get()).take() }.map(Guard::resume)
}

extern "C" fn parent() {
    if !lock::held_here() {
        return;
    }
    if let Some(mut guard) = resume() {
        eof::after_fork(&mut guard, false);
    }
}

/// The child's only thread may have another thread pointer than its parent
/// (CLONE_SETTLS), so the lock cannot be asked whose it is; a guard that was kept
/// is this fork's, since no other can have been under way.
extern "C" fn child() {
    if let Some(mut guard) = resume() {
        eof::after_fork(&mut guard, true);
        guard.end_in_child();
    }
}

/// The other end of [`before`], given what the fork has answered.
pub(crate) fn after(answer: isize) {
    if answer == 0 {
        child();
    } else {
        parent();
    }
}

/// A fork by a function or call that returns in the child too.
pub(crate) fn around(fork: impl FnOnce() -> isize) -> isize {
    before();
    let answer = fork();
    after(answer);
    answer
}

/// How a child of clone(3) goes on: the program's function and its argument.
pub(crate) struct Start {
    entry: extern "C" fn(*mut c_void) -> c_int,
    argument: *mut c_void,
}

impl Start {
    pub(crate) fn new(entry: extern "C" fn(*mut c_void) -> c_int, argument: *mut c_void) -> Start {
        Start { entry, argument }
    }
}

/// Where a child of clone(3) that has memory of its own begins.
pub(crate) extern "C" fn start(start: *mut c_void) -> c_int {
    // SAFETY: the copy of a `Start` in a frame of the parent that lasts until clone(3)
    // returns, which it does not here.
    let start = unsafe { &*start.cast::<Start>() };
    child();
    (start.entry)(start.argument)
}

type Handler = extern "C" fn();

/// Asks the C library to call us around its forks.
#[link_section = ".text.start"]
pub(crate) fn register() {
    let glibc = weak_symbol!("__register_atfork");
    if glibc != 0 {
        // SAFETY: the signature glibc's pthread_atfork calls it with.
        let register: extern "C" fn(Handler, Handler, Handler, *mut c_void) -> c_int =
            unsafe { core::mem::transmute(glibc) };
        register(before, parent, child, core::ptr::null_mut());
        return;
    }
    if let Some(register) = next!(c"pthread_atfork", fn(Handler, Handler, Handler) -> c_int) {
        register(before, parent, child);
    }
}
