//! sigaction(2) and its relatives, to know whether a handler may interrupt a call
//! at any moment. They change nothing.

use super::{errno, hook};
use crate::real::Real;
use crate::signals;
use core::ffi::c_int;
use libc::{sigaction as Action, sighandler_t};
use pagesim_core::errno::Errno;

/// Notes a handler that is an address.
fn note(signal: c_int, handler: sighandler_t) {
    if handler != libc::SIG_DFL && handler != libc::SIG_IGN && handler != libc::SIG_ERR {
        signals::handled(signal);
    }
}

static SIGACTION: Real = Real::new(c"sigaction");

hook! {
    fn sigaction(signal: c_int, new: *const Action, old: *mut Action) -> c_int = libc::sigaction {
        // SAFETY: null or the program's structure.
        if let Some(action) = unsafe { new.as_ref() } {
            note(signal, action.sa_sigaction);
        }
        match SIGACTION.address() {
            Some(address) => {
                // SAFETY: the next library's sigaction.
                let next: extern "C" fn(c_int, *const Action, *mut Action) -> c_int =
                    unsafe { core::mem::transmute(address) };
                next(signal, new, old)
            }
            None => errno::status(Err(Errno::ENOSYS)),
        }
    }
}

/// Defines hooks for functions of signal(2)'s shape.
macro_rules! like_signal {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(signal: c_int, handler: sighandler_t) -> sighandler_t {
                static NEXT: Real = Real::new($c_name);
                note(signal, handler);
                match NEXT.address() {
                    Some(address) => {
                        // SAFETY: the next library's function of this name.
                        let next: extern "C" fn(c_int, sighandler_t) -> sighandler_t =
                            unsafe { core::mem::transmute(address) };
                        next(signal, handler)
                    }
                    None => {
                        errno::set(Errno::ENOSYS);
                        libc::SIG_ERR
                    }
                }
            }
        )*}
    };
}

like_signal! {
    signal, c"signal";
    bsd_signal, c"bsd_signal";
    sysv_signal, c"sysv_signal";
    __sysv_signal, c"__sysv_signal";
    ssignal, c"ssignal";
    sigset, c"sigset";
}
