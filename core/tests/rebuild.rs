//! The table made anew from the host.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::host::Host;
use pagesim_core::space::{Placement, Reserve, Space};
use pagesim_core::vma::{Backing, Vma};
use support::machine::Machine;
use support::rig::{config, Rig, DEVICE, FILE, OUTSIDE, WINDOW};
use support::{anonymous, of_file, range, Heap, K};

const P: usize = 64 * K;
const R: usize = 4 * K;

fn space(reserve: Reserve) -> Space<Machine, Heap> {
    Rig::new(config((P, R, R), Placement::TopDown, reserve)).space
}

/// Memory, a file, a device with filler behind it, and something outside.
fn furnished(reserve: Reserve) -> Space<Machine, Heap> {
    let mut space = space(reserve);
    let fixed = MapFlags::FIXED;
    for request in [
        anonymous(WINDOW, 2 * P, fixed),
        of_file(FILE, WINDOW + 4 * P, P, fixed | MapFlags::SHARED),
        of_file(DEVICE, WINDOW + 6 * P, P + R, fixed | MapFlags::SHARED),
        anonymous(OUTSIDE, P, fixed),
    ] {
        assert_eq!(space.mmap(&request), Ok(request.addr));
    }
    assert_eq!(space.mprotect(WINDOW + P, P, Prot::READ), Ok(()));
    space
}

fn ours(space: &Space<Machine, Heap>) -> Vec<Vma> {
    space.vmas().filter(Vma::is_ours).collect()
}

#[test]
fn a_table_that_agrees_with_the_host_stays_as_it_is() {
    for reserve in [Reserve::Soft, Reserve::Hard] {
        let mut space = furnished(reserve);
        let before = ours(&space);
        assert_eq!(space.rebuild(), Ok(()));
        assert_eq!(ours(&space), before);
    }
}

#[test]
fn what_others_changed_is_taken_over() {
    let mut space = furnished(Reserve::Soft);
    let host = space.host_mut();
    host.munmap(WINDOW, P).unwrap();
    host.mprotect(WINDOW + 4 * P, P, Prot::NONE).unwrap();
    host.munmap(WINDOW + 6 * P, 2 * P).unwrap();
    assert_eq!(space.rebuild(), Ok(()));
    assert!(space.map().is_free(range(WINDOW, P)));
    assert_eq!(space.map().find(WINDOW + P).unwrap().prot, Prot::READ);
    assert_eq!(space.map().find(WINDOW + 4 * P).unwrap().prot, Prot::NONE);
    assert!(space.map().is_free(range(WINDOW + 6 * P, 2 * P)));
    assert_eq!(space.map().verify(), Ok(()));
}

#[test]
fn what_others_mapped_in_the_window_is_written_down_as_theirs() {
    let mut space = furnished(Reserve::Soft);
    space.host_mut().add_foreign(range(WINDOW + 10 * P, 3 * R), Prot::RW);
    assert_eq!(space.rebuild(), Ok(()));
    let found = space.map().find(WINDOW + 10 * P).unwrap();
    assert_eq!((found.backing, found.range.len()), (Backing::Foreign, 3 * R));
}

#[test]
fn from_nothing_the_window_comes_back() {
    for reserve in [Reserve::Soft, Reserve::Hard] {
        let mut space = furnished(reserve);
        let before = ours(&space);
        assert_eq!(space.rebuild_from_nothing(), Ok(()));
        let after = ours(&space);
        let inside = |vma: &&Vma| vma.range.start() >= WINDOW;
        // of a filler the host shows nothing but its place
        let shared = |vma: &Vma| vma.flags.is_shared() && vma.backing != Backing::Filler;
        let shape = |vma: &Vma| (vma.range, shared(vma), vma.backing);
        let expected: Vec<_> = before.iter().filter(inside).map(shape).collect();
        let mut found: Vec<_> = after.iter().map(shape).collect();
        if reserve == Reserve::Soft {
            // nothing tells memory of others from ours
            found.retain(|(range, ..)| range.start() < WINDOW + 40 * P);
        }
        assert_eq!(found, expected);
        assert!(space.map().is_free(range(OUTSIDE, P)), "handled as memory of others");
        assert_eq!(space.munmap(WINDOW, 48 * P), Ok(()));
        assert_eq!(ours(&space), []);
    }
}

#[test]
fn a_hole_in_the_reservation_is_closed() {
    let mut space = furnished(Reserve::Hard);
    space.host_mut().munmap(WINDOW, 48 * P).unwrap();
    assert_eq!(space.rebuild(), Ok(()));
    let all = range(WINDOW, 48 * P);
    assert!(space.host().pages.range(space.host().numbers(all)).count() == all.len() / R);
    assert!(space.map().is_free(all));
}

#[test]
fn disowned_memory_is_handled_as_that_of_others() {
    let mut space = furnished(Reserve::Soft);
    assert_eq!(space.disown(range(WINDOW, P)), Ok(()));
    assert!(space.map().is_free(range(WINDOW, P)));
    assert_eq!(space.mprotect(WINDOW, 2 * P, Prot::RWX), Ok(()));
    assert_eq!(space.host().at(WINDOW).unwrap().prot, Prot::RWX);
}

#[test]
fn a_mapping_that_has_grown_over_the_windows_end_is_met_once() {
    let mut space = space(Reserve::Soft);
    let window = space.config().window;
    let last = window.end() - P;
    assert_eq!(space.mmap(&anonymous(last, P, MapFlags::FIXED)), Ok(last));
    assert_eq!(space.mremap(last, P, 2 * P, 0, 0), Ok(last));
    assert_eq!(space.rebuild_from_nothing(), Ok(()));
    assert_eq!(space.vmas().last().map(|vma| vma.range), Some(range(last, P)));
    assert_eq!(space.rebuild(), Ok(()));
}
