//! The state of a machine: pages, the objects behind them, descriptors.

use pagesim_core::errno::Errno;
use pagesim_core::flags::Prot;
use pagesim_core::page::{AddrRange, PageSize};
use std::collections::BTreeMap;

/// Bytes that are not 0, by their place.
pub(crate) type Bytes = BTreeMap<u64, u8>;

/// What several mappings can share: a file, or shared memory without one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    pub(crate) bytes: Bytes,
    /// A mapping ends with the page that holds the last byte.
    pub(crate) size: u64,
    /// A device: its driver maps at most this many bytes.
    pub(crate) driver: Option<usize>,
    /// A device whose driver chooses the address (io_uring).
    pub(crate) chooses: bool,
    pub(crate) anonymous: bool,
    /// A file of hugetlbfs: the size of its pages.
    pub(crate) huge: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Fd {
    pub(crate) object: usize,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// One mapped page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    pub(crate) prot: Prot,
    pub(crate) shared: bool,
    /// Whether mprotect may add the permission to write.
    pub(crate) may_write: bool,
    /// Object and offset of the page's first byte.
    pub(crate) object: Option<(usize, u64)>,
    /// Contents that are this page's alone.
    pub(crate) own: Option<Bytes>,
    pub(crate) locked: bool,
    /// MAP_NORESERVE, which keeps mappings apart (VM_NORESERVE).
    pub(crate) noreserve: bool,
    /// Written to since it was made.
    pub(crate) touched: bool,
    /// Part of a huge page of this size.
    pub(crate) huge: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// SEGV_MAPERR.
    Unmapped,
    /// SEGV_ACCERR.
    Denied,
    /// BUS_ADRERR.
    PastEnd,
}

/// The next call but `after` fails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    pub(crate) after: usize,
    pub(crate) errno: Errno,
    /// Whether a MAP_FIXED call has unmapped the old by then, as
    /// `mmap_region()` of older kernels has.
    pub(crate) late: bool,
}

#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) page: PageSize,
    /// Where the machine itself puts mappings, from the top.
    pub(crate) area: AddrRange,
    /// End of the address space (TASK_SIZE).
    pub(crate) limit: usize,
    pub(crate) min_addr: usize,
    /// RLIMIT_AS in bytes.
    pub(crate) max_bytes: usize,
    /// RLIMIT_MEMLOCK in bytes.
    pub(crate) max_locked: usize,
    pub(crate) pages: BTreeMap<usize, Page>,
    pub(crate) objects: Vec<Object>,
    pub(crate) fds: BTreeMap<i32, Fd>,
    /// Whether it can list its mappings.
    pub(crate) lists: bool,
    pub(crate) failure: Option<Failure>,
    /// Calls made so far, those that only ask left out.
    pub(crate) calls: usize,
    /// Where the next mapping without an address goes, if not where the machine
    /// would put it.
    pub(crate) next: Option<usize>,
    /// What mincore(2) wrote, by address of the vector's byte.
    pub(crate) told: BTreeMap<usize, u8>,
    /// Reads made so far: every third is interrupted, none returns much.
    pub(crate) reads: usize,
}

impl Machine {
    pub(crate) fn new(page: PageSize, area: AddrRange) -> Machine {
        Machine {
            page,
            area,
            limit: 1 << 47,
            min_addr: 0x1_0000,
            max_bytes: usize::MAX,
            max_locked: usize::MAX,
            pages: BTreeMap::new(),
            objects: Vec::new(),
            fds: BTreeMap::new(),
            lists: true,
            failure: None,
            calls: 0,
            reads: 0,
            next: None,
            told: BTreeMap::new(),
        }
    }

    /// A file with a byte that is not 0 in every 4 KiB.
    pub(crate) fn add_file(&mut self, fd: i32, bytes: u64, writable: bool) -> usize {
        let object = self.objects.len();
        let contents = (0..bytes / 4096).map(|i| (i * 4096 + 1, (i % 250) as u8 + 1)).collect();
        self.objects.push(Object { bytes: contents, size: bytes, ..Object::default() });
        self.fds.insert(fd, Fd { object, readable: true, writable });
        object
    }

    pub(crate) fn add_device(&mut self, fd: i32, bytes: usize) -> usize {
        let object = self.objects.len();
        let driver = Some(bytes);
        self.objects.push(Object { size: u64::MAX, driver, ..Object::default() });
        self.fds.insert(fd, Fd { object, readable: true, writable: true });
        object
    }

    /// A file of hugetlbfs.
    pub(crate) fn add_huge_file(&mut self, fd: i32, page: usize) {
        let object = self.objects.len();
        self.objects.push(Object { size: u64::MAX, huge: Some(page), ..Object::default() });
        self.fds.insert(fd, Fd { object, readable: true, writable: true });
    }

    pub(crate) fn add_choosing_device(&mut self, fd: i32, bytes: usize) {
        let object = self.add_device(fd, bytes);
        self.objects[object].chooses = true;
    }

    /// Memory that is there before the emulation is.
    pub(crate) fn add_foreign(&mut self, range: AddrRange, prot: Prot) {
        for at in self.numbers(range) {
            let own = Some(Bytes::from([(0, 0x55)]));
            self.pages.insert(at, Page { own, ..Page::new(prot, false) });
        }
    }

    pub(crate) fn numbers(&self, range: AddrRange) -> std::ops::Range<usize> {
        range.start() >> self.page.shift()
            ..self.page.ceil(range.end()).unwrap() >> self.page.shift()
    }

    pub(crate) fn at(&self, addr: usize) -> Option<&Page> {
        self.pages.get(&(addr >> self.page.shift()))
    }

    pub(crate) fn is_free(&self, range: AddrRange) -> bool {
        self.pages.range(self.numbers(range)).next().is_none()
    }

    /// Whether a page is behind the end of its file.
    fn past_end(&self, page: &Page) -> bool {
        let Some((object, offset)) = page.object else { return false };
        let size = self.objects[object].size;
        page.own.is_none()
            && offset >= size.saturating_add(self.page.mask() as u64) & !(self.page.mask() as u64)
    }

    /// What a load (`Prot::READ`) or a store at `addr` meets.
    pub(crate) fn access(&self, addr: usize, how: Prot) -> Result<(), Fault> {
        let page = self.at(addr).ok_or(Fault::Unmapped)?;
        if !page.prot.contains(how) {
            return Err(Fault::Denied);
        }
        if self.past_end(page) {
            Err(Fault::PastEnd)
        } else {
            Ok(())
        }
    }

    /// The contents at `addr`, whatever the protection; `None` where there are
    /// none.
    pub(crate) fn peek(&self, addr: usize) -> Option<u8> {
        let page = self.at(addr).filter(|page| !self.past_end(page))?;
        let within = (addr & self.page.mask()) as u64;
        Some(match (&page.own, page.object) {
            (Some(own), _) => own.get(&within).copied().unwrap_or(0),
            (None, Some((object, offset))) => {
                self.objects[object].bytes.get(&(offset + within)).copied().unwrap_or(0)
            }
            (None, None) => 0,
        })
    }

    /// All bytes in the page at `addr` that are not 0, by address.
    pub(crate) fn contents(&self, addr: usize) -> Vec<(usize, u8)> {
        let base = self.page.floor(addr);
        let Some(page) = self.at(addr).filter(|page| !self.past_end(page)) else {
            return Vec::new();
        };
        let (bytes, from) = match (&page.own, page.object) {
            (Some(own), _) => (own, 0),
            (None, Some((object, offset))) => (&self.objects[object].bytes, offset),
            (None, None) => return Vec::new(),
        };
        let span = from..from.saturating_add(self.page.bytes() as u64);
        bytes.range(span).map(|(at, byte)| (base + (at - from) as usize, *byte)).collect()
    }

    /// Stores a byte as the processor would, protection apart.
    pub(crate) fn poke(&mut self, addr: usize, byte: u8) {
        let number = addr >> self.page.shift();
        let within = (addr & self.page.mask()) as u64;
        let len = self.page.bytes() as u64;
        let Some(page) = self.pages.get_mut(&number) else { panic!("{addr:#x} is not mapped") };
        page.touched = true;
        let bytes = match (page.shared, page.object) {
            (true, Some((object, offset))) => {
                set(&mut self.objects[object].bytes, offset + within, byte);
                return;
            }
            (false, Some((object, offset))) => page.own.get_or_insert_with(|| {
                let file = self.objects[object].bytes.range(offset..offset + len);
                file.map(|(at, byte)| (at - offset, *byte)).collect()
            }),
            (_, None) => page.own.get_or_insert_default(),
        };
        set(bytes, within, byte);
    }

    /// Mappings as runs of pages that continue each other.
    pub(crate) fn runs(&self) -> Vec<(AddrRange, Page)> {
        let mut runs: Vec<(AddrRange, Page)> = Vec::new();
        for (number, page) in &self.pages {
            let here = super::range(number << self.page.shift(), self.page.bytes());
            if let Some((range, first)) = runs.last_mut() {
                if range.end() == here.start() && first.continued_by(page, range.len() as u64) {
                    *range = AddrRange::new(range.start(), here.end()).unwrap();
                    continue;
                }
            }
            runs.push((here, page.clone()));
        }
        runs
    }
}

fn set(bytes: &mut Bytes, at: u64, byte: u8) {
    if byte == 0 {
        bytes.remove(&at);
    } else {
        bytes.insert(at, byte);
    }
}

impl Page {
    /// A page with nothing behind it.
    pub(crate) fn new(prot: Prot, shared: bool) -> Page {
        Page {
            prot,
            shared,
            may_write: true,
            object: None,
            own: None,
            locked: false,
            noreserve: false,
            touched: false,
            huge: None,
        }
    }

    /// Whether `next`, `delta` bytes on, is the same mapping.
    pub(crate) fn continued_by(&self, next: &Page, delta: u64) -> bool {
        self.prot == next.prot
            && self.shared == next.shared
            && self.may_write == next.may_write
            && self.locked == next.locked
            && self.noreserve == next.noreserve
            && self.object.map(|(object, offset)| (object, offset + delta)) == next.object
    }
}
