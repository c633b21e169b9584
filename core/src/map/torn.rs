//! A map that a fork copied in the middle of an edit: any link and any counter may
//! be wrong, and [`VmaMap::clear`] has to make a sound one of it.

use super::node::{Node, NIL};
use super::{NodeSource, VmaMap};
use crate::flags::{MapFlags, Prot};
use crate::page::AddrRange;
use crate::vma::{Backing, Vma};

extern crate std;

struct Heap;

impl NodeSource for Heap {
    fn grow(&mut self, count: usize) -> Option<&'static mut [Node]> {
        Some(std::vec![Node::default(); count].leak())
    }
}

/// Numbers that are the same for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

fn entry(number: usize) -> Vma {
    let range = AddrRange::from_len((number + 1) << 20, 1 << 16).unwrap_or_default();
    let (prot, flags) = (Prot::RW, MapFlags::PRIVATE);
    Vma { range, prot, flags, backing: Backing::Anonymous }
}

fn insert(map: &mut VmaMap<Heap>, number: usize) {
    assert!(map.reserve(2).is_ok());
    map.insert(entry(number));
}

/// Overwrites links and counters of the map and of some entries.
fn tear(map: &mut VmaMap<Heap>, numbers: &mut Numbers, places: &[u32]) {
    let any = |numbers: &mut Numbers| {
        let index = numbers.below(places.len() + 1);
        places.get(index).copied().unwrap_or(NIL)
    };
    for _ in 0..8 {
        let at = any(numbers);
        let link = any(numbers);
        let which = numbers.below(6);
        map.edit(at, |node| match which {
            0 => node.next = link,
            1 => node.prev = link,
            2 => node.left = link,
            3 => node.right = link,
            4 => node.parent = link,
            _ => node.height = 0,
        });
    }
    map.first = any(numbers);
    map.root = any(numbers);
    map.last = any(numbers);
    map.near.set(any(numbers));
    map.arena.tear(any(numbers), numbers.below(100));
}

#[test]
fn a_map_torn_by_a_fork_can_be_cleared_and_used() {
    for seed in 0..300 {
        let mut numbers = Numbers(seed);
        let mut map = VmaMap::new(Heap);
        let count = 1 + numbers.below(200);
        for number in 0..count {
            insert(&mut map, number);
        }
        for _ in 0..numbers.below(count) {
            map.remove(entry(numbers.below(count)).range);
        }
        let mut places = std::vec::Vec::new();
        let mut at = map.first;
        while at != NIL {
            places.push(at);
            at = map.node(at).next;
        }
        tear(&mut map, &mut numbers, &places);
        map.clear();
        assert_eq!(map.verify(), Ok(()), "cleared, seed {seed}");
        for number in 0..2 * count {
            insert(&mut map, number);
        }
        assert_eq!((map.len(), map.verify()), (2 * count, Ok(())), "used again, seed {seed}");
    }
}
