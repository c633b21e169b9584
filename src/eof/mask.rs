//! SIGBUS in signal masks.
//!
//! A fault whose signal is blocked kills at once (`force_sig_info_to_task()`), and
//! touching a tail is such a fault. So SIGBUS is never really blocked for the
//! sake of a mask that the program sets with sigprocmask(2) or that goes with
//! another signal's handler; it is only said to be, thread by thread. A SIGBUS that is
//! sent to such a thread stays pending, as it must: our handler then blocks it
//! in earnest and sends it again, so that sigpending(2), sigwait(3) and signalfd(2)
//! find it.

use super::{kernel, transfer};
use crate::arch::thread_pointer;
use crate::{signals, state, sys};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
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

/// The signals whose handlers' masks hold SIGBUS.
static IN_MASKS: AtomicU64 = AtomicU64::new(0);

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

/// What is to be said of a mask that the kernel reports.
pub(crate) fn reported(mask: sys::SignalSet, held: bool) -> sys::SignalSet {
    if held {
        mask | BUS
    } else {
        mask
    }
}

/// A change of the thread's mask; what the kernel is to be told.
pub(crate) fn change(how: i32, set: sys::SignalSet) -> sys::SignalSet {
    if !active() {
        return set;
    }
    match how {
        libc::SIG_BLOCK if set & BUS != 0 => hold(true),
        libc::SIG_SETMASK => hold(set & BUS != 0),
        libc::SIG_UNBLOCK => {
            if set & BUS != 0 {
                hold(false);
            }
            return set;
        }
        _ => {}
    }
    set & !BUS
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
    let new = set.as_ref().map_or(new, |set| core::ptr::from_ref(set) as usize);
    let args = [how, new, old, size, 0, 0];
    // SAFETY: the program's own request, its set in this frame.
    let answer = unsafe { sys::call(libc::SYS_rt_sigprocmask, args) };
    if answer.is_ok() && whole && old != 0 {
        // SAFETY: the kernel has just written there.
        unsafe {
            let old = old as *mut sys::SignalSet;
            old.write_unaligned(reported(old.read_unaligned(), held));
        }
    }
    answer
}

/// A thread's mask when the library begins to work in it.
#[link_section = ".text.start"]
pub(crate) fn begin() {
    if !active() {
        return;
    }
    let mask = sys::signal_mask();
    if mask & BUS != 0 {
        sys::set_signal_mask(mask & !BUS);
        hold(true);
    }
}

/// The mask of a handler for `signal`; what the kernel is to be told.
pub(crate) fn in_handler(signal: i32, mask: sys::SignalSet) -> sys::SignalSet {
    if !active() || !(1..=64).contains(&signal) {
        return mask;
    }
    if mask & BUS != 0 {
        IN_MASKS.fetch_or(signals::bit(signal), Ordering::Relaxed);
    } else {
        IN_MASKS.fetch_and(!signals::bit(signal), Ordering::Relaxed);
    }
    mask & !BUS
}

/// Whether the mask of the handler for `signal` is to be reported with SIGBUS.
pub(crate) fn is_in_handler(signal: i32) -> bool {
    let masks = IN_MASKS.load(Ordering::Relaxed);
    (1..=64).contains(&signal) && masks & signals::bit(signal) != 0
}
