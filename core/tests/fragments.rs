//! Target pages that are parts of host pages: what may share one and what not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::space::{MapRequest, Placement, Reserve, Space};
use pagesim_core::vma::COPIED;
use support::machine::{Failure, Machine};
use support::rig::{config, Rig, FILE, READ, WINDOW};
use support::{anonymous, of_file, Heap, K};

const H: usize = 64 * K;
const T: usize = 4 * K;
const PRIVATE: MapFlags = MapFlags::FIXED;
const SHARED: MapFlags = MapFlags::FIXED.union(MapFlags::SHARED);

fn space() -> Space<Machine, Heap> {
    Rig::new(config((T, H, H), Placement::TopDown, Reserve::Soft)).space
}

fn map(space: &mut Space<Machine, Heap>, request: MapRequest) -> Result<(), Errno> {
    space.mmap(&request).map(|at| assert_eq!(at, request.addr))
}

fn with_prot(request: MapRequest, prot: Prot) -> MapRequest {
    MapRequest { prot, ..request }
}

fn at_offset(request: MapRequest, offset: usize) -> MapRequest {
    MapRequest { offset: offset as u64, ..request }
}

fn page_prot(space: &Space<Machine, Heap>, addr: usize) -> Prot {
    space.host().at(addr).expect("mapped").prot
}

#[test]
fn a_host_page_may_do_what_any_of_its_target_pages_may() {
    let mut space = space();
    let one = with_prot(anonymous(WINDOW, T, PRIVATE), Prot::READ);
    let two = with_prot(anonymous(WINDOW + T, T, PRIVATE), Prot::EXEC);
    assert_eq!(map(&mut space, one), Ok(()));
    assert_eq!(map(&mut space, two), Ok(()));
    assert_eq!(page_prot(&space, WINDOW), Prot::READ | Prot::EXEC);
    assert_eq!(space.mprotect(WINDOW + T, T, Prot::NONE), Ok(()));
    assert_eq!(page_prot(&space, WINDOW), Prot::READ);
    assert_eq!(space.map().find(WINDOW + T).unwrap().prot, Prot::NONE);
}

#[test]
fn a_page_that_is_mapped_again_is_zero_and_its_neighbours_keep_their_bytes() {
    let mut space = space();
    assert_eq!(map(&mut space, anonymous(WINDOW, 3 * T, PRIVATE)), Ok(()));
    for page in 0..3 {
        space.host_mut().poke(WINDOW + page * T, 9);
    }
    assert_eq!(space.munmap(WINDOW + T, T), Ok(()));
    assert_eq!(map(&mut space, anonymous(WINDOW + T, T, PRIVATE)), Ok(()));
    let bytes: Vec<_> = (0..3).map(|page| space.host().peek(WINDOW + page * T)).collect();
    assert_eq!(bytes, [Some(9), Some(0), Some(9)]);
}

#[test]
fn a_private_file_that_grows_shows_the_file_where_it_was_written_before() {
    let mut space = space();
    let file =
        MapRequest { flags: MapFlags::PRIVATE | PRIVATE, ..of_file(FILE, WINDOW, 2 * T, PRIVATE) };
    assert_eq!(map(&mut space, file), Ok(()));
    let of_the_file = space.host().peek(WINDOW + T);
    space.host_mut().poke(WINDOW, 9);
    space.host_mut().poke(WINDOW + T, 9);
    assert_eq!(space.munmap(WINDOW + T, T), Ok(()));
    const MAYMOVE: i32 = 1;
    let at = space.mremap(WINDOW, T, 2 * T, MAYMOVE, 0).unwrap();
    assert_eq!(space.host().peek(at), Some(9), "what was written stays");
    assert_eq!(space.host().peek(at + T), of_the_file, "what comes new is the file");
    assert_ne!(of_the_file, Some(9));
}

#[test]
fn the_host_page_goes_with_its_last_target_page() {
    let mut space = space();
    assert_eq!(map(&mut space, anonymous(WINDOW, 2 * T, PRIVATE)), Ok(()));
    assert_eq!(space.munmap(WINDOW, T), Ok(()));
    assert!(space.host().at(WINDOW).is_some());
    assert_eq!(space.munmap(WINDOW + T, T), Ok(()));
    assert!(space.host().at(WINDOW).is_none());
}

#[test]
fn pages_of_one_shared_file_join_in_their_places_and_see_each_other() {
    let mut space = space();
    let first = of_file(FILE, WINDOW + T, T, SHARED);
    let second = of_file(FILE, WINDOW + 2 * T, T, SHARED);
    assert_eq!(map(&mut space, at_offset(first, T)), Ok(()));
    assert_eq!(map(&mut space, at_offset(second, 2 * T)), Ok(()));
    let again = of_file(FILE, WINDOW + H + 2 * T, T, SHARED);
    assert_eq!(map(&mut space, at_offset(again, 2 * T)), Ok(()));
    space.host_mut().poke(WINDOW + 2 * T, 99);
    assert_eq!(space.host().peek(WINDOW + H + 2 * T), Some(99));
}

#[test]
fn a_shared_file_joins_only_in_its_place() {
    let mut space = space();
    let there = at_offset(of_file(FILE, WINDOW + T, T, SHARED), T);
    assert_eq!(map(&mut space, there), Ok(()));
    for refused in [
        // another place of the file, another file, memory
        at_offset(of_file(FILE, WINDOW + 2 * T, T, SHARED), 3 * T),
        at_offset(with_prot(of_file(READ, WINDOW + 2 * T, T, SHARED), Prot::READ), 2 * T),
        at_offset(of_file(FILE, WINDOW + 2 * T, T, PRIVATE), 2 * T),
        anonymous(WINDOW + 2 * T, T, PRIVATE),
    ] {
        let before = space.host().pages.clone();
        assert_eq!(map(&mut space, refused), Err(Errno::EINVAL));
        assert_eq!(space.host().pages, before);
    }
    // over the whole of it anything may go
    assert_eq!(map(&mut space, anonymous(WINDOW + T, T, PRIVATE)), Ok(()));
}

#[test]
fn what_is_written_to_a_shared_file_is_never_lost() {
    let mut space = space();
    let odd = at_offset(of_file(FILE, WINDOW, T, SHARED), T);
    assert_eq!(map(&mut space, odd), Err(Errno::EINVAL));
    // to be read it may be a copy, which then cannot become writable
    assert_eq!(map(&mut space, with_prot(odd, Prot::READ)), Ok(()));
    assert!(space.map().find(WINDOW).unwrap().flags.contains(COPIED));
    assert_eq!(space.host().peek(WINDOW + 1), Some(2));
    assert_eq!(space.mprotect(WINDOW, T, Prot::RW), Err(Errno::EACCES));
    assert_eq!(space.mprotect(WINDOW, T, Prot::NONE), Ok(()));
}

#[test]
fn a_private_mapping_of_a_file_becomes_memory_when_something_joins() {
    let mut space = space();
    // the file has six host pages; this is the last one and one behind its end
    let tail = at_offset(of_file(READ, WINDOW, 2 * H, PRIVATE), 5 * H);
    assert_eq!(map(&mut space, tail), Ok(()));
    for page in [WINDOW, WINDOW + H] {
        assert_eq!(map(&mut space, anonymous(page + 3 * T, T, PRIVATE)), Ok(()));
        space.host_mut().poke(page + 3 * T, 7);
        assert_eq!(space.host().peek(page + 3 * T), Some(7));
        assert_eq!(space.host().peek(page + 3 * T + 1), Some(0));
    }
    assert_eq!(space.host().peek(WINDOW + 4 * T + 1), Some((5 * H / T + 4) as u8 + 1));
    assert_eq!(space.host().peek(WINDOW + H + 4 * T), Some(0), "SIGBUS on a real kernel");
}

#[test]
fn shared_memory_has_its_host_pages_to_itself() {
    let mut space = space();
    assert_eq!(map(&mut space, anonymous(WINDOW, T, PRIVATE)), Ok(()));
    let shared = anonymous(WINDOW + T, T, PRIVATE).flags.difference(MapFlags::PRIVATE);
    let shared = MapRequest { flags: shared | SHARED, ..anonymous(WINDOW + T, T, PRIVATE) };
    assert_eq!(map(&mut space, shared), Err(Errno::EINVAL));
    assert_eq!(space.munmap(WINDOW, T), Ok(()));
    assert_eq!(map(&mut space, shared), Ok(()));
    assert_eq!(map(&mut space, anonymous(WINDOW, T, PRIVATE)), Err(Errno::EINVAL));
}

#[test]
fn a_file_is_read_to_its_end_and_filled_up_with_zeros() {
    let mut space = space();
    // something else lives in both host pages
    assert_eq!(map(&mut space, anonymous(WINDOW, T, PRIVATE)), Ok(()));
    assert_eq!(map(&mut space, anonymous(WINDOW + 2 * H - T, T, PRIVATE)), Ok(()));
    // the last four pages of the file and what is behind
    let end = 6 * H - 4 * T;
    let over = at_offset(of_file(READ, WINDOW + T, 2 * H - 2 * T, PRIVATE), end);
    assert_eq!(map(&mut space, over), Ok(()));
    let last = (6 * H / T - 1) as u8 + 1;
    assert_eq!(space.host().peek(WINDOW + 4 * T + 1), Some(last));
    assert_eq!(space.host().peek(WINDOW + 5 * T + 1), Some(0));
    assert!(space.host().reads > 2, "interrupted, and short");
}

#[test]
fn a_failure_half_way_leaves_nothing_of_the_mapping() {
    let mut failed = 0;
    for after in 0..12 {
        let mut space = space();
        assert_eq!(map(&mut space, anonymous(WINDOW, T, PRIVATE)), Ok(()));
        space.host_mut().poke(WINDOW, 3);
        let foreign = space.host().pages.len() - 1;
        let over = at_offset(of_file(READ, WINDOW + T, 2 * H, PRIVATE), 0);
        space.host_mut().failure = Some(Failure { after, errno: Errno::EIO, late: false });
        let answer = map(&mut space, over);
        if answer.is_err() {
            failed += 1;
            assert!(space.map().is_free(support::range(WINDOW + T, 2 * H)));
            assert_eq!(space.host().pages.len(), 1 + foreign);
        }
        assert_eq!(space.host().peek(WINDOW), Some(3));
    }
    assert!(failed >= 3, "{failed}");
}

#[test]
fn a_file_offset_decides_where_in_a_host_page_a_mapping_goes() {
    let mut space = space();
    for pages in [1, 5, 15] {
        let request = at_offset(of_file(FILE, 0, 2 * H, MapFlags::SHARED), pages * T);
        let at = space.mmap(&request).unwrap();
        assert_eq!(at % H, pages * T);
        assert_eq!(space.host().peek(at + 1), Some(pages as u8 + 1));
    }
    // where the alignment asked for forbids that, it is read in or refused
    let aligned = MapRequest { align: H, ..at_offset(of_file(READ, 0, T, MapFlags::empty()), T) };
    let at = space.mmap(&aligned).unwrap();
    assert_eq!((at % H, space.host().peek(at + 1)), (0, Some(2)));
    let shared = MapRequest { align: H, ..at_offset(of_file(FILE, 0, T, MapFlags::SHARED), T) };
    assert_eq!(space.mmap(&shared), Err(Errno::EINVAL));
}

#[test]
fn private_memory_moves_and_grows_by_a_copy() {
    let mut space = space();
    assert_eq!(map(&mut space, anonymous(WINDOW, 4 * T, PRIVATE)), Ok(()));
    space.host_mut().poke(WINDOW + 2 * T, 5);
    assert_eq!(space.mprotect(WINDOW + 2 * T, T, Prot::NONE), Ok(()));
    let at = space.mremap(WINDOW + 2 * T, T, 3 * T, 1, 0).unwrap();
    assert_eq!(space.host().peek(at), Some(5));
    assert_eq!(space.map().find(at).unwrap().prot, Prot::NONE);
    assert!(space.map().find(WINDOW + 2 * T).is_none());
    assert_eq!(space.mremap(at, 3 * T, 3 * T, 3, WINDOW + 2 * H + T), Ok(WINDOW + 2 * H + T));
    assert_eq!(space.host().peek(WINDOW + 2 * H + T), Some(5));
}

#[test]
fn advice_that_drops_contents_leaves_the_neighbours_theirs() {
    let mut space = space();
    assert_eq!(map(&mut space, anonymous(WINDOW, H + 2 * T, PRIVATE)), Ok(()));
    for page in 0..H / T + 2 {
        space.host_mut().poke(WINDOW + page * T, 9);
    }
    assert_eq!(space.mprotect(WINDOW + T, H, Prot::READ), Ok(()));
    assert_eq!(space.madvise(WINDOW + T, H, 4), Ok(()));
    assert_eq!(space.host().peek(WINDOW), Some(9));
    assert!((1..=H / T).all(|page| space.host().peek(WINDOW + page * T) == Some(0)));
    assert_eq!(space.host().peek(WINDOW + H + T), Some(9));
    // what cannot be done to a part is not done to the whole
    assert_eq!(space.madvise(WINDOW + T, T, 18), Err(Errno::EINVAL));
}

#[test]
fn what_a_mapping_grows_into_is_zero_also_when_its_host_pages_move() {
    let mut space = space();
    assert_eq!(map(&mut space, anonymous(WINDOW, 2 * T, PRIVATE)), Ok(()));
    assert_eq!(map(&mut space, anonymous(WINDOW + H, T, PRIVATE)), Ok(()));
    space.host_mut().poke(WINDOW, 8);
    space.host_mut().poke(WINDOW + T, 9);
    assert_eq!(space.munmap(WINDOW + T, T), Ok(()));
    let at = space.mremap(WINDOW, T, H + T, 1, 0).unwrap();
    assert_ne!(at, WINDOW);
    assert_eq!((space.host().peek(at), space.host().peek(at + T)), (Some(8), Some(0)));
    assert!(space.host().at(WINDOW).is_none());
}

#[test]
fn host_pages_that_were_made_one_by_one_move_as_one_mapping() {
    let mut space = space();
    assert_eq!(map(&mut space, anonymous(WINDOW, 2 * H, PRIVATE)), Ok(()));
    // the second host page may do more than what is left in it
    assert_eq!(space.mprotect(WINDOW + H + T, H - T, Prot::RWX), Ok(()));
    assert_eq!(space.munmap(WINDOW + H + T, H - T), Ok(()));
    space.host_mut().poke(WINDOW + H, 4);
    let to = WINDOW + 8 * H;
    assert_eq!(space.mremap(WINDOW, H + T, H + T, 3, to), Ok(to));
    assert_eq!(space.host().peek(to + H), Some(4));
    assert_eq!(page_prot(&space, to + H), Prot::RW);
}
