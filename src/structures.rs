//! Structures and masks whose length the program says: a kernel takes as much as a page of
//! them, as long as it is zero behind what it knows.
//!
//! What is longer than the host's page and not than the program's is looked through here
//! and shortened for the host. All of them are only reached by their numbers.

use crate::eof::transfer::{self, Args};
use crate::other::{fetch, larger, put};
use libc::c_long;
use pagesim_core::errno::Errno;

/// Linux 5.12 and 5.13, of one number on all architectures.
pub(crate) const SYS_MOUNT_SETATTR: c_long = 442;
pub(crate) const SYS_LANDLOCK_CREATE_RULESET: c_long = 444;

/// Read at once.
type Words = [u64; 32];
/// More than any kernel knows of a structure.
const KNOWN: usize = size_of::<Words>();

/// Whether only a kernel with the program's pages takes a length.
fn between(len: usize) -> bool {
    larger().is_some_and(|config| len > config.real.bytes() && len <= config.target.bytes())
}

fn is_zero(from: usize, to: usize) -> Result<bool, Errno> {
    let mut at = from;
    while at < to {
        let (zero, len) = if to - at >= KNOWN {
            (fetch::<Words>(at)?.iter().all(|word| *word == 0), KNOWN)
        } else {
            (fetch::<u8>(at)? == 0, 1)
        };
        if !zero {
            return Ok(false);
        }
        at += len;
    }
    Ok(true)
}

/// The length of a structure for the host (`copy_struct_from_user()`).
pub(crate) fn shortened(place: usize, len: usize) -> Result<usize, Errno> {
    if !between(len) {
        return Ok(len);
    }
    let end = place.checked_add(len).ok_or(Errno::EFAULT)?;
    Ok(if is_zero(place + KNOWN, end)? { KNOWN } else { len })
}

/// Bits of a byte, and of a word of a mask.
const BYTE: usize = 8;
const WORD: usize = u64::BITS as usize;

/// The number of bits that is told of a node mask, one more than there are, for the host
/// (`get_nodes()`).
pub(crate) fn bits(mask: usize, told: usize) -> Result<usize, Errno> {
    let bits = told.wrapping_sub(1);
    let Some(config) = larger().filter(|_| mask != 0 && between(bits.div_ceil(BYTE))) else {
        return Ok(told);
    };
    let words = mask.checked_add(bits / WORD * size_of::<u64>()).ok_or(Errno::EFAULT)?;
    let rest = match bits % WORD {
        0 => 0,
        some => fetch::<u64>(words)? & ((1 << some) - 1),
    };
    if rest != 0 || !is_zero(mask + config.real.bytes(), words)? {
        return Err(Errno::EINVAL);
    }
    Ok(config.real.bytes() * BYTE + 1)
}

/// A call with such an argument.
pub(crate) fn call(number: c_long, args: Args) -> Result<usize, Errno> {
    let [a, b, c, d, e, f] = args;
    let args = match number {
        SYS_MOUNT_SETATTR => [a, b, c, d, shortened(d, e)?, f],
        SYS_LANDLOCK_CREATE_RULESET => [a, shortened(a, b)?, c, d, e, f],
        libc::SYS_bpf => [a, b, shortened(b, c)?, d, e, f],
        libc::SYS_sched_getattr if between(c) => [a, b, KNOWN, d, e, f],
        libc::SYS_set_mempolicy => [a, b, bits(b, c)?, d, e, f],
        libc::SYS_migrate_pages => [a, bits(c, b)?.min(bits(d, b)?), c, d, e, f],
        libc::SYS_get_mempolicy => return policy(args),
        libc::SYS_sched_setattr => return sized(number, args, 1, 0),
        libc::SYS_perf_event_open => return sized(number, args, 0, size_of::<u32>()),
        _ => args,
    };
    transfer::system_call(number, args)
}

/// A call with a structure, as its argument `index`, that has its length at `offset`.
fn sized(number: c_long, args: Args, index: usize, offset: usize) -> Result<usize, Errno> {
    let as_it_is = || transfer::system_call(number, args);
    let place = args.get(index).copied().unwrap_or(0);
    let Ok(len) = fetch::<u32>(place.wrapping_add(offset)) else { return as_it_is() };
    if shortened(place, len as usize)? == len as usize {
        return as_it_is();
    }
    let mut copy: Words = fetch(place)?;
    // SAFETY: a length within the copy.
    unsafe {
        copy.as_mut_ptr().byte_add(offset).cast::<u32>().write_unaligned(KNOWN as u32);
    }
    let mut shorter = args;
    if let Some(argument) = shorter.get_mut(index) {
        *argument = copy.as_ptr() as usize;
    }
    transfer::system_call(number, shorter)
}

/// get_mempolicy(2): what is behind the nodes that there are is zero (`copy_nodes_to_user()`).
fn policy(args: Args) -> Result<usize, Errno> {
    let [mode, mask, told, addr, flags, more] = args;
    let len = told.wrapping_sub(1).div_ceil(WORD).saturating_mul(size_of::<u64>());
    let Some(config) = larger().filter(|_| mask != 0 && between(len)) else {
        return transfer::system_call(libc::SYS_get_mempolicy, args);
    };
    let real = config.real.bytes();
    let shorter = [mode, mask, real * BYTE + 1, addr, flags, more];
    let done = transfer::system_call(libc::SYS_get_mempolicy, shorter)?;
    for at in (real..len).step_by(size_of::<u64>()) {
        put(mask.wrapping_add(at), &0u64)?;
    }
    Ok(done)
}
