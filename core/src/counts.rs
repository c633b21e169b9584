//! What a kernel counts in pages, told in target pages: the numbers in the text
//! files below `/proc`, and the entries of `pagemap`.
//!
//! The host counts in its own pages (R). A count of pages is rounded up, so that
//! nothing that is there vanishes; the size of the address space and the memory
//! of the machine are rounded down, so that what is promised is there.

use crate::page::{AddrRange, PageSize};

/// The two page sizes that a number is converted between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Units {
    /// T.
    pub target: PageSize,
    /// R.
    pub real: PageSize,
}

impl Units {
    /// Host pages as target pages, rounded up.
    #[must_use]
    pub fn pages_up(self, count: u64) -> u64 {
        self.bytes(count).div_ceil(self.target.bytes() as u64)
    }

    /// Host pages as target pages, rounded down.
    #[must_use]
    pub fn pages_down(self, count: u64) -> u64 {
        self.bytes(count) / self.target.bytes() as u64
    }

    fn bytes(self, count: u64) -> u64 {
        count.saturating_mul(self.real.bytes() as u64)
    }

    /// T in KiB.
    #[must_use]
    pub fn target_kib(self) -> u64 {
        self.target.bytes() as u64 >> 10
    }

    fn kib_up(self, kib: u64) -> u64 {
        kib.div_ceil(self.target_kib()).saturating_mul(self.target_kib())
    }

    fn kib_down(self, kib: u64) -> u64 {
        kib / self.target_kib() * self.target_kib()
    }
}

/// A line `key: number unit` and its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field<'a> {
    /// What stands in front of the colon.
    pub key: &'a [u8],
    /// The number.
    pub value: u64,
    /// The colon and what follows it, up to the last digit.
    column: &'a [u8],
    /// What follows the last digit.
    rest: &'a [u8],
}

impl<'a> Field<'a> {
    /// Reads a line; `None` for one that is none of this kind.
    #[must_use]
    pub fn parse(line: &'a [u8]) -> Option<Field<'a>> {
        let colon = line.iter().position(|b| *b == b':')?;
        let (key, tail) = line.split_at_checked(colon)?;
        let start = 1 + tail.get(1..)?.iter().position(|b| *b != b' ' && *b != b'\t')?;
        let digits = tail.get(start..)?;
        let len = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
        let value = number(digits.get(..len)?)?;
        let (column, rest) = tail.split_at_checked(start + len)?;
        Some(Field { key, value, column, rest })
    }

    /// Writes the line with another number, which ends in the same column as
    /// long as there is room.
    pub fn write(&self, value: u64, out: &mut impl FnMut(&[u8])) {
        let mut digits = Digits::default();
        let text = digits.of(value);
        let blanks = self.column.iter().filter(|b| !b.is_ascii_digit()).count();
        let kept = self.column.len().saturating_sub(text.len()).min(blanks).max(2);
        out(self.key);
        out(self.column.get(..kept.min(blanks)).unwrap_or(b": "));
        for _ in blanks..self.column.len().saturating_sub(text.len()) {
            out(b" ");
        }
        out(text);
        out(self.rest);
    }
}

/// Room for a number in decimal.
#[derive(Default)]
struct Digits([u8; 20]);

impl Digits {
    fn of(&mut self, mut value: u64) -> &[u8] {
        let mut first = self.0.len();
        for place in self.0.iter_mut().rev() {
            *place = b'0' + (value % 10) as u8;
            value /= 10;
            first -= 1;
            if value == 0 {
                break;
            }
        }
        self.0.get(first..).unwrap_or(&[])
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// Resident memory in KiB, in whole target pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// That is the process's own.
    pub anon: u64,
    /// Of files and of shared memory.
    pub file: u64,
}

/// What a process has resident: a target page is when any part of it is, so this
/// need not be what the host says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Residence {
    units: Units,
    /// What was found; `None` where only the host's word is known.
    seen: Option<Seen>,
    /// Whether some of it is shared memory, which is told apart from files.
    shares: bool,
    /// What `RssFile` has been given.
    file: u64,
}

impl Residence {
    /// Of a process of which `seen` is resident.
    #[must_use]
    pub fn new(units: Units, seen: Option<Seen>) -> Residence {
        Residence { units, seen, shares: false, file: 0 }
    }

    /// `host` KiB in target pages, or what was found of it. The host counts on while
    /// somebody looks.
    fn kib(&self, host: u64, part: impl Fn(Seen) -> u64) -> u64 {
        self.units.kib_up(host).max(self.seen.map_or(0, part))
    }

    fn pages(&self, host: u64, part: impl Fn(Seen) -> u64) -> u64 {
        self.kib(self.units.bytes(host) >> 10, part) / self.units.target_kib()
    }
}

fn whole(seen: Seen) -> u64 {
    seen.anon.saturating_add(seen.file)
}

/// `/proc/<pid>/statm`: sizes in pages.
pub fn statm(residence: Residence, text: &[u8], out: &mut impl FnMut(&[u8])) {
    let units = residence.units;
    tokens(text, out, |index, value| match index {
        0 => units.pages_down(value),
        1 => residence.pages(value, whole),
        2 => residence.pages(value, |seen| seen.file),
        _ => units.pages_up(value),
    });
}

/// Numbers of fields in proc_pid_stat(5), counted from the one behind the name,
/// which is the third.
const VSIZE: usize = 23 - 3;
const RSS: usize = 24 - 3;
const START_BRK: usize = 47 - 3;

/// `/proc/<pid>/stat`: rss in pages; the size and the start of the heap are
/// multiples of a page.
pub fn stat(residence: Residence, text: &[u8], out: &mut impl FnMut(&[u8])) {
    // the name may hold anything, parentheses and blanks too
    let end = text.iter().rposition(|b| *b == b')').map_or(0, |at| (at + 2).min(text.len()));
    let (front, fields) = text.split_at_checked(end).unwrap_or((text, &[]));
    out(front);
    let page = residence.units.target;
    tokens(fields, out, |index, value| match index {
        VSIZE => page.floor(value as usize) as u64,
        RSS => residence.pages(value, whole),
        START_BRK => page.ceil(value as usize).map_or(value, |addr| addr as u64),
        _ => value,
    });
}

/// A line of `/proc/<pid>/status` that is looked at before [`status`] sees the first.
pub fn status_before(residence: &mut Residence, field: &Field<'_>) {
    residence.shares |= field.key == b"RssShmem" && field.value != 0;
}

/// Rewrites the numbers of a line of words between single blanks.
fn tokens(text: &[u8], out: &mut impl FnMut(&[u8]), new: impl Fn(usize, u64) -> u64) {
    for (index, word) in text.split_inclusive(|b| *b == b' ' || *b == b'\n').enumerate() {
        let (digits, end) = match word.split_last() {
            Some((b' ' | b'\n', digits)) => (digits, word.get(digits.len()..).unwrap_or(&[])),
            _ => (word, &[][..]),
        };
        match number(digits) {
            Some(value) => out(Digits::default().of(new(index, value))),
            None => out(digits),
        }
        out(end);
    }
}

/// A line of `/proc/<pid>/status`; `None` when it stays as it is.
#[must_use]
pub fn status(residence: &mut Residence, field: &Field<'_>) -> Option<u64> {
    let units = residence.units;
    match field.key {
        b"VmPeak" | b"VmSize" => Some(units.kib_down(field.value)),
        // the most there ever was is at least what is there
        b"VmHWM" | b"VmRSS" => Some(residence.kib(field.value, whole)),
        b"RssAnon" => Some(residence.kib(field.value, |seen| seen.anon)),
        b"RssFile" => {
            // files are mapped in larger pieces than a target page
            let shares = residence.shares;
            let file = residence.kib(field.value, |seen| if shares { 0 } else { seen.file });
            residence.file = file;
            Some(file)
        }
        b"RssShmem" => {
            let file = residence.file;
            Some(residence.kib(field.value, |seen| seen.file.saturating_sub(file)))
        }
        b"VmLck" | b"VmPin" | b"VmData" | b"VmStk" | b"VmExe" | b"VmLib" | b"VmPTE" | b"VmSwap" => {
            Some(units.kib_up(field.value))
        }
        _ => None,
    }
}

/// A line of `/proc/meminfo`; `None` when it stays as it is: huge pages are none
/// of ours, and what is counted in them.
#[must_use]
pub fn meminfo(units: Units, field: &Field<'_>) -> Option<u64> {
    let huge = [&b"Huge"[..], b"Direct", b"VmallocTotal"];
    let kept =
        huge.iter().any(|name| field.key.starts_with(name)) || !field.rest.starts_with(b" kB");
    (!kept).then(|| units.kib_down(field.value))
}

/// A line `name number` of `/proc/vmstat`: amounts are in pages, but for stacks of the
/// kernel; what is counted as it happens stays as it is.
pub fn vmstat(units: Units, line: &[u8], out: &mut impl FnMut(&[u8])) {
    let kept = [&b"nr_kernel_stack "[..], b"nr_shadow_call_stack "];
    if line.starts_with(b"nr_") && !kept.iter().any(|name| line.starts_with(name)) {
        tokens(line, out, |_, value| units.pages_down(value));
    } else {
        out(line);
    }
}

/// A line of `/proc/<pid>/numa_maps`: counts of pages, and their size, after names.
pub fn numa_maps(units: Units, line: &[u8], out: &mut impl FnMut(&[u8])) {
    const SIZE: &[u8] = b"kernelpagesize_kB";
    const COUNTS: [&[u8]; 6] =
        [b"anon", b"dirty", b"mapped", b"swapcache", b"active", b"writeback"];
    let words = || line.split_inclusive(|b| *b == b' ' || *b == b'\n');
    let huge = words().any(|word| {
        Named::parse(word).is_some_and(|n| n.name == SIZE && n.value > units.target_kib())
    });
    for word in words() {
        let of_node = |name: &[u8]| {
            name.strip_prefix(b"N").is_some_and(|node| node.iter().all(u8::is_ascii_digit))
        };
        match Named::parse(word).filter(|_| !huge) {
            Some(n) if n.name == SIZE => n.write(n.value.max(units.target_kib()), out),
            Some(n) if COUNTS.contains(&n.name) || of_node(n.name) => {
                n.write(units.pages_up(n.value), out);
            }
            _ => out(word),
        }
    }
}

/// A word `name=number` and what ends it.
struct Named<'a> {
    name: &'a [u8],
    value: u64,
    end: &'a [u8],
}

impl<'a> Named<'a> {
    fn parse(word: &'a [u8]) -> Option<Named<'a>> {
        let equals = word.iter().position(|b| *b == b'=')?;
        let (name, rest) = word.split_at_checked(equals)?;
        let rest = rest.get(1..)?;
        let len = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, end) = rest.split_at_checked(len)?;
        matches!(end, b"" | b" " | b"\n").then_some(())?;
        Some(Named { name, value: number(digits)?, end })
    }

    fn write(&self, value: u64, out: &mut impl FnMut(&[u8])) {
        out(self.name);
        out(b"=");
        out(Digits::default().of(value));
        out(self.end);
    }
}

/// Knows which memory of a process is resident.
pub trait Resident {
    /// How many KiB of `range` lie in target pages of which anything is resident;
    /// of the host's pages `kib` KiB are. `None` where that cannot be found out.
    fn resident(&mut self, range: AddrRange, kib: u64) -> Option<u64>;
}

/// The lines of `/proc/<pid>/smaps` and `smaps_rollup`, one after the other.
pub struct Smaps<R> {
    units: Units,
    scan: R,
    range: AddrRange,
    huge: bool,
    /// Whether this is the sum of all mappings.
    rollup: bool,
    /// Resident KiB: as target pages, and as the host says.
    ratio: (u64, u64),
    /// Resident KiB of all mappings so far.
    total: u64,
}

impl<R: Resident> Smaps<R> {
    /// Begins a file.
    pub fn new(units: Units, scan: R) -> Smaps<R> {
        let range = AddrRange::default();
        Smaps { units, scan, range, huge: false, rollup: false, ratio: (1, 1), total: 0 }
    }

    /// Resident KiB of all mappings seen, in whole target pages.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The new number of a line, `None` when it stays as it is.
    pub fn line(&mut self, line: &[u8]) -> Option<u64> {
        if let Some(range) = header(line) {
            self.range = range;
            self.ratio = (1, 1);
            self.huge = false;
            self.rollup = line.ends_with(b"[rollup]\n");
            return None;
        }
        self.field(&Field::parse(line)?)
    }

    fn field(&mut self, field: &Field<'_>) -> Option<u64> {
        match field.key {
            b"KernelPageSize" => {
                // a mapping of huge pages has pages of its own
                self.huge = field.value > self.units.target_kib();
                Some(field.value.max(self.units.target_kib()))
            }
            b"MMUPageSize" => Some(field.value.max(self.units.target_kib())),
            b"Rss" => {
                let scanned =
                    if self.huge { None } else { self.scan.resident(self.range, field.value) };
                let rss = scanned.unwrap_or(field.value);
                self.ratio = if field.value == 0 { (1, 1) } else { (rss, field.value) };
                self.total = self.total.saturating_add(rss);
                Some(rss)
            }
            // what is locked is all there
            b"Locked" if self.rollup => Some(self.units.kib_up(field.value)),
            b"Pss" | b"Pss_Dirty" | b"Pss_Anon" | b"Pss_File" | b"Pss_Shmem" | b"Shared_Clean"
            | b"Shared_Dirty" | b"Private_Clean" | b"Private_Dirty" | b"Referenced"
            | b"Anonymous" | b"LazyFree" | b"Locked" => {
                let (new, old) = self.ratio;
                Some((u128::from(field.value) * u128::from(new) / u128::from(old)) as u64)
            }
            b"Swap" if !self.huge => Some(self.units.kib_up(field.value)),
            _ => None,
        }
    }
}

/// The range of a line `start-end prot offset device inode name`.
#[must_use]
pub fn header(line: &[u8]) -> Option<AddrRange> {
    let dash = line.iter().position(|b| *b == b'-').filter(|at| *at <= 16)?;
    let (start, rest) = line.split_at_checked(dash)?;
    let rest = rest.get(1..)?;
    let blank = rest.iter().position(|b| *b == b' ').filter(|at| *at <= 16)?;
    AddrRange::new(hexadecimal(start)?, hexadecimal(rest.get(..blank)?)?)
}

fn hexadecimal(digits: &[u8]) -> Option<usize> {
    usize::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()
}

/// Counts resident target pages from the host's resident ranges, which come in
/// ascending order.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    target: PageSize,
    within: AddrRange,
    end: usize,
    bytes: usize,
}

impl Tally {
    /// Begins a mapping.
    #[must_use]
    pub fn new(target: PageSize, within: AddrRange) -> Tally {
        Tally { target, within, end: within.start(), bytes: 0 }
    }

    /// Takes in a resident range.
    pub fn add(&mut self, seen: AddrRange) {
        let whole = seen.round_out(self.target).unwrap_or(seen);
        let Some(part) = whole.intersection(self.within) else { return };
        let start = part.start().max(self.end);
        if start < part.end() {
            self.bytes += part.end() - start;
            self.end = part.end();
        }
    }

    /// The sum in KiB.
    #[must_use]
    pub fn kib(&self) -> u64 {
        self.bytes as u64 >> 10
    }
}

/// Bits of a pagemap entry that hold the number of a page frame.
const FRAME: u64 = (1 << 55) - 1;
/// The page is in memory.
const PRESENT: u64 = 1 << 63;
/// The page is swapped out; the frame bits hold something else then.
const SWAPPED: u64 = 1 << 62;
/// It is a file's, or shared.
const OF_FILE: u64 = 1 << 61;

/// Adds the entry of one host page to that of its target page, `first` being the
/// host page's number in it. Present, soft-dirty and the like hold for a target page
/// when they do for any part of it; that it is a file's only while no part is the
/// process's own; the frame is that of the first part that has one.
#[must_use]
pub fn pagemap_entry(units: Units, whole: u64, host: u64) -> u64 {
    let own = |entry: u64| entry & (PRESENT | SWAPPED) != 0 && entry & OF_FILE == 0;
    let kind = if own(whole) || own(host) { OF_FILE } else { 0 };
    let flags = (whole | host) & !FRAME & !kind;
    let framed = |entry: u64| entry & (PRESENT | SWAPPED) == PRESENT && entry & FRAME != 0;
    let frame = if whole & FRAME != 0 {
        whole & FRAME
    } else if framed(host) {
        let shift = units.target.shift().saturating_sub(units.real.shift());
        ((host & FRAME) >> shift).max(1)
    } else {
        host & FRAME
    };
    flags | frame
}

/// Categories of a page that PAGEMAP_SCAN tells (<linux/fs.h>).
mod category {
    pub(super) const OF_FILE: u64 = 1 << 2;
    pub(super) const PRESENT: u64 = 1 << 3;
    pub(super) const SWAPPED: u64 = 1 << 4;
    pub(super) const ZERO: u64 = 1 << 5;
}

/// Adds the categories of one host page to those of its target page: as in
/// [`pagemap_entry`]; and that it is the page of zeros only while no part is another.
#[must_use]
pub fn page_categories(whole: u64, host: u64) -> u64 {
    use category::{OF_FILE, PRESENT, SWAPPED, ZERO};
    let used = |part: u64| part & (PRESENT | SWAPPED) != 0;
    let lost = |kind: u64| {
        let without = |part: u64| used(part) && part & kind == 0;
        if without(whole) || without(host) {
            kind
        } else {
            0
        }
    };
    (whole | host) & !lost(OF_FILE) & !lost(ZERO)
}
