//! The call stack, from call frame information: code compiled without frame
//! pointers has nothing else.
//!
//! Nothing is allocated and no lock is taken. The stack is only read between
//! the stack pointer and the end of the mapping it lies in, the tables only inside
//! their file's loaded part, so that what is wrong in them ends the walk and
//! nothing more. Frames of this library are left out: the first frame is the
//! program's call.

use super::modules::{self, Module};
use crate::arch::{self, Registers};
use core::sync::atomic::{AtomicUsize, Ordering};
use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, EndianSlice, NativeEndian, Pointer, Register,
    RegisterRule, UnwindContext, UnwindContextStorage, UnwindTableRow,
};
use pagesim_core::page::AddrRange;

/// Rules that a row may have: as many as there are registers that matter.
const RULES: usize = 40;
/// DW_CFA_remember_state, nested.
const REMEMBERED: usize = 4;

pub(crate) struct Storage;

impl UnwindContextStorage<usize> for Storage {
    type Rules = [(Register, RegisterRule<usize>); RULES];
    type Stack = [UnwindTableRow<usize, Self>; REMEMBERED];
}

/// What a walk works with; too large for a signal handler's stack.
pub(crate) type Scratch = UnwindContext<usize, Storage>;

/// What a walk finds: the address of an instruction and its module.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(usize, Option<&Module>) -> bool;

/// Shows `visit` the callers of the hook that is running, innermost first, until
/// it says no.
///
/// Precondition: the lock is held.
#[inline(never)]
pub(crate) fn walk_from_here(scratch: &mut Scratch, visit: Visit<'_>) {
    let registers = Registers::here();
    let own = modules::find(registers.pc()).map_or(0, |module| module.start);
    walk(scratch, registers, &mut |pc, module| {
        module.is_some_and(|module| module.start == own) || visit(pc, module)
    });
}

/// The same from the registers of an interrupted instruction.
///
/// Precondition: the lock is held.
pub(crate) fn walk(scratch: &mut Scratch, mut registers: Registers, visit: Visit<'_>) {
    /// More frames than any sane call stack has between two that are kept.
    const LIMIT: usize = 64;
    let mut stack = Stack::of(registers.sp());
    // the address of an instruction; behind a call it is one further on
    let mut behind_call = false;
    for _ in 0..LIMIT {
        let pc = registers.pc();
        if pc == 0 {
            return;
        }
        let inside = pc.saturating_sub(usize::from(behind_call));
        let module = modules::find(inside);
        let frame = Frame { pc: inside, behind_call, registers: &registers, stack: &stack };
        let by_table = module.and_then(|module| by_table(scratch, &module, &frame));
        let ours = (registers.pc() == arch::signal_return())
            .then(|| registers.interrupted(|address| stack.read(address)).map(Step::Interrupted));
        let step = ours.flatten().or(by_table).or_else(|| by_frame_pointer(&registers, &stack));
        // what a signal's handler returns to is nobody's call
        let made_by_signal = matches!(step, Some(Step::Interrupted(_)));
        if !made_by_signal && !visit(inside, module.as_ref()) {
            return;
        }
        match step {
            Some(Step::Caller(caller)) if caller.sp() >= registers.sp() => {
                registers = caller;
                behind_call = true;
            }
            Some(Step::Interrupted(before)) => {
                stack = Stack::of(before.sp());
                registers = before;
                behind_call = false;
            }
            _ => return,
        }
    }
}

/// What is below a frame.
enum Step {
    Caller(Registers),
    /// The frame was made by a signal.
    Interrupted(Registers),
    /// Nothing.
    Outermost,
}

/// A frame that the walk has come to.
struct Frame<'a> {
    pc: usize,
    behind_call: bool,
    registers: &'a Registers,
    stack: &'a Stack,
}

fn by_table(scratch: &mut Scratch, module: &Module, frame: &Frame<'_>) -> Option<Step> {
    let Frame { pc, behind_call, registers, stack } = *frame;
    let slice = |address| module.memory_from(address).map(|m| EndianSlice::new(m, NativeEndian));
    let table = module.frame_table()?;
    let bases = BaseAddresses::default().set_eh_frame_hdr(table as u64);
    let header = EhFrameHdr::from(slice(table)?).parse(&bases, size_of::<usize>() as u8).ok()?;
    let Pointer::Direct(frames) = header.eh_frame_ptr() else { return None };
    let bases = bases.set_eh_frame(frames);
    let frames = EhFrame::from(slice(frames as usize)?);
    let entry = header
        .table()?
        .fde_for_address(&frames, &bases, pc as u64, gimli::UnwindSection::cie_from_offset)
        .ok()?;
    if entry.is_signal_trampoline() {
        return registers.interrupted(|address| stack.read(address)).map(Step::Interrupted);
    }
    let row = entry.unwind_info_for_address(&frames, &bases, scratch, pc as u64).ok()?;
    let CfaRule::RegisterAndOffset { register, offset } = *row.cfa() else { return None };
    let cfa = registers.get(register.0)?.wrapping_add_signed(offset as isize);
    let mut caller = *registers;
    caller.set_sp(cfa);
    for (register, rule) in row.registers() {
        let value = match *rule {
            RegisterRule::Offset(offset) => {
                Some(stack.read(cfa.wrapping_add_signed(offset as isize))?)
            }
            RegisterRule::ValOffset(offset) => Some(cfa.wrapping_add_signed(offset as isize)),
            RegisterRule::Register(other) => registers.get(other.0),
            RegisterRule::SameValue => registers.get(register.0),
            _ => None,
        };
        // what cannot be known is left as it was: few functions change it
        if let Some(value) = value {
            caller.set(register.0, value);
        }
    }
    let back = entry.cie().return_address_register();
    // A function that has called another one has its own return address saved,
    // unless there is none to return to.
    if behind_call && row.register(back) == RegisterRule::Undefined {
        return Some(Step::Outermost);
    }
    caller.set_pc(arch::strip_signature(caller.get(back.0)?));
    Some(Step::Caller(caller))
}

/// Code without tables (of a just-in-time compiler) may keep frame pointers.
fn by_frame_pointer(registers: &Registers, stack: &Stack) -> Option<Step> {
    const WORD: usize = size_of::<usize>();
    let frame = registers.frame_pointer();
    if frame < registers.sp() {
        return None;
    }
    let mut caller = *registers;
    caller.set_frame_pointer(stack.read(frame)?);
    caller.set_pc(arch::strip_signature(stack.read(frame.wrapping_add(WORD))?));
    caller.set_sp(frame.wrapping_add(2 * WORD));
    Some(Step::Caller(caller))
}

/// The stack of the last walk: a place that is reached a million times asks the
/// kernel once. A thread's stack stays while it runs on it.
struct Last {
    thread: AtomicUsize,
    start: AtomicUsize,
    end: AtomicUsize,
}

/// Used with the lock held; atomic only to be a static.
static LAST: Last =
    Last { thread: AtomicUsize::new(0), start: AtomicUsize::new(0), end: AtomicUsize::new(0) };

impl Last {
    fn end(&self, thread: usize, sp: usize) -> Option<usize> {
        let (start, end) = (self.start.load(Ordering::Relaxed), self.end.load(Ordering::Relaxed));
        let same = self.thread.load(Ordering::Relaxed) == thread;
        (same && start <= sp && sp < end).then_some(end)
    }

    fn keep(&self, thread: usize, range: AddrRange) {
        self.thread.store(thread, Ordering::Relaxed);
        self.start.store(range.start(), Ordering::Relaxed);
        self.end.store(range.end(), Ordering::Relaxed);
    }
}

/// The part of a stack that may be read.
struct Stack {
    start: usize,
    end: usize,
}

impl Stack {
    fn of(sp: usize) -> Stack {
        /// How far to look where the kernel does not tell the end.
        const NEAR: usize = 4096;
        let thread = arch::thread_pointer();
        if let Some(end) = LAST.end(thread, sp) {
            return Stack { start: sp, end };
        }
        let region = crate::maps::region_from(sp).ok().flatten();
        let end = match region.map(|region| region.range) {
            Some(range) if range.contains(sp) => {
                LAST.keep(thread, range);
                range.end()
            }
            _ => sp | (NEAR - 1),
        };
        Stack { start: sp, end }
    }

    fn read(&self, address: usize) -> Option<usize> {
        let end = address.checked_add(size_of::<usize>())?;
        let inside = self.start <= address && end <= self.end && address % align_of::<usize>() == 0;
        // SAFETY: mapped memory of a thread's stack, whatever it holds.
        inside.then(|| unsafe { (address as *const usize).read() })
    }
}
