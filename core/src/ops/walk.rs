//! Calls that work on whatever is mapped in a range: msync, madvise, mlock.
//!
//! The host sees them part by part: rows of our entries, and regions of others.
//! So a hole of the host that is less than a target page is no hole, and free
//! memory that the host has something in (the reservation, the rest of a host
//! page in use) is one.

use crate::errno::Errno;
use crate::host::Host;
use crate::map::NodeSource;
use crate::page::AddrRange;
use crate::space::Space;
use crate::vma::Backing;

/// What a hole does to a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holes {
    /// It goes on behind the hole and says ENOMEM in the end.
    Skip,
    /// It ends with ENOMEM.
    Stop,
}

/// What the first target page of a range is part of.
enum Part {
    /// A mapping; the part of it that begins the range.
    Mapped(AddrRange),
    /// What stands in for a mapping and is not to be shown to the host.
    Silent(AddrRange),
    /// Nothing, up to where something may be.
    Hole(AddrRange),
}

impl<H: Host, S: NodeSource> Space<H, S> {
    /// Calls `call` for every part of `range`, whole target pages, that is
    /// mapped, in order of address; ends with its first error.
    pub(crate) fn over_mapped(
        &mut self,
        range: AddrRange,
        holes: Holes,
        mut call: impl FnMut(&mut Self, AddrRange) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let mut answer = Ok(());
        let mut at = range.start();
        while let Some(rest) = AddrRange::new(at, range.end()).filter(|rest| !rest.is_empty()) {
            let part = match self.part(rest) {
                Ok(part) => part,
                // No list of mappings: what the host says of the rest is all there is.
                Err(_) => return call(self, rest).and(answer),
            };
            at = match part {
                Part::Mapped(part) => {
                    call(self, part)?;
                    part.end()
                }
                Part::Silent(part) => part.end(),
                Part::Hole(_) if holes == Holes::Stop => return Err(Errno::ENOMEM),
                Part::Hole(hole) => {
                    answer = Err(Errno::ENOMEM);
                    hole.end()
                }
            };
        }
        answer
    }

    /// Where the first target page of `range` with nothing in it begins.
    pub(crate) fn first_gap(&mut self, range: AddrRange) -> Result<Option<usize>, Errno> {
        let mut at = range.start();
        while let Some(rest) = AddrRange::new(at, range.end()).filter(|rest| !rest.is_empty()) {
            at = match self.part(rest)? {
                Part::Mapped(part) | Part::Silent(part) => part.end(),
                Part::Hole(_) => return Ok(Some(at)),
            };
        }
        Ok(None)
    }

    fn part(&mut self, rest: AddrRange) -> Result<Part, Errno> {
        let at = rest.start();
        let upto = |end: usize| AddrRange::new(at, end.min(rest.end())).unwrap_or_default();
        match self.map.find(at) {
            Some(vma) if vma.backing == Backing::Filler => {
                return Ok(Part::Silent(upto(vma.range.end())));
            }
            Some(vma) if vma.is_ours() => {
                return Ok(Part::Mapped(upto(self.row_end(rest))));
            }
            _ => {}
        }
        let Some(part) = self.foreign_part(rest) else {
            // Inside the reservation the table knows all; elsewhere one page.
            let next = self.map.first_from(at).map_or(rest.end(), |vma| vma.range.start());
            let page = at.saturating_add(self.config.target.bytes());
            let end = self.hard_part(rest).map_or(page, |hard| hard.end().min(next));
            return Ok(Part::Hole(upto(end)));
        };
        self.part_of_others(part)
    }

    /// Where a row of entries of ours, each with something for the host, ends.
    fn row_end(&self, rest: AddrRange) -> usize {
        let mut end = rest.start();
        for vma in self.map.overlapping(rest) {
            if vma.range.start() != end || !vma.is_plain() {
                break;
            }
            end = vma.range.end();
        }
        end
    }

    /// `part` is whole target pages of memory that is not ours.
    fn part_of_others(&mut self, part: AddrRange) -> Result<Part, Errno> {
        let target = self.config.target;
        let at = part.start();
        let page = target.floor(at);
        // What follows in a target page of which something was seen is no hole.
        let seen_before = page < at;
        let region = self.host.region_from(at)?;
        let seen = region.and_then(|region| region.range.intersection(part));
        match seen {
            Some(seen) if seen.start() == at => Ok(Part::Mapped(seen)),
            Some(seen) if target.floor(seen.start()) == page => {
                Ok(Part::Silent(AddrRange::new(at, seen.start()).unwrap_or(part)))
            }
            _ if seen_before => Ok(self.gap(at, page)),
            Some(seen) => {
                let end = target.floor(seen.start());
                Ok(Part::Hole(AddrRange::new(at, end).unwrap_or(part)))
            }
            None => Ok(Part::Hole(part)),
        }
    }

    /// From `at` to the end of the target page that begins at `page`.
    fn gap(&self, at: usize, page: usize) -> Part {
        let end = page.saturating_add(self.config.target.bytes());
        Part::Silent(AddrRange::new(at, end).unwrap_or_default())
    }
}
