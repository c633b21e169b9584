//! One event: a finding or a fault, with its call and its call stack.

use crate::{Words, SLOT_WORDS};
use pagesim_core::errno::Errno;
use pagesim_core::finding::{CallKind, Class};
use pagesim_core::page::AddrRange;

/// Frames of a call stack that are kept.
pub const FRAMES: usize = 16;

/// What an event says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weight {
    /// The finding stands.
    Finding,
    /// It stands only if something happens later: a fault in its range, or that
    /// its count of confirmations is not 0.
    Suspect,
    /// A fault that a finding explains: [`Event::result`] is the number of its
    /// slot, [`Event::part`] its record.
    Fault,
}

/// One place of a call stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Frame {
    /// 1 + the number of the module; 0 when the address is in none.
    pub module: u32,
    /// The address, in the module's own addresses when there is one.
    pub address: u64,
}

/// An event as it lies in a slot, but for the word that says it is there and
/// the counts, which are written by themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// See [`Weight`].
    pub weight: Weight,
    /// The finding's class; of a fault, that of the finding that explains it.
    pub class: Class,
    /// The call.
    pub call: CallKind,
    /// Its error number; `None` for success.
    pub errno: Option<Errno>,
    /// Whether it was done in small pages (audit mode).
    pub audited: bool,
    /// Thread.
    pub thread: u32,
    /// Process.
    pub process: u32,
    /// The arguments in C's order.
    pub args: [u64; 6],
    /// What it returned, if that was no error.
    pub result: u64,
    /// What the call worked on; of a fault, the address and nothing else.
    pub range: AddrRange,
    /// The part of it that was not named.
    pub unnamed: AddrRange,
    /// The same for equal events: class, call and call stack.
    pub key: u64,
    /// For a fault: the record of the finding that explains it.
    pub part: u64,
    /// How many of `frames` there are.
    pub depth: usize,
    /// The call stack, callers last.
    pub frames: [Frame; FRAMES],
}

/// The words of a slot.
pub(crate) mod word {
    pub(crate) const STATE: usize = 0;
    pub(crate) const KEY: usize = 1;
    pub(crate) const COUNT: usize = 2;
    pub(crate) const KIND: usize = 3;
    pub(crate) const WHO: usize = 4;
    pub(crate) const ARGS: usize = 5;
    pub(crate) const RESULT: usize = 11;
    pub(crate) const RANGE: usize = 12;
    pub(crate) const UNNAMED: usize = 14;
    pub(crate) const CONFIRMED: usize = 16;
    pub(crate) const PART: usize = 17;
    pub(crate) const DEPTH: usize = 18;
    pub(crate) const MODULES: usize = 19;
    pub(crate) const ADDRESSES: usize = 27;
}

const _: () = assert!(word::ADDRESSES + FRAMES <= SLOT_WORDS);
const _: () = assert!(word::MODULES + FRAMES / 2 <= word::ADDRESSES);

impl Weight {
    const fn code(self) -> u64 {
        match self {
            Weight::Finding => 1,
            Weight::Suspect => 2,
            Weight::Fault => 3,
        }
    }

    const fn from_code(code: u64) -> Option<Weight> {
        Some(match code {
            1 => Weight::Finding,
            2 => Weight::Suspect,
            3 => Weight::Fault,
            _ => return None,
        })
    }
}

impl Event {
    /// Word of a slot that says whether an event is there: to be written last,
    /// with [`Event::state`].
    pub const STATE: usize = word::STATE;
    /// Word of a slot that holds [`Event::key`].
    pub const KEY: usize = word::KEY;
    /// Word of a slot that counts equal events.
    pub const COUNT: usize = word::COUNT;
    /// Word of a slot that counts what made a suspect a finding.
    pub const CONFIRMED: usize = word::CONFIRMED;

    /// The value of [`Event::STATE`].
    #[must_use]
    pub const fn state(&self) -> u64 {
        self.weight.code()
    }

    /// Hands every other word of the slot but the counts to `put`.
    pub fn write(&self, mut put: impl FnMut(usize, u64)) {
        let errno = self.errno.map_or(0, |errno| u64::from(errno.0 as u16));
        let kind = u64::from(self.class as u16)
            | u64::from(self.call as u16) << 16
            | errno << 32
            | u64::from(self.audited) << 48;
        put(word::KEY, self.key);
        put(word::KIND, kind);
        put(word::WHO, u64::from(self.process) | u64::from(self.thread) << 32);
        self.args.iter().enumerate().for_each(|(i, arg)| put(word::ARGS + i, *arg));
        put(word::RESULT, self.result);
        put(word::RANGE, self.range.start() as u64);
        put(word::RANGE + 1, self.range.end() as u64);
        put(word::UNNAMED, self.unnamed.start() as u64);
        put(word::UNNAMED + 1, self.unnamed.end() as u64);
        put(word::PART, self.part);
        put(word::DEPTH, self.depth as u64);
        for (i, pair) in self.frames.chunks(2).enumerate() {
            let module = |n: usize| pair.get(n).map_or(0, |frame| u64::from(frame.module));
            put(word::MODULES + i, module(0) | module(1) << 32);
        }
        for (i, frame) in self.frames.iter().enumerate() {
            put(word::ADDRESSES + i, frame.address);
        }
    }

    /// Reads a slot; `None` where no event is, or none of this version.
    #[must_use]
    pub fn read(slot: Words<'_>) -> Option<Event> {
        let at = |i: usize| slot.at(i);
        let range = |i: usize| AddrRange::new(at(i)? as usize, at(i + 1)? as usize);
        let (kind, who) = (at(word::KIND)?, at(word::WHO)?);
        let errno = (kind >> 32) as u16;
        let mut event = Event {
            weight: Weight::from_code(at(word::STATE)?)?,
            class: Class::from_code(kind as u16)?,
            call: CallKind::from_code((kind >> 16) as u16)?,
            errno: (errno != 0).then_some(Errno(i32::from(errno))),
            audited: kind >> 48 & 1 != 0,
            thread: (who >> 32) as u32,
            process: who as u32,
            args: [0; 6],
            result: at(word::RESULT)?,
            range: range(word::RANGE)?,
            unnamed: range(word::UNNAMED)?,
            key: at(word::KEY)?,
            part: at(word::PART)?,
            depth: (at(word::DEPTH)? as usize).min(FRAMES),
            frames: [Frame::default(); FRAMES],
        };
        for (i, arg) in event.args.iter_mut().enumerate() {
            *arg = at(word::ARGS + i)?;
        }
        for (i, frame) in event.frames.iter_mut().enumerate() {
            let shift = 32 * (i % 2);
            frame.module = (at(word::MODULES + i / 2)? >> shift) as u32;
            frame.address = at(word::ADDRESSES + i)?;
        }
        Some(event)
    }

    /// The frames that are there.
    #[must_use]
    pub fn stack(&self) -> &[Frame] {
        self.frames.get(..self.depth).unwrap_or(&self.frames)
    }
}
