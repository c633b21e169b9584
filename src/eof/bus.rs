//! SIGBUS: our handler in front of the program's.
//!
//! Installed when the first file is mapped that can have a tail; from then on the
//! kernel knows our handler, and the program's disposition is kept here, as it
//! would have given it to the kernel. A SIGBUS that is not about a tail goes to it
//! with the same siginfo and context, on the stack and under the mask that the
//! kernel would have chosen: our own flags follow the program's.

use super::fill::Filled;
use super::refresh::NOTHING;
use super::{kernel, mask, Eof};
use crate::state::{self, Turn};
use crate::{arch, signals, sys};
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::flags::Prot;
use pagesim_core::vma::Backing;

/// `struct sigaction` as the kernel knows it on both architectures.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct KernelAction {
    pub(crate) handler: usize,
    pub(crate) flags: usize,
    pub(crate) restorer: usize,
    pub(crate) mask: sys::SignalSet,
}

static INSTALLED: AtomicBool = AtomicBool::new(false);

/// The program's disposition: written whole into the place that is not current,
/// which then becomes current, so that a handler always reads a whole one.
struct Kept {
    words: [[AtomicUsize; 4]; 2],
    current: AtomicUsize,
}

static KEPT: Kept = Kept {
    words: [const { [const { AtomicUsize::new(0) }; 4] }; 2],
    current: AtomicUsize::new(0),
};

/// Whether the hooks answer for `signal` and not the kernel.
#[inline]
pub(crate) fn handled_here(signal: i32) -> bool {
    signal == libc::SIGBUS && INSTALLED.load(Ordering::Acquire)
}

/// What the program wants of SIGBUS.
pub(crate) fn program_action() -> KernelAction {
    let current = KEPT.current.load(Ordering::Acquire);
    let words = KEPT.words.get(current).map(|words| words.each_ref().map(|w| w.load(Ordering::Relaxed)));
    let [handler, flags, restorer, mask] = words.unwrap_or_default();
    KernelAction { handler, flags, restorer, mask: mask as sys::SignalSet }
}

fn keep(action: &KernelAction) {
    let next = 1 - KEPT.current.load(Ordering::Relaxed).min(1);
    let values = [action.handler, action.flags, action.restorer, action.mask as usize];
    if let Some(words) = KEPT.words.get(next) {
        for (word, value) in words.iter().zip(values) {
            word.store(value, Ordering::Relaxed);
        }
    }
    KEPT.current.store(next, Ordering::Release);
}

/// rt_sigaction(2) for SIGBUS.
fn kernel_action(new: Option<&KernelAction>) -> Result<KernelAction, Errno> {
    let mut old = KernelAction::default();
    let new = new.map_or(0, |new| core::ptr::from_ref(new) as usize);
    let args = [
        libc::SIGBUS as usize,
        new,
        &raw mut old as usize,
        size_of::<sys::SignalSet>(),
        0,
        0,
    ];
    // SAFETY: structures of the kernel's layout, in this frame or the caller's.
    unsafe { sys::call(libc::SYS_rt_sigaction, args) }?;
    Ok(old)
}

/// SA_RESTORER of the kernel's <asm/signal.h>.
const RESTORER: usize = 0x0400_0000;

/// Our handler with the flags of the program's that decide where it runs and
/// whether system calls go on after it.
fn ours(program: &KernelAction) -> KernelAction {
    let default = program.handler == libc::SIG_DFL || program.handler == libc::SIG_IGN;
    let (stack, restart) = (libc::SA_ONSTACK as usize, libc::SA_RESTART as usize);
    // without a handler of the program's nobody expects anything on its stack
    let follow = if default { stack | restart } else { program.flags & (stack | restart) };
    let restorer = arch::signal_return();
    let mut flags = libc::SA_SIGINFO as usize | follow;
    if restorer != 0 {
        flags |= RESTORER;
    }
    KernelAction { handler: on_bus as *const () as usize, flags, restorer, mask: !signals::FAULTS }
}

/// Puts our handler in front of the program's, once.
pub(super) fn install() {
    if INSTALLED.load(Ordering::Relaxed) {
        return;
    }
    let Ok(program) = kernel_action(None) else { return };
    keep(&program);
    if kernel_action(Some(&ours(&program))).is_ok() {
        INSTALLED.store(true, Ordering::Release);
    }
}

/// The program sets its disposition; the old one.
pub(crate) fn set_action(new: &KernelAction) -> KernelAction {
    let old = program_action();
    keep(new);
    let _ = kernel_action(Some(&ours(new)));
    old
}

/// Has `libc` (signal(3) or a relative) install a handler, to see which flags and
/// mask it chooses, and takes them over for `handler`. What the kernel holds in
/// the meantime makes every fault happen once more.
pub(crate) fn with_programs_action(handler: usize, libc: impl FnOnce(usize)) -> KernelAction {
    libc(again as *const () as usize);
    let chosen = kernel_action(None).unwrap_or_default();
    set_action(&KernelAction { handler, ..chosen })
}

extern "C" fn again(_: i32) {}

extern "C" fn on_bus(signal: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: what the kernel hands to a handler with SA_SIGINFO.
    let (code, addr) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    if code == libc::BUS_ADRERR && is_settled(addr, arch::fault_is_write(context)) {
        return;
    }
    if !mask::held() {
        deliver(signal, code, info, context);
    } else if code > 0 {
        // a fault whose signal is blocked
        end(true, info);
    } else {
        keep_pending(code, info, context);
    }
}

/// A thread that believes it blocks SIGBUS was sent one: from now on it does.
fn keep_pending(code: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: as in `run`; what is set here is restored when the handler returns.
    unsafe { *mask_of(context) |= mask::BUS };
    let (pid, signal) = (sys::getpid() as usize, libc::SIGBUS as usize);
    let to_thread = [pid, sys::gettid() as usize, signal, info as usize, 0, 0];
    let to_process = [pid, signal, info as usize, 0, 0, 0];
    // SAFETY: a siginfo of the kernel's making; SIGBUS is blocked here.
    let _ = unsafe {
        if code == libc::SI_TKILL {
            sys::call(libc::SYS_rt_tgsigqueueinfo, to_thread)
        } else {
            sys::call(libc::SYS_rt_sigqueueinfo, to_process)
        }
    };
}

/// The mask that a handler's return restores: the kernel's set is the first word
/// of the C library's.
///
/// # Safety
/// `context` is what the kernel made for a handler.
unsafe fn mask_of(context: *mut c_void) -> *mut sys::SignalSet {
    // SAFETY: the caller's promise.
    unsafe { (&raw mut (*context.cast::<libc::ucontext_t>()).uc_sigmask).cast() }
}

/// Whether the access at `addr` can be tried again.
fn is_settled(addr: usize, write: bool) -> bool {
    let Turn::Open(mut guard) = state::enter() else { return false };
    let mut eof = Eof::of(&mut guard);
    let Some(vma) = eof.file_vma(addr) else { return false };
    if !eof.space.config().has_tails() {
        return false;
    }
    if let Backing::File { id, .. } = vma.backing {
        eof.recheck_file(id, &NOTHING);
    }
    let word = addr & !(size_of::<u64>() - 1);
    if kernel::readable(word) {
        // Grown meanwhile; or there is no room for the page that is to be
        // written, and it would fault for ever.
        return !(write && vma.prot.contains(Prot::WRITE)) || kernel::writable(word);
    }
    eof.fill_at(addr) != Filled::No
}

/// Does what the kernel would have done with this signal.
fn deliver(signal: i32, code: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    let action = program_action();
    let fault = code > 0;
    match action.handler {
        libc::SIG_IGN if !fault => {}
        libc::SIG_DFL | libc::SIG_IGN => end(fault, info),
        _ => run(&action, signal, info, context),
    }
}

/// Ends the process by SIGBUS, with the registers of the fault: the access happens
/// again, or the signal is sent again, and nobody handles it.
fn end(fault: bool, info: *mut libc::siginfo_t) {
    let _ = kernel_action(Some(&KernelAction::default()));
    if !fault {
        let args = [
            sys::getpid() as usize,
            sys::gettid() as usize,
            libc::SIGBUS as usize,
            info as usize,
            0,
            0,
        ];
        // SAFETY: a siginfo of the kernel's making, to this very thread.
        let _ = unsafe { sys::call(libc::SYS_rt_tgsigqueueinfo, args) };
    }
}

/// The program's handler, as `handle_signal()` sets it up.
fn run(
    action: &KernelAction,
    signal: i32,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    if action.flags & libc::SA_RESETHAND as usize != 0 {
        let reset = KernelAction { handler: libc::SIG_DFL, ..*action };
        keep(&reset);
    }
    // SAFETY: the context that the kernel made for this handler.
    let before = unsafe { *mask_of(context) };
    let mut mask = before | action.mask;
    if action.flags & libc::SA_NODEFER as usize == 0 {
        mask |= signals::bit(signal);
    }
    sys::set_signal_mask(mask);
    // SAFETY: the program's handler; one without SA_SIGINFO ignores the rest.
    let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void) =
        unsafe { core::mem::transmute(action.handler) };
    handler(signal, info, context);
}
