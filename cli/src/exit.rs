//! How the command ends: the codes of env(1), and ending by the signal that
//! ended the program.

use nix::sys::resource::{setrlimit, Resource};
use nix::sys::signal::{self, SaFlags, SigAction, SigHandler, SigSet, Signal};

/// pagesim itself failed: bad options, no library, library not live.
pub(crate) const OWN_FAILURE: u8 = 125;
/// The command was found but cannot be run (here).
pub(crate) const CANNOT_RUN: u8 = 126;
/// The command was not found.
pub(crate) const NOT_FOUND: u8 = 127;

/// The end of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// exit(2) with this code.
    Code(u8),
    /// Death by this signal, as the program died.
    Signal(i32),
}

impl Exit {
    /// The code for C's main to return; does not return if a signal is due.
    pub(crate) fn code(self) -> i32 {
        match self {
            Exit::Code(code) => i32::from(code),
            Exit::Signal(number) => {
                die_by(number);
                128i32.saturating_add(number)
            }
        }
    }
}

/// Says why pagesim gives up, and with which code.
pub(crate) fn fail(code: u8, message: &std::fmt::Arguments<'_>) -> Exit {
    say(message);
    Exit::Code(code)
}

/// One line on standard error. A closed standard error is no reason to fail.
pub(crate) fn say(message: &std::fmt::Arguments<'_>) {
    use std::io::Write;

    let _ = std::io::stderr().write_all(format!("pagesim: {message}\n").as_bytes());
}

/// Prints clap's message: help and version are success, the rest is ours.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() {
        Exit::Code(OWN_FAILURE)
    } else {
        Exit::Code(0)
    }
}

/// Ends this process by `number` without leaving a core file of our own
/// beside the program's. Returns only if the signal cannot end a process.
fn die_by(number: i32) {
    // A core pattern that is a pipe does not look at the limit, but nothing
    // dumps a process that is not dumpable.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    // SAFETY: PR_SET_DUMPABLE takes one integer and touches no memory.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
    let Ok(signal) = Signal::try_from(number) else {
        raise_raw(number);
        return;
    };
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action runs no code of this process.
    let _ = unsafe { signal::sigaction(signal, &default) };
    let mut set = SigSet::empty();
    set.add(signal);
    let _ = set.thread_unblock();
    let _ = signal::raise(signal);
}

/// Real-time signals, which have no name in the crate that names signals.
fn raise_raw(number: i32) {
    // SAFETY: plain calls on a local signal set; the default action is set
    // before the signal is raised, so that no handler runs.
    unsafe {
        libc::signal(number, libc::SIG_DFL);
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, number);
        libc::sigprocmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
        libc::raise(number);
    }
}
