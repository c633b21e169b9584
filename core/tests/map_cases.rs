//! The splits and merges of the VMA map, one by one: a letter is a page's
//! content, `.` is free, touching equal letters are one entry.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod map_support;

use map_support::{check, content, empty, entries, map_of, pages, runs, Heap, PAGE};
use pagesim_core::flags::Prot;
use pagesim_core::map::{node_bytes, OutOfMemory, VmaMap};
use pagesim_core::page::AddrRange;
use pagesim_core::vma::{Backing, Vma};

/// Adds the runs of the second picture to the first.
fn insert(before: &str, added: &str, after: &str) {
    let mut map = map_of(before);
    for vma in runs(added) {
        map.insert(vma);
    }
    check(&map, after);
}

/// Takes the runs of `x` out.
fn remove(before: &str, cut: &str, after: &str) {
    let mut map = map_of(before);
    for vma in runs(cut) {
        map.remove(vma.range);
    }
    check(&map, after);
}

/// Gives the pages under the letters of `change` that content, holes excepted.
fn update(before: &str, change: &str, after: &str) {
    let mut map = map_of(before);
    let letter = change.chars().find(|&c| c != '.').expect("a letter");
    let start = change.find(letter).expect("found");
    let end = change.rfind(letter).expect("found") + 1;
    map.update(pages(start, end), |vma| *vma = content(letter, vma.range));
    check(&map, after);
}

#[test]
fn inserting_merges_with_neighbours_of_the_same_content() {
    insert("aa..aa", "..aa", "aaaaaa");
    insert("aa..bb", "..aa", "aaaabb");
    insert("aa..bb", "..bb", "aabbbb");
    insert("aa..bb", "..cc", "aaccbb");
    insert("aa..aa", "..a.", "aaa.aa");
    insert("aa..aa", "...a", "aa.aaa");
    insert("aa..aa", "..b.", "aab.aa");
    insert("...a..", "b.....", "b..a..");
    insert("...a..", ".....b", "...a.b");
    insert("...a..", "..a...", "..aa..");
    insert("...a..", "....a.", "...aa.");
    insert("......", "..a...", "..a...");
}

#[test]
fn inserting_files_merges_only_where_the_offsets_run_on() {
    insert("AA..AA", "..AA", "AAAAAA");
    insert("AA..BB", "..AA", "AAAABB");
    insert("NN..NN", "..NN", "NNNNNN");
    let mut map = map_of("AA....");
    map.insert(Vma { range: pages(2, 4), ..content('A', pages(3, 5)) });
    assert_eq!(map.len(), 2);
    assert_eq!(map.verify(), Ok(()));
}

#[test]
fn inserting_over_something_replaces_it() {
    insert("aaaaaa", "..bb..", "aabbaa");
    insert("aabbcc", ".dddd.", "addddc");
    insert("aabbcc", "dddddd", "dddddd");
    insert("aabbcc", ".aaaa.", "aaaaac");
    insert("aabbaa", "..aa..", "aaaaaa");
    insert("a.b.c.", "dddddd", "dddddd");
    insert("AAAAAA", "..AA..", "AAAAAA");
    insert("AAAAAA", "..BB..", "AABBAA");
}

#[test]
fn removing_splits_trims_and_drops() {
    remove("aaaaaa", "..xx..", "aa..aa");
    remove("aaaaaa", "xxx...", "...aaa");
    remove("aaaaaa", "...xxx", "aaa...");
    remove("aaaaaa", "xxxxxx", "......");
    remove("..aa..", "xxxxxx", "......");
    remove("aabbcc", ".xxxx.", "a....c");
    remove("aabbcc", "..xx..", "aa..cc");
    remove("aabbcc", "xxxxxx", "......");
    remove("a.b.c.d", "..xxx", "a.....d");
    remove("a.....", "..xxx.", "a.....");
    remove("......", "..xxx.", "......");
}

#[test]
fn removing_from_a_file_keeps_the_offsets_of_what_stays() {
    remove("AAAAAA", "..xx..", "AA..AA");
    remove("AAAAAA", "xxx...", "...AAA");
    remove("NNNNNN", "...xxx", "NNN...");
    remove("AABBCC", ".xxxx.", "A....C");
}

#[test]
fn updating_splits_at_the_edges() {
    update("aaaaaa", "..bb..", "aabbaa");
    update("aaaaaa", "bb....", "bbaaaa");
    update("aaaaaa", "....bb", "aaaabb");
    update("aaaaaa", "bbbbbb", "bbbbbb");
    update("AAAAAA", "..BB..", "AABBAA");
}

#[test]
fn updating_moves_the_edge_between_two_entries() {
    update("aabbbb", "..aa..", "aaaabb");
    update("aaaabb", "..bb..", "aabbbb");
    update("AAbbBB", "..BB..", "AABBBB");
    update("AAbbBB", "..AA..", "AAAABB");
    update("AAAABB", "..BB..", "AABBBB");
}

#[test]
fn updating_merges_inside_and_at_both_edges() {
    update("aabbaa", "..aa..", "aaaaaa");
    update("aabcaa", "..aa..", "aaaaaa");
    update("aabbcc", "dddddd", "dddddd");
    update("aabbcc", ".dddd.", "addddc");
    update("abcdef", ".aaaa.", "aaaaaf");
    update("abcdef", ".ffff.", "afffff");
    update("aabbcc", "..bbb.", "aabbbc");
    update("aabbcc", ".bbb..", "abbbcc");
    update("aabbaa", ".aaaa.", "aaaaaa");
}

#[test]
fn updating_leaves_holes_and_everything_outside_alone() {
    update("aa..aa", "bbbbbb", "bb..bb");
    update("a.b.c.", ".ddd..", "a.d.c.");
    update("a.b.c.", ".d....", "a.b.c.");
    update("......", "dddddd", "......");
}

#[test]
fn updating_asks_each_part_once_and_in_order() {
    let mut map = map_of("aabbbccd");
    let mut seen = Vec::new();
    map.update(pages(1, 7), |vma| {
        seen.push(*vma);
        // Makes the second part what the first is, and the third what it is
        // not: merges must not make the walk skip or repeat a part.
        *vma = content(if vma.range.start() < 5 * PAGE { 'c' } else { 'b' }, vma.range);
    });
    assert_eq!(
        seen,
        [content('a', pages(1, 2)), content('b', pages(2, 5)), content('c', pages(5, 7))]
    );
    check(&map, "accccbbd");
}

#[test]
fn updating_can_never_move_an_entry() {
    let mut map = map_of("aabb");
    map.update(pages(1, 3), |vma| vma.range = pages(40, 50));
    check(&map, "aabb");
}

#[test]
fn updating_one_entry_to_what_the_next_one_is_still_asks_about_the_next() {
    let mut map = map_of("aabbbb");
    let mut asked = 0;
    map.update(pages(1, 4), |vma| {
        asked += 1;
        if asked == 1 {
            *vma = content('b', vma.range);
        } else {
            *vma = content('c', vma.range);
        }
    });
    assert_eq!(asked, 2);
    check(&map, "abccbb");
}

#[test]
fn lookups_find_what_holds_follows_and_precedes_an_address() {
    let map = map_of(".aab..C.");
    let (a, b) = (content('a', pages(1, 3)), content('b', pages(3, 4)));
    let c = content('C', pages(6, 7));
    assert_eq!(map.find(PAGE - 1), None);
    assert_eq!(map.find(PAGE), Some(a));
    assert_eq!(map.find(3 * PAGE - 1), Some(a));
    assert_eq!(map.find(3 * PAGE), Some(b));
    assert_eq!(map.find(4 * PAGE), None);
    assert_eq!(map.find(usize::MAX), None);
    assert_eq!(map.first_from(0), Some(a));
    assert_eq!(map.first_from(3 * PAGE - 1), Some(a));
    assert_eq!(map.first_from(4 * PAGE), Some(c));
    assert_eq!(map.first_from(7 * PAGE), None);
    assert_eq!(map.last_before(PAGE), None);
    assert_eq!(map.last_before(PAGE + 1), Some(a));
    assert_eq!(map.last_before(5 * PAGE), Some(b));
    assert_eq!(map.last_before(usize::MAX), Some(c));
    let parts: Vec<Vma> = map.overlapping(pages(2, 7)).collect();
    assert_eq!(parts, [content('a', pages(2, 3)), b, c]);
    assert_eq!(map.overlapping(pages(4, 6)).next(), None);
    assert!(map.is_free(pages(4, 6)) && map.is_free(pages(5, 5)));
    assert!(!map.is_free(pages(4, 7)) && !map.is_free(pages(2, 3)));
}

#[test]
fn an_empty_range_changes_nothing() {
    let mut map = map_of("aab");
    let mut asked = false;
    map.insert(content('c', pages(1, 1)));
    map.remove(pages(1, 1));
    map.update(pages(1, 1), |_| asked = true);
    assert!(!asked && map.overlapping(pages(1, 1)).next().is_none());
    check(&map, "aab");
}

#[test]
fn clearing_forgets_the_entries_and_keeps_the_memory() {
    let mut map = map_of("a.b.c.d.e");
    let memory = map.memory();
    map.clear();
    check(&map, "");
    assert!(map.is_empty() && map.find(0).is_none() && map.is_free(pages(0, 9)));
    for vma in runs("a.b.c.d.e.f") {
        map.insert(vma);
    }
    check(&map, "a.b.c.d.e.f");
    assert_eq!(map.memory(), memory);
}

#[test]
fn reserved_entries_need_no_memory_later() {
    let mut map = VmaMap::new(Heap { limit: 32 + 64 });
    assert_eq!(map.reserve(97), Err(OutOfMemory));
    assert_eq!(map.reserve(96), Ok(()));
    for i in 0..96 {
        map.insert(content('a', pages(2 * i, 2 * i + 1)));
    }
    assert_eq!((map.len(), map.verify()), (96, Ok(())));
    assert_eq!(map.reserve(1), Err(OutOfMemory));
    map.remove(pages(0, 2));
    assert_eq!(map.reserve(1), Ok(()));
}

#[test]
fn without_memory_the_map_stays_in_order() {
    let mut map = VmaMap::new(Heap { limit: 32 });
    for i in 0..40 {
        map.insert(content('a', pages(4 * i, 4 * i + 3)));
    }
    assert_eq!((map.len(), map.verify()), (32, Ok(())));
    map.update(pages(1, 2), |vma| vma.prot = Prot::NONE);
    assert_eq!((map.len(), map.verify()), (32, Ok(())));
    map.update(pages(5, 7), |vma| vma.prot = Prot::NONE);
    assert_eq!((map.len(), map.verify()), (32, Ok(())));
    map.remove(pages(9, 10));
    assert_eq!((map.len(), map.verify()), (32, Ok(())));
    assert_eq!(map.find(8 * PAGE), Some(content('a', pages(8, 9))));
    assert_eq!(map.find(10 * PAGE), None);
    // One entry left: the first of the two splits can be made.
    map.remove(pages(0, 3));
    map.update(pages(13, 14), |vma| vma.prot = Prot::NONE);
    assert_eq!(map.verify(), Ok(()));
    map.remove(pages(13, 14));
    assert_eq!(map.verify(), Ok(()));
}

#[test]
fn the_top_of_the_address_space_can_be_held() {
    let mut map = empty();
    let top = AddrRange::new(usize::MAX - 0xfff, usize::MAX).expect("in order");
    map.insert(content('a', top));
    assert_eq!(map.find(usize::MAX - 1), Some(content('a', top)));
    assert_eq!(map.find(usize::MAX), None);
    map.remove(AddrRange::new(0, usize::MAX).expect("in order"));
    assert_eq!((entries(&map), map.verify()), (vec![], Ok(())));
}

/// Nothing at all must not be taken for a neighbour that ends at address 0.
#[test]
fn the_bottom_of_the_address_space_can_be_held() {
    let bare = Vma { range: pages(0, 2), ..Vma::default() };
    let mut map = empty();
    map.insert(Vma { prot: Prot::RW, ..bare });
    map.update(pages(0, 2), |vma| vma.prot = Prot::NONE);
    assert_eq!((entries(&map), map.verify()), (vec![bare], Ok(())));
    map.update(pages(0, 1), |vma| vma.prot = Prot::RW);
    map.update(pages(0, 1), |vma| vma.prot = Prot::NONE);
    assert_eq!((entries(&map), map.verify()), (vec![bare], Ok(())));
    map.remove(pages(0, 1));
    map.insert(Vma { range: pages(0, 1), ..bare });
    assert_eq!((entries(&map), map.verify()), (vec![bare], Ok(())));
    assert_eq!((map.find(0), map.last_before(1)), (Some(bare), Some(bare)));
}

#[test]
fn special_filler_and_foreign_entries_come_back_as_they_were() {
    let map = map_of("NN~~??aA");
    let kinds: Vec<Backing> = entries(&map).iter().map(|vma| vma.backing).collect();
    assert!(matches!(
        kinds.as_slice(),
        [
            Backing::Special { .. },
            Backing::Filler,
            Backing::Foreign,
            Backing::Anonymous,
            Backing::File { .. }
        ]
    ));
}

#[test]
fn an_entry_costs_at_most_128_bytes() {
    let mut map = empty();
    for i in 0..1000 {
        map.insert(content('a', pages(2 * i, 2 * i + 1)));
    }
    assert!(node_bytes() <= 128);
    // Blocks double, so up to half may be untouched yet.
    assert!(map.memory() / map.len() <= 2 * 128);
}
