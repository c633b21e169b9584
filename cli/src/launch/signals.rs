//! Signals while a program runs: the launcher takes none for itself.
//!
//! Those that can be passed on are blocked and read from a descriptor, so no
//! handler ever runs in this process. The program starts with the mask and
//! the dispositions that the launcher was started with.

use nix::errno::Errno;
use nix::sys::signal::{sigaction, SaFlags, SigAction, SigHandler, SigSet, Signal};

/// Passed on when somebody sends them to the launcher.
const FORWARDED: [Signal; 11] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGCONT,
    Signal::SIGTSTP,
    Signal::SIGPWR,
    Signal::SIGWINCH,
];

/// What the launcher was started with.
#[derive(Debug)]
pub(super) struct Inherited {
    mask: SigSet,
    actions: Vec<(Signal, SigAction)>,
}

impl Inherited {
    /// Blocks what is read by [`watched`] and remembers how it was.
    ///
    /// An inherited SIG_IGN would discard a signal before it can be passed on,
    /// and for SIGCHLD would leave nothing to wait for.
    pub(super) fn take() -> Result<Self, Errno> {
        let mask = watched().thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK)?;
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
        let mut actions = Vec::new();
        for signal in watched().iter() {
            // SAFETY: the default action runs no code of this process.
            actions.push((signal, unsafe { sigaction(signal, &default) }?));
        }
        Ok(Self { mask, actions })
    }

    /// Puts everything back, in the child, just before the program starts.
    /// Calls nothing that is not async-signal-safe.
    pub(super) fn restore(&self) -> Result<(), Errno> {
        for (signal, action) in &self.actions {
            // SAFETY: this process sets no handlers, so `action` is one of
            // the two that survive execve(2): the default or to ignore.
            unsafe { sigaction(*signal, action) }?;
        }
        self.mask.thread_set_mask()
    }
}

/// Every signal that is read from the descriptor.
pub(super) fn watched() -> SigSet {
    let mut set: SigSet = FORWARDED.into_iter().collect();
    set.add(Signal::SIGCHLD);
    set
}
