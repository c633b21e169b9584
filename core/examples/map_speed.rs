//! Prints what the operations of the VMA map cost in nanoseconds, at 10, 1,000
//! and 50,000 entries. `cargo run --release -p pagesim-core --example map_speed`

use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::map::{node_bytes, GapQuery, Node, NodeSource, VmaMap};
use pagesim_core::page::AddrRange;
use pagesim_core::vma::{Backing, Vma};
use std::hint::black_box;
use std::time::Instant;

const PAGE: usize = 0x1_0000;
const BASE: usize = 1 << 44;

struct Heap;

impl NodeSource for Heap {
    fn grow(&mut self, count: usize) -> Option<&'static mut [Node]> {
        Some(Box::leak(vec![Node::default(); count].into_boxed_slice()))
    }
}

fn range(page: usize, pages: usize) -> AddrRange {
    AddrRange::from_len(BASE + page * PAGE, pages * PAGE).unwrap_or_default()
}

fn vma(range: AddrRange) -> Vma {
    Vma { range, prot: Prot::RW, flags: MapFlags::PRIVATE, backing: Backing::Anonymous }
}

/// `n` entries of one page, one page apart.
fn filled(n: usize) -> VmaMap<Heap> {
    let mut map = VmaMap::new(Heap);
    for i in 0..n {
        map.insert(vma(range(2 * i + 1, 1)));
    }
    map
}

/// Nanoseconds per call of `work`, the best of several runs.
fn time(mut work: impl FnMut(usize)) -> f64 {
    const CALLS: usize = 200_000;
    (0..7)
        .map(|_| {
            let start = Instant::now();
            (0..CALLS).for_each(&mut work);
            start.elapsed().as_secs_f64() * 1e9 / CALLS as f64
        })
        .fold(f64::INFINITY, f64::min)
}

/// Numbers below `n` in no order.
fn shuffled(n: usize) -> Vec<usize> {
    let mut state = 88_172_645_463_325_252_u64;
    (0..1 << 16)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 16) as usize % n
        })
        .collect()
}

/// Place, add, look up, remove: what one mmap and one munmap ask of the map.
fn pair(map: &mut VmaMap<Heap>, within: AddrRange, pages: usize) {
    let query = GapQuery { len: pages * PAGE, align: PAGE, skew: 0, within };
    let Some(addr) = map.highest_gap(&query) else { return };
    let made = AddrRange::from_len(addr, query.len).unwrap_or_default();
    let _ = black_box(map.reserve(2));
    map.insert(vma(made));
    black_box(map.find(addr));
    map.remove(made);
}

fn measure(n: usize) -> [f64; 7] {
    let mut map = filled(n);
    let order = shuffled(n);
    let at = |i: usize| order.get(i % order.len()).copied().unwrap_or(0);
    let inside = range(0, 2 * n);
    let below = AddrRange::new(0, inside.end()).unwrap_or_default();
    let flip = |map: &mut VmaMap<Heap>, part: AddrRange, prot: Prot| {
        map.update(part, |vma| vma.prot = prot);
    };
    [
        time(|i| {
            black_box(map.find(range(2 * at(i) + 1, 1).start()));
        }),
        time(|_| pair(&mut map, inside, 1)),
        time(|_| pair(&mut map, below, 2)),
        time(|_| {
            // A neighbour of other content: the entry stands alone.
            map.insert(Vma { flags: MapFlags::SHARED, ..vma(range(2 * (n / 2), 1)) });
            map.remove(range(2 * (n / 2), 1));
        }),
        time(|i| {
            let one = range(2 * at(i) + 1, 1);
            map.remove(one);
            map.insert(vma(one));
        }),
        time(|i| {
            // A small window picked at random: a place that is not the last one.
            pair(&mut map, range(2 * at(i), 2), 1);
        }),
        time(|i| {
            let part = range(2 * at(i) + 1, 1);
            flip(&mut map, part, Prot::READ);
            flip(&mut map, part, Prot::RW);
        }),
    ]
}

fn main() {
    const NAMES: [&str; 7] = [
        "find, anywhere",
        "gap + insert + find + remove, a gap of equal neighbours",
        "gap + insert + find + remove, below all entries",
        "insert + remove, nothing to merge with",
        "remove + insert, anywhere",
        "gap + insert + find + remove, anywhere",
        "update there and back, anywhere",
    ];
    let sizes = [10, 1_000, 50_000];
    let columns = sizes.map(measure);
    println!("{:56} {:>8} {:>8} {:>8}", "nanoseconds; entries:", 10, 1_000, 50_000);
    for (row, name) in NAMES.iter().enumerate() {
        print!("{name:56}");
        for column in &columns {
            print!(" {:8.1}", column.get(row).copied().unwrap_or(f64::NAN));
        }
        println!();
    }
    println!("{} bytes per entry", node_bytes());
}
