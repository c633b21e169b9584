//! Seccomp filters that the program gives itself.
//!
//! Most filters answer what they forbid with an error, which the library is prepared
//! for. Others end the process. A program that allows itself mmap(2) and little else
//! must not be ended by a question of ours that it never asked: when it installs a
//! filter, the filter is tried on every system call's number, and what it would end
//! the process for is not called any more.
//!
//! The questions are tried without arguments. Filters stack up and belong to
//! threads; here they are added up and count for all.

use crate::eof::transfer;
use crate::other::fetch;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use libc::c_long;
use pagesim_core::errno::Errno;

/// System calls that are tried; all there are have smaller numbers.
const NUMBERS: usize = 512;
const WORDS: usize = NUMBERS / 64;

/// A set of system calls.
pub(crate) type Calls = [u64; WORDS];

/// Whether there is any in [`DEADLY`].
static ANY: AtomicBool = AtomicBool::new(false);
static DEADLY: [AtomicU64; WORDS] = [const { AtomicU64::new(0) }; WORDS];

/// Whether a system call would end the process.
#[inline]
pub(crate) fn ends(number: c_long) -> bool {
    ANY.load(Ordering::Relaxed) && is_deadly(number)
}

#[cold]
fn is_deadly(number: c_long) -> bool {
    let word = DEADLY.get(number as usize / 64).map_or(0, |word| word.load(Ordering::Relaxed));
    word >> (number as usize % 64) & 1 != 0
}

/// A filter is installed.
pub(crate) fn add(calls: &Calls) {
    for (word, more) in DEADLY.iter().zip(calls) {
        word.fetch_or(*more, Ordering::Relaxed);
        if *more != 0 {
            ANY.store(true, Ordering::Relaxed);
        }
    }
}

/// What prctl(2) with these arguments is going to end the process for.
pub(crate) fn by_prctl(option: i32, mode: usize, program: usize) -> Calls {
    match (option, mode as u32) {
        (libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT) => strict(),
        (libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER) => deadly_in(program),
        _ => Calls::default(),
    }
}

/// The same for seccomp(2).
pub(crate) fn by_seccomp(operation: usize, program: usize) -> Calls {
    match operation as u32 {
        libc::SECCOMP_SET_MODE_STRICT => strict(),
        libc::SECCOMP_SET_MODE_FILTER => deadly_in(program),
        _ => Calls::default(),
    }
}

/// The system call, with what it is going to end the process for.
pub(crate) fn install(number: c_long, args: [usize; 6], coming: &Calls) -> Result<usize, Errno> {
    let answer = transfer::system_call(number, args)?;
    add(coming);
    Ok(answer)
}

/// All but what the strict mode allows.
fn strict() -> Calls {
    let mut calls = [u64::MAX; WORDS];
    for number in [libc::SYS_read, libc::SYS_write, libc::SYS_exit, libc::SYS_rt_sigreturn] {
        if let Some(word) = calls.get_mut(number as usize / 64) {
            *word &= !(1 << (number as usize % 64));
        }
    }
    calls
}

/// `struct sock_filter` of <linux/filter.h>.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Instruction {
    code: u16,
    if_true: u8,
    if_false: u8,
    k: u32,
}

/// `BPF_MAXINSNS`.
const LONGEST: usize = 4096;

/// What the filter of a `struct sock_fprog` ends the process for; nothing where it
/// cannot be read, and is not going to be installed.
fn deadly_in(program: usize) -> Calls {
    let mut calls = Calls::default();
    let Ok([len, start]) = fetch::<[usize; 2]>(program) else { return calls };
    let len = len & 0xffff;
    if start == 0 || len == 0 || len > LONGEST || !is_readable(start, len) {
        return calls;
    }
    // SAFETY: has just been read; the program leaves it alone while it hands it over.
    let filter = unsafe { core::slice::from_raw_parts(start as *const Instruction, len) };
    for (index, word) in calls.iter_mut().enumerate() {
        for bit in 0..64 {
            if is_an_end(answer(filter, (index * 64 + bit) as u32)) {
                *word |= 1 << bit;
            }
        }
    }
    calls
}

/// Whether `len` instructions can be read.
fn is_readable(start: usize, len: usize) -> bool {
    start % align_of::<Instruction>() == 0
        && (0..len).step_by(64).chain([len - 1]).all(|index| {
            fetch::<Instruction>(start.wrapping_add(index * size_of::<Instruction>())).is_ok()
        })
}

/// SECCOMP_RET_KILL_PROCESS, _KILL_THREAD and _TRAP: a signal, even where somebody
/// handles it.
fn is_an_end(answer: u32) -> bool {
    const KILL_THREAD: u32 = 0;
    const TRAP: u32 = 0x0003_0000;
    const KILL_PROCESS: u32 = 0x8000_0000;
    matches!(answer & 0xffff_0000, KILL_THREAD | TRAP | KILL_PROCESS)
}

/// The registers of the filter's machine.
#[derive(Default)]
struct Machine {
    a: u32,
    x: u32,
    memory: [u32; 16],
}

/// What the filter answers to a system call without arguments: the machine of
/// `___bpf_prog_run()` as far as `seccomp_check_filter()` lets programs use it. Jumps
/// lead forward only. What is not understood is allowed.
fn answer(filter: &[Instruction], number: u32) -> u32 {
    const ALLOW: u32 = 0x7fff_0000;
    /// `struct seccomp_data`.
    const DATA_LEN: u32 = 64;
    let mut machine = Machine::default();
    let mut at = 0usize;
    while let Some(instruction) = filter.get(at) {
        at += 1;
        let Instruction { code, if_true, if_false, k } = *instruction;
        let Machine { a, x, .. } = machine;
        let slot = machine.memory.get_mut(k as usize);
        match code {
            0x20 => {
                machine.a = match k {
                    0 => number,
                    4 => crate::arch::AUDIT,
                    _ => 0,
                }
            }
            0x80 => machine.a = DATA_LEN,
            0x81 => machine.x = DATA_LEN,
            0x00 => machine.a = k,
            0x01 => machine.x = k,
            0x60 => machine.a = slot.map_or(0, |slot| *slot),
            0x61 => machine.x = slot.map_or(0, |slot| *slot),
            0x02 | 0x03 => {
                if let Some(slot) = slot {
                    *slot = if code == 0x02 { a } else { x };
                }
            }
            0x07 => machine.x = a,
            0x87 => machine.a = x,
            0x06 => return k,
            0x16 => return a,
            0x05 => at = at.saturating_add(k as usize),
            _ if code & 0x07 == 0x05 => {
                let right = if code & 0x08 == 0 { k } else { x };
                let holds = match code & 0xf0 {
                    0x10 => a == right,
                    0x20 => a > right,
                    0x30 => a >= right,
                    0x40 => a & right != 0,
                    _ => return ALLOW,
                };
                at += usize::from(if holds { if_true } else { if_false });
            }
            _ if code & 0x07 == 0x04 => {
                let right = if code & 0x08 == 0 { k } else { x };
                match calculated(code & 0xf0, a, right) {
                    Some(value) => machine.a = value,
                    None => return ALLOW,
                }
            }
            _ => return ALLOW,
        }
    }
    ALLOW
}

fn calculated(operation: u16, a: u32, right: u32) -> Option<u32> {
    match operation {
        0x00 => Some(a.wrapping_add(right)),
        0x10 => Some(a.wrapping_sub(right)),
        0x20 => Some(a.wrapping_mul(right)),
        0x30 => a.checked_div(right),
        0x40 => Some(a | right),
        0x50 => Some(a & right),
        0x60 => a.checked_shl(right),
        0x70 => a.checked_shr(right),
        0x80 => Some(a.wrapping_neg()),
        0xa0 => Some(a ^ right),
        _ => None,
    }
}
