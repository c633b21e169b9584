//! mprotect(2) (A3), one host call for each VMA, as the kernel's own loop.

use crate::errno::Errno;
use crate::flags::Prot;
use crate::host::Host;
use crate::map::NodeSource;
use crate::page::AddrRange;
use crate::space::Space;
use crate::vma::{Backing, Vma};

/// The bits that change the range and not the protection.
const GROWS: Prot = Prot::GROWSDOWN.union(Prot::GROWSUP);

impl<H: Host, S: NodeSource> Space<H, S> {
    /// mprotect(2).
    ///
    /// # Errors
    /// As `do_mprotect_pkey()` with target pages. What comes before a hole or a
    /// refusal is changed.
    pub fn mprotect(&mut self, addr: usize, len: usize, prot: Prot) -> Result<(), Errno> {
        if prot.contains(GROWS) || !self.config.target.is_aligned(addr) {
            return Err(Errno::EINVAL);
        }
        if len == 0 {
            return Ok(());
        }
        let range = self.target_range(addr, len).ok_or(Errno::ENOMEM)?;
        self.reserve(3)?;
        if prot.intersects(GROWS) {
            return self.protect_growing(range, prot);
        }
        // One entry, whole host pages: the usual case.
        if let Some(vma) = self.map.find(addr) {
            if vma.range.covers(range) && !self.config.narrow() && vma.is_plain() {
                self.host.mprotect(addr, range.len(), prot)?;
                self.map.update(range, |vma| vma.prot = prot & Prot::RWX);
                return Ok(());
            }
        }
        self.check_prot(prot)?;
        self.protect_range(range, prot)
    }

    /// Has the host look at the protection bits, of which it alone knows which
    /// exist (`arch_validate_prot()`): they are checked before the range is, and
    /// at the last page of all nothing can be mapped.
    fn check_prot(&mut self, prot: Prot) -> Result<(), Errno> {
        if prot.difference(Prot::RWX).is_empty() {
            return Ok(());
        }
        let page = self.config.real.bytes();
        match self.host.mprotect(0usize.wrapping_sub(page.wrapping_mul(2)), page, prot) {
            Err(Errno::ENOMEM) | Ok(()) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    fn protect_range(&mut self, range: AddrRange, prot: Prot) -> Result<(), Errno> {
        let mut at = range.start();
        while at < range.end() {
            let rest = AddrRange::new(at, range.end()).ok_or(Errno::ENOMEM)?;
            // Foreign entries are only there for placement: the host knows better.
            let ours = self.map.find(at).filter(Vma::is_ours);
            if let Some(vma) = ours.and_then(|vma| vma.clipped(rest)) {
                self.protect_entry(&vma, prot)?;
                at = vma.range.end();
                continue;
            }
            let part = self.foreign_part(rest).ok_or(Errno::ENOMEM)?;
            self.protect_foreign(part, prot)?;
            self.map.update(part, |vma| vma.prot = prot & Prot::RWX);
            at = part.end();
        }
        Ok(())
    }

    /// The part `vma` of an entry.
    fn protect_entry(&mut self, vma: &Vma, prot: Prot) -> Result<(), Errno> {
        self.reserve(3)?;
        if self.config.narrow() {
            return self.protect_narrow(vma, prot);
        }
        if vma.backing != Backing::Filler {
            self.host.mprotect(vma.range.start(), vma.range.len(), prot)?;
        }
        self.map.update(vma.range, |vma| vma.prot = prot & Prot::RWX);
        Ok(())
    }

    /// With PROT_GROWSDOWN or PROT_GROWSUP the range is extended to the edge of
    /// a mapping that grows by itself: the host alone knows how far that reaches.
    fn protect_growing(&mut self, range: AddrRange, prot: Prot) -> Result<(), Errno> {
        let span = range.round_out(self.config.unit()).ok_or(Errno::ENOMEM)?;
        let answer = self.host.mprotect(span.start(), span.len(), prot);
        let first = self.map.first_from(range.start()).map_or(span.start(), |v| v.range.start());
        let last = self.map.last_before(range.end()).map_or(span.end(), |v| v.range.end());
        if let Some(seen) = AddrRange::new(first.min(span.start()), last.max(span.end())) {
            self.settle(seen);
        }
        answer
    }
}
