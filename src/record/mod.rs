//! The event sink: which calls count on small pages, from where they were made,
//! and in audit mode how they are done.
//!
//! A call is judged by the core before it is done, on the table as it was
//! ([`watched`]); what it answers, and whether the bytes it took along were ever
//! used, decides whether it is a finding. Findings go to a file (`sink`) with the
//! call stack (`stack`), equal ones are counted.
//!
//! Invariants: with recording off, a call pays one load. The recorder is used only
//! with the lock held. Nothing here changes what the program sees, but in audit
//! mode.

pub(crate) mod faults;
pub(crate) mod forecast;
mod modules;
mod sink;
mod slack;
mod small;
mod stack;
mod touched;
mod weigh;

use crate::arch::Registers;
use crate::linux::Linux;
use crate::state::{self, Guard, Turn};
use crate::sys;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU8, Ordering};
use modules::Module;
use pagesim_config::{Mode, Settings};
use pagesim_core::errno::Errno;
use pagesim_core::finding::{Call, CallKind, Class, Finding};
use pagesim_core::page::{AddrRange, PageSize};
use pagesim_core::space::Config;
use pagesim_record::{Event, Frame, Weight, FRAMES};
use sink::{Head, Place, Sink};
use slack::Slack;
use stack::Scratch;

const RECORDS: u8 = 1;
const AUDITS: u8 = 2;

/// What is switched on: 0 for nothing.
#[link_section = ".data"]
static ON: AtomicU8 = AtomicU8::new(0);

/// All of it; guarded by the lock.
struct Recorder {
    config: Config,
    audit: bool,
    sink: Option<Sink>,
    slack: Slack,
    scratch: Scratch,
    /// Ranges that a finding or a suspect may have harmed, and the last hints.
    recent: weigh::Recent,
}

struct Global(UnsafeCell<MaybeUninit<Recorder>>);
// SAFETY: written before ON is set, under the lock; used only with the lock held.
unsafe impl Sync for Global {}
static RECORDER: Global = Global(UnsafeCell::new(MaybeUninit::uninit()));

/// Begins recording as the settings say. With the lock held, once.
#[inline(always)]
pub(crate) fn open(settings: &Settings<'_>, config: Config) {
    let audit = settings.mode == Mode::Audit;
    // smaller target pages than host pages ask nothing of a program
    if config.target > config.real && (settings.record.is_some() || audit) {
        begin(settings, config, audit);
    }
}

#[cold]
#[inline(never)]
fn begin(settings: &Settings<'_>, config: Config, audit: bool) {
    let head = Head { target: config.target, real: config.real, audit };
    let recorder = Recorder {
        config,
        audit,
        sink: settings.record.and_then(|prefix| Sink::new(head, prefix)),
        slack: Slack::new(config.target),
        scratch: Scratch::new_in(),
        recent: weigh::Recent::new(),
    };
    let on = if recorder.sink.is_some() { RECORDS } else { 0 } | if audit { AUDITS } else { 0 };
    // SAFETY: the lock is held and nobody else looks before ON says so.
    unsafe { (*RECORDER.0.get()).write(recorder) };
    ON.store(on, Ordering::Release);
}

/// The table was lost in a fork, and with it what is known of its mappings.
pub(crate) fn start_over(guard: &mut Guard) {
    if let Some(recorder) = recorder(guard) {
        recorder.slack = Slack::new(recorder.config.target);
        recorder.recent.forget();
    }
}

/// Whether anything is recorded or audited: one load.
#[inline]
pub(crate) fn on() -> bool {
    ON.load(Ordering::Relaxed) != 0
}

/// What emulated calls answer.
pub(crate) trait Answer: Copy {
    fn word(self) -> usize;
    fn of(word: usize) -> Self;
}

impl Answer for usize {
    fn word(self) -> usize {
        self
    }
    fn of(word: usize) -> usize {
        word
    }
}

impl Answer for () {
    fn word(self) -> usize {
        0
    }
    fn of(_: usize) {}
}

/// Does `call` by `run`, and judges it where something is recorded.
#[inline]
pub(crate) fn watched<T: Answer>(
    guard: &mut Guard,
    call: impl FnOnce() -> Call,
    run: impl FnOnce(&mut Guard) -> Result<T, Errno>,
) -> Result<T, Errno> {
    if on() {
        let mut run = Some(run);
        let mut by_core = |guard: &mut Guard| match run.take() {
            Some(run) => run(guard).map(Answer::word),
            None => Err(Errno::ENOSYS),
        };
        return judged(guard, call(), &mut by_core).map(T::of);
    }
    run(guard)
}

/// Judges what happened without an operation on the address space.
#[inline]
pub(crate) fn observed(call: impl FnOnce() -> Call, answer: Result<usize, Errno>) {
    if on() {
        if let Turn::Open(mut guard) = state::enter() {
            noticed(&mut guard, call, answer);
        }
    }
}

/// Records a call that is refused because of its pages; whether it is to be: in
/// audit mode it is done.
#[inline]
pub(crate) fn refuses(call: impl FnOnce() -> Call) -> bool {
    let audit = ON.load(Ordering::Relaxed) & AUDITS != 0;
    if on() {
        if let Turn::Open(mut guard) = state::enter() {
            let answer = if audit { Ok(0) } else { Err(Errno::EINVAL) };
            notice(&mut guard, call(), answer, audit);
        }
    }
    !audit
}

/// The same with the lock held.
#[inline]
pub(crate) fn noticed(
    guard: &mut Guard,
    call: impl FnOnce() -> Call,
    answer: Result<usize, Errno>,
) {
    if on() {
        notice(guard, call(), answer, false);
    }
}

#[cold]
fn notice(guard: &mut Guard, call: Call, answer: Result<usize, Errno>, audited: bool) {
    let Some(recorder) = recorder(guard) else { return };
    if let Some((finding, weight)) = recorder.weighed(&call, guard) {
        recorder.note(&call, &finding, weight, answer, audited);
    }
}

/// What an allocator says that was built for smaller pages (jemalloc), by
/// syscall(2), before it gives up.
#[inline]
pub(crate) fn message(fd: usize, text: usize, len: usize) {
    if on() && fd == libc::STDERR_FILENO as usize {
        read_message(text, len);
    }
}

#[cold]
fn read_message(text: usize, len: usize) {
    const COMPLAINT: &[u8] = b"<jemalloc>: Unsupported system page size";
    let mut copy = [0u8; COMPLAINT.len()];
    let to = [copy.as_mut_ptr() as usize, copy.len()];
    let from = [text, copy.len().min(len)];
    let pid = sys::getpid() as usize;
    let args = [pid, to.as_ptr() as usize, 1, from.as_ptr() as usize, 1, 0];
    // SAFETY: the kernel copies what is readable, at most the copy's length.
    let read = unsafe { sys::call(libc::SYS_process_vm_readv, args) };
    if read == Ok(COMPLAINT.len()) && copy == COMPLAINT {
        observed(|| Call::Complaint { text, len }, Ok(len));
    }
}

type Run<'a> = &'a mut dyn FnMut(&mut Guard) -> Result<usize, Errno>;

/// The recorder, for who holds the lock.
fn recorder(_: &mut Guard) -> Option<&'static mut Recorder> {
    // SAFETY: ON says that it was written, the guard that the lock is held; no
    // caller in this module keeps one reference while it asks for another.
    on().then(|| unsafe { (*RECORDER.0.get()).assume_init_mut() })
}

#[cold]
fn judged(guard: &mut Guard, call: Call, run: Run<'_>) -> Result<usize, Errno> {
    let Some(recorder) = recorder(guard) else { return run(guard) };
    let call = recorder.with_file(call, guard);
    let found = recorder.weighed(&call, guard);
    // also what is only suspected of taking bytes along must not take them here
    let audited = recorder.audit
        && found.is_some_and(|(finding, weight)| {
            weight == Weight::Finding || !finding.unnamed.is_empty()
        });
    let small = if audited { small::perform(guard, &call) } else { None };
    let answer = small.unwrap_or_else(|| run(guard));
    if let Some((finding, weight)) = found {
        // what fails on small pages too says nothing about pages
        let stands = match small {
            Some(answer) => answer.is_ok(),
            None => finding.stands(answer.map(drop)),
        };
        if stands {
            recorder.note(&call, &finding, weight, answer, small.is_some());
        }
    }
    if answer.is_ok() && small.is_none() {
        recorder.follow(&call, answer.unwrap_or(0));
    }
    answer
}

impl Recorder {
    /// Records a finding about a call, with the stack of whoever made it.
    #[inline(never)]
    fn note(
        &mut self,
        call: &Call,
        finding: &Finding,
        weight: Weight,
        answer: Result<usize, Errno>,
        audited: bool,
    ) {
        let event = Event {
            weight,
            class: finding.class,
            call: call.kind(),
            errno: answer.err(),
            audited,
            args: call.args(),
            result: answer.map_or(0, |word| word as u64),
            range: finding.range,
            unnamed: finding.unnamed,
            ..blank(finding.class, call.kind())
        };
        let trace = self.trace(&mut |scratch, visit| stack::walk_from_here(scratch, visit));
        if let Some((_, key)) = self.write(event, &trace) {
            self.recent.add(call, answer, Event { key, ..event }, trace);
            faults::install();
        }
    }

    /// Takes down a call stack.
    fn trace(&mut self, walk: &mut dyn FnMut(&mut Scratch, stack::Visit<'_>)) -> Trace {
        let mut trace = Trace { pcs: [0; FRAMES], depth: 0 };
        walk(&mut self.scratch, &mut |pc, _| {
            if let Some(place) = trace.pcs.get_mut(trace.depth) {
                *place = pc;
                trace.depth += 1;
            }
            trace.depth < FRAMES
        });
        trace
    }

    /// Fills in thread, stack and key, and writes or counts. Where it is, and its
    /// key.
    fn write(&mut self, mut event: Event, trace: &Trace) -> Option<(Place, u64)> {
        let sink = self.sink.as_mut()?;
        event.key = key(&event, trace);
        if let Some(place) = sink.find(event.key) {
            sink.count(place, event.state());
            return Some((place, event.key));
        }
        event.depth = trace.depth;
        for (frame, pc) in event.frames.iter_mut().zip(trace.pcs()) {
            let module = modules::find(*pc);
            let number = module.as_ref().map_or(0, |module| entry(sink, module));
            let module = module.filter(|_| number != 0);
            let address = module.map_or(*pc, |module| module.own_address(*pc)) as u64;
            *frame = Frame { module: number, address };
        }
        event.thread = sys::gettid() as u32;
        event.process = sys::getpid() as u32;
        sink.add(&event).map(|place| (place, event.key))
    }

    /// The program faults at `address`, with the registers in the `ucontext`.
    fn fault(&mut self, address: usize, context: usize) {
        let Some(harm) = self.recent.harm_at(address) else { return };
        let Some(place) = self.confirm(&harm) else { return };
        // SAFETY: the kernel's structure on this thread's stack, aligned.
        let read = |address: usize| Some(unsafe { (address as *const usize).read() });
        let Some(registers) = Registers::in_context(context, read) else { return };
        let event = Event {
            weight: Weight::Fault,
            range: AddrRange::from_len(address, 1).unwrap_or_default(),
            result: place.slot as u64,
            part: place.part as u64,
            ..blank(harm.event.class, harm.event.call)
        };
        let trace = self.trace(&mut |scratch, visit| stack::walk(scratch, registers, visit));
        self.write(event, &trace);
    }

    /// Notes that a harm came true. In a child of fork its event may still have to
    /// be written: what the parent wrote is not in the child's file.
    fn confirm(&mut self, harm: &weigh::Harm) -> Option<Place> {
        let known = self.sink.as_ref()?.find(harm.event.key);
        let place = match known {
            Some(place) => place,
            None => self.write(harm.event, &harm.trace)?.0,
        };
        self.sink.as_ref()?.confirm(place);
        Some(place)
    }
}

/// The addresses of a call stack.
#[derive(Clone, Copy)]
struct Trace {
    pcs: [usize; FRAMES],
    depth: usize,
}

impl Trace {
    fn pcs(&self) -> &[usize] {
        self.pcs.get(..self.depth).unwrap_or(&self.pcs)
    }
}

/// An event of which only the kind is known.
fn blank(class: Class, call: CallKind) -> Event {
    Event {
        weight: Weight::Finding,
        class,
        call,
        errno: None,
        audited: false,
        thread: 0,
        process: 0,
        args: [0; 6],
        result: 0,
        range: AddrRange::default(),
        unnamed: AddrRange::default(),
        key: 0,
        part: 0,
        depth: 0,
        frames: [Frame::default(); FRAMES],
    }
}

/// Equal for equal classes, calls and call stacks (FNV-1a); never 0.
fn key(event: &Event, trace: &Trace) -> u64 {
    let kind = [event.class as u64, event.call as u64, event.weight as u64 / 3];
    // an allocator complains at each of its calls
    let everywhere = event.class == Class::AllocatorPageSize;
    let pcs = if everywhere { &[] } else { trace.pcs() };
    let words = kind.into_iter().chain(pcs.iter().map(|pc| *pc as u64));
    words.fold(0xcbf2_9ce4_8422_2325u64, |hash, word| {
        word.to_le_bytes()
            .iter()
            .fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
    }) | 1
}

/// A module's number in the current file.
fn entry(sink: &mut Sink, module: &Module) -> u32 {
    let mut path = [0u8; 1024];
    let path: &[u8] = if module.name.is_empty() { program_path(&mut path) } else { module.name };
    sink.module(&pagesim_record::Module {
        bias: module.bias as u64,
        start: module.start as u64,
        end: module.end as u64,
        id: module.build_id(),
        path,
    })
}

/// The program is the first module of every file.
fn program_module(sink: &mut Sink) {
    if let Some(program) = modules::program() {
        entry(sink, &program);
    }
}

fn program_path(buffer: &mut [u8]) -> &[u8] {
    let path = c"/proc/self/exe".as_ptr() as usize;
    let dir = libc::AT_FDCWD as usize;
    let args = [dir, path, buffer.as_mut_ptr() as usize, buffer.len(), 0, 0];
    // SAFETY: writes into the buffer, at most its length.
    let len = unsafe { sys::call(libc::SYS_readlinkat, args) }.unwrap_or(0);
    buffer.get(..len).unwrap_or(&[])
}

/// Whether the host page that begins at `page` is mapped.
fn is_mapped(page: usize) -> bool {
    use pagesim_core::host::Host;
    Linux { page: PageSize::MIN }.is_mapped(page)
}
