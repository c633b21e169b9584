//! aarch64: system calls, the thread pointer, symbols that may be missing, and
//! the few functions the compiler expects to find.

use core::arch::{asm, global_asm};

/// A system call with up to six arguments; the kernel's answer as it is.
///
/// # Safety
/// That of the system call.
#[inline]
pub(crate) unsafe fn syscall6(n: usize, a: [usize; 6]) -> usize {
    let [a0, a1, a2, a3, a4, a5] = a;
    let ret;
    // SAFETY: the kernel's calling convention; what the call itself does is the
    // caller's promise.
    unsafe {
        asm!(
            "svc 0",
            in("x8") n,
            inlateout("x0") a0 => ret,
            in("x1") a1, in("x2") a2, in("x3") a3, in("x4") a4, in("x5") a5,
            options(nostack),
        );
    }
    ret
}

/// Goes on at `pagesim_syscall` as if that had been called.
macro_rules! tail_to_syscall {
    () => {
        // SAFETY: no frame is in the way: the function this stands in has no
        // parameters, no variables and nothing else in it.
        unsafe { core::arch::asm!("b pagesim_syscall", options(noreturn, nostack)) }
    };
}
pub(crate) use tail_to_syscall;

/// A value that no two live threads of a process share.
#[inline]
pub(crate) fn thread_pointer() -> usize {
    let tp: usize;
    // SAFETY: reading the thread pointer register has no effect.
    unsafe { asm!("mrs {}, tpidr_el0", out(reg) tp, options(nostack, nomem, preserves_flags)) };
    tp
}

/// Where memory ends that a program has without having asked for more, with the largest
/// addresses of four levels of page tables: `TASK_SIZE_MAX`.
pub(crate) const END: usize = 1 << 48;

/// `AUDIT_ARCH_AARCH64` of <linux/audit.h>: how seccomp's filters know this architecture.
pub(crate) const AUDIT: u32 = 0xc000_00b7;

/// An address without the tag that its highest byte may hold: `untagged_addr()`.
/// Of the calls on ranges, only those that say where something new goes keep it.
#[inline]
pub(crate) fn untagged(addr: usize) -> usize {
    const TAG: u32 = 8;
    addr & (((addr << TAG) as isize) >> TAG) as usize
}

/// Whether the access that a fault's handler was called for was a write.
pub(crate) fn fault_is_write(context: *const core::ffi::c_void) -> bool {
    /// Size of the machine context in front of its records: 35 words, and the
    /// records begin at a multiple of 16.
    const RECORDS: usize = 288;
    /// All records together.
    const SPACE: usize = 4096;
    /// `ESR_MAGIC` of <asm/sigcontext.h>.
    const SYNDROME: u32 = 0x4553_5201;
    const WRITE: u64 = 1 << 6;
    // SAFETY: what the kernel hands to a handler with SA_SIGINFO: records with
    // their kind and size in front, of which one of size 0 is the last.
    unsafe {
        let context = context.cast::<libc::ucontext_t>();
        let records = (&raw const (*context).uc_mcontext).cast::<u8>().add(RECORDS);
        let mut at = 0;
        while at + 16 <= SPACE {
            let record = records.add(at).cast::<u32>();
            let (kind, size) = (record.read(), record.add(1).read());
            if kind == SYNDROME {
                return record.add(2).cast::<u64>().read() & WRITE != 0;
            }
            if size == 0 {
                break;
            }
            at += size as usize;
        }
    }
    false
}

/// Whether a program can have itself stopped behind each instruction: software step is
/// the debugger's.
pub(crate) const CAN_STEP: bool = false;

/// See the x86-64 file.
pub(crate) fn set_stepping(_: *mut core::ffi::c_void, _: bool) {}

/// Where a signal handler returns to: the kernel's own place.
pub(crate) fn signal_return() -> usize {
    0
}

/// Address of a symbol, or 0 where no loaded library defines it.
macro_rules! weak_symbol {
    ($name:literal) => {{
        let address: usize;
        // SAFETY: reads this library's own global offset table.
        unsafe {
            core::arch::asm!(
                concat!(".weak ", $name),
                concat!("adrp {0}, :got:", $name),
                concat!("ldr {0}, [{0}, :got_lo12:", $name, "]"),
                out(reg) address,
                options(nostack, pure, readonly, preserves_flags),
            );
        }
        address
    }};
}
pub(crate) use weak_symbol;

// What the compiler calls for copies and comparisons. Hidden, so that they are
// never taken for the program's own, and never the program's (a sanitizer's).
global_asm!(
    ".macro hidden_fn name",
    ".globl \\name",
    ".hidden \\name",
    ".type \\name, %function",
    "\\name:",
    ".endm",
    ".section .text.start, \"ax\"",
    "hidden_fn memmove",
    "sub x3, x0, x1",
    "cmp x3, x2",
    "b.hs memcpy",
    "2: cbz x2, 3f",
    "sub x2, x2, #1",
    "ldrb w3, [x1, x2]",
    "strb w3, [x0, x2]",
    "b 2b",
    "3: ret",
    "hidden_fn memcpy",
    "mov x3, x0",
    "4: cmp x2, #8",
    "b.lo 5f",
    "ldr x4, [x1], #8",
    "str x4, [x3], #8",
    "sub x2, x2, #8",
    "b 4b",
    "5: cbz x2, 6f",
    "ldrb w4, [x1], #1",
    "strb w4, [x3], #1",
    "sub x2, x2, #1",
    "b 5b",
    "6: ret",
    "hidden_fn memset",
    "mov x3, x0",
    "7: cbz x2, 8f",
    "strb w1, [x3], #1",
    "sub x2, x2, #1",
    "b 7b",
    "8: ret",
    "hidden_fn memcmp",
    "hidden_fn bcmp",
    "mov x3, x0",
    "mov w0, #0",
    "9: cbz x2, 10f",
    "ldrb w4, [x3], #1",
    "ldrb w5, [x1], #1",
    "sub x2, x2, #1",
    "subs w0, w4, w5",
    "b.eq 9b",
    "10: ret",
    "hidden_fn strlen",
    "mov x1, x0",
    "11: ldrb w2, [x1], #1",
    "cbnz w2, 11b",
    "sub x0, x1, x0",
    "sub x0, x0, #1",
    "ret",
    // there is no unwinding in here
    "hidden_fn rust_eh_personality",
    "brk #1",
);

// syscall(2) of the C library; see the x86-64 file.
global_asm!(
    "hidden_fn pagesim_syscall",
    ".cfi_startproc",
    "cmp x0, {limit}",
    "b.hs 2f",
    "adrp x9, {table}",
    "add x9, x9, :lo12:{table}",
    "ldrb w9, [x9, x0]",
    "cbz w9, 2f",
    "cmp w9, #{forks}",
    "b.eq 5f",
    "b {emulated}",
    "2: mov x8, x0",
    // the first argument, which the kernel overwrites
    "mov x9, x1",
    "mov x0, x1",
    "mov x1, x2",
    "mov x2, x3",
    "mov x3, x4",
    "mov x4, x5",
    "mov x5, x6",
    "svc 0",
    "cmn x0, #{fault}",
    "b.eq 4f",
    "cmn x0, #4095",
    "b.hs 3f",
    "ret",
    "3: b {fail}",
    // the arguments back to where C had put them
    "4: mov x6, x5",
    "mov x5, x4",
    "mov x4, x3",
    "mov x3, x2",
    "mov x2, x1",
    "mov x1, x9",
    "mov x0, x8",
    "b {again}",
    "5: stp x29, x30, [sp, #-80]!",
    ".cfi_adjust_cfa_offset 80",
    ".cfi_rel_offset x29, 0",
    ".cfi_rel_offset x30, 8",
    "mov x29, sp",
    "stp x0, x1, [sp, #16]",
    "stp x2, x3, [sp, #32]",
    "stp x4, x5, [sp, #48]",
    "str x6, [sp, #64]",
    "bl {copies}",
    "mov w9, w0",
    "ldp x0, x1, [sp, #16]",
    "ldp x2, x3, [sp, #32]",
    "ldp x4, x5, [sp, #48]",
    "ldr x6, [sp, #64]",
    "ldp x29, x30, [sp], #80",
    ".cfi_adjust_cfa_offset -80",
    ".cfi_restore x29",
    ".cfi_restore x30",
    "tst w9, #0xff",
    "b.eq 2b",
    "b {emulated}",
    ".cfi_endproc",
    limit = const crate::hooks::syscall::LIMIT,
    table = sym crate::hooks::syscall::EMULATED,
    forks = const crate::hooks::syscall::FORKS,
    copies = sym crate::hooks::syscall::copies_memory,
    emulated = sym crate::hooks::syscall::emulated_syscall,
    fail = sym crate::hooks::errno::fail_with_raw,
    fault = const libc::EFAULT,
    again = sym crate::hooks::syscall::refused_syscall,
);

/// Ends a function without parameters, variables and anything else in it by going
/// on at a label with the caller's registers and stack.
macro_rules! tail_to {
    ($label:literal) => {
        // SAFETY: no frame is in the way.
        unsafe { core::arch::asm!(concat!("b ", $label), options(noreturn, nostack)) }
    };
}
pub(crate) use tail_to;

// execl(3) and its relatives: the arguments in registers are stored right below
// those on the stack, which makes an array of them.
global_asm!(
    ".macro list_fn name, target",
    ".globl \\name",
    ".hidden \\name",
    ".type \\name, @function",
    "\\name:",
    "sub sp, sp, #64",
    "stp x1, x2, [sp, #8]",
    "stp x3, x4, [sp, #24]",
    "stp x5, x6, [sp, #40]",
    "str x7, [sp, #56]",
    "add x1, sp, #8",
    "stp x29, x30, [sp, #-16]!",
    "mov x29, sp",
    "bl \\target",
    "ldp x29, x30, [sp], #16",
    "add sp, sp, #64",
    "ret",
    ".endm",
    ".text",
    "list_fn pagesim_execl, {list}",
    "list_fn pagesim_execlp, {searched}",
    "list_fn pagesim_execle, {environment}",
    list = sym crate::hooks::exec::with_list,
    searched = sym crate::hooks::exec::with_list_searched,
    environment = sym crate::hooks::exec::with_list_and_environment,
);

// printf(3), scanf(3) and their relatives: the registers that hold arguments are saved where a
// va_list finds them (AAPCS64, 10.1.5), which is handed on as the argument behind those
// that are not variadic.
global_asm!(
    ".macro printf_fn name, target, named",
    ".globl \\name",
    ".hidden \\name",
    ".type \\name, @function",
    "\\name:",
    "stp x29, x30, [sp, #-16]!",
    "mov x29, sp",
    "sub sp, sp, #224",
    "stp q0, q1, [sp]",
    "stp q2, q3, [sp, #32]",
    "stp q4, q5, [sp, #64]",
    "stp q6, q7, [sp, #96]",
    "stp x0, x1, [sp, #128]",
    "stp x2, x3, [sp, #144]",
    "stp x4, x5, [sp, #160]",
    "stp x6, x7, [sp, #176]",
    // stack, gr_top, vr_top, gr_offs, vr_offs
    "add x9, sp, #240",
    "add x10, sp, #192",
    "stp x9, x10, [sp, #192]",
    "add x9, sp, #128",
    "str x9, [sp, #208]",
    "mov w9, #(8 * \\named - 64)",
    "mov w10, #-128",
    "stp w9, w10, [sp, #216]",
    "add x\\named, sp, #192",
    "bl \\target",
    "add sp, sp, #224",
    "ldp x29, x30, [sp], #16",
    "ret",
    ".endm",
    ".text",
    "printf_fn pagesim_printf, {vprintf}, 1",
    "printf_fn pagesim_fprintf, {vfprintf}, 2",
    "printf_fn pagesim_dprintf, {vdprintf}, 2",
    "printf_fn pagesim_printf_chk, {vprintf_chk}, 2",
    "printf_fn pagesim_fprintf_chk, {vfprintf_chk}, 3",
    "printf_fn pagesim_dprintf_chk, {vdprintf_chk}, 3",
    "printf_fn pagesim_wprintf, {vwprintf}, 1",
    "printf_fn pagesim_fwprintf, {vfwprintf}, 2",
    "printf_fn pagesim_wprintf_chk, {vwprintf_chk}, 2",
    "printf_fn pagesim_fwprintf_chk, {vfwprintf_chk}, 3",
    "printf_fn pagesim_scanf, {vscanf}, 1",
    "printf_fn pagesim_scanf_c99, {vscanf_c99}, 1",
    "printf_fn pagesim_scanf_c23, {vscanf_c23}, 1",
    "printf_fn pagesim_fscanf, {vfscanf}, 2",
    "printf_fn pagesim_fscanf_c99, {vfscanf_c99}, 2",
    "printf_fn pagesim_fscanf_c23, {vfscanf_c23}, 2",
    vprintf = sym crate::hooks::streams::to_output,
    vfprintf = sym crate::hooks::streams::to_stream,
    vdprintf = sym crate::hooks::streams::to_descriptor,
    vprintf_chk = sym crate::hooks::streams::to_output_checked,
    vfprintf_chk = sym crate::hooks::streams::to_stream_checked,
    vdprintf_chk = sym crate::hooks::streams::to_descriptor_checked,
    vwprintf = sym crate::hooks::streams::to_wide_output,
    vfwprintf = sym crate::hooks::streams::to_wide_stream,
    vwprintf_chk = sym crate::hooks::streams::to_wide_output_checked,
    vfwprintf_chk = sym crate::hooks::streams::to_wide_stream_checked,
    vscanf = sym crate::hooks::reading::input,
    vscanf_c99 = sym crate::hooks::reading::input_c99,
    vscanf_c23 = sym crate::hooks::reading::input_c23,
    vfscanf = sym crate::hooks::reading::stream,
    vfscanf_c99 = sym crate::hooks::reading::stream_c99,
    vfscanf_c23 = sym crate::hooks::reading::stream_c23,
);
