//! What was loaded: an entry for every program or library that a call stack
//! touched.
//!
//! `word 0: words of the entry | length of the id << 16 | length of the path << 32`,
//! `1: load bias`, `2 and 3: addresses`, `4 to 6: id`, then the path.

use crate::Words;

/// The longest build-id that is kept.
const BUILD_ID_BYTES: usize = 24;

/// A build-id, as the linker put it into the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct BuildId {
    bytes: [u8; BUILD_ID_BYTES],
    len: usize,
}

impl BuildId {
    /// One of these bytes; without any when there are too many.
    #[must_use]
    pub fn new(id: &[u8]) -> BuildId {
        let mut new = BuildId::default();
        if let Some(place) = new.bytes.get_mut(..id.len()) {
            place.copy_from_slice(id);
            new.len = id.len();
        }
        new
    }

    /// Its bytes; none where the file has no id.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

const FIXED_WORDS: usize = 7;
/// Longer paths are cut off.
const PATH_BYTES: usize = 1024;

/// A program or library.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Module<'a> {
    /// What is added to an address of the file where it is loaded.
    pub bias: u64,
    /// The first address it takes.
    pub start: u64,
    /// The first address behind.
    pub end: u64,
    /// Its build-id.
    pub id: BuildId,
    /// Its file.
    pub path: &'a [u8],
}

impl<'a> Module<'a> {
    fn kept_path(&self) -> &[u8] {
        self.path.get(..PATH_BYTES).unwrap_or(self.path)
    }

    /// How many words its entry takes.
    #[must_use]
    pub fn words(&self) -> usize {
        FIXED_WORDS + self.kept_path().len().div_ceil(8)
    }

    /// Hands them to `put`, with their numbers from 0.
    pub fn write(&self, mut put: impl FnMut(usize, u64)) {
        let path = self.kept_path();
        put(0, self.words() as u64 | (self.id.len as u64) << 16 | (path.len() as u64) << 32);
        put(1, self.bias);
        put(2, self.start);
        put(3, self.end);
        for (i, chunk) in self.id.bytes.chunks(8).enumerate() {
            put(4 + i, word(chunk));
        }
        for (i, chunk) in path.chunks(8).enumerate() {
            put(FIXED_WORDS + i, word(chunk));
        }
    }

    /// The entry at the beginning of `words`, and what follows it.
    pub(crate) fn read(words: Words<'a>) -> Option<(Module<'a>, Words<'a>)> {
        let head = words.at(0)?;
        let len = usize::from(head as u16);
        let (id_len, path_len) = (usize::from((head >> 16) as u16), (head >> 32) as usize);
        let path = words.part(FIXED_WORDS, len.checked_sub(FIXED_WORDS)?)?;
        let id = words.part(4, FIXED_WORDS - 4)?;
        let module = Module {
            bias: words.at(1)?,
            start: words.at(2)?,
            end: words.at(3)?,
            id: BuildId::new(id.bytes().get(..id_len)?),
            path: path.bytes().get(..path_len)?,
        };
        Some((module, words.part(len, words.len().checked_sub(len)?)?))
    }
}

fn word(chunk: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
    u64::from_ne_bytes(bytes)
}
