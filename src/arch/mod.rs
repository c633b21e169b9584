//! One file per architecture: all that is written in its instructions.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::{
    fault_is_write, set_stepping, signal_return, syscall6, tail_to, tail_to_syscall,
    thread_pointer, untagged, weak_symbol, AUDIT, CAN_STEP, END,
};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::{
    fault_is_write, set_stepping, signal_return, syscall6, tail_to, tail_to_syscall,
    thread_pointer, untagged, weak_symbol, AUDIT, CAN_STEP, END,
};

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("pagesim runs on x86-64 and aarch64");

#[cfg(target_arch = "aarch64")]
mod registers_aarch64;
#[cfg(target_arch = "x86_64")]
mod registers_x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use registers_aarch64::{strip_signature, Registers};
#[cfg(target_arch = "x86_64")]
pub(crate) use registers_x86_64::{strip_signature, Registers};
