//! The program break, and memory that is aligned to pages.

use super::errno::{address, status};
use super::{hook, next};
use crate::arch::weak_symbol;
use crate::{brk, queries, state};
use core::ffi::{c_int, c_void};
use libc::{intptr_t, size_t};
use pagesim_core::errno::Errno;
use pagesim_core::page::PageSize;

hook! {
    fn brk(addr: *mut c_void) -> c_int = libc::brk {
        match (brk::brk(addr as usize), next!(c"brk", fn(*mut c_void) -> c_int)) {
            (Some(result), _) => status(result),
            (None, Some(next)) => next(addr),
            (None, None) => status(Err(Errno::ENOMEM)),
        }
    }

    fn sbrk(increment: intptr_t) -> *mut c_void = libc::sbrk {
        moved(increment, next!(c"sbrk", fn(intptr_t) -> *mut c_void))
    }

    /// glibc's other name of it, by which an allocator's own sbrk goes on.
    fn __sbrk(increment: intptr_t) -> *mut c_void {
        moved(increment, next!(c"__sbrk", fn(intptr_t) -> *mut c_void))
    }

    fn valloc(size: size_t) -> *mut c_void {
        if state::target().is_none() {
            if let Some(next) = next!(c"valloc", fn(size_t) -> *mut c_void) {
                return next(size);
            }
        }
        aligned(size)
    }

    fn pvalloc(size: size_t) -> *mut c_void {
        if state::target().is_none() {
            if let Some(next) = next!(c"pvalloc", fn(size_t) -> *mut c_void) {
                return next(size);
            }
        }
        match PageSize::new(queries::page_size()).and_then(|page| page.ceil(size)) {
            Some(whole) => aligned(whole),
            None => aligned(size_t::MAX),
        }
    }
}

/// sbrk(2), by the C library's where the break is not ours.
fn moved(increment: intptr_t, next: Option<extern "C" fn(intptr_t) -> *mut c_void>) -> *mut c_void {
    match (brk::sbrk(increment), next) {
        (Some(result), _) => address(result),
        (None, Some(next)) => next(increment),
        (None, None) => address(Err(Errno::ENOMEM)),
    }
}

/// memalign(3) to a page: that of whoever's free(3) the program calls.
fn aligned(size: size_t) -> *mut c_void {
    let memalign = weak_symbol!("memalign");
    if memalign == 0 {
        super::errno::set(Errno::ENOMEM);
        return core::ptr::null_mut();
    }
    // SAFETY: memalign(3).
    let memalign: extern "C" fn(size_t, size_t) -> *mut c_void =
        unsafe { core::mem::transmute(memalign) };
    memalign(queries::page_size(), size)
}
