//! The record: a file in which one process keeps what it was found doing.
//!
//! The library maps it shared, so what is written survives the process, however
//! it ends. All of it is 64-bit words in the byte order of the machine:
//!
//! ```text
//! word 0      HEADER       which process, which page sizes
//! word 64     MODULES      what was loaded: entries one behind the other
//! word 2048   SLOTS        events, each SLOT_WORDS long
//! word 8192   end
//! ```
//!
//! Invariants: one writer at a time. A module is there when the header's
//! [`header::MODULES_END`] lies behind it, an event when the first word of its slot
//! is not 0: both are written last. A process that fills its record begins
//! another one with the next [`header::PART`].
#![no_std]
#![forbid(unsafe_code)]

mod event;
pub mod forecast;
mod module;
pub mod read;
mod words;

#[cfg(test)]
mod tests;

pub use event::{Event, Frame, Weight, FRAMES};
pub use module::{BuildId, Module};
pub use words::Words;

/// Bytes in a record; a multiple of every page size up to 64K.
pub const RECORD_BYTES: usize = 1 << 16;
/// Words in a record.
pub const RECORD_WORDS: usize = RECORD_BYTES / 8;
/// First word of the modules.
pub const MODULES: usize = 64;
/// First word of the slots.
pub const SLOTS: usize = 2048;
/// Words of a slot.
pub const SLOT_WORDS: usize = 48;
/// Slots in a record.
pub const SLOT_COUNT: usize = (RECORD_WORDS - SLOTS) / SLOT_WORDS;
/// Records that one process may have.
pub const PARTS: usize = 16;
/// What a record's file name ends with, behind `NAME.pid.number`.
pub const SUFFIX: &str = ".pagesim";
/// What the name of a forecast's file ends with.
pub const FORECAST_SUFFIX: &str = ".pagesim-mem";

/// The words of the header.
pub mod header {
    /// [`MAGIC_VALUE`].
    pub const MAGIC: usize = 0;
    /// [`VERSION_VALUE`].
    pub const VERSION: usize = 1;
    /// Process.
    pub const PID: usize = 2;
    /// Its parent when the record was made.
    pub const PARENT: usize = 3;
    /// T.
    pub const TARGET: usize = 4;
    /// R.
    pub const REAL: usize = 5;
    /// 1 in audit mode.
    pub const AUDIT: usize = 6;
    /// Which record of the process, from 0.
    pub const PART: usize = 7;
    /// Seconds since 1970 when it was made.
    pub const TIME: usize = 8;
    /// First word behind the modules.
    pub const MODULES_END: usize = 9;
    /// Events that found no room.
    pub const LOST: usize = 10;

    /// "PAGESIMR" in memory order on a little-endian machine.
    pub const MAGIC_VALUE: u64 = u64::from_le_bytes(*b"PAGESIMR");
    /// Changes whenever the layout does.
    pub const VERSION_VALUE: u64 = 1;
}
