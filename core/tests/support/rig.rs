//! One emulation on its machine, and beside it the machine that it imitates.

use super::machine::{Failure, Fault, Machine};
use super::steps::{At, Fixed, Length, Map, Place, Source, Step};
use super::{range, size, Heap};
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::host::Host;
use pagesim_core::page::{AddrRange, PageSize};
use pagesim_core::space::{Config, MapRequest, Placement, Reserve, Space};
use pagesim_core::vma::Vma;

pub(crate) const WINDOW: usize = 0x2000_0000_0000;
pub(crate) const OUTSIDE: usize = 0x1000_0000_0000;
/// Where the machines put mappings themselves.
pub(crate) const OPEN: usize = 0x7000_0000_0000;

/// Length of the window and of the places beside it, in larger pages.
const WINDOW_UNITS: usize = 48;

pub(crate) const FILE: i32 = 3;
pub(crate) const READ: i32 = 4;
pub(crate) const DEVICE: i32 = 5;

pub(crate) struct Rig {
    pub(crate) config: Config,
    pub(crate) space: Space<Machine, Heap>,
    pub(crate) model: Machine,
    /// Memory of others.
    pub(crate) foreign: Vec<AddrRange>,
    /// Where the last mapping made ends.
    pub(crate) rolling: usize,
    /// A failure is waiting for the next step.
    armed: bool,
    /// Set once an injected failure struck.
    pub(crate) failed: bool,
}

pub(crate) fn config(
    sizes: (usize, usize, usize),
    placement: Placement,
    reserve: Reserve,
) -> Config {
    let (target, host, real) = (size(sizes.0), size(sizes.1), size(sizes.2));
    let unit = target.max(host).bytes();
    let window = range(WINDOW, WINDOW_UNITS * unit);
    Config { target, host, real, window, placement, reserve, min_addr: 0x1_0000 }
}

fn machine(page: PageSize, unit: usize, target: PageSize) -> Machine {
    let mut machine = Machine::new(page, range(OPEN, 64 * unit));
    let bytes = 6 * unit as u64;
    machine.add_file(FILE, bytes, true);
    machine.add_file(READ, bytes, false);
    machine.add_device(DEVICE, 2 * target.bytes());
    machine
}

impl Rig {
    pub(crate) fn new(config: Config) -> Rig {
        let unit = config.unit().bytes();
        let mut host = machine(config.real, unit, config.target);
        let model = machine(config.target, unit, config.target);
        let mut foreign = Vec::new();
        if config.reserve == Reserve::Soft {
            let there = range(WINDOW + 40 * unit, 2 * config.real.bytes());
            host.add_foreign(there, Prot::READ);
            foreign.push(there);
        }
        let mut space = Space::new(config, host, Heap { limit: usize::MAX });
        space.claim_window().expect("the window is free");
        Rig { config, space, model, foreign, rolling: 0, armed: false, failed: false }
    }

    pub(crate) fn target(&self) -> PageSize {
        self.config.target
    }

    pub(crate) fn host(&self) -> &Machine {
        self.space.host()
    }

    fn live(&self, n: usize) -> Option<Vma> {
        let ours: Vec<Vma> = self.space.vmas().filter(Vma::is_ours).collect();
        if ours.is_empty() {
            None
        } else {
            Some(ours[n % ours.len()])
        }
    }

    pub(crate) fn addr(&self, place: Place) -> usize {
        let page = self.target().bytes();
        let base = match place.at {
            At::Window(n) => WINDOW + n % self.pages_of_window() * page,
            At::Outside(n) => OUTSIDE + n * page,
            At::Live(n, m) => self.live(n).map_or(WINDOW, |vma| {
                let start = self.target().floor(vma.range.start());
                start + m % (vma.range.len() / page).max(1) * page
            }),
            At::Behind(n) => {
                self.live(n).map_or(WINDOW, |vma| self.target().ceil(vma.range.end()).unwrap())
            }
            At::Nowhere => 0,
        };
        base + place.off * (page / 16)
    }

    /// Of the lower half.
    fn pages_of_window(&self) -> usize {
        let units = if self.config.narrow() { 6 } else { 24 };
        units * self.config.unit().bytes() / self.target().bytes()
    }

    pub(crate) fn len(&self, len: Length) -> usize {
        let page = self.target().bytes();
        match len {
            Length::Pages(pages, less) => pages * page - less * (page / 16),
            Length::Zero => 0,
            Length::Largest(pages) => usize::MAX - pages * page,
        }
    }

    pub(crate) fn request(&self, map: &Map) -> MapRequest {
        let page = self.target().bytes() as u64;
        let mut prot = Prot::from_bits_retain(map.prot);
        let (kind, fd) = match map.source {
            Source::Private => (MapFlags::PRIVATE | MapFlags::ANONYMOUS, -1),
            Source::Shared => (MapFlags::SHARED | MapFlags::ANONYMOUS, -1),
            Source::Neither => (MapFlags::ANONYMOUS, -1),
            Source::FileShared => (MapFlags::SHARED, FILE),
            Source::FilePrivate => (MapFlags::PRIVATE, FILE),
            Source::FileValidated => (MapFlags::SHARED | MapFlags::PRIVATE, FILE),
            Source::ReadShared => (MapFlags::SHARED, READ),
            Source::ReadPrivate => (MapFlags::PRIVATE, READ),
            Source::Device => (MapFlags::SHARED, DEVICE),
            Source::BadFd => (MapFlags::SHARED, 77),
        };
        // Whether a private page that was not written to shows what is written to
        // the file later depends on the size of the pages: one file is written
        // through shared mappings, the other not at all.
        let mut fd = fd;
        if fd == FILE && !kind.is_shared() || fd == DEVICE && self.config.narrow() {
            fd = READ;
        } else if fd == FILE && self.config.narrow() {
            // a copy that is only read does not follow its file
            prot |= Prot::WRITE;
        }
        let how = match map.fixed {
            Fixed::No => MapFlags::empty(),
            Fixed::Replace => MapFlags::FIXED,
            Fixed::Exclusive => MapFlags::FIXED_NOREPLACE,
        };
        MapRequest {
            addr: self.addr(map.place),
            len: self.len(map.len),
            prot,
            flags: kind | how | map.extra,
            fd,
            offset: map.offset.0 * page + map.offset.1 * (page / 16),
            align: map.align_pages * self.target().bytes(),
        }
    }

    /// Whether a step names memory of others, which the model has none of.
    fn meets_foreign(&self, step: &Step) -> bool {
        let (place, len) = match *step {
            Step::Map(map) if map.fixed == Fixed::No => return false,
            Step::Map(map) => (map.place, map.len),
            Step::Unmap(place, len) | Step::Protect(place, len, _) | Step::Sync(place, len, _) => {
                (place, len)
            }
            Step::Store(place, _) => (place, Length::Pages(1, 0)),
            Step::Remap(from, old, new, _, to) => {
                let more = |at, len| Step::Unmap(at, len);
                return [more(from, old), more(from, new), more(to, new)]
                    .iter()
                    .any(|step| self.meets_foreign(step));
            }
            Step::Advise(at, len, _) | Step::Tell(at, len) => (at, len),
            Step::Lock(at, len, _) | Step::Exchange(at, len, _) => (at, len),
            Step::Fail(..) => return false,
        };
        let named = AddrRange::from_len(self.addr(place), self.len(len));
        let named = named.and_then(|named| named.round_out(self.config.unit()));
        named.is_some_and(|named| self.foreign.iter().any(|there| there.overlaps(named)))
    }

    /// Takes one step on both and compares what they answer.
    pub(crate) fn take(&mut self, step: &Step) {
        if self.meets_foreign(step) {
            return;
        }
        match *step {
            Step::Map(map) => {
                let request = self.request(&map);
                self.map(&request);
            }
            Step::Unmap(place, len) => {
                let (addr, len) = (self.addr(place), self.len(len));
                let answer = self.space.munmap(addr, len);
                self.agree(answer, |model| model.munmap(addr, len));
            }
            Step::Protect(place, len, prot) => {
                let (addr, len) = (self.addr(place), self.len(len));
                let prot = Prot::from_bits_retain(prot);
                let answer = self.space.mprotect(addr, len, prot);
                self.agree(answer, |model| model.mprotect(addr, len, prot));
            }
            Step::Sync(place, len, flags) => {
                let (addr, len) = (self.addr(place), self.len(len));
                let answer = self.space.msync(addr, len, flags);
                self.agree(answer, |model| model.msync(addr, len, flags));
            }
            Step::Store(place, byte) => self.store(self.addr(place) + usize::from(byte), byte),
            Step::Fail(after, errno, late) => {
                self.space.host_mut().failure = Some(Failure { after, errno, late });
                self.armed = true;
                return;
            }
            _ => self.take_other(step),
        }
        self.failed |= self.struck();
        self.armed = false;
        self.space.host_mut().failure = None;
    }

    /// Whether the injected failure has struck.
    pub(crate) fn struck(&self) -> bool {
        self.armed && self.host().failure.is_none()
    }

    /// The model's answer, unless a failure was injected.
    pub(crate) fn agree<T: PartialEq + std::fmt::Debug>(
        &mut self,
        answer: Result<T, Errno>,
        call: impl FnOnce(&mut Machine) -> Result<T, Errno>,
    ) {
        if !self.struck() {
            assert_eq!(answer, call(&mut self.model));
        }
    }

    fn store(&mut self, addr: usize, byte: u8) {
        let expected = self.model.access(addr, Prot::WRITE);
        let page = self.model.at(addr);
        let object = page.and_then(|page| page.object).map(|(object, _)| object);
        if object.is_some_and(|object| self.model.objects[object].driver.is_some()) {
            return;
        }
        let found = self.host().access(addr, Prot::WRITE);
        let narrow = self.config.narrow();
        match expected {
            Ok(()) => assert_eq!(found, Ok(()), "{addr:#x}"),
            Err(Fault::PastEnd) if narrow => return,
            Err(Fault::Unmapped) if self.config.reserve == Reserve::Hard => {}
            Err(_) if narrow => {}
            Err(fault) => assert_eq!(found, Err(fault), "{addr:#x}"),
        }
        if expected.is_ok() {
            self.model.poke(addr, byte);
            self.space.host_mut().poke(addr, byte);
        }
    }
}
