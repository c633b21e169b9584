//! Placement in the open address space (A7): the host proposes.
//!
//! First more is asked for than needed, so that an aligned part lies in it; the
//! rest is given back. Where an address-space limit forbids that, the exact
//! length is asked for and, if it comes misaligned, places near the host's
//! proposal and from low memory on are tried one by one.

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::host::Host;
use crate::map::NodeSource;
use crate::ops::call::{Call, How};
use crate::ops::place::LOW_END;
use crate::page::AddrRange;
use crate::space::Space;

/// Places tried in each direction.
const TRIES: usize = 32;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// Maps `call` wherever the host has room. Needs 6 reserved entries.
    pub(crate) fn map_open(&mut self, call: &Call) -> Result<usize, Errno> {
        let slack = call.align.saturating_sub(self.config.real.bytes());
        let low = call.flags & MapFlags::BIT32;
        let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS | MapFlags::NORESERVE | low;
        let Some(total) = call.span.checked_add(slack) else {
            return self.map_proposed(call);
        };
        let Ok(at) = self.host.mmap(0, total, Prot::NONE, flags, -1, 0) else {
            // Also what is refused because it is more than asked for.
            return self.map_proposed(call);
        };
        let Some(taken) = AddrRange::from_len(at, total) else { return Err(Errno::ENOMEM) };
        let base = (at + slack) & !(call.align - 1);
        self.map_inside(call, taken, base).inspect_err(|_| {
            self.undo(taken);
        })?;
        self.enter_span(call, base)
    }

    /// Maps `call` at `base` inside `taken` and gives the rest back.
    fn map_inside(&mut self, call: &Call, taken: AddrRange, base: usize) -> Result<(), Errno> {
        let span = AddrRange::from_len(base, call.span).ok_or(Errno::ENOMEM)?;
        self.map_span(call, span, How::Replace)?;
        for (from, to) in [(taken.start(), span.start()), (span.end(), taken.end())] {
            if from < to {
                self.host.munmap(from, to - from)?;
            }
        }
        Ok(())
    }

    fn map_proposed(&mut self, call: &Call) -> Result<usize, Errno> {
        let asked = if call.is_special() { call.asked } else { call.span };
        let offset = call.host_offset();
        let flags = call.flags_anywhere();
        let at = self.host.mmap(0, asked, call.prot, flags, call.fd, offset)?;
        let whole = !call.is_special() || call.asked == call.span;
        if at & (call.align - 1) == 0 && whole {
            return self.enter_span(call, at);
        }
        self.host.munmap(at, asked)?;
        self.map_near(call, at)
    }

    /// Down from `at`, up from it, and up from low memory.
    fn map_near(&mut self, call: &Call, at: usize) -> Result<usize, Errno> {
        let mask = call.align - 1;
        let down = at & !mask;
        let low = self.config.min_addr.checked_add(mask).map_or(0, |addr| addr & !mask);
        for (from, up) in [(down, false), (down, true), (low, true)] {
            for i in 0..TRIES {
                let step = call.align.saturating_mul(i);
                let base = if up { from.checked_add(step) } else { from.checked_sub(step) };
                let Some(span) = base.and_then(|base| AddrRange::from_len(base, call.span)) else {
                    break;
                };
                if self.may_try(call, span) {
                    if let Ok(at) = self.map_at(call, span.start()) {
                        return Ok(at);
                    }
                }
            }
        }
        Err(Errno::ENOMEM)
    }

    fn may_try(&self, call: &Call, span: AddrRange) -> bool {
        let low = call.flags.contains(MapFlags::BIT32);
        span.start() >= self.config.min_addr.max(1)
            && (!low || span.end() <= LOW_END)
            && self.hard_part(span).is_none()
            && self.map.is_free(span)
    }
}
