//! SIGSEGV: a fault in a page that a finding touched is noted beside it.
//!
//! From the first event on, our handler stands before the program's: with the
//! program's own flags and mask, so that the kernel does all that it would have done,
//! and calls it with the same arguments. Where the program has none, the default
//! is restored and the instruction faults again. What the program asks about its
//! handler is answered from what is kept here.
//!
//! A program that calls rt_sigaction(2) by number takes our handler away; then
//! faults are not explained, and nothing else happens.

use crate::eof::KernelAction;
use crate::state::{self, Turn};
use crate::{arch, sys};
use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use libc::sigaction as Action;
use pagesim_core::errno::Errno;

const SIGNAL: c_int = libc::SIGSEGV;

static INSTALLED: AtomicBool = AtomicBool::new(false);
/// The program's handler, and whether it wants siginfo.
static HANDLER: AtomicUsize = AtomicUsize::new(libc::SIG_DFL);
static WANTS_INFO: AtomicBool = AtomicBool::new(false);

fn ours() -> usize {
    on_fault as *const () as usize
}

fn is_function(handler: usize) -> bool {
    handler != libc::SIG_DFL && handler != libc::SIG_IGN
}

/// rt_sigaction(2).
fn kernel(new: Option<&KernelAction>) -> Result<KernelAction, Errno> {
    let mut old = KernelAction::default();
    let new = new.map_or(0, |new| core::ptr::from_ref(new) as usize);
    let size = size_of::<sys::SignalSet>();
    let args = [SIGNAL as usize, new, &raw mut old as usize, size, 0, 0];
    // SAFETY: structures of the kernel's layout, in this frame or the caller's.
    unsafe { sys::call(libc::SYS_rt_sigaction, args) }?;
    Ok(old)
}

/// SA_RESTORER of the kernel's <asm/signal.h>.
const RESTORER: usize = 0x0400_0000;

/// Ours where the program has no handler.
fn for_default() -> KernelAction {
    let restorer = arch::signal_return();
    let flags = (libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER) as usize;
    let flags = if restorer == 0 { flags } else { flags | RESTORER };
    KernelAction { handler: ours(), flags, restorer, mask: 0 }
}

/// Puts our handler in front of the program's, once.
pub(super) fn install() {
    if INSTALLED.load(Ordering::Relaxed) {
        return;
    }
    let Ok(program) = kernel(None) else { return };
    keep(program.handler, program.flags);
    let new = match program.handler {
        libc::SIG_IGN => return,
        libc::SIG_DFL => for_default(),
        _ => KernelAction {
            handler: ours(),
            flags: program.flags | libc::SA_SIGINFO as usize,
            ..program
        },
    };
    INSTALLED.store(kernel(Some(&new)).is_ok(), Ordering::Release);
}

fn keep(handler: usize, flags: usize) {
    HANDLER.store(handler, Ordering::Relaxed);
    WANTS_INFO.store(flags & libc::SA_SIGINFO as usize != 0, Ordering::Release);
}

/// Whether what the program says of `signal` concerns us: one load.
#[inline]
pub(crate) fn watches(signal: c_int) -> bool {
    signal == SIGNAL && INSTALLED.load(Ordering::Acquire)
}

/// sigaction(2) of the program, by `next`, which knows its real arguments.
pub(crate) fn action(
    new: Option<&Action>,
    old: Option<&mut Action>,
    next: impl FnOnce(*const Action, *mut Action) -> c_int,
) -> c_int {
    let (handler, info) = (HANDLER.load(Ordering::Relaxed), WANTS_INFO.load(Ordering::Acquire));
    let wanted = new.map(|new| (new.sa_sigaction, new.sa_flags));
    let replaced = new.map(|new| {
        let mut new = *new;
        if is_function(new.sa_sigaction) {
            new.sa_sigaction = ours();
            new.sa_flags |= libc::SA_SIGINFO;
        }
        new
    });
    let to = replaced.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
    let mut seen = core::mem::MaybeUninit::<Action>::zeroed();
    let answer = next(to, seen.as_mut_ptr());
    if answer != 0 {
        return answer;
    }
    if let Some(old) = old {
        // SAFETY: zeroed, of which every field is valid, and filled.
        *old = unsafe { seen.assume_init() };
        if old.sa_sigaction == ours() {
            old.sa_sigaction = handler;
            if !info {
                old.sa_flags &= !libc::SA_SIGINFO;
            }
            if !is_function(handler) {
                old.sa_flags = 0;
            }
        }
    }
    if let Some((handler, flags)) = wanted {
        settle(handler, flags as u32 as usize);
    }
    answer
}

/// signal(3) of the program, by `next`; the old handler.
pub(crate) fn by_signal(handler: usize, next: impl FnOnce(usize) -> usize) -> usize {
    let before = HANDLER.load(Ordering::Relaxed);
    let answer = next(if is_function(handler) { ours() } else { handler });
    if answer == libc::SIG_ERR {
        return answer;
    }
    settle(handler, 0);
    if let (true, Ok(set)) = (is_function(handler), kernel(None)) {
        let flags = set.flags | libc::SA_SIGINFO as usize;
        let _ = kernel(Some(&KernelAction { flags, ..set }));
    }
    if answer == ours() {
        before
    } else {
        answer
    }
}

/// The program has set its handler.
fn settle(handler: usize, flags: usize) {
    keep(handler, flags);
    if handler == libc::SIG_DFL {
        let _ = kernel(Some(&for_default()));
    }
}

extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: what the kernel hands to a handler with SA_SIGINFO.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    if code > 0 {
        if let Turn::Open(mut guard) = state::enter() {
            if let Some(recorder) = super::recorder(&mut guard) {
                recorder.fault(address, context as usize);
            }
        }
    }
    let handler = HANDLER.load(Ordering::Relaxed);
    if is_function(handler) {
        // SAFETY: the program's handler; one without SA_SIGINFO ignores the rest.
        let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
            unsafe { core::mem::transmute(handler) };
        handler(signal, info, context);
        return;
    }
    // the end: what exit(3) would have left
    super::forecast::end();
    let _ = kernel(Some(&KernelAction::default()));
    INSTALLED.store(false, Ordering::Relaxed);
    if code <= 0 {
        let thread = sys::gettid() as usize;
        let args = [sys::getpid() as usize, thread, SIGNAL as usize, info as usize, 0, 0];
        // SAFETY: a siginfo of the kernel's making, to this very thread.
        let _ = unsafe { sys::call(libc::SYS_rt_tgsigqueueinfo, args) };
    }
}
