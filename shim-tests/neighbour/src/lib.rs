//! A preload library made with redhook: hooks calls around memory and counts
//! them, with the standard library behind it.

use std::sync::atomic::{AtomicUsize, Ordering};

static CALLS: AtomicUsize = AtomicUsize::new(0);

redhook::hook! {
    unsafe fn munmap(addr: *mut libc::c_void, len: libc::size_t) -> libc::c_int => my_munmap {
        CALLS.fetch_add(1, Ordering::Relaxed);
        redhook::real!(munmap)(addr, len)
    }
}

redhook::hook! {
    unsafe fn mprotect(addr: *mut libc::c_void, len: libc::size_t, prot: libc::c_int) -> libc::c_int => my_mprotect {
        CALLS.fetch_add(1, Ordering::Relaxed);
        redhook::real!(mprotect)(addr, len, prot)
    }
}

redhook::hook! {
    unsafe fn sysconf(name: libc::c_int) -> libc::c_long => my_sysconf {
        CALLS.fetch_add(1, Ordering::Relaxed);
        redhook::real!(sysconf)(name)
    }
}
