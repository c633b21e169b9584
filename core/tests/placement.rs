//! Where mappings go when the window has no room, and what limits do to that.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::host::Host;
use pagesim_core::space::{MapRequest, Placement, Reserve, Space};
use pagesim_core::vma::Backing;
use support::machine::Machine;
use support::rig::{config, Rig, OPEN};
use support::{anonymous, of_file, range, Heap, K};

const P: usize = 64 * K;
const R: usize = 4 * K;

fn rig() -> Rig {
    Rig::new(config((P, R, R), Placement::TopDown, Reserve::Soft))
}

/// The window has no gap left.
fn full() -> Space<Machine, Heap> {
    let mut rig = rig();
    rig.space.host_mut().drop_pages(rig.config.window);
    let all = rig.config.window;
    let request = anonymous(all.start(), all.len(), MapFlags::FIXED);
    assert_eq!(rig.space.mmap(&request), Ok(all.start()));
    rig.space
}

fn place(space: &mut Space<Machine, Heap>, len: usize) -> Result<usize, Errno> {
    space.mmap(&anonymous(0, len, MapFlags::empty()))
}

#[test]
fn beyond_a_full_window_the_host_proposes_and_nothing_is_left_over() {
    let mut space = full();
    let before = space.host().mapped_bytes();
    let at = place(&mut space, P + 1).unwrap();
    assert!(at % P == 0 && at >= OPEN, "{at:#x}");
    assert_eq!(space.host().mapped_bytes(), before + 2 * P);
    assert_eq!(space.munmap(at, 2 * P), Ok(()));
    assert_eq!(space.host().mapped_bytes(), before);
}

#[test]
fn an_address_space_limit_leaves_room_for_what_is_asked_for() {
    let mut space = full();
    space.host_mut().max_bytes = space.host().mapped_bytes() + 2 * P;
    let at = place(&mut space, 2 * P).unwrap();
    assert_eq!(at % P, 0);
    assert_eq!(place(&mut space, 1), Err(Errno::ENOMEM));
    assert_eq!(space.munmap(at, P), Ok(()));
    assert!(place(&mut space, P).is_ok());
}

#[test]
fn a_misaligned_proposal_leads_to_an_aligned_place_nearby() {
    let mut space = full();
    // the top of the host's area is taken, all but for whole target pages
    let top = space.host().area.end();
    space.host_mut().add_foreign(range(top - 3 * R, 3 * R), Prot::READ);
    space.host_mut().max_bytes = space.host().mapped_bytes() + P;
    let at = place(&mut space, P).unwrap();
    assert_eq!(at, top - 2 * P);
}

#[test]
fn no_room_anywhere_is_enomem_and_nothing_is_left_over() {
    let mut space = full();
    let area = space.host().area;
    space.host_mut().add_foreign(area, Prot::READ);
    let before = space.host().mapped_bytes();
    assert_eq!(place(&mut space, P), Err(Errno::ENOMEM));
    assert_eq!(space.host().mapped_bytes(), before);
}

#[test]
fn low_memory_is_where_map_32bit_goes() {
    let mut space = rig().space;
    let at = space.mmap(&anonymous(0, 3 * P, MapFlags::BIT32)).unwrap();
    assert!(at % P == 0 && at + 3 * P <= 1 << 31);
    let high = space.mmap(&anonymous(1 << 40, P, MapFlags::BIT32)).unwrap();
    assert!(high + P <= 1 << 31, "a hint beyond it is none");
    let hint = space.mmap(&anonymous(1 << 28 | 5, P, MapFlags::BIT32)).unwrap();
    assert_eq!(hint, 1 << 28);
}

#[test]
fn hints_are_rounded_down_and_taken_where_all_is_free() {
    let mut space = rig().space;
    let hint = 0x6000_0000_0000;
    let ask = |space: &mut Space<Machine, Heap>, addr| {
        space.mmap(&anonymous(addr, P, MapFlags::empty())).unwrap()
    };
    assert_eq!(ask(&mut space, hint + P - 1), hint);
    assert_ne!(ask(&mut space, hint + 1), hint, "taken");
    space.host_mut().add_foreign(range(hint + 2 * P - R, R), Prot::READ);
    assert_ne!(ask(&mut space, hint + P), hint + P, "others have a part of it");
    assert_eq!(ask(&mut space, 0x1_0001), 0x1_0000);
    assert_ne!(ask(&mut space, P - 1), 0, "rounds to none");
}

#[test]
fn below_what_grows_down_256_pages_are_kept_free_unless_the_address_is_fixed() {
    for placement in [Placement::TopDown, Placement::BottomUp] {
        let mut config = config((P, R, R), placement, Reserve::Soft);
        let gap = 256 * P;
        let whole = range(config.window.start(), gap + 8 * P);
        config.window = whole;
        let mut space = Rig::new(config).space;
        let stack = whole.start() + gap + 4 * P;
        let flags = MapFlags::FIXED | MapFlags::GROWSDOWN;
        assert_eq!(space.mmap(&anonymous(stack, P, flags)), Ok(stack));
        // above is taken, so that only what lies below is left
        let fixed = anonymous(stack + P, whole.end() - stack - P, MapFlags::FIXED);
        assert_eq!(space.mmap(&fixed), Ok(stack + P));
        for _ in 0..4 {
            let at = place(&mut space, P).unwrap();
            assert!(at + P <= stack - gap, "{placement:?} {at:#x}");
        }
        let outside = place(&mut space, P).unwrap();
        assert!(!whole.contains(outside), "{placement:?} {outside:#x}");
        let hint = stack - gap;
        assert_ne!(space.mmap(&anonymous(hint, P, MapFlags::empty())), Ok(hint));
        let fixed = anonymous(stack - P, P, MapFlags::FIXED_NOREPLACE);
        assert_eq!(space.mmap(&fixed), Ok(stack - P));
    }
}

#[test]
fn a_low_hint_is_raised_to_the_lowest_address() {
    let mut setup = config((4 * K, 4 * K, 4 * K), Placement::TopDown, Reserve::Soft);
    setup.min_addr = 0x1_0000;
    let mut space = Rig::new(setup).space;
    let at = space.mmap(&anonymous(0x1000, R, MapFlags::empty()));
    assert_eq!(at, Ok(0x1_0000));
}

#[test]
fn memory_of_others_in_the_window_is_met_once_and_forgotten_when_it_is_full() {
    let Rig { mut space, config, foreign, .. } = rig();
    let first = place(&mut space, 16 * P).unwrap();
    assert!(!foreign[0].overlaps(range(first, 16 * P)));
    let known = space.vmas().find(|vma| vma.backing == Backing::Foreign).expect("written down");
    assert_eq!(known.range.start(), foreign[0].start());
    // it is gone, and only its place is left
    let calls = space.host().calls;
    assert_eq!(space.host_mut().munmap(foreign[0].start(), foreign[0].len()), Ok(()));
    let mut placed = 16;
    while let Ok(at) = place(&mut space, P) {
        if !config.window.contains(at) {
            break;
        }
        placed += 1;
    }
    assert_eq!(placed, config.window.len() / P);
    assert!(space.host().calls > calls);
}

#[test]
fn without_a_list_of_mappings_a_place_in_use_is_still_avoided() {
    let Rig { mut space, foreign, .. } = rig();
    space.host_mut().lists = false;
    for _ in 0..20 {
        let at = place(&mut space, P).unwrap();
        assert!(!foreign[0].overlaps(range(at, P)));
    }
}

#[test]
fn an_alignment_asked_for_is_given_in_the_window_and_beyond() {
    for mut space in [rig().space, full()] {
        let request = MapRequest { align: 8 * P, ..anonymous(0, P, MapFlags::empty()) };
        for _ in 0..3 {
            assert_eq!(space.mmap(&request).unwrap() % (8 * P), 0);
        }
    }
}

#[test]
fn without_memory_for_the_table_nothing_changes() {
    let setup = config((P, R, R), Placement::TopDown, Reserve::Soft);
    let mut rig = rig();
    let at = place(&mut rig.space, 4 * P).unwrap();
    let host = rig.space.host().clone();
    let mut space = Space::new(setup, host, Heap { limit: 0 });
    let (calls, pages) = (space.host().calls, space.host().pages.clone());
    let fixed = anonymous(at, P, MapFlags::FIXED);
    assert_eq!(place(&mut space, P), Err(Errno::ENOMEM));
    assert_eq!(space.mmap(&fixed), Err(Errno::ENOMEM));
    assert_eq!(space.munmap(at, P), Err(Errno::ENOMEM));
    assert_eq!(space.mprotect(at, P, Prot::READ), Err(Errno::ENOMEM));
    assert_eq!(space.mremap(at, P, 2 * P, 1, 0), Err(Errno::ENOMEM));
    assert_eq!((space.host().calls, &space.host().pages), (calls, &pages));
}

#[test]
fn usual_calls_cost_one_call_to_the_host() {
    let mut space = rig().space;
    place(&mut space, 16 * P).unwrap();
    let cost = |space: &Space<Machine, Heap>| space.host().calls;
    let before = cost(&space);
    let at = place(&mut space, 4 * P).unwrap();
    assert_eq!(cost(&space), before + 1);
    assert_eq!(space.mprotect(at + P, P, Prot::READ), Ok(()));
    assert_eq!(cost(&space), before + 2);
    assert_eq!(space.munmap(at, 4 * P), Ok(()));
    assert_eq!(cost(&space), before + 3);
}

#[test]
fn a_driver_that_takes_no_address_is_steered_to_target_pages() {
    const RING: i32 = 77;
    for reserve in [Reserve::Soft, Reserve::Hard] {
        let mut rig = Rig::new(config((P, R, R), Placement::TopDown, reserve));
        rig.space.host_mut().add_choosing_device(RING, 2 * P);
        let before = rig.space.host().mapped_bytes();
        let ring = |len| of_file(RING, 0, len, MapFlags::SHARED);
        let first = rig.space.mmap(&ring(R)).unwrap();
        let second = rig.space.mmap(&ring(P + R)).unwrap();
        assert_eq!((first % P, second % P), (0, 0));
        assert_eq!(rig.space.host().mapped_bytes(), before + 3 * P);
        let part = rig.space.map().find(first + R).unwrap();
        assert_eq!(part.backing, Backing::Filler, "what the driver did not map is inaccessible");
        assert_eq!(rig.space.mmap(&ring(3 * P)), Err(Errno::EINVAL), "the driver's own reason");
        assert_eq!(rig.space.munmap(first, 1), Ok(()));
        assert_eq!(rig.space.munmap(second, P + 1), Ok(()));
        assert_eq!(rig.space.host().mapped_bytes(), before);
    }
}
