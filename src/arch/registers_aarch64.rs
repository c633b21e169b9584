//! aarch64: the registers of a frame, by their DWARF numbers.

use core::arch::asm;

const FP: usize = 29;
const SP: usize = 31;
const PC: usize = 32;

/// The registers that call frame information speaks of.
#[derive(Clone, Copy)]
pub(crate) struct Registers([usize; 33]);

impl Registers {
    /// Those of the function this is inlined into, which are the ones a callee
    /// preserves.
    #[inline(always)]
    pub(crate) fn here() -> Registers {
        let mut all = [0usize; 33];
        // SAFETY: stores registers into the array, 8 bytes each.
        unsafe {
            asm!(
                "stp x19, x20, [{all}, #152]",
                "stp x21, x22, [{all}, #168]",
                "stp x23, x24, [{all}, #184]",
                "stp x25, x26, [{all}, #200]",
                "stp x27, x28, [{all}, #216]",
                "stp x29, x30, [{all}, #232]",
                "mov {scratch}, sp",
                "str {scratch}, [{all}, #248]",
                "adr {scratch}, .",
                "str {scratch}, [{all}, #256]",
                all = in(reg) all.as_mut_ptr(),
                scratch = out(reg) _,
                options(nostack, preserves_flags),
            );
        }
        Registers(all)
    }

    pub(crate) fn get(&self, register: u16) -> Option<usize> {
        self.0.get(usize::from(register)).copied()
    }

    pub(crate) fn set(&mut self, register: u16, value: usize) {
        if let Some(place) = self.0.get_mut(usize::from(register)) {
            *place = value;
        }
    }

    /// Those that a signal interrupted: the kernel's `struct rt_sigframe` is at
    /// the stack pointer, its `ucontext` behind the `siginfo`.
    pub(crate) fn interrupted(&self, read: impl Fn(usize) -> Option<usize>) -> Option<Registers> {
        const SIGINFO: usize = 128;
        Self::in_context(self.sp().checked_add(SIGINFO)?, read)
    }

    /// Those in the `ucontext` at an address.
    pub(crate) fn in_context(
        context: usize,
        read: impl Fn(usize) -> Option<usize>,
    ) -> Option<Registers> {
        /// uc_flags, uc_link, uc_stack, uc_sigmask, padding, fault_address; then
        /// x0 to x30, sp and pc.
        const REGS: usize = 184;
        let mut all = [0; 33];
        for (i, place) in all.iter_mut().enumerate() {
            *place = read(context.checked_add(REGS + 8 * i)?)?;
        }
        Some(Registers(all))
    }

    pub(crate) fn pc(&self) -> usize {
        self.get(PC as u16).unwrap_or(0)
    }

    pub(crate) fn set_pc(&mut self, pc: usize) {
        self.set(PC as u16, pc);
    }

    pub(crate) fn sp(&self) -> usize {
        self.get(SP as u16).unwrap_or(0)
    }

    pub(crate) fn set_sp(&mut self, sp: usize) {
        self.set(SP as u16, sp);
    }

    pub(crate) fn frame_pointer(&self) -> usize {
        self.get(FP as u16).unwrap_or(0)
    }

    pub(crate) fn set_frame_pointer(&mut self, address: usize) {
        self.set(FP as u16, address);
    }
}

/// A return address without its authentication code (`xpaclri`, which older
/// processors take for a hint).
pub(crate) fn strip_signature(address: usize) -> usize {
    let mut stripped = address;
    // SAFETY: changes only x30, which is named.
    unsafe {
        asm!("hint #7", inout("x30") stripped, options(nostack, nomem, preserves_flags));
    }
    stripped
}
