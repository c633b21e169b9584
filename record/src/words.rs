//! Bytes of a record as words.

/// The words in a piece of a record. Bytes that make no whole word are left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Words<'a>(&'a [u8]);

const BYTES: usize = size_of::<u64>();

impl<'a> Words<'a> {
    /// All of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Words<'a> {
        Words(bytes)
    }

    /// Word `i`, from 0.
    #[must_use]
    pub fn at(self, i: usize) -> Option<u64> {
        let start = i.checked_mul(BYTES)?;
        let bytes = self.0.get(start..start.checked_add(BYTES)?)?;
        bytes.try_into().ok().map(u64::from_ne_bytes)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.len() / BYTES
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// `len` words from word `start` on.
    #[must_use]
    pub fn part(self, start: usize, len: usize) -> Option<Words<'a>> {
        let from = start.checked_mul(BYTES)?;
        let to = from.checked_add(len.checked_mul(BYTES)?)?;
        self.0.get(from..to).map(Words)
    }

    /// The bytes of them all.
    #[must_use]
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }
}
