//! Keeping signal handlers away from a held lock.
//!
//! A handler that runs while its thread holds the lock must neither wait for it
//! nor leave by siglongjmp with it held. Blocking signals around every
//! operation prevents both but costs two system calls. It is needed only where a
//! handler exists that a signal could start at any moment, so the hooks of
//! sigaction(2) and its relatives remember whether there ever was one. The signals
//! that stand for a fault of the running instruction stay unblocked always: blocked,
//! they kill.
//!
//! A handler installed behind the hooks' back can still interrupt an operation:
//! it finds the lock taken by its own thread and works without the table
//! (see `direct`); and has given itself away, so that it was the last.

use crate::filter;
use crate::sys::{self, SignalSet};
use core::sync::atomic::{AtomicBool, Ordering};

#[link_section = ".data"]
static HANDLERS: AtomicBool = AtomicBool::new(false);

/// The set of one signal.
pub(crate) const fn bit(signal: i32) -> SignalSet {
    1 << (signal - 1)
}

/// The signals that stand for a fault of the running instruction.
pub(crate) const FAULTS: SignalSet = bit(libc::SIGSEGV)
    | bit(libc::SIGBUS)
    | bit(libc::SIGILL)
    | bit(libc::SIGFPE)
    | bit(libc::SIGTRAP)
    | bit(libc::SIGSYS);

/// Notes that the program handles `signal`.
pub(crate) fn handled(signal: i32) {
    if signal >= 1 && signal <= SignalSet::BITS as i32 && FAULTS & bit(signal) == 0 {
        HANDLERS.store(true, Ordering::Relaxed);
    }
}

/// Notes that a handler nobody told of has interrupted an operation: from now on
/// none will.
pub(crate) fn handled_unseen() {
    HANDLERS.store(true, Ordering::Relaxed);
}

/// Whether a handler may interrupt any instruction.
pub(crate) fn may_interrupt() -> bool {
    HANDLERS.load(Ordering::Relaxed) && !filter::ends(libc::SYS_rt_sigprocmask)
}

/// Blocks all signals but faults; the mask to restore.
pub(crate) fn block() -> SignalSet {
    sys::set_signal_mask(!FAULTS)
}

/// Ends what [`block`] began.
pub(crate) fn restore(mask: SignalSet) {
    sys::set_signal_mask(mask);
}
