use super::*;
use crate::flags::{MapFlags, Prot};
use crate::map::{Node, NodeSource};
use crate::space::MapRequest;
use crate::vma::{Backing, FileId, Vma};
extern crate std;
use std::vec::Vec;

struct Leak;

impl NodeSource for Leak {
    fn grow(&mut self, count: usize) -> Option<&'static mut [Node]> {
        let nodes: Vec<Node> = (0..count).map(|_| Node::default()).collect();
        Some(nodes.leak())
    }
}

const BASE: usize = 22 << 40;
const FILE: FileId = FileId { dev: 1, ino: 2 };

struct World {
    t: usize,
    map: VmaMap<Leak>,
    slack: VmaMap<Leak>,
}

impl World {
    fn new(t: usize) -> World {
        World { t, map: VmaMap::new(Leak), slack: VmaMap::new(Leak) }
    }

    fn add(&mut self, addr: usize, asked: usize, prot: Prot, backing: Backing, flags: MapFlags) {
        self.map.reserve(4).unwrap();
        self.slack.reserve(4).unwrap();
        let end = (addr + asked).next_multiple_of(self.t);
        let range = AddrRange::new(addr, end).unwrap();
        self.map.insert(Vma { range, prot, flags, backing });
        if addr + asked < end {
            let range = AddrRange::new(addr + asked, end).unwrap();
            self.slack.insert(Vma { range, ..Vma::default() });
        }
    }

    /// Anonymous memory at BASE, `asked` bytes.
    fn with(t: usize, asked: usize) -> World {
        let mut world = World::new(t);
        world.add(BASE, asked, Prot::RW, Backing::Anonymous, MapFlags::PRIVATE);
        world
    }

    fn class(&self, call: Call) -> Option<(Class, Certainty)> {
        self.find(call).map(|f| (f.class, f.certainty))
    }

    fn find(&self, call: Call) -> Option<Finding> {
        let page = |bytes| PageSize::new(bytes).unwrap();
        let (map, slack) = (&self.map, &self.slack);
        classify(&call, &Scene { target: page(self.t), real: page(4096), map, slack })
    }
}

fn mmap(addr: usize, len: usize, flags: MapFlags, offset: u64) -> Call {
    let file = (!flags.contains(MapFlags::ANONYMOUS)).then_some(FILE);
    Call::Mmap(MapRequest { addr, len, prot: Prot::RW, flags, fd: 3, offset, align: 0 }, file)
}

const SIZES: [usize; 2] = [16 << 10, 64 << 10];
const ANON: MapFlags = MapFlags::PRIVATE.union(MapFlags::ANONYMOUS);
const CERTAIN: Certainty = Certainty::Certain;
const IF_TOUCHED: Certainty = Certainty::IfTouched;
const LATER: Certainty = Certainty::Later;

#[test]
fn what_is_a_multiple_of_the_target_page_is_never_a_finding() {
    for t in SIZES {
        let w = World::with(t, 8 * t);
        let (addr, len) = (BASE + t, 2 * t);
        for call in [
            mmap(0, len, MapFlags::PRIVATE, t as u64),
            mmap(0, 100, MapFlags::PRIVATE, 0),
            mmap(addr, len, MapFlags::PRIVATE | MapFlags::FIXED, t as u64),
            mmap(addr, len, ANON, 0),
            Call::Munmap { addr, len },
            Call::Mprotect { addr, len, prot: Prot::NONE },
            Call::Mprotect { addr, len, prot: Prot::READ | Prot::EXEC },
            Call::Madvise { addr, len, advice: 4 },
            Call::Msync { addr, len, flags: 4 },
            Call::Mremap { addr, old_len: len, new_len: t, flags: 0, new_addr: 0 },
            Call::Mincore { addr, len, vector: 0 },
            Call::Munlock { addr, len },
            Call::Shmat { id: 1, addr, flags: 0 },
        ] {
            assert_eq!(w.find(call), None, "{t} {call:?}");
        }
    }
}

#[test]
fn what_is_wrong_on_every_page_size_is_never_a_finding() {
    for t in SIZES {
        let w = World::with(t, 8 * t);
        let (addr, len) = (BASE + 100, 4096);
        for call in [
            mmap(0, len, MapFlags::PRIVATE, 100),
            mmap(addr, len, ANON | MapFlags::FIXED, 0),
            mmap(0, 0, MapFlags::PRIVATE, 4096),
            Call::Munmap { addr, len },
            Call::Munmap { addr: BASE + 4096, len: 0 },
            Call::Mprotect { addr, len, prot: Prot::NONE },
            Call::Madvise { addr, len, advice: 4 },
            Call::Msync { addr, len, flags: 4 },
            Call::Munlock { addr, len },
            Call::Munmap { addr: usize::MAX - 4095, len: 8192 },
        ] {
            assert_eq!(w.find(call), None, "{t} {call:?}");
        }
    }
}

#[test]
fn where_target_pages_are_not_larger_nothing_is_a_finding() {
    let w = World::with(4096, 8 * 4096);
    assert_eq!(w.find(mmap(0, 4096, MapFlags::PRIVATE, 4096)), None);
    assert_eq!(w.find(Call::Mprotect { addr: BASE, len: 4096, prot: Prot::NONE }), None);
}

#[test]
fn misaligned_addresses_and_offsets_are_errors() {
    for t in SIZES {
        let w = World::with(t, 8 * t);
        let (addr, len) = (BASE + 4096, 4096);
        for (call, class) in [
            (mmap(0, len, MapFlags::PRIVATE, 4096), Class::MmapOffset),
            (mmap(addr, len, ANON | MapFlags::FIXED, 0), Class::FixedAddress),
            (mmap(addr, len, ANON | MapFlags::FIXED_NOREPLACE, 0), Class::FixedAddress),
            (Call::Munmap { addr, len }, Class::MunmapAddress),
            (Call::Mprotect { addr, len, prot: Prot::READ }, Class::MprotectAddress),
            (Call::Madvise { addr, len, advice: 3 }, Class::MadviseAddress),
            (Call::Msync { addr, len, flags: 4 }, Class::MsyncAddress),
            (Call::Mincore { addr, len, vector: 0 }, Class::MincoreAddress),
            (Call::Shmat { id: 1, addr, flags: 0 }, Class::ShmatAddress),
            (
                Call::Mremap { addr, old_len: len, new_len: len, flags: 1, new_addr: 0 },
                Class::MremapAddress,
            ),
            (
                Call::Mremap { addr: BASE, old_len: t, new_len: t, flags: 3, new_addr: addr },
                Class::MremapAddress,
            ),
        ] {
            assert_eq!(w.class(call), Some((class, CERTAIN)), "{t} {call:?}");
            let found = w.find(call).unwrap();
            assert!(found.stands(Err(Errno::EINVAL)) && !found.stands(Ok(())), "{call:?}");
        }
        assert_eq!(w.find(Call::Shmat { id: 1, addr, flags: SHM_RND }), None);
    }
}

const SHM_RND: i32 = 0o20000;

#[test]
fn a_body_in_the_page_of_its_mapped_header_is_told_apart() {
    let mut w = World::new(65536);
    w.add(BASE, 4096, Prot::READ, Backing::File { id: FILE, offset: 0 }, MapFlags::SHARED);
    let body = mmap(0, 8192, MapFlags::SHARED, 4096);
    assert_eq!(w.class(body), Some((Class::HeaderBody, CERTAIN)));
    let elsewhere = mmap(0, 8192, MapFlags::SHARED, 65536 + 4096);
    assert_eq!(w.class(elsewhere), Some((Class::MmapOffset, CERTAIN)));
}

#[test]
fn the_second_half_of_a_ring_is_told_apart() {
    let mut w = World::new(65536);
    w.add(BASE, 4096, Prot::RW, Backing::File { id: FILE, offset: 0 }, MapFlags::SHARED);
    let second = mmap(BASE + 4096, 4096, MapFlags::SHARED | MapFlags::FIXED, 0);
    assert_eq!(w.class(second), Some((Class::RingMirror, CERTAIN)));
    let other = mmap(BASE + 4096, 4096, ANON | MapFlags::FIXED, 0);
    assert_eq!(w.class(other), Some((Class::FixedAddress, CERTAIN)));
}

#[test]
fn cutting_the_end_of_a_mapping_off_is_told_apart() {
    for t in SIZES {
        // 3 pages and a bit were asked for: the program knows nothing of the rest
        let w = World::with(t, 3 * t + 8192);
        let trim = Call::Munmap { addr: BASE + 3 * t - 4096, len: 4096 + 8192 };
        assert_eq!(w.class(trim), Some((Class::MunmapTrim, CERTAIN)));
        let hole = Call::Munmap { addr: BASE + t + 4096, len: 4096 };
        assert_eq!(w.class(hole), Some((Class::MunmapAddress, CERTAIN)));
    }
}

#[test]
fn a_length_that_is_rounded_over_bytes_nobody_asked_for_is_no_finding() {
    for t in SIZES {
        for (asked, len) in [(10_000, 10_000), (10_000, 12_288), (4096, 4096), (4096, 100)] {
            let w = World::with(t, asked);
            for call in [
                Call::Munmap { addr: BASE, len },
                Call::Mprotect { addr: BASE, len, prot: Prot::NONE },
                Call::Mprotect { addr: BASE, len, prot: Prot::READ | Prot::EXEC },
                Call::Madvise { addr: BASE, len, advice: 4 },
                Call::Mincore { addr: BASE, len, vector: 0 },
                mmap(BASE, len, ANON | MapFlags::FIXED, 0),
            ] {
                assert_eq!(w.find(call), None, "{t} {asked} {call:?}");
            }
        }
    }
}

#[test]
fn a_length_that_is_rounded_over_bytes_in_use_is_a_hazard() {
    for t in SIZES {
        let w = World::with(t, 4 * t);
        let (addr, len) = (BASE, 4096);
        for (call, class, certainty) in [
            (Call::Munmap { addr, len }, Class::MunmapRounding, LATER),
            (Call::Mprotect { addr, len, prot: Prot::NONE }, Class::GuardSize, CERTAIN),
            (Call::Mprotect { addr, len, prot: Prot::READ }, Class::MprotectRounding, LATER),
            (Call::Mprotect { addr, len, prot: Prot::READ | Prot::EXEC }, Class::WxHalves, LATER),
            (Call::Madvise { addr, len, advice: 4 }, Class::MadviseRounding, IF_TOUCHED),
            (Call::Mincore { addr, len, vector: 0 }, Class::MincoreVector, IF_TOUCHED),
            (mmap(addr, len, ANON | MapFlags::FIXED, 0), Class::FixedRounding, IF_TOUCHED),
        ] {
            assert_eq!(w.class(call), Some((class, certainty)), "{t} {call:?}");
            let found = w.find(call).unwrap();
            assert_eq!(found.unnamed, AddrRange::new(BASE + 4096, BASE + t).unwrap());
            assert_eq!(found.range, AddrRange::from_len(BASE, t).unwrap());
            assert!(found.stands(Ok(())) && !found.stands(Err(Errno::EINVAL)), "{call:?}");
        }
        // nothing is lost, or nothing changes
        assert_eq!(w.find(Call::Madvise { addr, len, advice: 3 }), None);
        assert_eq!(w.find(Call::Mprotect { addr, len, prot: Prot::RW }), None);
        let exclusive = mmap(addr, len, ANON | MapFlags::FIXED_NOREPLACE, 0);
        assert_eq!(w.find(exclusive), None);
    }
}

#[test]
fn a_length_below_every_page_size_waits_for_a_fault() {
    let w = World::with(65536, 1 << 20);
    let call = Call::Madvise { addr: BASE, len: 1, advice: 4 };
    assert_eq!(w.class(call), Some((Class::MadviseRounding, LATER)));
}

#[test]
fn all_of_a_small_mapping_without_access_is_no_guard() {
    // the program rounded the length of the mapping up itself
    let w = World::with(65536, 65536);
    let call = Call::Mprotect { addr: BASE, len: 8192, prot: Prot::NONE };
    assert_eq!(w.class(call), Some((Class::GuardSize, IF_TOUCHED)));
}

#[test]
fn dropping_a_part_of_shared_memory_loses_nothing() {
    let mut w = World::new(65536);
    w.add(BASE, 1 << 20, Prot::RW, Backing::Anonymous, MapFlags::SHARED);
    assert_eq!(w.find(Call::Madvise { addr: BASE, len: 4096, advice: 4 }), None);
}

#[test]
fn a_misaligned_hint_waits_for_what_the_program_does_with_the_answer() {
    let w = World::new(65536);
    let call = mmap(BASE + 4096, 4096, ANON, 0);
    assert_eq!(w.class(call), Some((Class::HintExact, Certainty::Later)));
    assert_eq!(w.find(mmap(BASE + 77, 4096, ANON, 0)), None);
}

#[test]
fn unlocking_a_part_of_a_page_unlocks_its_neighbours() {
    let w = World::with(65536, 1 << 20);
    for addr in [BASE, BASE + 4096] {
        let call = Call::Munlock { addr, len: 4096 };
        assert_eq!(w.class(call), Some((Class::MlockRounding, IF_TOUCHED)));
    }
}

#[test]
fn a_stack_is_measured_by_the_minimum_of_the_system() {
    let w = World::new(65536);
    let stack = |size| Call::StackSize { size, minimum: 128 << 10, place: None };
    assert_eq!(w.class(stack(64 << 10)), Some((Class::StackMinimum, CERTAIN)));
    assert_eq!(w.find(stack(128 << 10)), None);
}

#[test]
fn the_tail_is_a_finding_when_it_is_written_or_a_fault_was_expected() {
    let mut w = World::new(65536);
    let file = Backing::File { id: FILE, offset: 0 };
    w.add(BASE, 3 * 65536, Prot::RW, file, MapFlags::SHARED);
    let at = BASE + 4096;
    let access = |write, handled| Call::TailAccess { addr: at, write, handled, next: false };
    assert_eq!(w.find(access(false, false)), None);
    assert_eq!(w.class(access(true, false)), Some((Class::TailAccess, CERTAIN)));
    assert_eq!(w.class(access(false, true)), Some((Class::SigbusExpected, CERTAIN)));
    // not where a small page begins, or in search of the end of a text, or in the
    // last page of the mapping
    for (addr, next) in [(at + 1, false), (at, true), (BASE + 2 * 65536 + 4096, false)] {
        let call = Call::TailAccess { addr, write: false, handled: true, next };
        assert_eq!(w.class(call), Some((Class::SigbusExpected, LATER)));
    }
    let mut w = World::new(65536);
    w.add(BASE, 2 * 4096, Prot::RW, file, MapFlags::SHARED);
    assert_eq!(w.class(access(false, true)), Some((Class::SigbusExpected, CERTAIN)));
    // behind what was asked for smaller pages have nothing, and no SIGBUS
    let call = Call::TailAccess { addr: BASE + 8192, write: false, handled: true, next: false };
    assert_eq!(w.class(call), Some((Class::SigbusExpected, LATER)));
}

#[test]
fn blocks_of_a_packet_ring_are_whole_pages() {
    let w = World::new(65536);
    let ring = |size, count| Call::PacketRing { fd: 3, option: 5, size, count };
    assert_eq!(w.class(ring(4096, 8)), Some((Class::PacketRing, CERTAIN)));
    for (size, count) in [(65536, 8), (100, 8), (4096, 0)] {
        assert_eq!(w.find(ring(size, count)), None, "{size} {count}");
    }
}

#[test]
fn a_perf_ring_is_counted_in_pages() {
    for t in SIZES {
        let w = World::new(t);
        let ring = |len, offset| {
            let flags = MapFlags::SHARED;
            let request =
                MapRequest { addr: 0, len, prot: Prot::RW, flags, fd: 3, offset, align: 0 };
            Call::PerfRing(request)
        };
        assert_eq!(w.class(ring(9 * 4096, 0)), Some((Class::PerfRing, CERTAIN)));
        for len in [3 * t, t, 4096, 4 * 4096, 9 * 4096 + 1] {
            assert_eq!(w.find(ring(len, 0)), None, "{len}");
        }
        assert_eq!(w.class(ring(4096, 4096)), Some((Class::MmapOffset, CERTAIN)));
    }
}

#[test]
fn numbers_and_ids_name_one_class_each() {
    for class in Class::ALL {
        assert_eq!(Class::from_code(*class as u16), Some(*class));
        let ids = Class::ALL.iter().filter(|other| other.id() == class.id());
        assert_eq!(ids.count(), 1, "{}", class.id());
        assert!(class.id().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
    }
    assert_eq!(Class::from_code(0), None);
}
