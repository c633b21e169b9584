//! What a program does that only works on small pages: the classes of findings,
//! and which of them a call is.
//!
//! A call is looked at before it is done, because it may destroy what it is
//! judged by. Nothing in here asks the host: what depends on it, whether bytes
//! were ever touched or what the call answered, is left to the caller
//! ([`Certainty`], [`Finding::stands`]).
//!
//! Invariant: a call that does the same on every page size is never a finding.
//! A length that is rounded up is one only where it reaches bytes that the program
//! asked for and did not name.

mod call;
mod class;
mod rules;

#[cfg(test)]
mod tests;

pub use call::{Call, CallKind};
pub use class::{Class, Severity};
pub use rules::classify;

use crate::errno::Errno;
use crate::map::VmaMap;
use crate::page::{AddrRange, PageSize};

/// How sure it is that a call harms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Certainty {
    /// The call itself shows it.
    Certain,
    /// When any page of [`Finding::unnamed`] was ever touched; else as
    /// [`Certainty::Later`].
    IfTouched,
    /// Only what the program does next can show it: a fault in
    /// [`Finding::unnamed`], or that it undoes the call.
    Later,
}

/// A call that counts on pages smaller than the target page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Which kind.
    pub class: Class,
    /// How sure.
    pub certainty: Certainty,
    /// What the call works on with target pages.
    pub range: AddrRange,
    /// The part of it that the program did not name and uses; empty for calls
    /// that are refused.
    pub unnamed: AddrRange,
}

impl Finding {
    /// Whether the answer of a kernel with target pages is the one that the
    /// finding is about.
    #[must_use]
    pub fn stands(&self, answer: Result<(), Errno>) -> bool {
        match self.class.severity() {
            Severity::Error => answer == Err(Errno::EINVAL),
            Severity::Hazard => answer.is_ok(),
        }
    }
}

/// What a call is judged by.
pub struct Scene<'a, S> {
    /// T.
    pub target: PageSize,
    /// R.
    pub real: PageSize,
    /// The program's mappings.
    pub map: &'a VmaMap<S>,
    /// The ends of mappings that nobody asked for: from the length as asked to
    /// the end of the target page.
    pub slack: &'a VmaMap<S>,
}
