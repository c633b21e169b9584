//! Making the table what the host is.

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::host::{Host, HostRegion};
use crate::map::NodeSource;
use crate::page::AddrRange;
use crate::space::{Reserve, Space};
use crate::vma::{Backing, Vma};

impl<H: Host, S: NodeSource> Space<H, S> {
    /// Makes the table of `range` what the host says it is: entries that are
    /// gone are taken out, others get the host's protection. Memory that the
    /// table never knew is not taken in.
    ///
    /// # Errors
    /// ENOMEM when there is no memory for the table.
    pub fn resync(&mut self, range: AddrRange) -> Result<(), Errno> {
        // An entry that reaches beyond the range is found from its end again.
        let mut rest = range;
        while let Some(vma) = self.map.first_from(rest.start()).and_then(|vma| vma.clipped(rest)) {
            self.resync_entry(&vma)?;
            rest = AddrRange::new(vma.range.end(), range.end()).unwrap_or_default();
        }
        self.restore_reservation(range)
    }

    /// [`Space::resync`] after a call of the host that failed, where there is no
    /// better way to report that the table cannot be put right.
    pub(crate) fn settle(&mut self, range: AddrRange) {
        let hard = self.config.reserve == Reserve::Hard;
        if hard || !self.map.is_free(range) {
            let _ = self.resync(range);
        }
    }

    /// The part `vma` of an entry.
    fn resync_entry(&mut self, vma: &Vma) -> Result<(), Errno> {
        // A host page holds the union of what its target pages may do.
        let exact = !self.config.narrow();
        let mut at = vma.range.start();
        while at < vma.range.end() {
            self.reserve(3)?;
            let region = match self.host.region_from(at) {
                Ok(region) => region.filter(|r| r.range.start() < vma.range.end()),
                Err(_) => {
                    if !self.host.is_mapped(at) {
                        self.map.remove(vma.range);
                    }
                    return Ok(());
                }
            };
            let seen = region.and_then(|r| r.range.intersection(vma.range));
            let (start, end) =
                seen.map_or((vma.range.end(), vma.range.end()), |r| (r.start(), r.end()));
            if let Some(gone) = AddrRange::new(at, start).filter(|gone| !gone.is_empty()) {
                self.map.remove(gone);
            }
            if let (Some(region), Some(seen), true) = (region, seen, exact) {
                self.map.update(seen, |vma| agree(vma, &region));
            }
            at = end;
        }
        Ok(())
    }

    /// Maps the reservation again where the host has nothing at all.
    fn restore_reservation(&mut self, range: AddrRange) -> Result<(), Errno> {
        let Some(hard) = self.hard_part(range) else { return Ok(()) };
        let mut at = hard.start();
        while at < hard.end() {
            let region = self.host.region_from(at)?;
            let region = region.and_then(|region| region.range.intersection(hard));
            let next = region.map_or(hard.end(), AddrRange::start);
            if let Some(gap) = AddrRange::new(at, next).filter(|gap| !gap.is_empty()) {
                // The second try is for a host that is short of memory right now:
                // what is not reserved again can be lost to others.
                let how = MapFlags::FIXED_NOREPLACE;
                self.keep_place(gap, how).or_else(|_| self.keep_place(gap, how))?;
            }
            at = region.map_or(hard.end(), AddrRange::end);
        }
        Ok(())
    }

    /// In the child of a fork: takes out what it did not get (MADV_DONTFORK).
    ///
    /// # Errors
    /// As [`Space::resync`].
    pub fn forked(&mut self) -> Result<(), Errno> {
        if !self.left_behind {
            return Ok(());
        }
        self.resync(AddrRange::new(0, usize::MAX).unwrap_or_default())
    }

    /// Makes the whole table anew from the host, keeping what the table knew
    /// and the host cannot tell. What is in the window and the table never knew
    /// is written down as foreign.
    ///
    /// # Errors
    /// ENOMEM when there is no memory for the table; ENOSYS when the host cannot
    /// tell.
    pub fn rebuild(&mut self) -> Result<(), Errno> {
        self.resync(AddrRange::new(0, usize::MAX).unwrap_or_default())?;
        self.visit_window(|space, region| {
            let mut at = region.range.start();
            while at < region.range.end() {
                let next = space.map.first_from(at);
                let start = next.map_or(usize::MAX, |vma| vma.range.start());
                let end = start.min(region.range.end());
                if let Some(free) = AddrRange::new(at, end).filter(|free| !free.is_empty()) {
                    space.insert_foreign(free, region.prot)?;
                }
                at = next.map_or(region.range.end(), |vma| vma.range.end());
            }
            Ok(())
        })
    }

    /// Makes the table from the host alone, without a look at the old one, which
    /// may be half edited: for the child of a fork that happened inside an edit
    /// of another thread. What lies in the window is taken for ours; mappings
    /// outside it become memory that others mapped.
    ///
    /// # Errors
    /// As [`Space::rebuild`].
    pub fn rebuild_from_nothing(&mut self) -> Result<(), Errno> {
        self.map.clear();
        self.foreign = false;
        self.rolling = 0;
        self.visit_window(Space::adopt)
    }

    /// Shows `visit` every mapping of the host inside the window, clipped to it,
    /// but not the reservation.
    fn visit_window(
        &mut self,
        mut visit: impl FnMut(&mut Self, &HostRegion) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let window = self.config.window;
        let mut at = window.start();
        while at < window.end() {
            let Some(region) = self.host.region_from(at)? else { break };
            let Some(range) = region.range.intersection(window) else { break };
            at = range.end();
            let delta = (range.start() - region.range.start()) as u64;
            let backing = region.backing.advanced(delta);
            let region = HostRegion { range, backing, ..region };
            let Some(region) = self.without_reservation(&region) else { continue };
            visit(self, &region)?;
        }
        Ok(())
    }

    /// A region without what may be the reservation. A filler looks the same, but
    /// for where it begins.
    fn without_reservation(&self, region: &HostRegion) -> Option<HostRegion> {
        if self.config.reserve == Reserve::Soft || !is_placeholder(region) {
            return Some(*region);
        }
        let end = self.config.target.ceil(region.range.start())?.min(region.range.end());
        let range = AddrRange::new(region.range.start(), end).filter(|range| !range.is_empty())?;
        Some(HostRegion { range, ..*region })
    }

    /// Takes a region for a mapping of ours. Ours are whole target pages, but for
    /// a special file and the filler behind it.
    fn adopt(&mut self, region: &HostRegion) -> Result<(), Errno> {
        self.reserve(5)?;
        let HostRegion { range, prot, shared, backing } = *region;
        let target = self.config.target;
        let mut rest = range;
        let first_page = target.ceil(range.start()).unwrap_or(range.end()).min(range.end());
        if is_placeholder(region) && first_page > range.start() {
            let filler = AddrRange::new(range.start(), first_page).unwrap_or(range);
            let flags = MapFlags::PRIVATE;
            self.map.insert(Vma { range: filler, prot, flags, backing: Backing::Filler });
            rest = AddrRange::new(first_page, range.end()).unwrap_or_default();
            if rest.is_empty() {
                return Ok(());
            }
        }
        let backing = match backing {
            Backing::File { id, offset } if !target.is_aligned(range.end()) => {
                Backing::Special { id, offset }
            }
            other => other,
        };
        let flags = if shared { MapFlags::SHARED } else { MapFlags::PRIVATE };
        self.map.insert(Vma { range: rest, prot: prot & Prot::RWX, flags, backing });
        Ok(())
    }
}

/// Whether a region may be a mapping that only keeps a place.
fn is_placeholder(region: &HostRegion) -> bool {
    let none = (region.prot & Prot::RWX).is_empty();
    none && !region.shared && region.backing == Backing::Anonymous
}

/// Takes over from the host what it knows better.
fn agree(vma: &mut Vma, region: &HostRegion) {
    if matches!(vma.backing, Backing::Filler | Backing::Foreign) {
        return;
    }
    vma.prot = region.prot & Prot::RWX;
    if vma.flags.is_shared() != region.shared {
        // somebody mapped over it
        vma.flags = if region.shared { MapFlags::SHARED } else { MapFlags::PRIVATE };
        let delta = vma.range.start().saturating_sub(region.range.start());
        vma.backing = region.backing.advanced(delta as u64);
    }
}
