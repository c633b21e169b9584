//! sigaction(2) and its relatives: to know whether a handler may interrupt a call
//! at any moment, and to keep the program's SIGBUS behind our own (see `eof`).

use super::{errno, hook, next};
use crate::eof::{self, mask, transfer, Front, KernelAction};
use crate::real::Real;
use crate::record::faults;
use crate::signals;
use crate::sys::SignalSet;
use core::ffi::{c_int, c_void};
use libc::{pthread_attr_t, sigaction as Action, sighandler_t, sigset_t, size_t, stack_t};
use pagesim_core::errno::Errno;

/// Notes a handler that is an address.
fn note(signal: c_int, handler: sighandler_t) {
    if handler != libc::SIG_DFL && handler != libc::SIG_IGN && handler != libc::SIG_ERR {
        signals::handled(signal);
    }
}

hook! {
    fn sigaction(signal: c_int, new: *const Action, old: *mut Action) -> c_int = libc::sigaction {
        let next = next!(c"sigaction", fn(c_int, *const Action, *mut Action) -> c_int);
        set_action(signal, new, old, next)
    }

    /// glibc's other name of it.
    fn __sigaction(signal: c_int, new: *const Action, old: *mut Action) -> c_int {
        let next = next!(c"__sigaction", fn(c_int, *const Action, *mut Action) -> c_int);
        set_action(signal, new, old, next)
    }
}

fn set_action(
    signal: c_int,
    new: *const Action,
    old: *mut Action,
    next: Option<Sigaction>,
) -> c_int {
    // SAFETY: null or the program's structure.
    if let Some(action) = unsafe { new.as_ref() } {
        note(signal, action.sa_sigaction);
    }
    if let Some(front) = eof::front(signal) {
        return front_action(front, new, old);
    }
    match next {
        // SAFETY: null or the program's structures.
        Some(next) if faults::watches(signal) => unsafe {
            faults::action(new.as_ref(), old.as_mut(), |new, old| {
                without_bus(signal, new, old, next)
            })
        },
        // SAFETY: null or the program's structures.
        Some(next) => unsafe { without_bus(signal, new, old, next) },
        None => errno::status(Err(Errno::ENOSYS)),
    }
}

type Sigaction = extern "C" fn(c_int, *const Action, *mut Action) -> c_int;

/// sigaction(2) of another signal, whose handler must not block SIGBUS in earnest.
///
/// # Safety
/// `new` and `old` are null or point to structures.
unsafe fn without_bus(
    signal: c_int,
    new: *const Action,
    old: *mut Action,
    next: Sigaction,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let answer = match new.as_ref() {
            Some(action) => {
                let mut action = *action;
                let set = set_of(&mut action.sa_mask);
                *set = mask::told(*set);
                next(signal, &raw const action, old)
            }
            None => next(signal, new, old),
        };
        if let (Some(old), true) = (old.as_mut(), answer == 0) {
            let set = set_of(&mut old.sa_mask);
            *set = mask::reported(*set);
        }
        answer
    }
}

/// The kernel's set: the first word of the C library's.
fn set_of(set: &mut sigset_t) -> &mut SignalSet {
    // SAFETY: a sigset_t is at least one word, of which every value is a set.
    unsafe { &mut *(&raw mut *set).cast() }
}

type Sigprocmask = extern "C" fn(c_int, *const sigset_t, *mut sigset_t) -> c_int;

/// sigprocmask(2) with SIGBUS only said to be blocked.
fn set_mask(how: c_int, new: *const sigset_t, old: *mut sigset_t, next: Sigprocmask) -> c_int {
    transfer::prepare_args(&[new as usize, old as usize]);
    // SAFETY: null or the program's sets.
    unsafe {
        let answer = match new.as_ref() {
            Some(set) => {
                let mut set = *set;
                let word = set_of(&mut set);
                *word = mask::change(how, *word);
                next(how, &raw const set, old)
            }
            None => next(how, new, old),
        };
        if let (Some(old), true) = (old.as_mut(), answer == 0) {
            let word = set_of(old);
            *word = mask::reported(*word);
        }
        answer
    }
}

hook! {
    fn sigprocmask(how: c_int, new: *const sigset_t, old: *mut sigset_t) -> c_int
        = libc::sigprocmask {
        match next!(c"sigprocmask", fn(c_int, *const sigset_t, *mut sigset_t) -> c_int) {
            Some(next) => set_mask(how, new, old, next),
            None => errno::status(Err(Errno::ENOSYS)),
        }
    }

    fn pthread_sigmask(how: c_int, new: *const sigset_t, old: *mut sigset_t) -> c_int
        = libc::pthread_sigmask {
        match next!(c"pthread_sigmask", fn(c_int, *const sigset_t, *mut sigset_t) -> c_int) {
            Some(next) => set_mask(how, new, old, next),
            None => Errno::ENOSYS.0,
        }
    }
}

/// Defines calls that change the mask by one signal, which the C library makes of
/// sigprocmask(2) by itself.
macro_rules! by_one {
    ($($name:ident, $c_name:literal, $how:expr;)*) => {
        hook! {$(
            fn $name(signal: c_int) -> c_int {
                let next = next!($c_name, fn(c_int) -> c_int);
                match next.filter(|_| signal != libc::SIGBUS) {
                    Some(next) => next(signal),
                    None => change_bus($how),
                }
            }
        )*}
    };
}

by_one! {
    sighold, c"sighold", libc::SIG_BLOCK;
    sigrelse, c"sigrelse", libc::SIG_UNBLOCK;
}

/// The same for SIGBUS.
fn change_bus(how: c_int) -> c_int {
    // SAFETY: no bits are a set.
    let mut set: sigset_t = unsafe { core::mem::zeroed() };
    *set_of(&mut set) = mask::BUS;
    sigprocmask(how, &raw const set, core::ptr::null_mut())
}

hook! {
    fn pthread_attr_setsigmask_np(attributes: *mut pthread_attr_t, set: *const sigset_t) -> c_int {
        let next =
            next!(c"pthread_attr_setsigmask_np", fn(*mut pthread_attr_t, *const sigset_t) -> c_int);
        let Some(next) = next else { return Errno::ENOSYS.0 };
        // SAFETY: null or the program's set.
        let Some(set) = (unsafe { set.as_ref() }) else { return next(attributes, set) };
        let mut set = *set;
        let word = set_of(&mut set);
        *word = mask::told(*word);
        next(attributes, &raw const set)
    }

    fn pthread_attr_getsigmask_np(attributes: *const pthread_attr_t, set: *mut sigset_t) -> c_int {
        let next =
            next!(c"pthread_attr_getsigmask_np", fn(*const pthread_attr_t, *mut sigset_t) -> c_int);
        let Some(next) = next else { return Errno::ENOSYS.0 };
        let answer = next(attributes, set);
        // SAFETY: the C library has just written there.
        if let (0, Some(set)) = (answer, unsafe { set.as_mut() }) {
            let word = set_of(set);
            *word = mask::reported(*word);
        }
        answer
    }
}

/// A mask that lasts for one call, in which a handler may touch a tail. `call` gets the address of a copy.
///
/// # Safety
/// `set` is null or points to a set.
unsafe fn for_a_call<T>(set: *const sigset_t, call: impl FnOnce(*const sigset_t) -> T) -> T {
    transfer::prepare_args(&[set as usize]);
    if set.is_null() || !transfer::is_readable(set as usize) {
        return call(set);
    }
    // SAFETY: readable a moment ago.
    let mut set = unsafe { *set };
    let word = set_of(&mut set);
    *word = mask::of_call(*word);
    let answer = call(&raw const set);
    mask::taken();
    answer
}

hook! {
    fn sigaltstack(new: *const stack_t, old: *mut stack_t) -> c_int = libc::sigaltstack {
        let Some(next) = next!(c"sigaltstack", fn(*const stack_t, *mut stack_t) -> c_int) else {
            return errno::status(Err(Errno::ENOSYS));
        };
        let call = || next(new, old);
        transfer::alternate_stack(new as usize, old as usize, call, |answer| *answer == 0)
    }

    fn sigsuspend(set: *const sigset_t) -> c_int = libc::sigsuspend {
        let Some(next) = next!(c"sigsuspend", fn(*const sigset_t) -> c_int) else {
            return errno::status(Err(Errno::ENOSYS));
        };
        // SAFETY: null or the program's set.
        unsafe { for_a_call(set, |set| next(set)) }
    }
}

/// Defines calls that wait under a mask.
macro_rules! masked {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*), $set:ident;)*) => {
        hook! {$(
            fn $name($($arg: $ty,)* $set: *const sigset_t) -> c_int {
                let Some(next) = next!($c_name, fn($($ty,)* *const sigset_t) -> c_int) else {
                    return errno::status(Err(Errno::ENOSYS));
                };
                transfer::prepare_args(&[$($arg as usize),*]);
                // SAFETY: null or the program's set.
                let answer = unsafe { for_a_call($set, |set| next($($arg,)* set)) };
                transfer::seen();
                answer
            }
        )*}
    };
}

masked! {
    pselect, c"pselect"(
        count: c_int, read: *mut c_void, write: *mut c_void, except: *mut c_void, limit: *const c_void
    ), set;
    ppoll, c"ppoll"(fds: *mut c_void, count: size_t, limit: *const c_void), set;
    epoll_pwait, c"epoll_pwait"(fd: c_int, events: *mut c_void, most: c_int, limit: c_int), set;
    epoll_pwait2, c"epoll_pwait2"(fd: c_int, events: *mut c_void, most: c_int, limit: *const c_void), set;
}

/// sigaction(2) of a signal with a handler of ours.
fn front_action(front: &Front, new: *const Action, old: *mut Action) -> c_int {
    let before = front.program_action();
    // SAFETY: null or the program's structures.
    unsafe {
        if let Some(new) = new.as_ref() {
            front.set_action(&to_kernel(new));
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
                #[link_section = ".data"]
                static NEXT: Real = Real::new();
                note(signal, handler);
                match NEXT.address($c_name) {
                    Some(address) => {
                        type Next = extern "C" fn(c_int, sighandler_t) -> sighandler_t;
                        // SAFETY: the next library's function of this name.
                        let next = unsafe { core::mem::transmute::<usize, Next>(address) };
                        if let Some(front) = eof::front(signal) {
                            let libc = |handler| {
                                next(signal, handler);
                            };
                            return front.set_by(handler, libc).handler;
                        }
                        if faults::watches(signal) {
                            return faults::by_signal(handler, |handler| next(signal, handler));
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

/// Defines calls by which a thread is given a signal that was pending.
macro_rules! given {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(set: usize, to: usize, limit: usize) -> isize {
                let next = next!($c_name, fn(usize, usize, usize) -> isize);
                let Some(next) = next else { return errno::word(Err(Errno::ENOSYS)) };
                transfer::prepare_args(&[set, to, limit]);
                let answer = next(set, to, limit);
                transfer::seen();
                mask::taken();
                answer
            }
        )*}
    };
}

given! {
    sigwait, c"sigwait";
    sigwaitinfo, c"sigwaitinfo";
    sigtimedwait, c"sigtimedwait";
}
