//! sigaction(2) and its relatives: to know whether a handler may interrupt a call
//! at any moment, and to keep the program's SIGBUS behind our own (see `eof`).

use super::{errno, hook};
use crate::eof::{self, KernelAction};
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
        if eof::handled_here(signal) {
            return bus_action(new, old);
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

/// sigaction(2) of SIGBUS.
fn bus_action(new: *const Action, old: *mut Action) -> c_int {
    let before = eof::program_action();
    // SAFETY: null or the program's structures.
    unsafe {
        if let Some(new) = new.as_ref() {
            eof::set_action(&to_kernel(new));
        }
        if let Some(old) = old.as_mut() {
            from_kernel(&before, old);
        }
    }
    0
}

fn to_kernel(action: &Action) -> KernelAction {
    KernelAction {
        handler: action.sa_sigaction,
        flags: action.sa_flags as u32 as usize,
        restorer: action.sa_restorer.map_or(0, |restorer| restorer as usize),
        // SAFETY: the kernel's set is the first word of the C library's.
        mask: unsafe { *(&raw const action.sa_mask).cast() },
    }
}

fn from_kernel(kept: &KernelAction, action: &mut Action) {
    action.sa_sigaction = kept.handler;
    action.sa_flags = kept.flags as c_int;
    // SAFETY: as above; a null pointer is no function.
    unsafe {
        action.sa_mask = core::mem::zeroed();
        *(&raw mut action.sa_mask).cast() = kept.mask;
        action.sa_restorer = core::mem::transmute::<usize, Option<extern "C" fn()>>(kept.restorer);
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
                        if eof::handled_here(signal) {
                            let libc = |handler| drop(next(signal, handler));
                            return eof::with_programs_action(handler, libc).handler;
                        }
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
