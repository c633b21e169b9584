//! x86-64: system calls, the thread pointer, symbols that may be missing, and
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
            "syscall",
            inlateout("rax") n => ret,
            in("rdi") a0, in("rsi") a1, in("rdx") a2,
            in("r10") a3, in("r8") a4, in("r9") a5,
            lateout("rcx") _, lateout("r11") _,
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
        unsafe { core::arch::asm!("jmp pagesim_syscall", options(noreturn, nostack)) }
    };
}
pub(crate) use tail_to_syscall;

/// A value that no two live threads of a process share.
#[inline]
pub(crate) fn thread_pointer() -> usize {
    let tp: usize;
    // SAFETY: the x86-64 ABI keeps the thread's control block's own address at
    // offset 0 of it; glibc and musl set it before any code of a library runs.
    unsafe { asm!("mov {}, fs:0", out(reg) tp, options(nostack, readonly, preserves_flags)) };
    tp
}

/// Where memory ends that a program has without having asked for more: `TASK_SIZE_MAX`.
pub(crate) const END: usize = (1 << 47) - (1 << 12);

/// `AUDIT_ARCH_X86_64` of <linux/audit.h>: how seccomp's filters know this architecture.
pub(crate) const AUDIT: u32 = 0xc000_003e;

/// An address as calls on ranges take it: no process has tags that did not ask for
/// them (ARCH_ENABLE_TAGGED_ADDR).
#[inline]
pub(crate) fn untagged(addr: usize) -> usize {
    addr
}

/// Whether the access that a fault's handler was called for was a write.
pub(crate) fn fault_is_write(context: *const core::ffi::c_void) -> bool {
    const WRITE: i64 = 2;
    // SAFETY: what the kernel hands to a handler with SA_SIGINFO.
    let registers = unsafe { (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    registers.get(libc::REG_ERR as usize).is_some_and(|error| error & WRITE != 0)
}

/// Whether a program can have itself stopped behind each instruction.
pub(crate) const CAN_STEP: bool = true;

/// Has a handler return to a thread that stops behind its next instruction, or
/// no longer does.
pub(crate) fn set_stepping(context: *mut core::ffi::c_void, on: bool) {
    const TRAP_FLAG: i64 = 1 << 8;
    // SAFETY: what the kernel hands to a handler with SA_SIGINFO.
    let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    if let Some(flags) = registers.get_mut(libc::REG_EFL as usize) {
        *flags = if on { *flags | TRAP_FLAG } else { *flags & !TRAP_FLAG };
    }
}

/// Where a signal handler returns to (SA_RESTORER); the kernel has no place of its
/// own. Debuggers know it by its two instructions.
pub(crate) fn signal_return() -> usize {
    extern "C" {
        fn pagesim_signal_return();
    }
    pagesim_signal_return as *const () as usize
}

global_asm!(
    ".text",
    ".globl pagesim_signal_return",
    ".hidden pagesim_signal_return",
    ".type pagesim_signal_return, @function",
    "nop",
    "pagesim_signal_return:",
    "mov rax, {number}",
    "syscall",
    ".size pagesim_signal_return, . - pagesim_signal_return",
    number = const libc::SYS_rt_sigreturn,
);

/// Address of a symbol, or 0 where no loaded library defines it.
macro_rules! weak_symbol {
    ($name:literal) => {{
        let address: usize;
        // SAFETY: reads this library's own global offset table.
        unsafe {
            core::arch::asm!(
                concat!(".weak ", $name),
                concat!("mov {}, qword ptr [rip + ", $name, "@GOTPCREL]"),
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
    ".type \\name, @function",
    "\\name:",
    ".endm",
    ".section .text.start, \"ax\"",
    "hidden_fn memcpy",
    "mov rax, rdi",
    "mov rcx, rdx",
    "rep movsb",
    "ret",
    "hidden_fn memmove",
    "mov rax, rdi",
    "mov rcx, rdx",
    "mov r8, rdi",
    "sub r8, rsi",
    "cmp r8, rdx",
    "jb 2f",
    "rep movsb",
    "ret",
    "2: lea rdi, [rdi + rcx - 1]",
    "lea rsi, [rsi + rcx - 1]",
    "std",
    "rep movsb",
    "cld",
    "ret",
    "hidden_fn memset",
    "mov r8, rdi",
    "mov eax, esi",
    "mov rcx, rdx",
    "rep stosb",
    "mov rax, r8",
    "ret",
    "hidden_fn memcmp",
    "hidden_fn bcmp",
    "xor eax, eax",
    "xor ecx, ecx",
    "3: cmp rcx, rdx",
    "je 4f",
    "movzx eax, byte ptr [rdi + rcx]",
    "movzx r8d, byte ptr [rsi + rcx]",
    "inc rcx",
    "sub eax, r8d",
    "je 3b",
    "4: ret",
    "hidden_fn strlen",
    "xor eax, eax",
    "5: cmp byte ptr [rdi + rax], 0",
    "je 6f",
    "inc rax",
    "jmp 5b",
    "6: ret",
    // there is no unwinding in here
    "hidden_fn rust_eh_personality",
    "ud2",
);

// syscall(2) of the C library. Calls that are emulated go to `emulated_syscall`
// with the arguments where C put them. Every other one is the bare instruction in
// a leaf without a frame: what returns twice (fork) or on another stack
// (clone) works as it does with the C library's own.
global_asm!(
    "hidden_fn pagesim_syscall",
    ".cfi_startproc",
    "cmp rdi, {limit}",
    "jae 2f",
    "lea rax, [rip + {table}]",
    "movzx eax, byte ptr [rax + rdi]",
    "test eax, eax",
    "je 2f",
    "cmp eax, {forks}",
    "jne {emulated}",
    // only the answer and the stack pointer are changed by this
    "sub rsp, 56",
    ".cfi_adjust_cfa_offset 56",
    "mov [rsp], rdi",
    "mov [rsp + 8], rsi",
    "mov [rsp + 16], rdx",
    "mov [rsp + 24], rcx",
    "mov [rsp + 32], r8",
    "mov [rsp + 40], r9",
    "call {copies}",
    "mov rdi, [rsp]",
    "mov rsi, [rsp + 8]",
    "mov rdx, [rsp + 16]",
    "mov rcx, [rsp + 24]",
    "mov r8, [rsp + 32]",
    "mov r9, [rsp + 40]",
    "add rsp, 56",
    ".cfi_adjust_cfa_offset -56",
    "test al, al",
    "jne {emulated}",
    // the number, which the kernel overwrites, below the stack
    "2: mov [rsp - 8], rdi",
    "mov rax, rdi",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "mov rdx, rcx",
    "mov r10, r8",
    "mov r8, r9",
    "mov r9, [rsp + 8]",
    "syscall",
    "cmp rax, -{fault}",
    "je 4f",
    "cmp rax, -4095",
    "jae 3f",
    "ret",
    "3: mov rdi, rax",
    "jmp {fail}",
    // the arguments back to where C had put them
    "4: mov r9, r8",
    "mov r8, r10",
    "mov rcx, rdx",
    "mov rdx, rsi",
    "mov rsi, rdi",
    "mov rdi, [rsp - 8]",
    "jmp {again}",
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
        unsafe { core::arch::asm!(concat!("jmp ", $label), options(noreturn, nostack)) }
    };
}
pub(crate) use tail_to;

// execl(3) and its relatives: the arguments in registers are pushed in front of
// those on the stack, which makes an array of them, below which the return address is
// put again.
global_asm!(
    ".macro list_fn name, target",
    ".globl \\name",
    ".hidden \\name",
    ".type \\name, @function",
    "\\name:",
    "pop rax",
    "push r9",
    "push r8",
    "push rcx",
    "push rdx",
    "push rsi",
    "mov rsi, rsp",
    "push rax",
    "call \\target",
    "pop rcx",
    "add rsp, 40",
    "push rcx",
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
// va_list finds them (System V ABI, 3.5.7), which is handed on as the argument behind
// those that are not variadic.
global_asm!(
    ".macro printf_fn name, target, named, list",
    ".globl \\name",
    ".hidden \\name",
    ".type \\name, @function",
    "\\name:",
    ".cfi_startproc",
    "sub rsp, 216",
    ".cfi_def_cfa_offset 224",
    "mov [rsp], rdi",
    "mov [rsp + 8], rsi",
    "mov [rsp + 16], rdx",
    "mov [rsp + 24], rcx",
    "mov [rsp + 32], r8",
    "mov [rsp + 40], r9",
    "test al, al",
    "je 7f",
    "movaps [rsp + 48], xmm0",
    "movaps [rsp + 64], xmm1",
    "movaps [rsp + 80], xmm2",
    "movaps [rsp + 96], xmm3",
    "movaps [rsp + 112], xmm4",
    "movaps [rsp + 128], xmm5",
    "movaps [rsp + 144], xmm6",
    "movaps [rsp + 160], xmm7",
    "7: mov dword ptr [rsp + 176], 8 * \\named",
    "mov dword ptr [rsp + 180], 48",
    "lea rax, [rsp + 224]",
    "mov [rsp + 184], rax",
    "mov [rsp + 192], rsp",
    "lea \\list, [rsp + 176]",
    "call \\target",
    "add rsp, 216",
    ".cfi_def_cfa_offset 8",
    "ret",
    ".cfi_endproc",
    ".endm",
    ".text",
    "printf_fn pagesim_printf, {vprintf}, 1, rsi",
    "printf_fn pagesim_fprintf, {vfprintf}, 2, rdx",
    "printf_fn pagesim_dprintf, {vdprintf}, 2, rdx",
    "printf_fn pagesim_printf_chk, {vprintf_chk}, 2, rdx",
    "printf_fn pagesim_fprintf_chk, {vfprintf_chk}, 3, rcx",
    "printf_fn pagesim_dprintf_chk, {vdprintf_chk}, 3, rcx",
    "printf_fn pagesim_wprintf, {vwprintf}, 1, rsi",
    "printf_fn pagesim_fwprintf, {vfwprintf}, 2, rdx",
    "printf_fn pagesim_wprintf_chk, {vwprintf_chk}, 2, rdx",
    "printf_fn pagesim_fwprintf_chk, {vfwprintf_chk}, 3, rcx",
    "printf_fn pagesim_scanf, {vscanf}, 1, rsi",
    "printf_fn pagesim_scanf_c99, {vscanf_c99}, 1, rsi",
    "printf_fn pagesim_scanf_c23, {vscanf_c23}, 1, rsi",
    "printf_fn pagesim_fscanf, {vfscanf}, 2, rdx",
    "printf_fn pagesim_fscanf_c99, {vfscanf_c99}, 2, rdx",
    "printf_fn pagesim_fscanf_c23, {vfscanf_c23}, 2, rdx",
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
