//! The calls beside the four, on both machines.

use super::range;
use super::rig::Rig;
use super::steps::{Length, Step};
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::host::Host;
use pagesim_core::page::AddrRange;

const FIXED: i32 = 2;
/// Where the vector of mincore(2) is said to be.
const VECTOR: usize = 0x1000;

impl Rig {
    /// Takes a step that is none of the four calls.
    pub(crate) fn take_other(&mut self, step: &Step) {
        match *step {
            // How far the kernel comes with an old range that is none differs.
            Step::Remap(_, Length::Largest(_), ..) => {}
            Step::Remap(from, old, new, flags, to) => {
                let to = if flags & 2 == 0 { 0 } else { self.addr(to) };
                self.remap([self.addr(from), self.len(old), self.len(new), to], flags);
            }
            // Host pages and what is locked of them are shared when they are larger.
            Step::Tell(..) | Step::Lock(..) if self.config.narrow() => {}
            Step::Advise(place, len, advice) => {
                let (addr, len) = (self.addr(place), self.len(len));
                self.advise(addr, len, advice);
            }
            Step::Tell(place, len) => {
                let (addr, len) = (self.addr(place), self.len(len));
                self.tell(addr, len);
            }
            Step::Lock(place, len, on) => {
                let (addr, len) = (self.addr(place), self.len(len));
                if on {
                    let answer = self.space.mlock(addr, len, None);
                    self.agree(answer, |model| model.mlock(addr, len, None));
                } else {
                    let answer = self.space.munlock(addr, len);
                    self.agree(answer, |model| model.munlock(addr, len));
                }
            }
            Step::Exchange(place, len, to) => {
                let (addr, len) = (self.addr(place), self.len(len));
                self.exchange(addr, len, to);
            }
            _ => unreachable!("{step:?} is one of the four"),
        }
    }

    /// `args`: address, old and new length, new address.
    pub(crate) fn remap(&mut self, args: [usize; 4], flags: i32) {
        let [addr, old_len, new_len, to] = args;
        let len = self.target().ceil(new_len);
        let lead = if self.config.narrow() { addr & self.config.host.mask() } else { 0 };
        let unit = self.config.unit();
        let span = len.filter(|len| *len < self.model.limit).and_then(|len| unit.ceil(len + lead));
        let place = span.and_then(|span| self.in_window(span, unit.bytes())).map(|at| at + lead);
        let delicate = self.is_delicate(args);
        let answer = self.space.mremap(addr, old_len, new_len, flags, to);
        if self.struck() {
            return;
        }
        if self.config.narrow() && flags & FIXED == 0 {
            match answer {
                Err(Errno::ENOMEM | Errno::EFAULT | Errno::EINVAL) if delicate => {
                    self.failed = true;
                    return;
                }
                // It may move although there is room, of which the host pages
                // know nothing.
                Ok(at) if at != addr && flags & 4 == 0 => {
                    assert_eq!(Some(at), place.or(Some(at)));
                    assert!(self.model.is_free(range(at, len.unwrap())));
                    self.rolling = at + len.unwrap();
                    let moved = self.model.mremap(addr, old_len, new_len, 3, at);
                    assert_eq!(moved, Ok(at));
                    return;
                }
                _ => {}
            }
        }
        if self.config.narrow() && answer.is_err() && delicate {
            self.failed = true;
            return;
        }
        self.model.next = place.or(answer.ok());
        let expected = self.model.mremap(addr, old_len, new_len, flags, to);
        self.model.next = None;
        assert_eq!(answer, expected);
        match answer {
            Ok(at) if at != addr => self.rolling = at + len.unwrap(),
            _ => {}
        }
    }

    /// Whether host pages larger than target pages may forbid to move what is
    /// there: pages of files and shared memory have to stay in theirs.
    fn is_delicate(&self, args: [usize; 4]) -> bool {
        let [addr, old_len, new_len, to] = args;
        let longest = old_len.max(new_len);
        let whole = [(addr, longest), (to, new_len)].into_iter().filter_map(|(at, len)| {
            AddrRange::from_len(at, self.target().ceil(len.max(1))?)?.round_out(self.config.host)
        });
        whole.into_iter().any(|whole| {
            let numbers = self.model.numbers(whole);
            let mut pages = self.model.pages.range(numbers);
            pages.any(|(_, page)| page.shared || page.object.is_some())
        })
    }

    pub(crate) fn advise(&mut self, addr: usize, len: usize, advice: i32) {
        let whole = AddrRange::from_len(addr, self.target().ceil(len).unwrap_or(0));
        if self.config.narrow() {
            // What was read from a file into a part of a host page stays.
            let whole = whole.unwrap_or_default();
            let numbers = self.model.numbers(whole);
            if self.model.pages.range(numbers).any(|(_, page)| page.object.is_some()) {
                return;
            }
        }
        let answer = self.space.madvise(addr, len, advice);
        self.agree(answer, |model| model.madvise(addr, len, advice));
    }

    pub(crate) fn tell(&mut self, addr: usize, len: usize) {
        self.space.host_mut().told.clear();
        self.model.told.clear();
        let answer = self.space.mincore(addr, len, VECTOR);
        let target = self.target();
        self.agree(answer, |model| {
            let range = target.ceil(len).and_then(|len| AddrRange::from_len(addr, len));
            if !target.is_aligned(addr) {
                return Err(Errno::EINVAL);
            }
            model.mincore(range.ok_or(Errno::ENOMEM)?, target.bytes(), VECTOR)
        });
        if !self.struck() {
            assert_eq!(self.host().told, self.model.told);
        }
    }

    pub(crate) fn exchange(&mut self, addr: usize, len: usize, to: usize) {
        let none = (Prot::NONE, MapFlags::empty());
        let numbers =
            AddrRange::from_len(addr, len).map_or(0..0, |named| self.model.numbers(named));
        let mut objects = self.model.pages.range(numbers).filter_map(|(_, page)| page.object);
        if objects.any(|(object, _)| self.model.objects[object].driver.is_some()) {
            // a driver's length is no whole target pages
            return;
        }
        let answer = self.space.remap_file_pages(addr, len, none.0, to, none.1);
        if self.config.narrow() && answer == Err(Errno::EINVAL) {
            return;
        }
        self.agree(answer, |model| model.remap_file_pages(addr, len, none.0, to, none.1));
    }
}
