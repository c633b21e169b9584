//! The VMA map against a model that keeps every page by itself: any sequence of
//! edits leaves both with the same entries and the same answers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod map_support;

use map_support::{content, empty, entries, pages, Heap, Model, PAGE};
use pagesim_core::map::{GapQuery, VmaMap};
use pagesim_core::page::AddrRange;
use pagesim_core::vma::{Backing, Vma};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Pages of the space that the edits happen in.
const SPACE: usize = 96;

#[derive(Clone, Copy, Debug)]
enum Edit {
    Insert(char, AddrRange),
    /// A file at an offset of its own, so that it continues nothing.
    InsertShifted(char, AddrRange, u64),
    Remove(AddrRange),
    /// The protection of everything in the range.
    Protect(char, AddrRange),
    /// The whole content, which depends on the address.
    Rewrite(char, AddrRange),
    /// The content of some of the pages: those the old content says so.
    Swap(char, char, AddrRange),
    Clear,
}

fn range() -> impl Strategy<Value = AddrRange> {
    // Mostly short, sometimes over everything.
    (0..SPACE, prop_oneof![6 => 1..6usize, 2 => 1..24usize, 1 => 1..SPACE])
        .prop_map(|(start, len)| pages(start, (start + len).min(SPACE)))
}

fn letter() -> impl Strategy<Value = char> {
    prop::sample::select(vec!['a', 'b', 'A', 'B', 'N', '?', '~'])
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        10 => (letter(), range()).prop_map(|(c, r)| Edit::Insert(c, r)),
        2 => (letter(), range(), 0..4u64).prop_map(|(c, r, by)| Edit::InsertShifted(c, r, by)),
        8 => range().prop_map(Edit::Remove),
        6 => (letter(), range()).prop_map(|(c, r)| Edit::Protect(c, r)),
        4 => (letter(), range()).prop_map(|(c, r)| Edit::Rewrite(c, r)),
        3 => (letter(), letter(), range()).prop_map(|(c, d, r)| Edit::Swap(c, d, r)),
        1 => Just(Edit::Clear),
    ]
}

/// What `change` does to a part that has no page of its own.
fn apply(change: Edit, vma: &mut Vma) {
    match change {
        Edit::Protect(letter, _) => vma.prot = content(letter, vma.range).prot,
        Edit::Rewrite(letter, _) => *vma = content(letter, vma.range),
        Edit::Swap(from, to, _) if vma.prot == content(from, vma.range).prot => {
            *vma = content(to, vma.range);
        }
        _ => {}
    }
}

fn perform(change: Edit, map: &mut VmaMap<Heap>, model: &mut Model) {
    assert_eq!(map.reserve(2), Ok(()));
    let memory = map.memory();
    match change {
        Edit::Insert(letter, range) => {
            map.insert(content(letter, range));
            model.insert(content(letter, range));
        }
        Edit::InsertShifted(letter, range, by) => {
            let vma = content(letter, range);
            let shifted = Vma { backing: vma.backing.advanced(by * PAGE as u64), ..vma };
            map.insert(shifted);
            model.insert(shifted);
        }
        Edit::Remove(range) => {
            map.remove(range);
            model.remove(range);
        }
        Edit::Protect(_, range) | Edit::Rewrite(_, range) | Edit::Swap(_, _, range) => {
            map.update(range, |vma| apply(change, vma));
            model.update(range, |vma| apply(change, vma));
        }
        Edit::Clear => {
            map.clear();
            model.pages.clear();
        }
    }
    assert_eq!(map.memory(), memory, "two reserved entries were enough");
}

fn compare(map: &VmaMap<Heap>, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(map.verify(), Ok(()));
    let expected = model.entries();
    prop_assert_eq!(entries(map), expected.as_slice());
    prop_assert_eq!(map.len(), expected.len());
    prop_assert_eq!(map.is_empty(), expected.is_empty());
    Ok(())
}

/// Lookups at, before and behind every edge.
fn compare_lookups(map: &VmaMap<Heap>, model: &Model) -> Result<(), TestCaseError> {
    let expected = model.entries();
    for addr in (0..=SPACE * PAGE).step_by(PAGE).flat_map(|a| [a.saturating_sub(1), a, a + 1]) {
        let holds = expected.iter().find(|vma| vma.range.contains(addr));
        let from = expected.iter().find(|vma| vma.range.end() > addr);
        let before = expected.iter().rev().find(|vma| vma.range.start() < addr);
        prop_assert_eq!(map.find(addr), holds.copied());
        prop_assert_eq!(map.first_from(addr), from.copied());
        prop_assert_eq!(map.last_before(addr), before.copied());
    }
    Ok(())
}

/// Runs `test` on values of `strategy`; a failure prints its seed and its
/// smallest form.
fn run<T: std::fmt::Debug>(
    cases: u32,
    strategy: impl Strategy<Value = T>,
    test: impl Fn(T) -> Result<(), TestCaseError>,
) {
    // PROPTEST_CASES and PROPTEST_RNG_SEED are honoured.
    let config = Config { failure_persistence: None, ..Config::default() };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { cases };
    let seed = config.rng_seed;
    let mut runner = TestRunner::new(Config { cases, ..config });
    let outcome = runner.run(&strategy, test).map_err(|error| error.to_string());
    assert_eq!(outcome, Ok(()), "seed: {seed:?}");
}

#[test]
fn any_sequence_of_edits_gives_the_entries_of_the_model() {
    run(400, prop::collection::vec(edit(), 1..60), |edits| {
        let (mut map, mut model) = (empty(), Model::default());
        for change in edits {
            perform(change, &mut map, &mut model);
            compare(&map, &model)?;
        }
        compare_lookups(&map, &model)
    });
}

#[test]
fn clipped_iteration_and_emptiness_agree_with_the_model() {
    let edits = prop::collection::vec(edit(), 1..30);
    run(300, (edits, prop::collection::vec(range(), 1..20)), |(edits, ranges)| {
        let (mut map, mut model) = (empty(), Model::default());
        for change in edits {
            perform(change, &mut map, &mut model);
        }
        for range in ranges {
            let parts: Vec<Vma> = map.overlapping(range).collect();
            let expected: Vec<Vma> =
                model.entries().iter().filter_map(|vma| vma.clipped(range)).collect();
            prop_assert_eq!(parts, expected);
            prop_assert_eq!(map.is_free(range), model.is_free(range));
        }
        Ok(())
    });
}

fn query() -> impl Strategy<Value = GapQuery> {
    let align = (0..5u32).prop_map(|shift| PAGE << shift);
    (1..12usize, align, 0..16usize, range()).prop_map(|(len, align, skew, within)| GapQuery {
        len: len * PAGE,
        align,
        skew: skew * PAGE % align,
        within,
    })
}

#[test]
fn gaps_are_the_lowest_and_the_highest_there_are() {
    let edits = prop::collection::vec(edit(), 1..40);
    run(400, (edits, prop::collection::vec(query(), 1..30), 0..SPACE), |(edits, queries, from)| {
        let (mut map, mut model) = (empty(), Model::default());
        for change in edits {
            perform(change, &mut map, &mut model);
            for query in &queries {
                prop_assert_eq!(map.lowest_gap(query), model.gaps(query).next());
                prop_assert_eq!(map.highest_gap(query), model.gaps(query).next_back());
            }
        }
        for query in &queries {
            let from = from * PAGE;
            let rolling = model.gaps(query).find(|&a| a >= from).or(model.gaps(query).next());
            prop_assert_eq!(map.rolling_gap(query, from), rolling);
        }
        Ok(())
    });
}

/// Many entries: what goes wrong only in a tree of some height.
#[test]
fn a_tall_tree_stays_in_order_while_it_grows_and_shrinks() {
    let step = (any::<prop::sample::Index>(), 1..4usize, prop::bool::weighted(0.55));
    run(20, prop::collection::vec(step, 3000), |steps| {
        const WIDE: usize = 4000;
        let (mut map, mut model) = (empty(), Model::default());
        for (i, (at, len, grow)) in steps.into_iter().enumerate() {
            let start = at.index(WIDE);
            let range = pages(start, start + len);
            // Mostly the same, so that holes are filled and neighbours merge.
            let vma = content(if start % 16 == 0 { 'b' } else { 'a' }, range);
            // Shrinks for a while after each thousand.
            if grow != (i % 1000 > 600) {
                map.insert(vma);
                model.insert(vma);
            } else {
                let wide = pages(start, start + 8 * len);
                map.remove(wide);
                model.remove(wide);
            }
            if i % 100 == 0 {
                compare(&map, &model)?;
            }
        }
        compare(&map, &model)
    });
}

/// Gaps that are long enough and cannot be aligned must not end the search.
#[test]
fn a_gap_behind_many_that_cannot_be_aligned_is_found() {
    let mut map = empty();
    // Gaps of 4 pages, none of which begins at a multiple of 4.
    for i in 0..500 {
        map.insert(content('a', pages(1 + 8 * i, 4 + 8 * i + 1)));
    }
    map.remove(pages(8 * 250, 8 * 252));
    let within = pages(0, 8 * 499);
    let query = GapQuery { len: 4 * PAGE, align: 4 * PAGE, skew: 0, within };
    assert_eq!(map.lowest_gap(&query), Some(8 * 250 * PAGE));
    assert_eq!(map.highest_gap(&query), Some((8 * 251 + 4) * PAGE));
    let anywhere = GapQuery { align: PAGE, ..query };
    assert_eq!(map.lowest_gap(&anywhere), Some(5 * PAGE));
    assert_eq!(map.highest_gap(&anywhere), Some((8 * 497 + 5) * PAGE));
}

#[test]
fn gaps_at_the_ends_of_the_address_space_do_not_overflow() {
    let whole = AddrRange::new(0, usize::MAX).expect("in order");
    let mut map = empty();
    let query = GapQuery { len: PAGE, align: PAGE, skew: 0, within: whole };
    assert_eq!(map.lowest_gap(&query), Some(0));
    assert_eq!(map.highest_gap(&query), Some(usize::MAX - 2 * PAGE + 1));
    map.insert(Vma { backing: Backing::Foreign, ..content('a', pages(0, 1)) });
    let top = AddrRange::new(usize::MAX - 2 * PAGE + 1, usize::MAX).expect("in order");
    map.insert(content('a', top));
    assert_eq!(map.lowest_gap(&query), Some(PAGE));
    assert_eq!(map.highest_gap(&query), Some(usize::MAX - 3 * PAGE + 1));
    let huge = GapQuery { len: usize::MAX, ..query };
    assert_eq!((map.lowest_gap(&huge), map.highest_gap(&huge)), (None, None));
    let coarse = GapQuery { align: 1 << (usize::BITS - 1), skew: PAGE, ..query };
    assert_eq!(map.lowest_gap(&coarse), Some(PAGE));
    assert_eq!(map.highest_gap(&coarse), Some((1 << (usize::BITS - 1)) + PAGE));
}

/// What a search remembers for the next one must survive every edit between
/// them.
#[test]
fn one_query_asked_after_every_edit_stays_exact() {
    let edits = prop::collection::vec((0..7usize, edit()), 1..80);
    run(400, (edits, prop::collection::vec(query(), 3)), |(edits, queries)| {
        let (mut map, mut model) = (empty(), Model::default());
        // Queries that differ from the first in one point each, and two others.
        let wide = GapQuery { within: pages(0, SPACE + 1), ..queries[0] };
        let narrow = GapQuery { within: pages(SPACE / 2, SPACE + 1), ..wide };
        let skewed = GapQuery { skew: (wide.skew + wide.align / 2) % wide.align, ..wide };
        let shorter = GapQuery { len: wide.len.div_ceil(2 * PAGE) * PAGE, ..wide };
        let queries = [wide, wide, narrow, skewed, shorter, queries[1], queries[2]];
        let mut query = &wide;
        for (which, change) in edits {
            perform(change, &mut map, &mut model);
            // A lid, so that there is no room above all entries.
            let lid = pages(SPACE, SPACE + 1);
            if model.is_free(lid) {
                perform(Edit::Insert('c', lid), &mut map, &mut model);
            }
            // The same one for a while, then another.
            if which != 0 {
                query = &queries[which];
            }
            prop_assert_eq!(map.highest_gap(query), model.gaps(query).next_back());
            prop_assert_eq!(map.verify(), Ok(()));
        }
        Ok(())
    });
}

#[test]
fn gaps_larger_than_subtrees_tell_apart_are_found() {
    let tib = 1 << (usize::BITS - 24);
    let mut map = empty();
    // Gaps of 1, 2, 3, 2, 1 TiB between single pages.
    let mut start = PAGE;
    let starts: Vec<usize> = [0, 1, 2, 3, 2, 1]
        .iter()
        .map(|gap| {
            start += gap * tib + PAGE;
            map.insert(content('a', AddrRange::from_len(start, PAGE).expect("in order")));
            start
        })
        .collect();
    assert_eq!(map.verify(), Ok(()));
    let within = AddrRange::new(0, start).expect("in order");
    let ask = |len| GapQuery { len, align: PAGE, skew: 0, within };
    for (len, low, high) in [(1, 1, 5), (2, 2, 4), (3, 3, 3)] {
        let len = len * tib;
        assert_eq!(map.lowest_gap(&ask(len)), Some(starts[low - 1] + PAGE));
        assert_eq!(map.highest_gap(&ask(len)), Some(starts[high] - len));
    }
    assert_eq!(map.lowest_gap(&ask(3 * tib + PAGE)), None);
    assert_eq!(map.highest_gap(&ask(3 * tib + PAGE)), None);
}

#[test]
fn filling_or_making_the_largest_gap_reaches_every_ancestor() {
    const ENTRIES: usize = 70;
    for wide in 1..ENTRIES {
        let mut map = empty();
        let place = |i: usize| 2 * i + usize::from(i >= wide);
        for i in 0..ENTRIES {
            map.insert(content('a', pages(place(i), place(i) + 1)));
        }
        assert_eq!(map.verify(), Ok(()), "gap of two in front of entry {wide}");
        let hole = pages(place(wide) - 2, place(wide));
        map.insert(content('a', hole));
        assert_eq!(map.verify(), Ok(()), "filled in front of entry {wide}");
        map.remove(hole);
        assert_eq!(map.verify(), Ok(()), "made in front of entry {wide}");
    }
}
