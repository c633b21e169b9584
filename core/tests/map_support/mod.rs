//! A naive model of the VMA map, and the means to compare the two.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::map::{GapQuery, Node, NodeSource, VmaMap};
use pagesim_core::page::AddrRange;
use pagesim_core::vma::{Backing, FileId, Vma};
use std::collections::BTreeMap;

/// The page that these tests count in. Nothing in the map knows it.
pub(crate) const PAGE: usize = 0x1000;

/// Memory from the test's heap, at most `limit` entries of it.
pub(crate) struct Heap {
    pub(crate) limit: usize,
}

impl NodeSource for Heap {
    fn grow(&mut self, count: usize) -> Option<&'static mut [Node]> {
        self.limit = self.limit.checked_sub(count)?;
        Some(Box::leak(vec![Node::default(); count].into_boxed_slice()))
    }
}

pub(crate) fn empty() -> VmaMap<Heap> {
    VmaMap::new(Heap { limit: usize::MAX })
}

/// The pages from `start` up to `end`.
pub(crate) fn pages(start: usize, end: usize) -> AddrRange {
    AddrRange::new(start * PAGE, end * PAGE).expect("start <= end")
}

/// What an entry is apart from its range, chosen by a letter: lower case is
/// anonymous, upper case a file whose offset runs along with the address, `?`
/// is foreign and `~` filler.
pub(crate) fn content(letter: char, range: AddrRange) -> Vma {
    let id = FileId { dev: 7, ino: u64::from(letter as u32) };
    // Congruent offsets: pieces of one file at their own places are one mapping.
    let offset = range.start() as u64;
    let backing = match letter {
        'A'..='M' => Backing::File { id, offset },
        'N'..='Z' => Backing::Special { id, offset },
        '?' => Backing::Foreign,
        '~' => Backing::Filler,
        _ => Backing::Anonymous,
    };
    let prot = Prot::from_bits_retain(letter as u32 & 3);
    let flags = MapFlags::from_bits_retain((letter as u32 & 0x0c) | 2);
    Vma { range, prot, flags, backing }
}

/// A map made from a picture, one letter per page, `.` free. Unlike letters
/// differ, so the number of entries is the number of runs.
pub(crate) fn map_of(picture: &str) -> VmaMap<Heap> {
    let mut map = empty();
    for vma in runs(picture) {
        map.insert(vma);
    }
    check(&map, picture);
    map
}

/// The entries of a picture.
pub(crate) fn runs(picture: &str) -> Vec<Vma> {
    let letters: Vec<char> = picture.chars().collect();
    let mut start = 0;
    let mut vmas = Vec::new();
    for run in letters.chunk_by(|a, b| a == b) {
        let range = pages(start, start + run.len());
        start += run.len();
        vmas.extend(run.first().filter(|&&c| c != '.').map(|&c| content(c, range)));
    }
    vmas
}

pub(crate) fn entries(map: &VmaMap<Heap>) -> Vec<Vma> {
    map.overlapping(AddrRange::new(0, usize::MAX).expect("0 <= MAX")).collect()
}

/// Asserts that the map is in order and looks like the picture.
pub(crate) fn check(map: &VmaMap<Heap>, picture: &str) {
    assert_eq!(map.verify(), Ok(()), "{picture}");
    assert_eq!(entries(map), runs(picture), "{picture}");
    assert_eq!(map.len(), runs(picture).len(), "{picture}");
}

/// Page number to what is there; the range is always that page.
#[derive(Default, Clone)]
pub(crate) struct Model {
    pub(crate) pages: BTreeMap<usize, Vma>,
}

impl Model {
    pub(crate) fn insert(&mut self, vma: Vma) {
        for page in page_numbers(vma.range) {
            let part = vma.clipped(pages(page, page + 1)).expect("inside");
            self.pages.insert(page, part);
        }
    }

    pub(crate) fn remove(&mut self, range: AddrRange) {
        for page in page_numbers(range) {
            self.pages.remove(&page);
        }
    }

    pub(crate) fn update(&mut self, range: AddrRange, edit: impl Fn(&mut Vma)) {
        for page in page_numbers(range) {
            if let Some(vma) = self.pages.get_mut(&page) {
                edit(vma);
            }
        }
    }

    /// The entries: pages joined as far as they continue each other.
    pub(crate) fn entries(&self) -> Vec<Vma> {
        let mut vmas: Vec<Vma> = Vec::new();
        for page in self.pages.values() {
            match vmas.last_mut() {
                Some(last) if last.continues_into(page) => {
                    let range = AddrRange::new(last.range.start(), page.range.end());
                    last.range = range.expect("in order");
                }
                _ => vmas.push(*page),
            }
        }
        vmas
    }

    pub(crate) fn is_free(&self, range: AddrRange) -> bool {
        !self.pages.values().any(|vma| vma.range.overlaps(range))
    }

    /// All addresses that answer the query, lowest first, by trying every one
    /// that is congruent to the skew.
    pub(crate) fn gaps(&self, query: &GapQuery) -> impl DoubleEndedIterator<Item = usize> + '_ {
        let query = *query;
        let start = query.within.start();
        let first = start + (query.skew.wrapping_sub(start) & (query.align - 1));
        let count = query.within.end().saturating_sub(first) / query.align + 1;
        (0..count).map(move |i| first + i * query.align).filter(move |&addr| {
            AddrRange::from_len(addr, query.len)
                .is_some_and(|range| query.within.covers(range) && self.is_free(range))
        })
    }
}

/// The numbers of the pages in a range of whole pages.
pub(crate) fn page_numbers(range: AddrRange) -> std::ops::Range<usize> {
    range.start() / PAGE..range.end() / PAGE
}
