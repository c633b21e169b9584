//! What becomes of a judgement: whether bytes were in use, whether the program
//! undoes a mapping because a hint was not taken, whether it faults later.

use super::touched::{self, Of};
use super::{Recorder, Trace};
use crate::rings::is_perf_event;
use crate::state::Guard;
use pagesim_core::errno::Errno;
use pagesim_core::finding::{classify, Call, Certainty, Class, Finding, Scene, Severity};
use pagesim_core::flags::MapFlags;
use pagesim_core::host::Host;
use pagesim_core::page::AddrRange;
use pagesim_record::{Event, Weight};

/// What mmap(2) answers when it fails.
const MAP_FAILED: usize = usize::MAX;

/// Harmed ranges that are remembered.
const REMEMBERED: usize = 64;

/// What a call may have harmed.
#[derive(Clone, Copy)]
pub(super) struct Harm {
    /// Where the program would fault because of it.
    range: AddrRange,
    /// The mapping that a hint led to; empty for other classes.
    hinted: AddrRange,
    /// As it was written, but for the stack.
    pub(super) event: Event,
    pub(super) trace: Trace,
}

/// The last of them, oldest overwritten.
pub(super) struct Recent {
    harms: [Option<Harm>; REMEMBERED],
    next: usize,
}

impl Recent {
    pub(super) const fn new() -> Recent {
        Recent { harms: [None; REMEMBERED], next: 0 }
    }

    /// In place: all of them are more than a small stack holds.
    pub(super) fn forget(&mut self) {
        for harm in &mut self.harms {
            *harm = None;
        }
        self.next = 0;
    }

    pub(super) fn add(
        &mut self,
        call: &Call,
        answer: Result<usize, Errno>,
        event: Event,
        trace: Trace,
    ) {
        let hinted = match (call, answer) {
            (Call::Mmap(request, _), Ok(at)) if event.class == Class::HintExact => {
                AddrRange::from_len(at, request.len).unwrap_or_default()
            }
            _ => AddrRange::default(),
        };
        let range = match event.class.severity() {
            _ if event.class == Class::HintExact => behind_mapping(hinted, event.range),
            Severity::Hazard => event.unnamed,
            Severity::Error => refused_range(call, &event),
        };
        // a call that is repeated is one harm
        let same = self.harms.iter().position(|harm| {
            harm.is_some_and(|harm| harm.event.key == event.key && harm.range == range)
        });
        let index = same.unwrap_or(self.next % REMEMBERED);
        if let Some(free) = self.harms.get_mut(index) {
            *free = Some(Harm { range, hinted, event, trace });
        }
        if same.is_none() {
            self.next = self.next.wrapping_add(1);
        }
    }

    /// How many places were ever used: usually none.
    fn len(&self) -> usize {
        self.next.min(REMEMBERED)
    }

    /// The latest call that may be why `address` faults.
    pub(super) fn harm_at(&self, address: usize) -> Option<Harm> {
        let newest_first = (1..=REMEMBERED).map(|n| self.next.wrapping_sub(n) % REMEMBERED);
        let harms = newest_first.filter_map(|i| *self.harms.get(i)?);
        harms.into_iter().find(|harm| {
            let failed = harm.range.start() == 0 && address == MAP_FAILED;
            failed || harm.range.contains(address)
        })
    }

    /// A mapping or a protection was made anew: what faults there now does so for
    /// another reason.
    fn settle(&mut self, range: AddrRange) {
        let len = self.len();
        for harm in self.harms.iter_mut().take(len).flatten() {
            if range.covers(harm.range) {
                harm.range = AddrRange::default();
            }
        }
    }

    /// The hint whose mapping is undone as a whole.
    fn undone(&mut self, range: AddrRange) -> Option<Harm> {
        let hinted = |harm: &&mut Option<Harm>| {
            harm.as_ref().is_some_and(|harm| !harm.hinted.is_empty() && harm.hinted == range)
        };
        let len = self.len();
        self.harms.iter_mut().take(len).find(hinted)?.take()
    }
}

/// What a program that thinks its hint was taken uses and does not have.
fn behind_mapping(made: AddrRange, hint: AddrRange) -> AddrRange {
    AddrRange::new(made.end().max(hint.start()), hint.end()).unwrap_or_default()
}

/// Addresses that fault because a call was refused: what it should have made or
/// changed, and for mmap(2) what is reached through MAP_FAILED.
fn refused_range(call: &Call, event: &Event) -> AddrRange {
    match call {
        Call::Mmap(request, _) if !request.flags.is_fixed() => {
            // it is the last address: what follows it begins at 0
            const NEAR: usize = 1 << 16;
            AddrRange::new(0, request.len.min(NEAR)).unwrap_or_default()
        }
        _ => event.range,
    }
}

impl Recorder {
    /// The call with the file it maps, where the judgement may need it.
    pub(super) fn with_file(&self, call: Call, guard: &mut Guard) -> Call {
        let Call::Mmap(request, None) = call else { return call };
        let (target, real) = (self.config.target, self.config.real);
        let small = real.is_aligned(request.len) && !target.is_aligned(request.len);
        if small && request.fd >= 0 && request.flags.is_shared() && is_perf_event(request.fd) {
            return Call::PerfRing(request);
        }
        let aligned = target.is_aligned(request.offset as usize) && target.is_aligned(request.addr);
        if aligned || request.flags.contains(MapFlags::ANONYMOUS) {
            return call;
        }
        let file = guard.space().host_mut().file(request.fd).ok();
        Call::Mmap(request, file.map(|file| file.id))
    }

    /// What is wrong with a call that has not been done yet, and how sure it is.
    pub(super) fn weighed(&self, call: &Call, guard: &mut Guard) -> Option<(Finding, Weight)> {
        let scene = Scene {
            target: self.config.target,
            real: self.config.real,
            map: guard.space().map(),
            slack: self.slack.map(),
        };
        let finding = classify(call, &scene)?;
        let of = if finding.class == Class::MadviseRounding { Of::Private } else { Of::All };
        let used = || touched::any(finding.unnamed, self.config.real, of).unwrap_or(false);
        let weight = match finding.certainty {
            Certainty::Certain => Weight::Finding,
            Certainty::IfTouched if used() => Weight::Finding,
            Certainty::IfTouched | Certainty::Later => Weight::Suspect,
        };
        Some((finding, weight))
    }

    /// Keeps up with a call that succeeded in target pages.
    pub(super) fn follow(&mut self, call: &Call, answer: usize) {
        self.slack.follow(call, answer);
        let range = match *call {
            Call::Mmap(request, _) | Call::PerfRing(request) => {
                AddrRange::from_len(answer, request.len)
            }
            Call::Mprotect { addr, len, .. } => AddrRange::from_len(addr, len),
            Call::Munmap { addr, len } => {
                let range = AddrRange::from_len(addr, len);
                if let Some(hint) = range.and_then(|range| self.recent.undone(range)) {
                    self.confirm(&hint);
                }
                range
            }
            _ => None,
        };
        if let Some(range) = range {
            self.recent.settle(range);
        }
    }
}
