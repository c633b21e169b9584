//! The target-page emulation: what happens to a call that counts in pages of
//! one size on a system that counts in another.
//!
//! No kernel in here: the system below is a [`host::Host`].
#![no_std]
#![forbid(unsafe_code)]

pub mod counts;
pub mod eof;
pub mod errno;
pub mod finding;
pub mod flags;
pub mod host;
pub mod map;
mod ops;
pub use ops::apart;
pub mod page;
pub mod space;
pub mod vma;
