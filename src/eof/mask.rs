//! SIGBUS in signal masks.
//!
//! A fault whose signal is blocked kills at once (`force_sig_info_to_task()`), and
//! touching a tail is such a fault. So the kernel is never told that the program blocks
//! SIGBUS: in every mask that goes there, [`STAND_IN`] is blocked in its place, and
//! who asks is told of SIGBUS. What saves and restores masks (a handler's
//! return, siglongjmp(3), setcontext(3)) and what inherits them (threads, children)
//! carries the stand-in along.
//!
//! A SIGBUS that is sent to such a thread stays pending, as it must: our handler then
//! blocks it in earnest and sends it again, so that sigpending(2), sigwait(3) and
//! signalfd(2) find it. Since a tail cannot be filled by a fault in this thread until it
//! has been given the signal, all tails are filled before, and of new mappings at once.

use super::{kernel, transfer};
use crate::{signals, state, sys};
use core::sync::atomic::{AtomicBool, Ordering};
use pagesim_core::errno::Errno;

pub(crate) const BUS: sys::SignalSet = signals::bit(libc::SIGBUS);

/// Stands for SIGBUS: SIGSTKFLT, which no kernel sends and no library uses.
///
/// Whether the program blocks that signal itself is not kept: it is said to be blocked
/// where [`COMPANION`] is, as in the mask of somebody who blocks everything. Our own
/// handlers leave it alone, so that the mask they run under tells.
pub(super) const STAND_IN: sys::SignalSet = signals::bit(libc::SIGSTKFLT);
const COMPANION: sys::SignalSet = signals::bit(libc::SIGPWR);

/// Whether masks are ours to edit: files have tails in this process.
fn active() -> bool {
    state::config().is_some_and(|config| config.has_tails())
}

/// Whether a mask of the kernel's is that of somebody who believes to block SIGBUS.
pub(super) fn stands_in(mask: sys::SignalSet) -> bool {
    mask & STAND_IN != 0 && active()
}

/// What is to be said of a mask that the kernel reports.
pub(crate) fn reported(mask: sys::SignalSet) -> sys::SignalSet {
    if !active() {
        return mask;
    }
    let bus = if mask & STAND_IN == 0 { 0 } else { BUS };
    let own = if mask & COMPANION == 0 { 0 } else { STAND_IN };
    mask & !STAND_IN | bus | own
}

/// What the kernel is to be told of a mask.
pub(crate) fn told(mask: sys::SignalSet) -> sys::SignalSet {
    if !active() {
        mask
    } else if mask & BUS == 0 {
        mask & !STAND_IN
    } else {
        mask & !BUS | STAND_IN
    }
}

/// The same for a mask that lasts for one call. A SIGBUS that is pending must not end
/// it.
pub(crate) fn of_call(mask: sys::SignalSet) -> sys::SignalSet {
    let pending = mask & BUS != 0 && sys::signal_mask() & BUS != 0;
    told(mask) | if pending { BUS } else { 0 }
}

/// The same for a set with which the thread's mask is changed.
pub(crate) fn change(how: i32, set: sys::SignalSet) -> sys::SignalSet {
    let in_earnest = how == libc::SIG_UNBLOCK && set & BUS != 0;
    told(set) | if in_earnest { BUS } else { 0 }
}

/// rt_sigprocmask(2) by its number.
pub(crate) fn system_call(args: [usize; 6]) -> Result<usize, Errno> {
    let [how, new, old, size, ..] = args;
    transfer::prepare_args(&args);
    let whole = size == size_of::<sys::SignalSet>();
    let set = (whole && kernel::readable(new)).then(|| {
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
            old.write_unaligned(reported(old.read_unaligned()));
        }
    }
    answer
}

/// Has the kernel know what the program believes: for a program that is about to be
/// started, which inherits the mask. What to hand to [`exec_failed`].
pub(crate) fn before_exec() -> Option<sys::SignalSet> {
    let mask = sys::signal_mask();
    let said = reported(mask);
    (said != mask).then(|| {
        sys::set_signal_mask(said);
        mask
    })
}

/// There is no such program.
pub(crate) fn exec_failed(before: Option<sys::SignalSet>) {
    if let Some(mask) = before {
        sys::set_signal_mask(mask);
    }
}

/// A thread's mask when the library begins to work in it.
#[link_section = ".text.start"]
pub(crate) fn begin() {
    if !active() {
        return;
    }
    let mask = sys::signal_mask();
    let told = told(mask);
    if told != mask {
        sys::set_signal_mask(told);
    }
}

/// Whether any thread was ever sent a SIGBUS that it believes to block.
#[link_section = ".data"]
static SENT: AtomicBool = AtomicBool::new(false);

/// The mask of a thread that was: from now on it blocks SIGBUS in earnest.
pub(super) fn of_sent(mask: sys::SignalSet) -> sys::SignalSet {
    SENT.store(true, Ordering::Relaxed);
    mask | BUS
}

/// This thread may just have been given a SIGBUS that was pending. When there is another
/// our handler has it blocked again.
#[inline]
pub(crate) fn taken() {
    if SENT.load(Ordering::Relaxed) {
        take();
    }
}

#[cold]
fn take() {
    let mask = sys::signal_mask();
    if mask & BUS != 0 && stands_in(mask) {
        sys::set_signal_mask(mask & !BUS);
    }
}

/// Whether this thread blocks SIGBUS in earnest.
pub(super) fn in_earnest() -> bool {
    SENT.load(Ordering::Relaxed) && sys::signal_mask() & BUS != 0
}
