//! Random steps: what a program may do, in target pages.

use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use proptest::prelude::*;

/// An address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At {
    /// This page of the lower half of the window.
    Window(usize),
    /// This page of a place outside the window.
    Outside(usize),
    /// A page of a mapping that exists: which mapping, which page of it.
    Live(usize, usize),
    /// The page that begins where a mapping ends.
    Behind(usize),
    /// Null.
    Nowhere,
}

/// An address that is not on a target page, mostly not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) at: At,
    /// Of sixteenths of a page.
    pub(crate) off: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    /// So many pages, less these sixteenths.
    Pages(usize, usize),
    Zero,
    /// Just below the largest number.
    Largest(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    Private,
    Shared,
    /// Neither private nor shared.
    Neither,
    /// A file that is open for both: shared, private, shared with validation.
    FileShared,
    FilePrivate,
    FileValidated,
    /// A file that is open for reading.
    ReadShared,
    ReadPrivate,
    Device,
    BadFd,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fixed {
    /// The address is a hint.
    No,
    Replace,
    Exclusive,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Map {
    pub(crate) place: Place,
    pub(crate) len: Length,
    pub(crate) prot: u32,
    pub(crate) source: Source,
    pub(crate) fixed: Fixed,
    /// File offset in pages, and sixteenths more.
    pub(crate) offset: (u64, u64),
    pub(crate) extra: MapFlags,
    pub(crate) align_pages: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Map(Map),
    Unmap(Place, Length),
    Protect(Place, Length, u32),
    Sync(Place, Length, i32),
    Store(Place, u8),
    /// From where, old and new length, flags, to where.
    Remap(Place, Length, Length, i32, Place),
    Advise(Place, Length, i32),
    /// mincore(2).
    Tell(Place, Length),
    /// mlock(2) or munlock(2).
    Lock(Place, Length, bool),
    /// remap_file_pages(2).
    Exchange(Place, Length, usize),
    /// The call but so many that the next step makes fails.
    Fail(usize, Errno, bool),
}

fn place() -> impl Strategy<Value = Place> {
    let at = prop_oneof![
        4 => (0..96usize).prop_map(At::Window),
        1 => (0..12usize).prop_map(At::Outside),
        5 => (0..32usize, 0..6usize).prop_map(|(vma, page)| At::Live(vma, page)),
        1 => (0..32usize).prop_map(At::Behind),
    ];
    (at, prop_oneof![12 => Just(0), 1 => 1..16usize]).prop_map(|(at, off)| Place { at, off })
}

fn hint() -> impl Strategy<Value = Place> {
    let nowhere = Place { at: At::Nowhere, off: 0 };
    prop_oneof![3 => Just(nowhere), 2 => place()]
}

fn len() -> impl Strategy<Value = Length> {
    prop_oneof![
        24 => (1..7usize, 0..16usize).prop_map(|(pages, less)| Length::Pages(pages, less)),
        2 => (1..24usize).prop_map(|pages| Length::Pages(pages, 0)),
        1 => Just(Length::Zero),
        1 => (0..3usize).prop_map(Length::Largest),
    ]
}

fn prot() -> impl Strategy<Value = u32> {
    prop_oneof![24 => 0..8u32, 8 => Just(Prot::RW.bits()), 1 => Just(0x100u32), 1 => Just(0x101)]
}

fn source() -> impl Strategy<Value = Source> {
    use Source::*;
    let sources = [
        (8, Private),
        (2, Shared),
        (1, Neither),
        (3, FileShared),
        (3, FilePrivate),
        (1, FileValidated),
        (2, ReadShared),
        (2, ReadPrivate),
        (2, Device),
        (1, BadFd),
    ];
    proptest::strategy::Union::new_weighted(sources.map(|(n, s)| (n, Just(s))).to_vec())
}

fn map() -> impl Strategy<Value = Map> {
    let fixed = prop_oneof![Just(Fixed::Replace), Just(Fixed::Replace), Just(Fixed::Exclusive)];
    let placed = prop_oneof![
        3 => (hint(), Just(Fixed::No)),
        4 => (place(), fixed),
    ];
    let offset = (0..6u64, prop_oneof![12 => Just(0u64), 1 => 1..16u64]);
    let extra = prop_oneof![
        9 => Just(MapFlags::empty()),
        1 => Just(MapFlags::NORESERVE),
        1 => Just(MapFlags::BIT32),
        1 => Just(MapFlags::POPULATE),
    ];
    let align = prop_oneof![6 => Just(0usize), 1 => Just(2), 1 => Just(4), 1 => Just(32)];
    (placed, len(), prot(), source(), offset, extra, align).prop_map(
        |((place, fixed), len, prot, source, offset, extra, align_pages)| Map {
            place,
            len,
            prot,
            source,
            fixed,
            offset,
            extra,
            align_pages,
        },
    )
}

fn failure() -> impl Strategy<Value = Step> {
    let errno = prop_oneof![
        Just(Errno::ENOMEM),
        Just(Errno::EAGAIN),
        Just(Errno::EIO),
        Just(Errno::EACCES)
    ];
    (0..6usize, errno, any::<bool>()).prop_map(|(n, errno, late)| Step::Fail(n, errno, late))
}

fn remap() -> impl Strategy<Value = Step> {
    let flags = prop_oneof![
        3 => Just(0),
        8 => Just(1),
        6 => Just(3),
        2 => Just(5),
        2 => Just(7),
        1 => Just(2),
        1 => Just(8),
    ];
    (place(), len(), len(), flags, place(), any::<bool>()).prop_map(
        |(from, old, new, flags, to, same)| {
            Step::Remap(from, old, if same { old } else { new }, flags, to)
        },
    )
}

/// Steps on what is mapped, beside the four calls.
fn other() -> impl Strategy<Value = Step> {
    let advice = prop_oneof![4 => Just(4), 1 => Just(3), 1 => Just(77)];
    prop_oneof![
        6 => remap(),
        3 => (place(), len(), advice).prop_map(|(at, len, advice)| Step::Advise(at, len, advice)),
        2 => (place(), len()).prop_map(|(at, len)| Step::Tell(at, len)),
        2 => (place(), len(), any::<bool>()).prop_map(|(at, len, on)| Step::Lock(at, len, on)),
        1 => (place(), len(), 0..8usize).prop_map(|(at, len, to)| Step::Exchange(at, len, to)),
    ]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let flags = prop_oneof![Just(1), Just(4), Just(0), Just(2), Just(5), Just(8)];
    prop_oneof![
        40 => map().prop_map(Step::Map),
        15 => (place(), len()).prop_map(|(at, len)| Step::Unmap(at, len)),
        20 => (place(), len(), prot()).prop_map(|(at, len, prot)| Step::Protect(at, len, prot)),
        4 => (place(), len(), flags).prop_map(|(at, len, flags)| Step::Sync(at, len, flags)),
        25 => (place(), 1..=255u8).prop_map(|(at, byte)| Step::Store(at, byte)),
        30 => other(),
        2 => failure(),
    ]
}
