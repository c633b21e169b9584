//! SIGBUS: what a fault past the end of a file was about.
//!
//! Our handler is installed when the first file is mapped that can have a tail.

use super::fill::Filled;
use super::front::{mask_of, Front};
use super::{kernel, mask, strict, Eof};
use crate::arch;
use crate::record;
use crate::state::{self, Turn};
use crate::sys;
use core::ffi::c_void;
use pagesim_core::finding::Call;
use pagesim_core::flags::Prot;
use pagesim_core::vma::Backing;

pub(crate) static BUS: Front = Front::new(libc::SIGBUS, on_bus);

extern "C" fn on_bus(_: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: what the kernel hands to a handler with SA_SIGINFO.
    let (code, addr) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    if code == libc::BUS_ADRERR && is_settled(addr, arch::fault_is_write(context)) {
        strict::step(context);
        return;
    }
    // What the signal interrupted is said to block it; a call that lasts under a mask
    // of its own may not.
    // SAFETY: as above.
    let blocked =
        unsafe { mask::stands_in(*mask_of(context)) } && mask::stands_in(sys::signal_mask());
    if !blocked {
        BUS.deliver(code, info, context);
    } else if code > 0 {
        // a fault whose signal is blocked
        BUS.end(code, info);
    } else {
        // A thread that believes it blocks SIGBUS was sent one: from now on it
        // does, and no fault of its own can fill a tail.
        if let Turn::Open(mut guard) = state::enter_in_handler() {
            Eof::of(&mut guard).fill_all();
        }
        // SAFETY: the kernel's context; its mask is restored when this returns.
        let interrupted = unsafe { &mut *mask_of(context) };
        *interrupted = mask::of_sent(*interrupted);
        BUS.send_again(code, info);
    }
}

/// Whether the access at `addr` can be tried again.
fn is_settled(addr: usize, write: bool) -> bool {
    let Turn::Open(mut guard) = state::enter_in_handler() else { return false };
    let mut eof = Eof::of(&mut guard);
    if !eof.space.config().has_tails() {
        return false;
    }
    let Some(vma) = eof.file_vma(addr) else { return eof.is_replaced(addr, write) };
    if let Backing::File { id, .. } = vma.backing {
        eof.recheck_file(id);
    }
    if eof.reveal_at(addr) {
        return true;
    }
    let word = word_of(addr);
    if kernel::readable(word) {
        // Grown meanwhile; or there is no room for the page that is to be
        // written, and it would fault for ever.
        return !(write && vma.prot.contains(Prot::WRITE)) || kernel::writable(word);
    }
    let filled = eof.fill_at(addr) != Filled::No;
    if filled {
        let handler = BUS.program_action().handler;
        let handled = handler != libc::SIG_DFL && handler != libc::SIG_IGN;
        let write = write && vma.flags.is_shared();
        let next = record::on() && handled && eof.ends_at(&vma, addr);
        record::noticed(&mut guard, || Call::TailAccess { addr, write, handled, next }, Ok(0));
    }
    filled
}

fn word_of(addr: usize) -> usize {
    addr & !(size_of::<u64>() - 1)
}

impl Eof<'_> {
    /// Whether something else was mapped at `addr`, which is no file's now, or access to
    /// it was forbidden, since the fault happened. A page of memory for which there is no
    /// room is not that.
    fn is_replaced(&mut self, addr: usize, write: bool) -> bool {
        let vma = self.space.map().find(addr);
        if vma.is_some_and(|vma| !vma.prot.intersects(Prot::RWX)) {
            return true;
        }
        let word = word_of(addr);
        kernel::readable(word) && (!write || kernel::writable(word))
    }
}
