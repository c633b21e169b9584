//! Block sizes, blocks and holes of file systems that live in pages: tmpfs and the
//! kernel's own (pipes, sockets, sysfs, devices, memfd).
//!
//! Only a file whose block size is the host's page is looked at any further; what
//! kind of file system a device number stands for is asked once.

use crate::{state, sys};
use core::sync::atomic::{AtomicU64, Ordering};
use pagesim_core::counts::Tally;
use pagesim_core::errno::Errno;
use pagesim_core::page::{AddrRange, PageSize};
use pagesim_core::space::Config;

/// What a file system makes of the page size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Nothing.
    Other,
    /// Its block size is a page.
    Pages,
    /// And its files are kept in pages.
    Tmpfs,
    /// Its attributes are files of one page.
    Sysfs,
}

/// `*_MAGIC` of <linux/magic.h>, and of file systems that keep theirs to themselves.
const PAGED: [u32; 21] = [
    0x5049_5045, // pipefs
    0x534f_434b, // sockfs
    0x0904_1934, // anon_inodefs
    0x0000_9fa0, // proc
    0x0000_1cd1, // devpts
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0xcafe_4a11, // bpf
    0x1980_0202, // mqueue
    0x6e73_6673, // nsfs
    0x6265_6570, // configfs
    0x6165_676c, // pstore
    0x0000_0187, // autofs
    0x4249_4e4d, // binfmt_misc
    0x5049_4446, // pidfs
    0x6264_6576, // bdev
    0x6573_5543, // fusectl
    0xf97c_ff8c, // selinux
];
const TMPFS: u32 = 0x0102_1994;
const RAMFS: u32 = 0x8584_58f6;
const SYSFS: u32 = 0x6265_6572;
/// `XFS_SUPER_MAGIC`: its preferred block is a page, its own blocks are not.
const XFS: u32 = 0x5846_5342;

fn kind_of(magic: u32) -> Kind {
    match magic {
        TMPFS | RAMFS => Kind::Tmpfs,
        SYSFS => Kind::Sysfs,
        magic if PAGED.contains(&magic) => Kind::Pages,
        _ => Kind::Other,
    }
}

/// How a file was named.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    /// By a descriptor.
    Fd(i32),
    /// By folder and path, a link followed or not.
    At(i32, *const u8, bool),
}

impl Source {
    /// Opens the file once more; `None` where that is not allowed.
    pub(crate) fn open(self, flags: i32) -> Option<i32> {
        let name = |fd: i32| {
            let mut path = crate::log::Line::new();
            let _ = core::fmt::Write::write_fmt(&mut path, format_args!("/proc/self/fd/{fd}\0"));
            let args = [
                libc::AT_FDCWD as usize,
                path.finish().as_ptr() as usize,
                (flags | libc::O_CLOEXEC) as usize,
                0,
                0,
                0,
            ];
            // SAFETY: openat(2) with a C string.
            unsafe { sys::own(libc::SYS_openat, args) }
        };
        let opened = match self {
            Source::Fd(fd) => name(fd),
            Source::At(dir, path, follow) => {
                let follow = if follow { 0 } else { libc::O_NOFOLLOW };
                let flags = (flags | follow | libc::O_CLOEXEC) as usize;
                // SAFETY: openat(2) with the program's own path, which stat(2) took.
                unsafe { sys::own(libc::SYS_openat, [dir as usize, path as usize, flags, 0, 0, 0]) }
            }
        };
        opened.ok().map(|fd| fd as i32)
    }

    fn magic(self) -> Option<u32> {
        match self {
            Source::Fd(fd) => sys::file_system(fd).ok().map(|magic| magic as u32),
            Source::At(..) => {
                let fd = self.open(libc::O_PATH)?;
                let magic = sys::file_system(fd);
                sys::close(fd);
                magic.ok().map(|magic| magic as u32)
            }
        }
    }
}

/// Kinds of file systems by device number: the number, and 1 + the kind.
static KNOWN: [AtomicU64; 64] = [const { AtomicU64::new(0) }; 64];
/// A device number fits with a kind into a place.
const DEVICE_BITS: u32 = 60;

fn place(dev: u64) -> Option<&'static AtomicU64> {
    KNOWN.get((dev ^ (dev >> 8)) as usize % KNOWN.len()).filter(|_| dev >> DEVICE_BITS == 0)
}

fn known(dev: u64) -> Option<(Kind, bool)> {
    let value = place(dev)?.load(Ordering::Relaxed);
    if value >> 4 != dev || value & 7 == 0 {
        return None;
    }
    let kind = match value & 7 {
        1 => Kind::Other,
        2 => Kind::Pages,
        3 => Kind::Tmpfs,
        _ => Kind::Sysfs,
    };
    Some((kind, value & 8 != 0))
}

/// The kind of the file system `dev`, and whether a page is its preferred block all
/// the same.
fn file_system(dev: u64, source: Source) -> (Kind, bool) {
    if let Some(known) = known(dev) {
        return known;
    }
    let Some(magic) = source.magic() else { return (Kind::Other, false) };
    let (kind, prefers) = (kind_of(magic), magic == XFS);
    if let Some(place) = place(dev) {
        let bits = match kind {
            Kind::Other => 1,
            Kind::Pages => 2,
            Kind::Tmpfs => 3,
            Kind::Sysfs => 4,
        };
        place.store(dev << 4 | u64::from(prefers) << 3 | bits, Ordering::Relaxed);
    }
    (kind, prefers)
}

/// Whether the file of `fd` is on a tmpfs.
pub(crate) fn is_tmpfs(fd: i32) -> bool {
    sys::fstat(fd).is_ok_and(|st| file_system(st.st_dev, Source::Fd(fd)).0 == Kind::Tmpfs)
}

/// What stat(2) says of a file, as far as it concerns pages.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) dev: u64,
    pub(crate) regular: bool,
    pub(crate) size: u64,
    pub(crate) block_size: u64,
    /// In units of 512 bytes.
    pub(crate) blocks: u64,
}

impl Seen {
    pub(crate) fn new(st: &libc::stat) -> Seen {
        Seen {
            dev: st.st_dev,
            regular: st.st_mode & libc::S_IFMT == libc::S_IFREG,
            size: st.st_size as u64,
            block_size: st.st_blksize as u64,
            blocks: st.st_blocks as u64,
        }
    }
}

/// The same with target pages; `None` when nothing changes.
#[inline]
pub(crate) fn translate(seen: Seen, source: Source) -> Option<Seen> {
    let config = state::config()?;
    if seen.block_size != config.real.bytes() as u64 || config.target == config.real {
        return None;
    }
    translate_pages(config, seen, source)
}

fn translate_pages(config: &Config, mut seen: Seen, source: Source) -> Option<Seen> {
    let (kind, prefers) = file_system(seen.dev, source);
    if kind == Kind::Other && !prefers {
        return None;
    }
    let page = config.target.bytes() as u64;
    seen.block_size = page;
    if kind == Kind::Sysfs && seen.regular && seen.size == config.real.bytes() as u64 {
        seen.size = page;
    }
    if kind == Kind::Tmpfs && seen.blocks != 0 {
        // a long link is one page
        seen.blocks = if seen.regular {
            blocks(config, &seen, source)
        } else {
            seen.blocks.saturating_mul(BLOCK).next_multiple_of(page) / BLOCK
        };
    }
    Some(seen)
}

/// Units of st_blocks.
pub(crate) const BLOCK: u64 = 512;

/// Blocks of a file whose target pages are there when any part of them is.
fn blocks(config: &Config, seen: &Seen, source: Source) -> u64 {
    let bytes = seen.blocks.saturating_mul(BLOCK);
    let whole = |page: PageSize, bytes: u64| page.ceil(bytes as usize).map_or(bytes, |b| b as u64);
    // what was allocated and not written is no data, but has blocks
    let least = whole(config.target, bytes);
    if bytes < whole(config.real, seen.size) {
        if let Some(fd) = source.open(libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY) {
            let counted = occupied(fd, seen.size, config.target);
            sys::close(fd);
            if let Some((counted, data)) = counted {
                // pages that were allocated lie side by side
                let page = config.target.bytes() as u64;
                let unwritten = bytes.saturating_sub(data) / page * page;
                return counted.saturating_add(unwritten).max(least) / BLOCK;
            }
        }
    }
    least / BLOCK
}

/// Files in more pieces than this are not counted exactly.
const PIECES: usize = 4096;

/// Bytes in target pages of which a part holds data, and in host pages.
fn occupied(fd: i32, size: u64, target: PageSize) -> Option<(u64, u64)> {
    let end = target.ceil(size as usize)?;
    let mut tally = Tally::new(target, AddrRange::new(0, end)?);
    let (mut at, mut bytes) = (0, 0);
    for _ in 0..PIECES {
        let Ok(data) = seek_to(fd, at, libc::SEEK_DATA) else {
            return Some((tally.kib() << 10, bytes));
        };
        at = seek_to(fd, data, libc::SEEK_HOLE).ok()?;
        bytes += (at - data) as u64;
        tally.add(AddrRange::new(data as usize, at as usize)?);
    }
    None
}

/// lseek(2).
pub(crate) fn seek_to(fd: i32, offset: i64, whence: i32) -> Result<i64, Errno> {
    let args = [fd as usize, offset as usize, whence as usize, 0, 0, 0];
    // SAFETY: no pointers.
    unsafe { sys::own(libc::SYS_lseek, args) }.map(|at| at as i64)
}

/// lseek(2) with SEEK_DATA and SEEK_HOLE in a file that is kept in pages; `None`
/// for other files.
pub(crate) fn seek_data_or_hole(fd: i32, offset: i64, whence: i32) -> Option<Result<i64, Errno>> {
    let target = state::target()?;
    let st = sys::fstat(fd).ok()?;
    let regular = st.st_mode & libc::S_IFMT == libc::S_IFREG;
    let tmpfs = file_system(st.st_dev, Source::Fd(fd)).0 == Kind::Tmpfs;
    if !regular || !tmpfs || offset < 0 || offset >= st.st_size {
        return None;
    }
    let before = seek_to(fd, 0, libc::SEEK_CUR).ok()?;
    let found = if whence == libc::SEEK_DATA {
        data_from(fd, offset, target)
    } else {
        hole_from(fd, offset, st.st_size, target)
    };
    Some(match found {
        Ok(at) => seek_to(fd, at, libc::SEEK_SET),
        Err(error) => seek_to(fd, before, libc::SEEK_SET).and(Err(error)),
    })
}

fn floor(target: PageSize, offset: i64) -> i64 {
    target.floor(offset as usize) as i64
}

/// A target page holds data when any part of it does.
fn data_from(fd: i32, offset: i64, target: PageSize) -> Result<i64, Errno> {
    let data = seek_to(fd, floor(target, offset), libc::SEEK_DATA)?;
    Ok(offset.max(floor(target, data)))
}

/// And is a hole when all of it is; the end of the file is one.
fn hole_from(fd: i32, offset: i64, size: i64, target: PageSize) -> Result<i64, Errno> {
    let mut at = floor(target, offset);
    loop {
        let hole = seek_to(fd, at, libc::SEEK_HOLE)?;
        let page = target.ceil(hole as usize).map_or(size, |page| page as i64);
        if hole >= size || page >= size {
            return Ok(size);
        }
        match seek_to(fd, page, libc::SEEK_DATA) {
            Ok(data) if floor(target, data) <= page => at = data,
            Ok(_) | Err(Errno(libc::ENXIO)) => return Ok(offset.max(page)),
            Err(error) => return Err(error),
        }
    }
}

/// What statfs(2) says, as far as it concerns pages.
pub(crate) struct Totals<'a> {
    pub(crate) block_size: &'a mut u64,
    pub(crate) fragment_size: &'a mut u64,
    /// Counts of blocks.
    pub(crate) counts: [&'a mut u64; 3],
}

/// Tells sizes and counts in target pages where the file system counts in pages.
pub(crate) fn translate_totals(magic: Option<u32>, totals: Totals<'_>) {
    let Some(config) = state::config() else { return };
    let real = config.real.bytes() as u64;
    let paged = || magic.is_some_and(|magic| kind_of(magic) != Kind::Other);
    if *totals.block_size != real || !paged() {
        return;
    }
    let page = config.target.bytes() as u64;
    *totals.block_size = page;
    if *totals.fragment_size == real {
        *totals.fragment_size = page;
    }
    for count in totals.counts {
        *count = count.saturating_mul(real) / page;
    }
}

/// The page size where the file system of `source` counts in pages.
pub(crate) fn page_of(source: Source) -> Option<usize> {
    let config = state::config()?;
    let paged = kind_of(source.magic()?) != Kind::Other;
    paged.then(|| config.target.bytes())
}

/// `f_type` of what `source` names.
pub(crate) fn magic(source: Source) -> Option<u32> {
    state::config()?;
    source.magic()
}
