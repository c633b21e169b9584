//! Huge pages: the host places them and rounds their lengths.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::space::{MapRequest, Placement, Reserve, Space};
use support::machine::Machine;
use support::rig::{config, Rig};
use support::{anonymous, of_file, range, Heap, K};

const P: usize = 64 * K;
const HUGE: usize = 2048 * K;
const FD: i32 = 20;

fn space() -> Space<Machine, Heap> {
    let setup = config((P, 4 * K, 4 * K), Placement::TopDown, Reserve::Soft);
    let mut space = Rig::new(setup).space;
    space.host_mut().add_huge_file(FD, HUGE);
    space
}

/// MAP_HUGETLB, with log2 of the size of the page where it is named.
fn huge(len: usize, named: u32) -> MapRequest {
    let flags = MapFlags::HUGETLB | MapFlags::from_bits_retain(named << 26);
    anonymous(0, len, flags)
}

#[test]
fn their_whole_extent_is_known() {
    for request in [huge(1, 0), huge(HUGE - P, 21), of_file(FD, 0, P + 1, MapFlags::SHARED)] {
        let mut space = space();
        let at = space.mmap(&request).unwrap();
        assert_eq!(at % HUGE, 0);
        assert_eq!(space.map().find(at).unwrap().range, range(at, HUGE));
        assert_eq!(space.munmap(at, P), Err(Errno::EINVAL), "the host does not split them");
        assert_eq!(space.munmap(at, HUGE), Ok(()));
        assert!(space.map().find(at).is_none());
        assert!(space.host().at(at).is_none());
    }
}

#[test]
fn a_neighbour_of_the_same_kind_is_not_taken_for_a_part_of_one() {
    let mut space = space();
    let first = space.mmap(&huge(HUGE, 0)).unwrap();
    let second = space.mmap(&huge(HUGE, 0)).unwrap();
    assert_eq!(second + HUGE, first, "to the host they are one region");
    assert_eq!(space.munmap(second, HUGE), Ok(()));
    assert!(space.map().find(first).is_some());
    assert!(space.map().find(second).is_none());
}

#[test]
fn at_a_fixed_address_they_replace_what_their_extent_covers() {
    let mut space = space();
    let at = 0x3000_0000_0000;
    let under = anonymous(at, 2 * HUGE, MapFlags::FIXED);
    assert_eq!(space.mmap(&under), Ok(at));
    let over = MapRequest { addr: at, flags: huge(1, 0).flags | MapFlags::FIXED, ..huge(1, 0) };
    assert_eq!(space.mmap(&over), Ok(at));
    assert_eq!(space.mprotect(at + HUGE, P, Prot::READ), Ok(()));
    let entries: Vec<_> = space.vmas().map(|vma| (vma.range.len(), vma.prot)).collect();
    assert_eq!(entries, [(HUGE, Prot::RW), (P, Prot::READ), (HUGE - P, Prot::RW)]);
    let exclusive = MapFlags::FIXED_NOREPLACE;
    let request = MapRequest { addr: at, flags: huge(1, 0).flags | exclusive, ..huge(1, 0) };
    assert_eq!(space.mmap(&request), Err(Errno::EEXIST));
    let odd = MapRequest { addr: at + 4 * K, ..over };
    assert_eq!(space.mmap(&odd), Err(Errno::EINVAL));
}
