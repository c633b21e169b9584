//! Memory that others mapped: image, libraries, stack, heap, libc's own.
//!
//! Its neighbours begin at any host page, which no system with target pages
//! would show. A target page counts as mapped when any host page of it is.

use crate::errno::Errno;
use crate::flags::Prot;
use crate::host::{Host, HostRegion};
use crate::map::NodeSource;
use crate::ops::mprotect::Change;
use crate::page::AddrRange;
use crate::space::Space;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// mprotect(2) of `part`, which is whole target pages and not ours.
    ///
    /// Whole target pages inside one region get exactly `prot`. In a page that
    /// several regions share, a change never takes a permission away: code and
    /// data of an image may share one.
    pub(crate) fn protect_foreign(&mut self, part: AddrRange, change: Change) -> Result<(), Errno> {
        let unit = self.config.unit();
        let mut at = part.start();
        while at < part.end() {
            let region = match self.foreign_region(at) {
                Ok(region) => region,
                // Without a list of mappings the host's answer is all there is.
                Err(_) => {
                    let rest = AddrRange::new(at, part.end()).ok_or(Errno::ENOMEM)?;
                    return self.change_host(rest, change);
                }
            };
            let Some(region) = region.filter(|region| self.starts_at(region, at)) else {
                return Err(Errno::ENOMEM);
            };
            let whole = unit.floor(region.range.end().min(part.end()));
            if region.range.start() <= at && unit.is_aligned(at) && at < whole {
                let inside = AddrRange::new(at, whole).ok_or(Errno::ENOMEM)?;
                self.change_host(inside, change)?;
                at = whole;
                continue;
            }
            let page = AddrRange::from_len(unit.floor(at), unit.bytes()).ok_or(Errno::ENOMEM)?;
            self.protect_shared_page(page, part, change)?;
            at = page.end().min(part.end());
        }
        Ok(())
    }

    /// One page, of the larger size, that is not the inside of one region.
    fn protect_shared_page(
        &mut self,
        page: AddrRange,
        part: AddrRange,
        change: Change,
    ) -> Result<(), Errno> {
        let sole = self.is_sole_region(page)? && part.covers(page);
        let mut at = page.start();
        while let Some(region) = self.foreign_region(at)? {
            let Some(seen) = region.range.intersection(page) else { break };
            let kept = if sole { Prot::NONE } else { region.prot & Prot::RWX };
            let change = Change { prot: change.prot | kept, ..change };
            // Host pages the change does not reach are left alone.
            let seen = seen.intersection(part.round_out(self.config.host).unwrap_or(part));
            if let Some(seen) = seen {
                self.change_host(seen, change)?;
            }
            at = region.range.end();
        }
        Ok(())
    }

    /// Whether one region only has pages in `page`.
    fn is_sole_region(&mut self, page: AddrRange) -> Result<bool, Errno> {
        let Some(first) = self.foreign_region(page.start())? else { return Ok(false) };
        let next = self.foreign_region(first.range.end())?;
        Ok(next.is_none_or(|next| next.range.start() >= page.end()))
    }

    /// The first region that ends behind `at`; `None` at the end of the address
    /// space.
    pub(crate) fn foreign_region(&mut self, at: usize) -> Result<Option<HostRegion>, Errno> {
        let region = self.host.region_from(at)?;
        Ok(region.filter(|region| region.range.end() > at))
    }

    /// Whether the target page at `at` counts as mapped by `region`.
    fn starts_at(&self, region: &HostRegion, at: usize) -> bool {
        self.config.target.floor(region.range.start()) <= at
    }

    /// Where the entries of ours begin again behind `at`, at most `limit`.
    fn foreign_end(&self, at: usize, limit: usize) -> usize {
        let mut from = at;
        while let Some(vma) = self.map.first_from(from) {
            if vma.is_ours() || vma.range.start() >= limit {
                return vma.range.start().clamp(at, limit);
            }
            from = vma.range.end();
        }
        limit
    }

    /// The part at the beginning of `rest` that may be memory of others: no entry
    /// of ours is in it, nor is it free by our own doing. `None` when that is
    /// nothing.
    pub(crate) fn foreign_part(&self, rest: AddrRange) -> Option<AddrRange> {
        let at = rest.start();
        if self.is_freed(at) {
            return None;
        }
        let mut end = self.foreign_end(at, rest.end());
        if self.config.narrow() && self.config.host.floor(end) > at {
            // In front of an entry of ours: the rest of its host page is free.
            end = self.config.host.floor(end);
        }
        let part = AddrRange::new(at, end)?;
        let end = self.hard_part(part).map_or(end, AddrRange::start);
        AddrRange::new(at, end).filter(|part| !part.is_empty())
    }

    /// Whether the target page at `at`, which no entry of ours covers, is free
    /// although the host may show memory there: part of the reservation, or of a
    /// host page that other target pages still use.
    pub(crate) fn is_freed(&self, at: usize) -> bool {
        let page = AddrRange::from_len(self.config.host.floor(at), self.config.host.bytes());
        let page = page.unwrap_or_default();
        if self.map.find(at).is_some() {
            return false;
        }
        self.hard_part(page).is_some() || (self.config.narrow() && !self.map.is_free(page))
    }
}
