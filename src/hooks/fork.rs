//! The ways to fork that the C library does not announce (pthread_atfork): the child
//! is given a table that is whole, as by fork(3). What shares its memory with its
//! parent needs nothing and passes through.

use super::{errno, hook, next};
use crate::eof::{pinned, transfer};
use crate::fork::{self, Start};
use core::ffi::{c_int, c_void};
use libc::pid_t;
use pagesim_core::errno::Errno;

type Entry = extern "C" fn(*mut c_void) -> c_int;
type Clone = extern "C" fn(
    Entry,
    *mut c_void,
    c_int,
    *mut c_void,
    *mut pid_t,
    *mut c_void,
    *mut pid_t,
) -> c_int;

/// Bytes at the end of a new stack: a tail there is all that lies in its target page.
const TOP: usize = 64;

hook! {
    fn _Fork() -> pid_t {
        match next!(c"_Fork", fn() -> pid_t) {
            Some(next) => fork::around(|| next() as isize) as pid_t,
            None => errno::status(Err(Errno::ENOSYS)),
        }
    }

    /// Variadic in C: the last three arguments are where others are, and are read
    /// only where flags ask for them.
    fn clone(
        entry: Entry,
        stack: *mut c_void,
        flags: c_int,
        argument: *mut c_void,
        parent_tid: *mut pid_t,
        tls: *mut c_void,
        child_tid: *mut pid_t,
    ) -> c_int {
        let next = next!(
            c"clone",
            fn(Entry, *mut c_void, c_int, *mut c_void, *mut pid_t, *mut c_void, *mut pid_t) -> c_int
        );
        let Some(next) = next else { return errno::status(Err(Errno::ENOSYS)) };
        // what is right below its end
        let top = (stack as usize).saturating_sub(TOP);
        if top != 0 {
            transfer::prepare(top, TOP);
            pinned::stack(top, TOP);
        }
        // the kernel gives up silently where it cannot store a number
        if flags & (libc::CLONE_PARENT_SETTID | libc::CLONE_PIDFD) != 0 {
            transfer::prepare_args(&[parent_tid as usize]);
        }
        if flags & (libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID) != 0 {
            transfer::prepare_args(&[child_tid as usize]);
        }
        if flags & libc::CLONE_VM != 0 {
            return next(entry, stack, flags, argument, parent_tid, tls, child_tid);
        }
        cloned(next, entry, stack, flags, argument, (parent_tid, tls, child_tid))
    }
}

fn cloned(
    next: Clone,
    entry: Entry,
    stack: *mut c_void,
    flags: c_int,
    argument: *mut c_void,
    (parent_tid, tls, child_tid): (*mut pid_t, *mut c_void, *mut pid_t),
) -> c_int {
    // The child has a copy of this frame.
    let start = Start::new(entry, argument);
    let start = (&raw const start).cast_mut().cast();
    fork::before();
    let answer = next(fork::start, stack, flags, start, parent_tid, tls, child_tid);
    fork::after(answer as isize);
    answer
}
