//! x86-64: the registers of a frame, by their DWARF numbers.

use core::arch::asm;

const BP: usize = 6;
const SP: usize = 7;
/// The column of the return address.
const PC: usize = 16;

/// The registers that call frame information speaks of.
#[derive(Clone, Copy)]
pub(crate) struct Registers([usize; 17]);

impl Registers {
    /// Those of the function this is inlined into, which are the ones a callee
    /// preserves.
    #[inline(always)]
    pub(crate) fn here() -> Registers {
        let mut all = [0usize; 17];
        // SAFETY: stores registers into the array, 8 bytes each.
        unsafe {
            asm!(
                "mov [{all} + 24], rbx",
                "mov [{all} + 48], rbp",
                "mov [{all} + 56], rsp",
                "mov [{all} + 96], r12",
                "mov [{all} + 104], r13",
                "mov [{all} + 112], r14",
                "mov [{all} + 120], r15",
                "lea {pc}, [rip]",
                "mov [{all} + 128], {pc}",
                all = in(reg) all.as_mut_ptr(),
                pc = out(reg) _,
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
    /// the stack pointer, its `ucontext` first.
    pub(crate) fn interrupted(&self, read: impl Fn(usize) -> Option<usize>) -> Option<Registers> {
        Self::in_context(self.sp(), read)
    }

    /// Those in the `ucontext` at an address.
    pub(crate) fn in_context(
        context: usize,
        read: impl Fn(usize) -> Option<usize>,
    ) -> Option<Registers> {
        /// uc_flags, uc_link, uc_stack.
        const GREGS: usize = 40;
        /// DWARF numbers in the order of `gregset_t`.
        const ORDER: [usize; 17] = [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, BP, 3, 1, 0, 2, SP, PC];
        let mut all = [0; 17];
        for (i, register) in ORDER.iter().enumerate() {
            *all.get_mut(*register)? = read(context.checked_add(GREGS + 8 * i)?)?;
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
        self.get(BP as u16).unwrap_or(0)
    }

    pub(crate) fn set_frame_pointer(&mut self, address: usize) {
        self.set(BP as u16, address);
    }
}

/// Return addresses are plain here.
pub(crate) fn strip_signature(address: usize) -> usize {
    address
}
