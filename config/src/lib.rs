//! The environment variables of pagesim: what each accepts and what it means.
//!
//! One parser for the library, which reads them before anything else of the
//! program runs, and for the launcher, which wants to refuse a bad value before
//! it starts a program. It allocates nothing and trusts nothing: a value is any
//! string of bytes.
#![no_std]
#![forbid(unsafe_code)]

mod error;
mod size;

pub use error::Error;
pub use size::parse_size;

use pagesim_core::page::{AddrRange, PageSize};
use pagesim_core::space::{Placement, Reserve};

/// The page size that the program is shown.
pub const PAGE_SIZE: &str = "PAGESIM_PAGE_SIZE";
/// The granularity that may be used on the host.
pub const HOST_PAGE_SIZE: &str = "PAGESIM_HOST_PAGE_SIZE";
/// Base, or base and size, of the guest window.
pub const WINDOW: &str = "PAGESIM_WINDOW";
/// How the window is held.
pub const RESERVE: &str = "PAGESIM_RESERVE";
/// In which order free places are tried.
pub const PLACEMENT: &str = "PAGESIM_PLACEMENT";
/// Log level and file.
pub const LOG: &str = "PAGESIM_LOG";
/// File for a dump of the table when the program ends.
pub const DUMP: &str = "PAGESIM_DUMP";
/// Programs the library works in.
pub const ONLY: &str = "PAGESIM_ONLY";
/// Programs the library leaves alone.
pub const SKIP: &str = "PAGESIM_SKIP";
/// The smallest thread stack a program may ask for.
pub const STACK_MIN: &str = "PAGESIM_STACK_MIN";
/// Whether programs started with another environment get the library as well.
pub const FOLLOW: &str = "PAGESIM_FOLLOW";
/// Where what the program is found doing is recorded.
pub const RECORD: &str = "PAGESIM_RECORD";
/// What happens to calls that need smaller pages.
pub const MODE: &str = "PAGESIM_MODE";
/// From the launcher: where to report that the library is loaded.
pub const LIVE: &str = "PAGESIM_LIVE";

/// How long the memory past the end of a file stays.
pub const EOF: &str = "PAGESIM_EOF";

/// Every variable a user may set, in the order of the documentation.
pub const VARIABLES: [&str; 14] = [
    PAGE_SIZE,
    HOST_PAGE_SIZE,
    WINDOW,
    RESERVE,
    PLACEMENT,
    LOG,
    DUMP,
    ONLY,
    SKIP,
    STACK_MIN,
    FOLLOW,
    RECORD,
    MODE,
    EOF,
];

/// The largest page size, in bytes: 1 MiB.
pub const MAX_PAGE: usize = 1 << 20;

/// More than any system asks for.
const LARGEST_STACK_MIN: usize = 1 << 30;

/// 64 KiB.
const DEFAULT_TARGET: usize = 1 << 16;

/// How much is logged; each level includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Level {
    /// Nothing.
    #[default]
    Off,
    /// Failures of the library itself.
    Error,
    /// And what it could not emulate exactly.
    Warn,
    /// And the configuration.
    Info,
    /// And every call that failed.
    Debug,
    /// And every call.
    Trace,
}

/// What happens to calls that need smaller pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// What a kernel with target pages does with them.
    #[default]
    Enforce,
    /// They are recorded and done in small pages, so that one run shows all.
    Audit,
}

/// What the environment asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings<'a> {
    /// T.
    pub target: PageSize,
    /// H, when given.
    pub host: Option<PageSize>,
    /// The guest window, when given; with an end when a size was given.
    pub window: Option<Window>,
    /// See [`Reserve`].
    pub reserve: Reserve,
    /// See [`Placement`].
    pub placement: Placement,
    /// How much is logged.
    pub level: Level,
    /// Where to; standard error when `None`.
    pub log_file: Option<&'a [u8]>,
    /// Where the table is written when the program ends.
    pub dump_file: Option<&'a [u8]>,
    /// Programs the library works in; all when `None`.
    pub only: Option<&'a [u8]>,
    /// Programs the library leaves alone.
    pub skip: Option<&'a [u8]>,
    /// The smallest thread stack in bytes; the C library's own minimum when 0.
    pub stack_min: usize,
    /// Whether the library stays loaded in programs that are started with an
    /// environment that does not name it.
    pub follow: bool,
    /// What the names of records begin with, an absolute path; nothing is recorded
    /// when `None`.
    pub record: Option<&'a [u8]>,
    /// See [`Mode`].
    pub mode: Mode,
    /// Whether memory past the end of a file stays for one access only.
    pub eof_strict: bool,
}

/// A place for the guest window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Lowest address, a multiple of [`MAX_PAGE`].
    pub base: usize,
    /// In bytes, a multiple of [`MAX_PAGE`]; the library's choice when `None`.
    pub size: Option<usize>,
}

impl<'a> Settings<'a> {
    /// Reads all variables through `lookup`.
    ///
    /// # Errors
    /// The first variable, in the order of [`VARIABLES`], whose value is not
    /// accepted.
    pub fn parse(lookup: impl Fn(&str) -> Option<&'a [u8]>) -> Result<Settings<'a>, Error<'a>> {
        let read = Reader { lookup };
        let (level, log_file) = read.log()?;
        Ok(Settings {
            target: read.page_size(PAGE_SIZE)?.unwrap_or_else(default_target),
            host: read.page_size(HOST_PAGE_SIZE)?,
            window: read.value(WINDOW, "base[,size] in bytes or with K, M, G or T, multiples of 1M below 128T, e.g. 24T,1T", parse_window)?,
            reserve: read
                .value(RESERVE, "soft or hard", |v| match v {
                    b"soft" => Some(Reserve::Soft),
                    b"hard" => Some(Reserve::Hard),
                    _ => None,
                })?
                .unwrap_or_default(),
            placement: read
                .value(PLACEMENT, "topdown or bottomup", |v| match v {
                    b"topdown" => Some(Placement::TopDown),
                    b"bottomup" => Some(Placement::BottomUp),
                    _ => None,
                })?
                .unwrap_or_default(),
            level,
            log_file,
            dump_file: read.value(DUMP, "a file name", parse_path)?,
            only: read.value(ONLY, PROGRAMS, parse_programs)?,
            skip: read.value(SKIP, PROGRAMS, parse_programs)?,
            stack_min: read
                .value(STACK_MIN, "at most 1G, in bytes or with K, M or G", |v| {
                    parse_size(v).filter(|bytes| *bytes <= LARGEST_STACK_MIN)
                })?
                .unwrap_or(0),
            follow: read.value(FOLLOW, "0 or 1", parse_switch)?.unwrap_or(false),
            record: read.value(RECORD, RECORDS, parse_record)?,
            mode: read.value(MODE, "enforce or audit", parse_mode)?.unwrap_or_default(),
            eof_strict: read
                .value(EOF, "lazy or strict", |v| match v {
                    b"lazy" => Some(false),
                    b"strict" => Some(true),
                    _ => None,
                })?
                .unwrap_or_default(),
        })
    }

    /// Whether the library is to work in a program that goes by `names` (without
    /// folders): one of them must be listed in [`ONLY`], none in [`SKIP`].
    #[must_use]
    #[inline(always)]
    pub fn selects(&self, names: &[&[u8]]) -> bool {
        let listed = |list: &[u8]| list.split(|b| *b == b',').any(|entry| names.contains(&entry));
        self.only.is_none_or(listed) && !self.skip.is_some_and(listed)
    }
}

const PROGRAMS: &str = "program names without folders, separated by commas";

fn default_target() -> PageSize {
    PageSize::new(DEFAULT_TARGET).unwrap_or(PageSize::MIN)
}

struct Reader<F> {
    lookup: F,
}

// Inline, all of it, into the library's start, which is to touch few pages.
impl<'a, F: Fn(&str) -> Option<&'a [u8]>> Reader<F> {
    #[inline(always)]
    fn value<T>(
        &self,
        variable: &'static str,
        accepted: &'static str,
        parse: impl Fn(&'a [u8]) -> Option<T>,
    ) -> Result<Option<T>, Error<'a>> {
        match (self.lookup)(variable) {
            None => Ok(None),
            Some(value) => match parse(value) {
                Some(parsed) => Ok(Some(parsed)),
                None => Err(Error { variable, value, accepted }),
            },
        }
    }

    #[inline(always)]
    fn page_size(&self, variable: &'static str) -> Result<Option<PageSize>, Error<'a>> {
        self.value(variable, "a power of two from 4K to 1M, in bytes or with K or M", |v| {
            parse_size(v).filter(|bytes| *bytes <= MAX_PAGE).and_then(PageSize::new)
        })
    }

    #[inline(always)]
    fn log(&self) -> Result<(Level, Option<&'a [u8]>), Error<'a>> {
        let accepted =
            "off, error, warn, info, debug or trace, then, if wanted, a comma and a file name";
        Ok(self.value(LOG, accepted, parse_log)?.unwrap_or_default())
    }
}

fn parse_log(value: &[u8]) -> Option<(Level, Option<&[u8]>)> {
    let mut parts = value.splitn(2, |b| *b == b',');
    let level = match parts.next()? {
        b"off" => Level::Off,
        b"error" => Level::Error,
        b"warn" => Level::Warn,
        b"info" => Level::Info,
        b"debug" => Level::Debug,
        b"trace" => Level::Trace,
        _ => return None,
    };
    match parts.next() {
        None => Some((level, None)),
        Some(file) => parse_path(file).map(|file| (level, Some(file))),
    }
}

/// The longest path the kernel takes, without its final NUL.
const PATH_LEN: usize = 4095;

fn parse_path(value: &[u8]) -> Option<&[u8]> {
    (!value.is_empty() && value.len() <= PATH_LEN && !value.contains(&0)).then_some(value)
}

fn parse_switch(value: &[u8]) -> Option<bool> {
    match value {
        b"0" => Some(false),
        b"1" => Some(true),
        _ => None,
    }
}

/// Room for what the library appends to the name of a record.
const RECORD_LEN: usize = PATH_LEN - 64;

const RECORDS: &str = "an absolute path, to which process numbers are appended";

/// Absolute, because a program may change its folder before it is found out.
fn parse_record(value: &[u8]) -> Option<&[u8]> {
    parse_path(value).filter(|path| path.first() == Some(&b'/') && path.len() <= RECORD_LEN)
}

fn parse_mode(value: &[u8]) -> Option<Mode> {
    match value {
        b"enforce" => Some(Mode::Enforce),
        b"audit" => Some(Mode::Audit),
        _ => None,
    }
}

fn parse_programs(value: &[u8]) -> Option<&[u8]> {
    let name = |entry: &[u8]| !entry.is_empty() && !entry.contains(&b'/');
    value.split(|b| *b == b',').all(name).then_some(value)
}

/// End of the lower half of a 47-bit address space.
const ADDRESS_LIMIT: usize = 128 << 40;

fn parse_window(value: &[u8]) -> Option<Window> {
    let unit = PageSize::new(MAX_PAGE)?;
    let aligned = |bytes: &usize| *bytes > 0 && unit.is_aligned(*bytes);
    let mut parts = value.splitn(2, |b| *b == b',');
    let base = parse_size(parts.next()?).filter(aligned)?;
    let size = match parts.next() {
        None => None,
        // one page of the largest size, and one for the table beside it
        Some(text) => Some(parse_size(text).filter(aligned).filter(|size| *size > MAX_PAGE)?),
    };
    let range = AddrRange::from_len(base, size.unwrap_or(2 * MAX_PAGE))?;
    (range.end() <= ADDRESS_LIMIT).then_some(Window { base, size })
}

#[cfg(test)]
mod tests;
