//! The strict mode: no tail stays mapped longer than one access.
//!
//! An access to a tail fills it, the processor's trap flag stops the program behind the
//! instruction, and the handler of SIGTRAP takes the memory away again ("hides"
//! it) and lets the file's mapping return. So an access that another process's
//! growth has made one to the file always finds the file. x86-64 only: aarch64
//! has no way for a program to step itself.
//!
//! The memory of private tails is shared memory in this mode, so that it can be moved
//! while another thread stores into it. Before fork(3) each gets a copy, which the
//! child makes its own of.

use super::front::{mask_of, Front};
use super::list::Tail;
use super::{fill, kernel, mask, pinned, remap, Eof};
use crate::arch;
use crate::arch::thread_pointer;
use crate::signals;
use crate::state::{self, Turn};
use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::page::AddrRange;
use pagesim_core::vma::Vma;

static STRICT: AtomicBool = AtomicBool::new(false);

pub(crate) static TRAP: Front = Front::new(libc::SIGTRAP, on_trap);

/// Asks for the mode; `false` where the processor cannot.
pub(crate) fn choose() -> bool {
    STRICT.store(arch::CAN_STEP, Ordering::Relaxed);
    arch::CAN_STEP
}

/// Whether the mode is on.
#[inline]
pub(crate) fn is_on() -> bool {
    STRICT.load(Ordering::Relaxed)
}

/// The kind of mapping that tail memory is.
pub(super) fn memory_kind(shared: bool) -> MapFlags {
    if shared || is_on() {
        MapFlags::SHARED
    } else {
        MapFlags::PRIVATE
    }
}

pub(super) fn install() {
    if is_on() {
        TRAP.install();
    }
}

/// Threads that are doing one instruction, by thread pointer, with bit 0 where they
/// had SIGTRAP blocked. When there are more at once, one is let go on: its tail
/// stays until the next look.
static STEPPING: [AtomicUsize; 64] = [const { AtomicUsize::new(0) }; 64];
const BLOCKED: usize = 1;

fn place_of(thread: usize) -> Option<&'static AtomicUsize> {
    STEPPING.iter().find(|place| place.load(Ordering::Relaxed) & !BLOCKED == thread)
}

/// Has the interrupted thread stop again behind its next instruction.
pub(super) fn step(context: *mut c_void) {
    let me = thread_pointer();
    if !is_on() || place_of(me).is_some() {
        return;
    }
    // SAFETY: what the kernel made for a handler; set and restored by turns.
    let mask = unsafe { &mut *mask_of(context) };
    let trap = signals::bit(libc::SIGTRAP);
    let mark = if *mask & trap != 0 { me | BLOCKED } else { me };
    let take = |place: &AtomicUsize| {
        place.compare_exchange(0, mark, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    };
    if STEPPING.iter().any(take) {
        // a blocked trap kills
        *mask &= !trap;
        arch::set_stepping(context, true);
    }
}

extern "C" fn on_trap(_: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: what the kernel hands to a handler with SA_SIGINFO.
    let code = unsafe { (*info).si_code };
    match place_of(thread_pointer()).filter(|_| code == libc::TRAP_TRACE) {
        Some(place) => {
            arch::set_stepping(context, false);
            if place.swap(0, Ordering::Relaxed) & BLOCKED != 0 {
                // SAFETY: as in `step`.
                unsafe { *mask_of(context) |= signals::bit(libc::SIGTRAP) };
            }
            if let Turn::Open(mut guard) = state::enter_in_handler() {
                Eof::of(&mut guard).hide_all();
            }
        }
        None => TRAP.deliver(code, info, context),
    }
}

impl Eof<'_> {
    /// Takes the memory of every tail away and lets the file's mappings return, unless
    /// the next access of this thread could not bring it back.
    pub(super) fn hide_all(&mut self) {
        if mask::in_earnest() {
            return;
        }
        for number in 0..self.list.numbers() {
            let Some(tail) = self.list.get(number).filter(|tail| !tail.hidden && !tail.own) else {
                continue;
            };
            if pinned::holds(tail.range) {
                continue;
            }
            if let (Some(vma), Some(memory)) = (self.vma_of(&tail), remap::contents(&tail)) {
                // what was duplicated has the protection of the tail
                let kept = vma.prot == Prot::RW || kernel::protect(memory, Prot::RW).is_ok();
                if kept && self.put_back(number, &tail, &vma, tail.range.len()) {
                    self.list.add(Tail { parked: memory.start(), hidden: true, ..tail });
                } else {
                    kernel::unmap(memory);
                }
            }
        }
        self.publish();
    }

    /// Puts the memory of a hidden tail back into its place.
    pub(super) fn reveal(&mut self, number: usize, tail: &Tail, vma: &Vma) -> Result<(), Errno> {
        let memory = tail.parked_range();
        let stays_behind = self.stays_behind(tail.range);
        let kernel::Parked { range, locked, .. } = kernel::park(tail.range, tail.shared)?;
        kernel::protect(range, Prot::READ)?;
        // `land` takes the memory, whether or not it succeeds
        let landed = if vma.prot == Prot::RW {
            fill::move_into(memory, tail.range)
        } else {
            fill::land(memory, vma.prot, tail.range)
        };
        if landed.is_ok() {
            self.list.set(number, Some(Tail { parked: range.start(), hidden: false, ..*tail }));
        } else {
            self.list.set(number, None);
            kernel::unmap(range);
        }
        if locked {
            kernel::lock(tail.range);
        }
        if stays_behind {
            kernel::leave_behind(tail.range, true);
        }
        landed
    }

    /// An access to a tail: whether it was hidden and can be tried again.
    ///
    /// Precondition: the file's tails were looked at; those that are left begin behind its
    /// end, in its last page.
    pub(super) fn reveal_at(&mut self, addr: usize) -> bool {
        let hidden = |(_, tail): &(usize, Tail)| tail.hidden && tail.range.contains(addr);
        let Some((number, tail)) = self.list.iter().find(hidden) else { return false };
        let vma = self.vma_of(&tail).filter(|vma| vma.prot.intersects(Prot::RWX));
        vma.is_some_and(|vma| self.reveal(number, &tail, &vma).is_ok())
    }

    /// The hidden tail that begins at `addr`.
    pub(super) fn hidden_at(&self, addr: usize) -> Option<(usize, Tail)> {
        self.list.iter().find(|(_, tail)| tail.hidden && tail.range.start() == addr)
    }

    /// Copies what private tails hold, for the child of a fork.
    pub(super) fn copy_private(&mut self) {
        for number in 0..self.list.numbers() {
            let Some(tail) = self.list.get(number).filter(|tail| !tail.shared) else { continue };
            let copy = kernel::duplicate(tail.memory()).and_then(|same| {
                let copy = kernel::protect(same, Prot::READ)
                    .and_then(|()| kernel::copy(same, MapFlags::PRIVATE));
                kernel::unmap(same);
                copy
            });
            let copy = copy.map_or(0, AddrRange::start);
            self.list.set(number, Some(Tail { copy, ..tail }));
        }
    }

    /// After the fork: the parent has no use for the copies, the child's private tails are
    /// made of them.
    pub(super) fn use_copies(&mut self, child: bool) {
        for number in 0..self.list.numbers() {
            let Some(tail) = self.list.get(number).filter(|tail| tail.copy != 0) else { continue };
            let copy = AddrRange::from_len(tail.copy, tail.range.len()).unwrap_or_default();
            let tail = Tail { copy: 0, ..tail };
            self.list.set(number, Some(tail));
            if let (true, Some(vma)) = (child, self.vma_of(&tail)) {
                let prot = if tail.hidden { Prot::RW } else { vma.prot };
                let own = kernel::copy(copy, MapFlags::SHARED);
                let _ = own.and_then(|own| fill::land(own, prot, tail.memory()));
            }
            kernel::unmap(copy);
        }
    }
}
