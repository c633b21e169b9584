//! What is said of a value that is not accepted.

use core::fmt;

/// A variable with a value that is not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error<'a> {
    /// The variable's name.
    pub variable: &'static str,
    /// Its value, as found.
    pub value: &'a [u8],
    /// What is accepted, in words.
    pub accepted: &'static str,
}

/// No more of a value than this many bytes is repeated in a message.
const SHOWN: usize = 120;

impl fmt::Display for Error<'_> {
    /// One line, whatever the value holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.value.get(..SHOWN).unwrap_or(self.value);
        let more = if shown.len() < self.value.len() { "…" } else { "" };
        write!(
            f,
            "pagesim: {}=\"{}\"{} is not accepted: expected {}",
            self.variable,
            shown.escape_ascii(),
            more,
            self.accepted
        )
    }
}

impl core::error::Error for Error<'_> {}
