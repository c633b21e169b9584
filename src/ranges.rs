//! The other calls on ranges of memory: mremap, madvise, mincore, mlock and those
//! that are only reached by their number. As `calls`: each takes its turn at the
//! address space and is logged.

use crate::arch::untagged;
use crate::arena::Arena;
use crate::eof::{self, Eof};
use crate::linux::Linux;
use crate::state::{enter, Guard, Turn};
use crate::{direct, log, record, shm, structures, sys};
use core::fmt::Arguments;
use libc::c_long;
use pagesim_core::errno::Errno;
use pagesim_core::finding::Call;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::space::Space;

/// One call that answers 0 or an error.
struct Ranged {
    name: &'static str,
    number: c_long,
    args: [usize; 6],
    /// What is wrong with a length that runs over the end of the address space.
    wrapped: Errno,
    /// Whether a start inside a target page is rounded down and not refused.
    floors: bool,
}

impl Ranged {
    const fn new(name: &'static str, number: c_long, args: [usize; 6]) -> Ranged {
        Ranged { name, number, args, wrapped: Errno::EINVAL, floors: false }
    }

    fn turn(
        self,
        more: Arguments<'_>,
        open: impl FnOnce(&mut Guard) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let [addr, len, ..] = self.args;
        let result = match enter() {
            Turn::Open(mut guard) => open(&mut guard),
            Turn::Nested(config) => {
                direct::ranged(config, self.number, self.args, self.wrapped, self.floors)
            }
            // SAFETY: the program's own request.
            Turn::Inert => return unsafe { sys::call(self.number, self.args) }.map(drop),
        };
        log::call(self.name, addr, len, more, result);
        result
    }
}

/// madvise(2).
pub(crate) fn madvise(addr: usize, len: usize, advice: i32) -> Result<(), Errno> {
    let addr = untagged(addr);
    let args = [addr, len, advice as usize, 0, 0, 0];
    let call = Ranged::new("madvise", libc::SYS_madvise, args);
    call.turn(format_args!(", {advice}"), |guard| {
        let populates = matches!(advice, libc::MADV_POPULATE_READ | libc::MADV_POPULATE_WRITE);
        if populates || eof::strict::is_on() {
            touched(guard, addr, len);
        }
        record::watched(
            guard,
            || Call::Madvise { addr, len, advice },
            |guard| {
                let result = guard.space().madvise(addr, len, advice);
                given_back(guard, addr, len, advice);
                result
            },
        )
    })
}

/// The kernel has taken an advice for a range.
fn given_back(guard: &mut Guard, addr: usize, len: usize, advice: i32) {
    if gives_back(advice) && eof::alive() {
        let mut eof = Eof::of(guard);
        eof.given_back(eof.pages(addr, len));
    }
}

/// [`given_back`] where the advice did not go through [`madvise`].
pub(crate) fn advised(addr: usize, len: usize, advice: i32) {
    if gives_back(advice) && eof::alive() {
        if let Turn::Open(mut guard) = enter() {
            given_back(&mut guard, addr, len, advice);
        }
    }
}

/// Whether private memory is not the program's own any more after this advice.
fn gives_back(advice: i32) -> bool {
    const DONTNEED_LOCKED: i32 = 24;
    matches!(advice, libc::MADV_DONTNEED | DONTNEED_LOCKED)
}

/// posix_madvise(3): the error is the answer.
pub(crate) fn posix_madvise(addr: usize, len: usize, advice: i32) -> i32 {
    // DONTNEED is only a hint there and is not given
    if advice == libc::POSIX_MADV_DONTNEED {
        return 0;
    }
    madvise(addr, len, advice).map_or_else(|error| error.0, |()| 0)
}

/// mincore(2).
pub(crate) fn mincore(addr: usize, len: usize, vector: usize) -> Result<(), Errno> {
    let addr = untagged(addr);
    let result = match enter() {
        Turn::Open(mut guard) => record::watched(
            &mut guard,
            || Call::Mincore { addr, len, vector },
            |guard| guard.space().mincore(addr, len, vector),
        ),
        Turn::Nested(config) => direct::mincore(config, addr, len, vector),
        Turn::Inert => {
            // SAFETY: the program's own request.
            return unsafe { sys::call(libc::SYS_mincore, [addr, len, vector, 0, 0, 0]) }.map(drop);
        }
    };
    log::call("mincore", addr, len, format_args!(""), result);
    result
}

/// mlock(2), with `flags` mlock2(2).
pub(crate) fn mlock(addr: usize, len: usize, flags: Option<u32>) -> Result<(), Errno> {
    let addr = untagged(addr);
    eof::locking();
    let (name, number) = match flags {
        None => ("mlock", libc::SYS_mlock),
        Some(_) => ("mlock2", libc::SYS_mlock2),
    };
    let args = [addr, len, flags.unwrap_or(0) as usize, 0, 0, 0];
    let call = Ranged { floors: true, ..Ranged::new(name, number, args) };
    call.turn(format_args!(""), |guard| {
        touched(guard, addr, len);
        guard.space().mlock(addr, len, flags)
    })
}

/// The kernel is about to touch all of a range: tails in it are there before.
fn touched(guard: &mut Guard, addr: usize, len: usize) {
    if eof::concerned(addr, len) {
        Eof::of(guard).fill_pages(addr, len);
    }
}

/// munlock(2).
pub(crate) fn munlock(addr: usize, len: usize) -> Result<(), Errno> {
    let addr = untagged(addr);
    let args = [addr, len, 0, 0, 0, 0];
    let call = Ranged { floors: true, ..Ranged::new("munlock", libc::SYS_munlock, args) };
    call.turn(format_args!(""), |guard| {
        record::watched(
            guard,
            || Call::Munlock { addr, len },
            |guard| guard.space().munlock(addr, len),
        )
    })
}

/// pkey_mprotect(2).
pub(crate) fn pkey_mprotect(addr: usize, len: usize, prot: i32, key: i32) -> Result<(), Errno> {
    let addr = untagged(addr);
    let args = [addr, len, prot as usize, key as usize, 0, 0];
    let call = Ranged {
        wrapped: Errno::ENOMEM,
        ..Ranged::new("pkey_mprotect", libc::SYS_pkey_mprotect, args)
    };
    let new = Prot::from_bits_retain(prot as u32);
    call.turn(format_args!(", {}, {key}", log::Names(new)), |guard| {
        guard.space().pkey_mprotect(addr, len, new, key)
    })
}

/// mseal(2) (Linux 6.10), of one number on all architectures.
pub(crate) const SYS_MSEAL: c_long = 462;

/// mseal(2).
pub(crate) fn mseal(addr: usize, len: usize, flags: usize) -> Result<(), Errno> {
    let addr = untagged(addr);
    let call = Ranged::new("mseal", SYS_MSEAL, [addr, len, flags, 0, 0, 0]);
    call.turn(format_args!(""), |guard| guard.space().mseal(addr, len, flags))
}

/// mbind(2); `policy` is mode, node mask, its length in bits, and flags.
pub(crate) fn mbind(addr: usize, len: usize, policy: [usize; 4]) -> Result<(), Errno> {
    let addr = untagged(addr);
    let [mode, mask, bits, flags] = policy;
    let bits = structures::bits(mask, bits)?;
    let policy = [mode, mask, bits, flags];
    let call = Ranged::new("mbind", libc::SYS_mbind, [addr, len, mode, mask, bits, flags]);
    call.turn(format_args!(", {mode}"), |guard| guard.space().mbind(addr, len, policy))
}

/// remap_file_pages(2).
pub(crate) fn remap_file_pages(
    addr: usize,
    len: usize,
    prot: usize,
    pgoff: usize,
    flags: usize,
) -> Result<(), Errno> {
    let result = match enter() {
        Turn::Open(mut guard) => {
            let prot = Prot::from_bits_retain(prot as u32);
            let flags = MapFlags::from_bits_retain(flags as u32);
            with_tails_lifted(&mut guard, addr, len, |space| {
                space.remap_file_pages(addr, len, prot, pgoff, flags).map(|()| addr)
            })
            .map(|_| shm::hide_labels(&mut guard, addr, len))
        }
        // Between the host's pages and the program's there is no telling without
        // the table which page is meant.
        Turn::Nested(_) => Err(Errno::EINVAL),
        Turn::Inert => {
            let args = [addr, len, prot, pgoff, flags, 0];
            // SAFETY: the program's own request.
            return unsafe { sys::call(libc::SYS_remap_file_pages, args) }.map(drop);
        }
    };
    log::call("remap_file_pages", addr, len, format_args!(", {pgoff}"), result);
    result
}

/// The arguments of mremap(2).
#[derive(Clone, Copy)]
pub(crate) struct Remap {
    pub(crate) addr: usize,
    pub(crate) old_len: usize,
    pub(crate) new_len: usize,
    pub(crate) flags: i32,
    pub(crate) new_addr: usize,
}

impl Remap {
    /// The arguments as they are.
    pub(crate) fn args(&self) -> [usize; 6] {
        [self.addr, self.old_len, self.new_len, self.flags as usize, self.new_addr, 0]
    }

    fn call(&self) -> Call {
        let Remap { addr, old_len, new_len, flags, new_addr } = *self;
        Call::Mremap { addr, old_len, new_len, flags, new_addr }
    }

    fn run(&self, guard: &mut Guard) -> Result<usize, Errno> {
        let Remap { addr, old_len, new_len, flags, new_addr } = *self;
        if flags & libc::MREMAP_FIXED != 0 && eof::alive() {
            let mut eof = Eof::of(guard);
            eof.leave(eof.pages(new_addr, new_len));
        }
        let at = with_tails_lifted(guard, addr, old_len, |space| {
            let at = space.mremap(addr, old_len, new_len, flags, new_addr)?;
            Eof::new(space).mapped(at, new_len, MapFlags::empty());
            Ok(at)
        })?;
        if new_len > old_len {
            shm::hide_labels(guard, at, new_len);
        }
        Ok(at)
    }
}

/// Runs a call that takes the mapping at `addr` for one, which with a tail it is
/// not to the host, and answers where it then begins.
fn with_tails_lifted(
    guard: &mut Guard,
    addr: usize,
    len: usize,
    run: impl FnOnce(&mut Space<Linux, Arena>) -> Result<usize, Errno>,
) -> Result<usize, Errno> {
    let lifted = eof::alive().then(|| {
        let mut eof = Eof::of(guard);
        eof.leave(eof.pages(addr, len));
        eof.lift(eof.pages(addr, len))
    });
    let result = run(guard.space());
    if let Some(lifted) = lifted {
        Eof::of(guard).put_down(lifted, addr, result.unwrap_or(addr));
    }
    result
}

/// mremap(2).
pub(crate) fn mremap(remap: &Remap) -> Result<usize, Errno> {
    let remap = &Remap { addr: untagged(remap.addr), ..*remap };
    let result = match enter() {
        Turn::Open(mut guard) => {
            record::watched(&mut guard, || remap.call(), |guard| remap.run(guard))
        }
        Turn::Nested(config) => direct::mremap(config, remap),
        // SAFETY: the program's own request.
        Turn::Inert => return unsafe { sys::call(libc::SYS_mremap, remap.args()) },
    };
    log::mremap(remap, result);
    result
}
