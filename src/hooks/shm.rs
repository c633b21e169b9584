//! System V shared memory.

use super::errno::{address, word};
use super::hook;
use crate::shm;
use core::ffi::{c_int, c_void};
use libc::{key_t, shmid_ds, size_t};

hook! {
    fn shmget(key: key_t, size: size_t, flags: c_int) -> c_int = libc::shmget {
        word(shm::get(key, size, flags).map(|id| id as usize)) as c_int
    }

    fn shmat(id: c_int, addr: *const c_void, flags: c_int) -> *mut c_void = libc::shmat {
        address(shm::attach(id, addr as usize, flags))
    }

    fn shmdt(addr: *const c_void) -> c_int = libc::shmdt {
        super::errno::status(shm::detach(addr as usize))
    }

    fn shmctl(id: c_int, command: c_int, buffer: *mut shmid_ds) -> c_int = libc::shmctl {
        word(shm::control(id, command, buffer as usize)) as c_int
    }
}
