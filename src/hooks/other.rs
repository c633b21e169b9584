//! ioctl(2) and setsockopt(2), where a driver looks at the page size.

use super::errno::{status, word};
use super::{hook, next};
use crate::eof::{self, transfer};
use crate::{filter, ioctl, other, queries, sys, userfaults};
use core::ffi::{c_int, c_uint, c_ulong, c_void};
use libc::{size_t, socklen_t, ssize_t};
use pagesim_core::errno::Errno;

hook! {
    /// Variadic in C; an argument that is not there is not looked at.
    fn ioctl(fd: c_int, request: c_ulong, argument: usize) -> c_int {
        if userfaults::refuses(fd, request as usize, argument) {
            return status(Err(Errno::EINVAL));
        }
        if let Some(answer) = ioctl::counted(fd, request as usize, argument) {
            return word(answer) as c_int;
        }
        let args = [fd as usize, request as usize, argument, 0, 0, 0];
        match next!(c"ioctl", fn(c_int, c_ulong, usize) -> c_int) {
            Some(next) if userfaults::is_request(request as usize) => next(fd, request, argument),
            Some(next) => again(&args, || next(fd, request, argument)),
            // SAFETY: the program's own request.
            None => word(unsafe { sys::call(libc::SYS_ioctl, args) }) as c_int,
        }
    }

    fn process_madvise(
        pidfd: c_int,
        vector: *const c_void,
        count: size_t,
        advice: c_int,
        flags: c_uint,
    ) -> ssize_t {
        let args =
            [pidfd as usize, vector as usize, count, advice as usize, flags as usize, 0];
        word(other::process_madvise(args))
    }

    /// Variadic in C; arguments that are not there are not looked at.
    fn prctl(option: c_int, a: usize, b: usize, c: usize, d: usize) -> c_int {
        let coming = filter::by_prctl(option, a, b);
        let args = [option as usize, a, b, c, d, 0];
        let answer = match next!(c"prctl", fn(c_int, usize, usize, usize, usize) -> c_int) {
            Some(next) => again(&args, || next(option, a, b, c, d)),
            // SAFETY: the program's own request.
            None => word(unsafe { sys::call(libc::SYS_prctl, args) }) as c_int,
        };
        if answer != -1 {
            filter::add(&coming);
            queries::vector_told(option, a, b, answer as usize);
        }
        answer
    }

    fn setsockopt(
        fd: c_int,
        level: c_int,
        name: c_int,
        value: *const c_void,
        len: socklen_t,
    ) -> c_int = libc::setsockopt {
        if other::refuses_option(fd, level, name, value as usize, len as usize) {
            return status(Err(Errno::EINVAL));
        }
        let next = next!(
            c"setsockopt",
            fn(c_int, c_int, c_int, *const c_void, socklen_t) -> c_int
        );
        let args = [fd as usize, level as usize, name as usize, value as usize, len as usize, 0];
        match next {
            Some(next) => again(&args, || next(fd, level, name, value, len)),
            // SAFETY: the program's own request.
            None => word(unsafe { sys::call(libc::SYS_setsockopt, args) }) as c_int,
        }
    }
}

/// A call that has done nothing when it answers EFAULT: done again when it was
/// handed a tail inside a structure.
fn again(args: &[usize; 6], call: impl Fn() -> c_int) -> c_int {
    transfer::prepare_args(args);
    let before = transfer::errno_before();
    let answer = call();
    if answer != -1 && !eof::alive() {
        return answer;
    }
    transfer::after(answer as isize, before, args, |_| call() as isize) as c_int
}
