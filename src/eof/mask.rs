//! SIGBUS in signal masks.
//!
//! A fault whose signal is blocked kills at once (`force_sig_info_to_task()`), and
//! touching a tail is such a fault. So SIGBUS is never really blocked; it is only said
//! to be. A SIGBUS that is sent to such a thread stays pending, as it must: our handler
//! then blocks it in earnest and sends it again, so that sigpending(2), sigwait(3) and
//! signalfd(2) find it.
//!
//! Two ways to say so. What a handler's mask blocks ends with the handler, however that
//! is left: there [`STAND_IN`] is blocked instead, which the kernel restores with
//! the rest of the mask. What the program sets with sigprocmask(2) is kept here, thread
//! by thread.

use super::{kernel, transfer};
use crate::arch::thread_pointer;
use crate::{signals, state, sys};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use pagesim_core::errno::Errno;

pub(crate) const BUS: sys::SignalSet = signals::bit(libc::SIGBUS);

/// Threads that believe they block SIGBUS, by thread pointer; 0 is free. When there
/// are more, the oldest in a place is forgotten: it is told of its mask less.
static HELD: [AtomicUsize; PLACES] = [const { AtomicUsize::new(0) }; PLACES];
const PLACES: usize = 1024;
/// Neighbours in which a thread may stand.
const REACH: usize = 8;
#[link_section = ".data"]
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Stands for SIGBUS in the masks of handlers: a signal that the C libraries use
/// among themselves (glibc to cancel threads, musl for timers) and keep out of all
/// masks that programs set, and musl of those that they see.
const STAND_IN: sys::SignalSet = signals::bit(32);

/// Whether it was ever in a mask.
static STOOD_IN: AtomicBool = AtomicBool::new(false);

fn places(thread: usize) -> impl Iterator<Item = &'static AtomicUsize> {
    // thread pointers lie in stacks or pages of their own
    let first = (thread >> 6) ^ (thread >> 12) ^ (thread >> 20);
    (first..first + REACH).filter_map(|i| HELD.get(i % PLACES))
}

/// Whether this thread believes that it blocks SIGBUS.
pub(crate) fn held() -> bool {
    let me = thread_pointer();
    COUNT.load(Ordering::Relaxed) != 0
        && places(me).any(|place| place.load(Ordering::Relaxed) == me)
}

/// Whether it is to be told that it blocks SIGBUS.
pub(crate) fn said_to_block() -> bool {
    held() || STOOD_IN.load(Ordering::Relaxed) && active() && stands_in(current())
}

fn hold(hold: bool) {
    let me = thread_pointer();
    if hold == held() {
        return;
    }
    let (from, to) = if hold { (0, me) } else { (me, 0) };
    let swap = |place: &AtomicUsize| {
        place.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    };
    if places(me).any(swap) {
        if hold {
            COUNT.fetch_add(1, Ordering::Relaxed);
        } else {
            COUNT.fetch_sub(1, Ordering::Relaxed);
        }
    } else if let Some(place) = places(me).next().filter(|_| hold) {
        place.store(me, Ordering::Relaxed);
    }
}

/// Whether masks are ours to edit: files have tails in this process.
fn active() -> bool {
    state::config().is_some_and(|config| config.has_tails())
}

/// The thread's mask as the kernel has it.
fn current() -> sys::SignalSet {
    let mut mask: sys::SignalSet = 0;
    let args =
        [libc::SIG_BLOCK as usize, 0, &raw mut mask as usize, size_of::<sys::SignalSet>(), 0, 0];
    // SAFETY: reads the mask into this frame.
    let _ = unsafe { sys::call(libc::SYS_rt_sigprocmask, args) };
    mask
}

/// Whether a mask of the kernel's is that of a handler that blocks SIGBUS.
pub(super) fn stands_in(mask: sys::SignalSet) -> bool {
    mask & STAND_IN != 0
}

/// What is to be said of a mask that the kernel reports.
pub(crate) fn reported(mask: sys::SignalSet, held: bool) -> sys::SignalSet {
    if held || stands_in(mask) && active() {
        (mask | BUS) & !STAND_IN
    } else {
        mask
    }
}

/// What the kernel is to be told of a mask that a handler has, or that lasts for it.
pub(crate) fn of_handler(mask: sys::SignalSet) -> sys::SignalSet {
    if mask & BUS != 0 && active() {
        STOOD_IN.store(true, Ordering::Relaxed);
        mask & !BUS | STAND_IN
    } else {
        mask
    }
}

/// What the kernel is to be told of a mask that lasts for one call.
pub(crate) fn of_call(mask: sys::SignalSet) -> sys::SignalSet {
    if active() {
        mask & !BUS
    } else {
        mask
    }
}

/// A change of the thread's mask: what the kernel is to be told, and whether
/// [`keep_blocked`] is to follow.
pub(crate) fn change(how: i32, set: sys::SignalSet) -> (sys::SignalSet, bool) {
    if !active() {
        return (set, false);
    }
    let blocks = set & BUS != 0;
    let in_handler = || stands_in(current());
    match how {
        libc::SIG_BLOCK if blocks && !in_handler() => hold(true),
        libc::SIG_SETMASK if blocks && in_handler() => return (set & !BUS, true),
        libc::SIG_SETMASK => hold(blocks),
        libc::SIG_UNBLOCK => {
            if blocks {
                hold(false);
                set_stand_in(libc::SIG_UNBLOCK);
            }
            return (set, false);
        }
        _ => {}
    }
    (set & !BUS, false)
}

/// SIGBUS stays blocked in a handler that has set a mask with it.
pub(crate) fn keep_blocked() {
    set_stand_in(libc::SIG_BLOCK);
}

/// Not by the C library, which keeps it out of masks.
fn set_stand_in(how: i32) {
    STOOD_IN.store(true, Ordering::Relaxed);
    let set = STAND_IN;
    let args = [how as usize, &raw const set as usize, 0, size_of::<sys::SignalSet>(), 0, 0];
    // SAFETY: the set lives in this frame.
    let _ = unsafe { sys::call(libc::SYS_rt_sigprocmask, args) };
}

/// rt_sigprocmask(2) by its number.
pub(crate) fn system_call(args: [usize; 6]) -> Result<usize, Errno> {
    let [how, new, old, size, ..] = args;
    transfer::prepare_args(&args);
    let held = held();
    let whole = size == size_of::<sys::SignalSet>();
    let set = (whole && new != 0 && kernel::readable(new)).then(|| {
        // SAFETY: readable a moment ago; no alignment is taken for granted.
        change(how as i32, unsafe { (new as *const sys::SignalSet).read_unaligned() })
    });
    let new = set.as_ref().map_or(new, |(set, _)| core::ptr::from_ref(set) as usize);
    let args = [how, new, old, size, 0, 0];
    // SAFETY: the program's own request, its set in this frame.
    let answer = unsafe { sys::call(libc::SYS_rt_sigprocmask, args) };
    if set.is_some_and(|(_, keep)| keep) {
        keep_blocked();
    }
    if answer.is_ok() && whole && old != 0 {
        // SAFETY: the kernel has just written there.
        unsafe {
            let old = old as *mut sys::SignalSet;
            old.write_unaligned(reported(old.read_unaligned(), held));
        }
    }
    answer
}

/// Blocks SIGBUS in earnest where it is said to be blocked: for a program that is about
/// to be started, which inherits the mask. What to hand to [`exec_failed`].
pub(crate) fn before_exec() -> bool {
    let blocks = held() || stands_in(current());
    if blocks {
        sys::set_signal_mask(current() & !STAND_IN | BUS);
    }
    blocks
}

/// There is no such program.
pub(crate) fn exec_failed(blocked: bool) {
    if blocked {
        let in_handler = if held() { 0 } else { STAND_IN };
        sys::set_signal_mask(current() & !BUS | in_handler);
    }
}

/// Whether anything is known of any thread, which a new one may be mistaken for or
/// inherit.
pub(crate) fn any_held() -> bool {
    COUNT.load(Ordering::Relaxed) != 0
}

/// A new thread begins, with SIGBUS blocked or not.
pub(crate) fn thread_begins(blocked: bool) {
    hold(blocked);
}

/// A thread's mask when the library begins to work in it.
#[link_section = ".text.start"]
pub(crate) fn begin() {
    if !active() {
        return;
    }
    let mask = sys::signal_mask();
    if mask & (BUS | STAND_IN) != 0 {
        sys::set_signal_mask(mask & !(BUS | STAND_IN));
        hold(true);
    }
}
