//! Memory that others mapped: image, libraries, stack. Its neighbours begin at
//! any host page.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::space::{Placement, Reserve, Space};
use support::machine::Machine;
use support::rig::{config, Rig};
use support::{anonymous, range, Heap, K};

/// Where the image is: on a target page.
const IMAGE: usize = 0x5000_0000_0000;
const P: usize = 64 * K;
const R: usize = 4 * K;
const RX: Prot = Prot::READ.union(Prot::EXEC);

/// 64K pages over 4K.
fn space() -> Space<Machine, Heap> {
    Rig::new(config((P, R, R), Placement::TopDown, Reserve::Soft)).space
}

fn prot(space: &Space<Machine, Heap>, addr: usize) -> Prot {
    space.host().at(addr).expect("mapped").prot
}

/// An image: code of a page and a half, then data of three quarters of one.
fn with_image() -> Space<Machine, Heap> {
    let mut space = space();
    space.host_mut().add_foreign(range(IMAGE, P + 8 * R), RX);
    space.host_mut().add_foreign(range(IMAGE + P + 8 * R, 4 * R), Prot::RW);
    space
}

#[test]
fn pages_inside_one_region_get_exactly_the_new_protection() {
    let mut space = with_image();
    assert_eq!(space.mprotect(IMAGE, 1, Prot::READ), Ok(()));
    assert_eq!(prot(&space, IMAGE), Prot::READ);
    assert_eq!(prot(&space, IMAGE + P - 1), Prot::READ);
    assert_eq!(prot(&space, IMAGE + P), RX);
}

#[test]
fn a_page_that_two_regions_share_never_loses_a_permission() {
    let mut space = with_image();
    assert_eq!(space.mprotect(IMAGE + P, P, Prot::READ), Ok(()));
    assert_eq!(prot(&space, IMAGE + P), RX);
    assert_eq!(prot(&space, IMAGE + P + 8 * R), Prot::RW);
    assert_eq!(space.mprotect(IMAGE, 2 * P, Prot::RWX), Ok(()));
    assert_eq!(prot(&space, IMAGE), Prot::RWX);
    assert_eq!(prot(&space, IMAGE + P + 11 * R), Prot::RWX);
}

#[test]
fn a_page_counts_as_mapped_when_a_part_of_it_is() {
    let mut space = space();
    space.host_mut().add_foreign(range(IMAGE + 3 * R, R), Prot::RW);
    assert_eq!(space.mprotect(IMAGE, P, Prot::READ), Ok(()));
    assert_eq!(prot(&space, IMAGE + 3 * R), Prot::READ);
    assert!(space.host().at(IMAGE).is_none());
    assert_eq!(space.msync(IMAGE, P, 4), Ok(()));
    assert_eq!(space.mlock(IMAGE, P, None), Ok(()));
    assert!(space.host().at(IMAGE + 3 * R).unwrap().locked);
    assert_eq!(space.munlock(IMAGE, P), Ok(()));
    assert_eq!(space.madvise(IMAGE, P, 3), Ok(()));
    assert_eq!(space.mincore(IMAGE, P, 0x1000), Ok(()));
    assert_eq!(space.host().told.len(), 1);
}

#[test]
fn what_is_in_front_of_a_hole_is_changed() {
    let mut space = with_image();
    assert_eq!(space.mprotect(IMAGE, 4 * P, Prot::READ), Err(Errno::ENOMEM));
    assert_eq!(prot(&space, IMAGE), Prot::READ);
    let ours = space.mmap(&anonymous(IMAGE + 2 * P, P, MapFlags::FIXED)).unwrap();
    assert_eq!(space.mprotect(IMAGE, 4 * P, Prot::RWX), Err(Errno::ENOMEM));
    assert_eq!((prot(&space, IMAGE), prot(&space, ours)), (Prot::RWX, Prot::RWX));
}

#[test]
fn calls_over_a_hole_do_the_rest_and_say_so() {
    let mut space = with_image();
    let ours = space.mmap(&anonymous(IMAGE + 3 * P, P, MapFlags::FIXED)).unwrap();
    space.host_mut().poke(ours, 7);
    assert_eq!(space.msync(IMAGE, 4 * P, 4), Err(Errno::ENOMEM));
    assert_eq!(space.mlock(IMAGE, 4 * P, None), Err(Errno::ENOMEM));
    assert!(!space.host().at(ours).unwrap().locked, "it ends at the hole");
    assert_eq!(space.munlock(IMAGE, 2 * P), Ok(()));
    assert_eq!(space.madvise(IMAGE, 4 * P, 4), Err(Errno::ENOMEM));
    assert_eq!(space.host().peek(ours), Some(0), "and advice does not");
    assert_eq!(space.mincore(IMAGE, 4 * P, 0x1000), Err(Errno::ENOMEM));
    assert_eq!(space.host().told.len(), 2);
}

#[test]
fn advice_does_not_reach_the_next_region_of_the_last_page() {
    let mut space = with_image();
    assert_eq!(space.host().peek(IMAGE + P + 8 * R), Some(0x55));
    assert_eq!(space.madvise(IMAGE, P + R, 4), Ok(()));
    assert_eq!(space.host().peek(IMAGE + P), Some(0), "rounded up, in the region named");
    assert_eq!(space.host().peek(IMAGE + P + 8 * R), Some(0x55));
}

#[test]
fn unmapping_is_rounded_there_too() {
    let mut space = with_image();
    assert_eq!(space.munmap(IMAGE + P, R), Ok(()));
    assert!(space.host().at(IMAGE + P + 11 * R).is_none());
    assert!(space.host().at(IMAGE).is_some());
    assert_eq!(space.munmap(IMAGE + R, R), Err(Errno::EINVAL));
}

#[test]
fn without_a_list_of_mappings_the_hosts_answer_counts() {
    let mut space = with_image();
    space.host_mut().lists = false;
    assert_eq!(space.mprotect(IMAGE, P, Prot::READ), Ok(()));
    assert_eq!(prot(&space, IMAGE), Prot::READ);
    assert_eq!(space.mprotect(IMAGE + 8 * P, P, Prot::READ), Err(Errno::ENOMEM));
    assert_eq!(space.msync(IMAGE, P, 4), Ok(()));
    assert_eq!(space.msync(IMAGE + 8 * P, P, 4), Err(Errno::ENOMEM));
}

#[test]
fn what_ends_inside_a_page_moves_and_grows_to_whole_pages() {
    let mut space = space();
    space.host_mut().add_foreign(range(IMAGE, P + R), Prot::RW);
    space.host_mut().add_foreign(range(IMAGE + P + R, R), Prot::READ);
    let at = space.mremap(IMAGE, P + 1, 3 * P, 1, 0).unwrap();
    assert!(at % P == 0 && at != IMAGE);
    assert_eq!(space.host().peek(at + P), Some(0x55));
    assert_eq!(space.host().peek(at + 3 * P - 1), Some(0));
    assert!(space.host().at(IMAGE).is_none());
    assert_eq!(prot(&space, IMAGE + P + R), Prot::READ, "the next region stays");
    let entry = space.map().find(at).expect("known from now on");
    assert_eq!((entry.range, entry.prot), (range(at, 3 * P), Prot::RW));
    // a hole is EFAULT, a range over the edge as well
    assert_eq!(space.mremap(IMAGE, P, P, 0, 0), Err(Errno::EFAULT));
    assert_eq!(space.mremap(IMAGE + P, 3 * P, 4 * P, 1, 0), Err(Errno::EFAULT));
}

#[test]
fn unknown_protection_bits_are_refused_before_holes_are_found() {
    let mut space = space();
    let odd = Prot::from_bits_retain(0x100);
    assert_eq!(space.mprotect(IMAGE, P, odd), Err(Errno::EINVAL));
    assert_eq!(space.mprotect(IMAGE, P, Prot::READ), Err(Errno::ENOMEM));
    assert_eq!(space.mprotect(IMAGE, 0, odd), Ok(()), "nothing is looked at");
    assert_eq!(space.mprotect(IMAGE, usize::MAX, odd), Err(Errno::ENOMEM));
    assert_eq!(space.pkey_mprotect(IMAGE, P, Prot::READ, 5), Err(Errno::EINVAL));
    assert_eq!(space.pkey_mprotect(IMAGE, P, Prot::READ, -1), Err(Errno::ENOMEM));
}

#[test]
fn a_fragment_beside_memory_of_others_leaves_it_alone() {
    let config = config((4 * K, P, P), Placement::TopDown, Reserve::Soft);
    let mut space = Rig::new(config).space;
    space.host_mut().add_foreign(range(IMAGE, P), Prot::READ);
    space.host_mut().poke(IMAGE + 5 * R, 9);
    space.host_mut().poke(IMAGE + 6 * R, 9);
    let request = anonymous(IMAGE + 5 * R, R, MapFlags::FIXED);
    assert_eq!(space.mmap(&request), Ok(IMAGE + 5 * R));
    assert_eq!(space.host().peek(IMAGE + 5 * R), Some(0));
    assert_eq!(space.host().peek(IMAGE + 6 * R), Some(9));
    assert_eq!(prot(&space, IMAGE), Prot::RW);
    assert_eq!(space.munmap(IMAGE + 5 * R, R), Ok(()));
    assert_eq!(space.host().peek(IMAGE + 6 * R), Some(9), "the host page is still in use");
    let exclusive = anonymous(IMAGE + 7 * R, R, MapFlags::FIXED_NOREPLACE);
    assert_eq!(space.mmap(&exclusive), Err(Errno::EEXIST));
}
