//! Operations in two halves: whatever happens in between and in whatever order they
//! end, the table is afterwards as the host is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use pagesim_core::apart::{Coming, MOST_APART};
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::host::Host;
use pagesim_core::page::AddrRange;
use pagesim_core::space::{MapRequest, Placement, Reserve};
use proptest::prelude::*;
use support::rig::{config, Rig};
use support::{anonymous, of_file, K};

const P: usize = 64 * K;
const R: usize = 4 * K;

fn rig(placement: Placement) -> Rig {
    Rig::new(config((P, R, R), placement, Reserve::Soft))
}

/// What is between its halves.
enum Half {
    Coming(Coming),
    Leaving(AddrRange),
}

impl Half {
    fn range(&self) -> AddrRange {
        match self {
            Half::Coming(coming) => coming.range(),
            Half::Leaving(range) => *range,
        }
    }
}

/// The host's part and the second half.
fn end(rig: &mut Rig, half: &Half, refused: bool) {
    match half {
        Half::Coming(coming) if refused => rig.space.take_back(coming),
        Half::Coming(coming) => {
            let (at, len) = (coming.range().start(), coming.range().len());
            let host = rig.space.host_mut();
            assert_eq!(host.mmap(at, len, coming.prot(), coming.flags(), -1, 0), Ok(at));
        }
        Half::Leaving(_) if refused => {}
        Half::Leaving(range) => {
            assert_eq!(rig.space.host_mut().munmap(range.start(), range.len()), Ok(()));
            rig.space.end_leaving(*range);
        }
    }
}

fn begin_mmap(rig: &mut Rig, pages: usize, prot: Prot, halves: &[Half]) -> Option<Half> {
    let request = MapRequest { prot, ..anonymous(0, pages * P, MapFlags::empty()) };
    let coming = rig.space.find_coming(&request)?;
    if halves.iter().any(|half| half.range().overlaps(coming.range())) {
        return None;
    }
    rig.space.begin_coming(&coming).unwrap();
    Some(Half::Coming(coming))
}

fn begin_munmap(rig: &mut Rig, page: usize, pages: usize, halves: &[Half]) -> Option<Half> {
    let addr = rig.config.window.end() - (page + pages) * P;
    let range = rig.space.check_leaving(addr, pages * P).unwrap()?;
    if halves.iter().any(|half| half.range().overlaps(range)) {
        return None;
    }
    Some(Half::Leaving(range))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn halves_in_any_order_leave_the_table_as_the_host_is(
        upward in any::<bool>(),
        steps in prop::collection::vec((0..4u8, 0..24usize, 1..4usize, any::<bool>()), 1..200),
    ) {
        let placement = if upward { Placement::BottomUp } else { Placement::TopDown };
        let mut rig = rig(placement);
        rig.space.host_mut().drop_pages(rig.config.window);
        rig.foreign.clear();
        let mut halves = Vec::new();
        for (what, place, pages, flag) in steps {
            let prot = if flag { Prot::RW } else { Prot::READ };
            let half = match what {
                0 if halves.len() < MOST_APART => begin_mmap(&mut rig, pages, prot, &halves),
                1 if halves.len() < MOST_APART => begin_munmap(&mut rig, place, pages, &halves),
                _ if halves.is_empty() => None,
                _ => {
                    let half = halves.swap_remove(place % halves.len());
                    end(&mut rig, &half, flag);
                    None
                }
            };
            halves.extend(half);
            rig.space.map().verify().unwrap();
        }
        for half in halves {
            end(&mut rig, &half, false);
        }
        agree(&rig);
    }
}

/// Table and host say the same of the window.
fn agree(rig: &Rig) {
    rig.space.map().verify().unwrap();
    let window = rig.config.window;
    let real = rig.config.real.bytes();
    for addr in (window.start()..window.end()).step_by(real) {
        let table = rig.space.map().find(addr).map(|vma| vma.prot);
        let host = rig.space.host().at(addr).map(|page| page.prot);
        assert_eq!(table, host, "at {addr:#x}");
    }
}

#[test]
fn what_needs_more_than_a_place_is_done_at_a_stretch() {
    let mut rig = rig(Placement::TopDown);
    let whole = |request: MapRequest| rig.space.find_coming(&request).is_none();
    assert!(whole(anonymous(0, 0, MapFlags::empty())));
    assert!(whole(anonymous(0, usize::MAX, MapFlags::empty())));
    assert!(whole(anonymous(P, P, MapFlags::empty())));
    assert!(whole(anonymous(P, P, MapFlags::FIXED)));
    assert!(whole(anonymous(0, P, MapFlags::BIT32)));
    assert!(whole(anonymous(0, P, MapFlags::HUGETLB)));
    assert!(whole(of_file(support::rig::FILE, 0, P, MapFlags::empty())));
    assert!(whole(MapRequest { offset: 1, ..anonymous(0, P, MapFlags::empty()) }));
    assert_eq!(rig.space.check_leaving(R, P), Err(Errno::EINVAL));
    assert_eq!(rig.space.check_leaving(P, 0), Err(Errno::EINVAL));
}

#[test]
fn in_a_hard_window_and_with_smaller_target_pages_all_is_done_at_a_stretch() {
    for (sizes, reserve) in [((P, R, R), Reserve::Hard), ((R, P, R), Reserve::Soft)] {
        let mut rig = Rig::new(config(sizes, Placement::TopDown, reserve));
        let at = rig.config.window.start();
        assert!(rig.space.find_coming(&anonymous(0, P, MapFlags::empty())).is_none());
        assert_eq!(rig.space.check_leaving(at, P), Ok(None));
    }
}
