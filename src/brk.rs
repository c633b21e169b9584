//! The program break as the program moves it.
//!
//! The C library's malloc moves the same break by itself, in host pages. The
//! kernel's break is therefore kept on a target page at every call of the program,
//! and what the program asked for is remembered beside it: the memory up to the
//! end of that target page is there, as on a kernel with target pages. Once malloc
//! has moved on, the remembered break means nothing any more.

use crate::arch::weak_symbol;
use crate::eof::Eof;
use crate::hooks::next;
use crate::state::{self, Turn};
use crate::{pending, sys};
use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicUsize, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::page::{AddrRange, PageSize};

/// Where the last call of the program left the kernel's break.
static KERNEL: AtomicUsize = AtomicUsize::new(0);
/// The break that the program was told then.
static SHOWN: AtomicUsize = AtomicUsize::new(0);

/// brk(2) of the kernel: the break afterwards.
fn raw(addr: usize) -> usize {
    // SAFETY: moves the break as the program asked.
    unsafe { sys::call(libc::SYS_brk, [addr, 0, 0, 0, 0, 0]) }.unwrap_or(0)
}

/// Whether the C library keeps the break in a variable, and lets the program
/// move it (musl does neither).
fn library_moves_it() -> bool {
    weak_symbol!("__curbrk") != 0
}

/// Sets the kernel's break, with the C library's knowledge where it keeps one.
fn set_kernel(addr: usize) -> bool {
    let moved = match next!(c"brk", fn(*mut c_void) -> c_int).filter(|_| library_moves_it()) {
        Some(brk) => brk(addr as *mut c_void) == 0,
        None => raw(addr) == addr,
    };
    if moved {
        KERNEL.store(addr, Ordering::Relaxed);
    }
    moved
}

/// The break that the program sees.
fn current(target: PageSize) -> usize {
    let kernel = raw(0);
    if kernel == KERNEL.load(Ordering::Relaxed) {
        return SHOWN.load(Ordering::Relaxed);
    }
    let shown = target.ceil(kernel).filter(|addr| set_kernel(*addr)).unwrap_or(kernel);
    SHOWN.store(shown, Ordering::Relaxed);
    KERNEL.store(shown, Ordering::Relaxed);
    shown
}

/// Moves the break to `addr`, if that is possible. A break that the kernel does
/// not lower, because a mapping is in the way or a hole, is no error to the C
/// library: it stays where it was.
fn set(target: PageSize, addr: usize) -> Result<(), Errno> {
    let end = target.ceil(addr).ok_or(Errno::ENOMEM)?;
    let mut turn = state::enter();
    let kernel = raw(0);
    let lowered = AddrRange::new(end, kernel).filter(|lowered| !lowered.is_empty());
    if let (Turn::Open(guard), Some(lowered)) = (&mut turn, lowered) {
        Eof::of(guard).leave(lowered);
    }
    if end != kernel && !set_kernel(end) {
        return Err(Errno::ENOMEM);
    }
    if raw(0) == end {
        KERNEL.store(end, Ordering::Relaxed);
        SHOWN.store(addr, Ordering::Relaxed);
        if let Some(lowered) = lowered {
            forget(&mut turn, lowered);
        }
    } else {
        KERNEL.store(kernel, Ordering::Relaxed);
    }
    Ok(())
}

/// What the program had mapped over the heap went with a lowered break.
fn forget(turn: &mut Turn, range: AddrRange) {
    match turn {
        Turn::Open(guard) => {
            // Without memory for it the table keeps what is not there.
            let _ = guard.space().resync(range);
            Eof::of(guard).forget(range);
        }
        Turn::Nested(_) => pending::push(range),
        Turn::Inert => {}
    }
}

/// The system call: the break afterwards.
pub(crate) fn system_call(addr: usize) -> usize {
    let Some(target) = state::target() else { return raw(addr) };
    let before = current(target);
    if addr == 0 || set(target, addr).is_err() {
        before
    } else {
        SHOWN.load(Ordering::Relaxed)
    }
}

/// brk(3); `None` where the C library does not offer it or nothing is emulated.
pub(crate) fn brk(addr: usize) -> Option<Result<(), Errno>> {
    let target = state::target().filter(|_| library_moves_it())?;
    current(target);
    Some(set(target, addr))
}

/// sbrk(3): the break before; `None` as [`brk`].
pub(crate) fn sbrk(increment: isize) -> Option<Result<usize, Errno>> {
    let target = state::target().filter(|_| library_moves_it())?;
    let before = current(target);
    if increment == 0 {
        return Some(Ok(before));
    }
    let moved = before.checked_add_signed(increment).ok_or(Errno::ENOMEM);
    Some(moved.and_then(|addr| set(target, addr)).map(|()| before))
}
