//! Reading a record back. Nothing in the file is trusted: a process may have
//! died while it wrote, and the file may be anybody's.

use crate::event::word;
use crate::{header, Event, Frame, Module, Words};
use crate::{MODULES, RECORD_BYTES, SLOTS, SLOT_COUNT, SLOT_WORDS};

/// An event and how often it happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counted {
    /// The event, as it was the first time.
    pub event: Event,
    /// How many there were.
    pub count: u64,
    /// For a suspect: how often it proved right.
    pub confirmed: u64,
    /// Number of its slot.
    pub slot: usize,
}

/// A record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    words: Words<'a>,
}

/// Why a file is no record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// Another kind of file.
    NotARecord,
    /// Of another version of pagesim.
    Version(u64),
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Error::NotARecord => f.write_str("is not a record of pagesim"),
            Error::Version(n) => write!(f, "is a record of another version of pagesim ({n})"),
        }
    }
}

impl core::error::Error for Error {}

impl<'a> Record<'a> {
    /// The record in `bytes`.
    ///
    /// # Errors
    /// When there is none. Events and modules in it that make no sense are left out
    /// when they are asked for.
    pub fn new(bytes: &'a [u8]) -> Result<Record<'a>, Error> {
        let words = Words::new(bytes.get(..RECORD_BYTES).ok_or(Error::NotARecord)?);
        let record = Record { words };
        match (record.head(header::MAGIC), record.head(header::VERSION)) {
            (header::MAGIC_VALUE, header::VERSION_VALUE) => Ok(record),
            (header::MAGIC_VALUE, version) => Err(Error::Version(version)),
            _ => Err(Error::NotARecord),
        }
    }

    /// A word of the header.
    #[must_use]
    pub fn head(&self, word: usize) -> u64 {
        self.words.at(word).unwrap_or(0)
    }

    /// What was loaded; the first is the program.
    pub fn modules(&self) -> impl Iterator<Item = Module<'a>> + use<'a> {
        let end = (self.head(header::MODULES_END) as usize).min(SLOTS);
        let mut rest = self.words.part(MODULES, end.saturating_sub(MODULES));
        core::iter::from_fn(move || {
            let (module, behind) = Module::read(rest?)?;
            rest = Some(behind);
            Some(module)
        })
    }

    /// The module of a frame.
    #[must_use]
    pub fn module(&self, frame: &Frame) -> Option<Module<'a>> {
        self.modules().nth((frame.module as usize).checked_sub(1)?)
    }

    /// In the order in which they first happened.
    pub fn events(&self) -> impl Iterator<Item = Counted> + use<'a> {
        let words = self.words;
        (0..SLOT_COUNT).filter_map(move |slot| {
            let words = words.part(SLOTS + slot * SLOT_WORDS, SLOT_WORDS)?;
            Some(Counted {
                event: Event::read(words)?,
                count: words.at(word::COUNT)?.max(1),
                confirmed: words.at(word::CONFIRMED)?,
                slot,
            })
        })
    }
}
