//! Audit mode: a call that needs smaller pages is done in the host's, and the
//! table then is what the host is.
//!
//! What such a call maps is not entered into the table: it lies between target
//! pages, and memory that the table does not name is handled by the host's own
//! list of mappings anyway.

use crate::eof::{self, Eof};
use crate::state::Guard;
use crate::sys;
use pagesim_core::errno::Errno;
use pagesim_core::finding::Call;
use pagesim_core::page::AddrRange;

/// Does `call` as the program wrote it; `None` for calls that are none of the
/// kernel's.
pub(crate) fn perform(guard: &mut Guard, call: &Call) -> Option<Result<usize, Errno>> {
    let word = |n: i32| n as usize;
    let (number, args) = match *call {
        Call::Mmap(r, _) => (
            libc::SYS_mmap,
            [
                r.addr,
                r.len,
                r.prot.bits() as usize,
                r.flags.bits() as usize,
                word(r.fd),
                r.offset as usize,
            ],
        ),
        Call::Munmap { addr, len } => (libc::SYS_munmap, [addr, len, 0, 0, 0, 0]),
        Call::Mprotect { addr, len, prot } => {
            (libc::SYS_mprotect, [addr, len, prot.bits() as usize, 0, 0, 0])
        }
        Call::Msync { addr, len, flags } => (libc::SYS_msync, [addr, len, word(flags), 0, 0, 0]),
        Call::Madvise { addr, len, advice } => {
            (libc::SYS_madvise, [addr, len, word(advice), 0, 0, 0])
        }
        Call::Mremap { addr, old_len, new_len, flags, new_addr } => {
            (libc::SYS_mremap, [addr, old_len, new_len, word(flags), new_addr, 0])
        }
        Call::Mincore { addr, len, vector } => (libc::SYS_mincore, [addr, len, vector, 0, 0, 0]),
        Call::Munlock { addr, len } => (libc::SYS_munlock, [addr, len, 0, 0, 0, 0]),
        Call::Shmat { id, addr, flags } => {
            (libc::SYS_shmat, [word(id), addr, word(flags), 0, 0, 0])
        }
        // the host has rings of its own pages only
        Call::PerfRing(_) => return None,
        Call::StackSize { .. }
        | Call::PacketRing { .. }
        | Call::TailAccess { .. }
        | Call::Complaint { .. } => return None,
    };
    // SAFETY: the program's own call.
    let answer = unsafe { sys::call(number, args) };
    let Ok(made) = answer else { return Some(answer) };
    match *call {
        Call::Mmap(r, _) => sync(guard, made, r.len, true),
        Call::Munmap { addr, len } => sync(guard, addr, len, true),
        Call::Mprotect { addr, len, .. } => sync(guard, addr, len, false),
        Call::Mremap { addr, old_len, new_len, .. } => {
            sync(guard, addr, old_len, false);
            sync(guard, made, old_len.max(new_len), true);
        }
        _ => {}
    }
    Some(answer)
}

/// Makes the table of a range agree with the host. Where another mapping may be
/// now, or none, the table has nothing.
fn sync(guard: &mut Guard, addr: usize, len: usize, replaced: bool) {
    let Some(range) = AddrRange::from_len(addr, len).filter(|_| addr != 0) else { return };
    let Some(range) = range.round_out(guard.space().config().real) else { return };
    if replaced && eof::alive() {
        let mut eof = Eof::of(guard);
        eof.forget(eof.pages(addr, len));
    }
    let space = guard.space();
    let _ = if replaced { space.disown(range) } else { space.resync(range) };
}
