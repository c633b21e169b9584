//! Our handler of a signal in front of the program's.
//!
//! From [`Front::install`] on the kernel knows our handler, and the program's
//! disposition is kept here, as it would have given it to the kernel. What is not
//! for us goes to it with the same siginfo and context, on the stack and under the
//! mask that the kernel would have chosen: our own flags follow the program's.

use super::mask;
use crate::{arch, signals, sys};
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use pagesim_core::errno::Errno;

/// `struct sigaction` as the kernel knows it on both architectures.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct KernelAction {
    pub(crate) handler: usize,
    pub(crate) flags: usize,
    pub(crate) restorer: usize,
    pub(crate) mask: sys::SignalSet,
}

/// A handler with SA_SIGINFO.
pub(crate) type Handler = extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void);

/// One signal with a handler of ours.
pub(crate) struct Front {
    signal: i32,
    handler: Handler,
    installed: AtomicBool,
    /// The program's disposition: written whole into the place that is not
    /// current, which then becomes current, so that a handler always reads a
    /// whole one.
    kept: [[AtomicUsize; 4]; 2],
    current: AtomicUsize,
}

/// SA_RESTORER of the kernel's <asm/signal.h>.
const RESTORER: usize = 0x0400_0000;

impl Front {
    pub(super) const fn new(signal: i32, handler: Handler) -> Front {
        Front {
            signal,
            handler,
            installed: AtomicBool::new(false),
            kept: [const { [const { AtomicUsize::new(0) }; 4] }; 2],
            current: AtomicUsize::new(0),
        }
    }

    /// Whether the hooks answer for the signal and not the kernel.
    #[inline]
    pub(crate) fn is_installed(&self) -> bool {
        self.installed.load(Ordering::Acquire)
    }

    /// What the program wants.
    pub(crate) fn program_action(&self) -> KernelAction {
        let current = self.current.load(Ordering::Acquire);
        let words = self.kept.get(current);
        let words = words.map(|words| words.each_ref().map(|w| w.load(Ordering::Relaxed)));
        let [handler, flags, restorer, mask] = words.unwrap_or_default();
        KernelAction { handler, flags, restorer, mask: mask as sys::SignalSet }
    }

    fn keep(&self, action: &KernelAction) {
        let next = 1 - self.current.load(Ordering::Relaxed).min(1);
        let values = [action.handler, action.flags, action.restorer, action.mask as usize];
        if let Some(words) = self.kept.get(next) {
            for (word, value) in words.iter().zip(values) {
                word.store(value, Ordering::Relaxed);
            }
        }
        self.current.store(next, Ordering::Release);
    }

    /// rt_sigaction(2).
    fn kernel_action(&self, new: Option<&KernelAction>) -> Result<KernelAction, Errno> {
        let mut old = KernelAction::default();
        let new = new.map_or(0, |new| core::ptr::from_ref(new) as usize);
        let size = size_of::<sys::SignalSet>();
        let args = [self.signal as usize, new, &raw mut old as usize, size, 0, 0];
        // SAFETY: structures of the kernel's layout, in this frame or the caller's.
        unsafe { sys::own(libc::SYS_rt_sigaction, args) }?;
        Ok(old)
    }

    /// Our handler with the flags of the program's that decide where it runs and
    /// whether system calls go on after it.
    fn ours(&self, program: &KernelAction) -> KernelAction {
        let default = program.handler == libc::SIG_DFL || program.handler == libc::SIG_IGN;
        let (stack, restart) = (libc::SA_ONSTACK as usize, libc::SA_RESTART as usize);
        // without a handler of the program's nobody expects anything on its stack
        let follow = if default { stack | restart } else { program.flags & (stack | restart) };
        let restorer = arch::signal_return();
        let mut flags = libc::SA_SIGINFO as usize | follow;
        if restorer != 0 {
            flags |= RESTORER;
        }
        let handler = self.handler as *const () as usize;
        KernelAction { handler, flags, restorer, mask: !(signals::FAULTS | mask::STAND_IN) }
    }

    /// Puts our handler in front of the program's, once.
    pub(super) fn install(&self) {
        if self.is_installed() {
            return;
        }
        let Ok(program) = self.kernel_action(None) else { return };
        self.keep(&program);
        if self.kernel_action(Some(&self.ours(&program))).is_ok() {
            self.installed.store(true, Ordering::Release);
        }
    }

    /// Before an exec: an ignored signal is ignored by the kernel.
    pub(super) fn step_aside(&self) {
        let program = self.program_action();
        if self.is_installed() && program.handler == libc::SIG_IGN {
            let _ = self.kernel_action(Some(&program));
        }
    }

    /// After one that failed.
    pub(super) fn step_back(&self) {
        let program = self.program_action();
        if self.is_installed() && program.handler == libc::SIG_IGN {
            let _ = self.kernel_action(Some(&self.ours(&program)));
        }
    }

    /// The program sets its disposition; the old one.
    pub(crate) fn set_action(&self, new: &KernelAction) -> KernelAction {
        let old = self.program_action();
        self.keep(new);
        let _ = self.kernel_action(Some(&self.ours(new)));
        old
    }

    /// Has `libc` (signal(3) or a relative) install a handler, to see which flags
    /// and mask it chooses, and takes them over for `handler`. What the kernel
    /// holds in the meantime makes every fault happen once more.
    pub(crate) fn set_by(&self, handler: usize, libc: impl FnOnce(usize)) -> KernelAction {
        libc(again as *const () as usize);
        let chosen = self.kernel_action(None).unwrap_or_default();
        self.set_action(&KernelAction { handler, ..chosen })
    }

    /// Does what the kernel would have done with this signal.
    pub(super) fn deliver(&self, code: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
        let action = self.program_action();
        let fault = code > 0;
        match action.handler {
            libc::SIG_IGN if !fault => {}
            libc::SIG_DFL | libc::SIG_IGN => self.end(code, info),
            _ => self.run(&action, info, context),
        }
    }

    /// Ends the process by the signal, with the registers of the fault: the access
    /// happens again, or the signal is sent again, and nobody handles it.
    pub(super) fn end(&self, code: i32, info: *mut libc::siginfo_t) {
        let _ = self.kernel_action(Some(&KernelAction::default()));
        if code <= 0 || self.signal == libc::SIGTRAP {
            self.send_again(libc::SI_TKILL, info);
        }
    }

    /// Sends a signal again that was sent with `code`, to this thread or process.
    pub(super) fn send_again(&self, code: i32, info: *mut libc::siginfo_t) {
        let (pid, signal) = (sys::getpid() as usize, self.signal as usize);
        let to_thread = [pid, sys::gettid() as usize, signal, info as usize, 0, 0];
        let to_process = [pid, signal, info as usize, 0, 0, 0];
        // SAFETY: a siginfo of the kernel's making, to this process.
        let _ = unsafe {
            if code == libc::SI_TKILL {
                sys::call(libc::SYS_rt_tgsigqueueinfo, to_thread)
            } else {
                sys::call(libc::SYS_rt_sigqueueinfo, to_process)
            }
        };
    }

    /// The program's handler, as `handle_signal()` sets it up.
    fn run(&self, action: &KernelAction, info: *mut libc::siginfo_t, context: *mut c_void) {
        if action.flags & libc::SA_RESETHAND as usize != 0 {
            self.keep(&KernelAction { handler: libc::SIG_DFL, ..*action });
        }
        // SAFETY: the context that the kernel made for this handler.
        let interrupted = unsafe { &mut *mask_of(context) };
        // the program is shown the mask that it believes in
        *interrupted = mask::reported(*interrupted);
        let mut mask = *interrupted | action.mask;
        if action.flags & libc::SA_NODEFER as usize == 0 {
            mask |= signals::bit(self.signal);
        }
        sys::set_signal_mask(mask::told(mask));
        // SAFETY: the program's handler; one without SA_SIGINFO ignores the rest.
        let handler: Handler = unsafe { core::mem::transmute(action.handler) };
        handler(self.signal, info, context);
        // SAFETY: as above; the handler may have changed it.
        let interrupted = unsafe { &mut *mask_of(context) };
        *interrupted = mask::told(*interrupted);
    }
}

extern "C" fn again(_: i32) {}

/// The mask that a handler's return restores: the kernel's set is the first word
/// of the C library's.
///
/// # Safety
/// `context` is what the kernel made for a handler.
pub(super) unsafe fn mask_of(context: *mut c_void) -> *mut sys::SignalSet {
    // SAFETY: the caller's promise.
    unsafe { (&raw mut (*context.cast::<libc::ucontext_t>()).uc_sigmask).cast() }
}
