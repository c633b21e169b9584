//! Threads' stacks and guards.

use super::{hook, next};
use crate::threads::{self, Start};
use core::ffi::{c_int, c_void};
use libc::{pthread_attr_t, pthread_t, size_t};

hook! {
    fn pthread_attr_init(attributes: *mut pthread_attr_t) -> c_int = libc::pthread_attr_init {
        let Some(next) = next!(c"pthread_attr_init", fn(*mut pthread_attr_t) -> c_int) else {
            return libc::ENOSYS;
        };
        let answer = next(attributes);
        if answer == 0 {
            threads::initialised(attributes);
        }
        answer
    }

    fn pthread_attr_setstacksize(attributes: *mut pthread_attr_t, size: size_t)
        -> c_int = libc::pthread_attr_setstacksize {
        if threads::stack_too_small(size, None) {
            return libc::EINVAL;
        }
        match next!(c"pthread_attr_setstacksize", fn(*mut pthread_attr_t, size_t) -> c_int) {
            Some(next) => next(attributes, size),
            None => libc::ENOSYS,
        }
    }

    fn pthread_attr_setstack(attributes: *mut pthread_attr_t, address: *mut c_void, size: size_t)
        -> c_int = libc::pthread_attr_setstack {
        if threads::stack_too_small(size, Some(address as usize)) {
            return libc::EINVAL;
        }
        let next = next!(
            c"pthread_attr_setstack",
            fn(*mut pthread_attr_t, *mut c_void, size_t) -> c_int
        );
        match next {
            Some(next) => next(attributes, address, size),
            None => libc::ENOSYS,
        }
    }

    fn pthread_create(
        thread: *mut pthread_t,
        attributes: *const pthread_attr_t,
        start: Start,
        argument: *mut c_void,
    ) -> c_int = libc::pthread_create {
        let next = next!(
            c"pthread_create",
            fn(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int
        );
        match next {
            Some(next) => threads::create(next, thread, attributes, start, argument),
            None => libc::ENOSYS,
        }
    }

    fn pthread_getattr_np(thread: pthread_t, attributes: *mut pthread_attr_t)
        -> c_int = libc::pthread_getattr_np {
        let next = next!(c"pthread_getattr_np", fn(pthread_t, *mut pthread_attr_t) -> c_int);
        let Some(next) = next else { return libc::ENOSYS };
        let answer = next(thread, attributes);
        if answer == 0 {
            threads::reported(attributes);
        }
        answer
    }
}
