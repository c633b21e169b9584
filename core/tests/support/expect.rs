//! mmap on both machines: where the model expects a mapping to go.

use super::machine::Page;
use super::range;
use super::rig::{Rig, FILE, READ};
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::host::Host;
use pagesim_core::page::AddrRange;
use pagesim_core::space::{MapRequest, Placement, Reserve};

/// Where a mapping may go.
enum Goes {
    To(usize),
    /// Wherever the host has room.
    Anywhere,
}

impl Rig {
    pub(crate) fn map(&mut self, request: &MapRequest) {
        let goes = self.goes(request);
        let refusable = self.may_refuse(request);
        let answer = self.space.mmap(request);
        if self.struck() {
            return;
        }
        let at = match answer {
            Ok(at) => at,
            Err(Errno::EINVAL) if refusable => return,
            Err(errno) => {
                let MapRequest { addr, len, prot, flags, fd, offset, .. } = *request;
                assert_eq!(self.model.mmap(addr, len, prot, flags, fd, offset), Err(errno));
                return;
            }
        };
        assert!(!self.must_refuse(request), "lost writes: {request:x?}");
        let len = self.target().ceil(request.len).unwrap();
        assert!(self.target().is_aligned(at), "{at:#x}");
        match goes {
            _ if request.flags.is_fixed() => assert_eq!(at, request.addr),
            Goes::To(expected) => assert_eq!(at, expected, "{at:#x} and not {expected:#x}"),
            Goes::Anywhere => {
                let low = request.flags.contains(MapFlags::BIT32);
                assert!(!low || at + len <= 1 << 31, "{at:#x}");
                assert_eq!(at % request.align.max(1).next_power_of_two(), 0);
            }
        }
        if !request.flags.contains(MapFlags::FIXED) {
            assert!(self.model.is_free(range(at, len)), "{at:#x} is in use");
        }
        self.rolling = at + len;
        let at_once = MapFlags::FIXED | MapFlags::FIXED_NOREPLACE;
        let flags = request.flags.difference(at_once) | MapFlags::FIXED;
        let MapRequest { prot, fd, offset, .. } = *request;
        assert_eq!(self.model.mmap(at, request.len, prot, flags, fd, offset), Ok(at));
    }

    /// The place that Linux's order, page by page, gives.
    fn goes(&self, request: &MapRequest) -> Goes {
        let target = self.target();
        let fits = |len: &usize| *len > 0 && *len < self.model.limit;
        let Some(len) = target.ceil(request.len).filter(fits) else {
            return Goes::Anywhere;
        };
        let unit = self.config.unit();
        let align = request.align.max(1).next_power_of_two();
        let beyond = request.offset as usize & self.config.host.mask();
        let narrow_file = self.config.narrow() && self.has_file(request);
        let lead = if narrow_file && !self.is_copied(request) { beyond } else { 0 };
        let low = request.flags.contains(MapFlags::BIT32);
        let hint = self.model.hint(request.addr);
        let end = if low { 1 << 31 } else { self.model.limit };
        if hint != 0 && hint + len <= end {
            let outer = range(hint, len).round_out(unit).unwrap();
            let copied = self.is_copied(request);
            let fits = if copied { 0 } else { beyond };
            let congruent = !narrow_file || copied || hint - outer.start() == fits;
            let reserved = self.config.reserve == Reserve::Hard
                && self.config.window.overlaps(outer)
                && !self.config.window.covers(outer);
            let aligned = hint % align == 0;
            if congruent && !reserved && aligned && self.is_unused(outer) {
                return Goes::To(hint);
            }
        }
        if low {
            return Goes::Anywhere;
        }
        let span = unit.ceil(lead + len).unwrap();
        self.in_window(span, align.max(unit.bytes()))
            .map_or(Goes::Anywhere, |at| Goes::To(at + lead))
    }

    fn has_file(&self, request: &MapRequest) -> bool {
        !request.flags.contains(MapFlags::ANONYMOUS)
    }

    /// Read in because no place of that alignment agrees with its offset.
    fn is_copied(&self, request: &MapRequest) -> bool {
        let beyond = request.offset as usize & self.config.host.mask();
        self.config.narrow()
            && self.has_file(request)
            && beyond % request.align.max(1).next_power_of_two() != 0
    }

    fn is_unused(&self, outer: AddrRange) -> bool {
        self.model.is_free(outer) && !self.foreign.iter().any(|there| there.overlaps(outer))
    }

    pub(crate) fn in_window(&self, span: usize, align: usize) -> Option<usize> {
        let window = self.config.window;
        let step = self.config.unit().bytes();
        let places = (window.start()..window.end()).step_by(step).filter(|at| {
            at % align == 0 && at + span <= window.end() && self.is_unused(range(*at, span))
        });
        if self.config.placement == Placement::TopDown {
            return places.last();
        }
        let places: Vec<usize> = places.collect();
        places.iter().find(|at| **at >= self.rolling).or(places.first()).copied()
    }

    /// Whether what is written to a mapping at this place could not arrive.
    fn must_refuse(&self, request: &MapRequest) -> bool {
        let shared = request.flags.is_shared() && request.prot.contains(Prot::WRITE);
        let congruent = (request.addr ^ request.offset as usize) & self.config.host.mask() == 0;
        let fixed = request.flags.is_fixed();
        self.config.narrow() && fixed && self.has_file(request) && shared && !congruent
    }

    /// Whether a finer target page may be refused: for its neighbours.
    fn may_refuse(&self, request: &MapRequest) -> bool {
        if !self.config.narrow() || ![-1, FILE, READ].contains(&request.fd) {
            return false;
        }
        if !request.flags.is_fixed() {
            // an alignment that no place with the right offset has
            return self.is_copied(request)
                && request.flags.is_shared()
                && request.prot.contains(Prot::WRITE);
        }
        if self.must_refuse(request) {
            return true;
        }
        let Some(len) = self.target().ceil(request.len) else { return false };
        let Some(inner) = AddrRange::from_len(request.addr, len) else { return false };
        let Some(outer) = inner.round_out(self.config.host) else { return false };
        let shared = request.flags.is_shared();
        let neighbours = self.model.numbers(outer).filter_map(|number| {
            let addr = number << self.target().shift();
            if inner.contains(addr) {
                None
            } else {
                self.model.at(addr)
            }
        });
        let refuses = |page: &Page| shared || page.shared;
        neighbours.into_iter().any(refuses)
    }
}
