//! Mappings whose address is the driver's to choose.
//!
//! io_uring's rings refuse any address (`io_uring_get_unmapped_area()`), so they
//! cannot be put where the table has a place. What can be had is a proposal of
//! the host's that happens to be on target pages. With MAP_32BIT x86-64 proposes
//! somewhere else each time (`find_start_end()`), in memory that is empty as a
//! rule. Where the flag is none, or addresses are not random, the same place is
//! proposed again: then what lies between it and a better one is taken first.

use crate::errno::Errno;
use crate::flags::MapFlags;
use crate::host::Host;
use crate::map::NodeSource;
use crate::ops::call::Call;
use crate::page::AddrRange;
use crate::space::Space;

/// Of 16 random places one is on a page of 64K, of 256 on one of 1M.
const TRIES: usize = 2048;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// Maps a special file where its driver puts it, on target pages. Needs 6
    /// reserved entries.
    ///
    /// # Errors
    /// The host's, and `EINVAL` when no proposal is on target pages.
    pub(crate) fn map_by_driver(&mut self, call: &Call) -> Result<usize, Errno> {
        let nowhere = AddrRange::from_len(0, call.span).ok_or(Errno::EINVAL)?;
        let part = self.mapped_part(call, nowhere).len();
        let mut before = None;
        for _ in 0..TRIES {
            let at = self.propose(call, part)?;
            let place = AddrRange::from_len(at, part).ok_or(Errno::EINVAL)?;
            if at & (call.align - 1) == 0 && self.complete(call, place) {
                return self.enter_span(call, at);
            }
            self.host.munmap(at, part)?;
            if before.replace(at) == Some(at) {
                let base = self.steer_down(call, place).ok_or(Errno::EINVAL)?;
                return self.enter_span(call, base);
            }
        }
        Err(Errno::EINVAL)
    }

    /// Maps it on the target pages that end where `place`, the host's proposal,
    /// ends, or just below: what lies behind is taken, and the host asked again.
    fn steer_down(&mut self, call: &Call, place: AddrRange) -> Option<usize> {
        let base = place.end().checked_sub(call.span)? & !(call.align - 1);
        let behind = AddrRange::new(base.checked_add(place.len())?, place.end())?;
        self.keep_free(behind).ok()?;
        let landed = self.propose(call, place.len());
        if landed != Ok(base) {
            if let Ok(at) = landed {
                let _ = self.host.munmap(at, place.len());
            }
            self.give_back(behind);
            return None;
        }
        if let Some(over) = AddrRange::new(base.checked_add(call.span)?, place.end()) {
            self.give_back(over);
        }
        Some(base)
    }

    fn propose(&mut self, call: &Call, part: usize) -> Result<usize, Errno> {
        let flags = call.flags_anywhere() | MapFlags::BIT32;
        self.host.mmap(0, part, call.prot, flags, call.fd, call.host_offset())
    }

    /// Takes the rest of the last target page behind `part`.
    fn complete(&mut self, call: &Call, part: AddrRange) -> bool {
        let end = part.start().checked_add(call.span);
        let rest = end.and_then(|end| AddrRange::new(part.end(), end));
        rest.is_some_and(|rest| self.keep_free(rest).is_ok())
    }

    /// Maps `range`, where nothing is, without access.
    fn keep_free(&mut self, range: AddrRange) -> Result<(), Errno> {
        if range.is_empty() {
            return Ok(());
        }
        self.keep_place(range, MapFlags::FIXED_NOREPLACE)
    }

    fn give_back(&mut self, range: AddrRange) {
        if !range.is_empty() {
            // Nothing better is left to do when this fails.
            let _ = self.release(range);
        }
    }
}
