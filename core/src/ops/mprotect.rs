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

/// What mprotect(2) or pkey_mprotect(2) does to each part of a range.
#[derive(Clone, Copy)]
pub(crate) struct Change {
    pub(crate) prot: Prot,
    pub(crate) key: Option<i32>,
}

impl<H: Host, S: NodeSource> Space<H, S> {
    /// mprotect(2).
    ///
    /// # Errors
    /// As `do_mprotect_pkey()` with target pages. What comes before a hole or a
    /// refusal is changed.
    pub fn mprotect(&mut self, addr: usize, len: usize, prot: Prot) -> Result<(), Errno> {
        self.protect(addr, len, Change { prot, key: None })
    }

    /// pkey_mprotect(2).
    ///
    /// # Errors
    /// As [`Space::mprotect`]; EINVAL for a key that was not allocated.
    pub fn pkey_mprotect(
        &mut self,
        addr: usize,
        len: usize,
        prot: Prot,
        key: i32,
    ) -> Result<(), Errno> {
        self.protect(addr, len, Change { prot, key: Some(key) })
    }

    fn protect(&mut self, addr: usize, len: usize, change: Change) -> Result<(), Errno> {
        let prot = change.prot;
        if prot.contains(GROWS) || !self.config.target.is_aligned(addr) {
            return Err(Errno::EINVAL);
        }
        if len == 0 {
            return Ok(());
        }
        let range = self.target_range(addr, len).ok_or(Errno::ENOMEM)?;
        self.reserve(3)?;
        if prot.intersects(GROWS) {
            return self.protect_growing(range, change);
        }
        // One entry, whole host pages: the usual case.
        if let Some(vma) = self.map.find(addr) {
            if vma.range.covers(range) && !self.config.narrow() && vma.is_plain() {
                self.change_host(range, change)?;
                self.map.update(range, |vma| vma.prot = prot & Prot::RWX);
                return Ok(());
            }
        }
        self.check_change(change)?;
        self.protect_range(range, change)
    }

    /// One change on the host.
    pub(crate) fn change_host(&mut self, range: AddrRange, change: Change) -> Result<(), Errno> {
        match change.key {
            None => self.host.mprotect(range.start(), range.len(), change.prot),
            Some(key) => self.host.pkey_mprotect(range.start(), range.len(), change.prot, key),
        }
    }

    /// Has the host look at protection bits and key, of which it alone knows which
    /// exist (`arch_validate_prot()`): they are checked before the range is, and at
    /// the last page of all nothing can be mapped.
    fn check_change(&mut self, change: Change) -> Result<(), Errno> {
        if change.prot.difference(Prot::RWX).is_empty() && change.key.is_none() {
            return Ok(());
        }
        let page = self.config.real.bytes();
        let last = 0usize.wrapping_sub(page.wrapping_mul(2));
        let nowhere = AddrRange::from_len(last, page).ok_or(Errno::ENOMEM)?;
        match self.change_host(nowhere, change) {
            Err(Errno::ENOMEM) | Ok(()) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    fn protect_range(&mut self, range: AddrRange, change: Change) -> Result<(), Errno> {
        let mut at = range.start();
        while at < range.end() {
            let rest = AddrRange::new(at, range.end()).ok_or(Errno::ENOMEM)?;
            // Foreign entries are only there for placement: the host knows better.
            let ours = self.map.find(at).filter(Vma::is_ours);
            if let Some(vma) = ours.and_then(|vma| vma.clipped(rest)) {
                self.protect_entry(&vma, change)?;
                at = vma.range.end();
                continue;
            }
            let part = self.foreign_part(rest).ok_or(Errno::ENOMEM)?;
            self.protect_foreign(part, change)?;
            self.map.update(part, |vma| vma.prot = change.prot & Prot::RWX);
            at = part.end();
        }
        Ok(())
    }

    /// The part `vma` of an entry.
    fn protect_entry(&mut self, vma: &Vma, change: Change) -> Result<(), Errno> {
        self.reserve(3)?;
        if self.config.narrow() {
            return self.protect_narrow(vma, change);
        }
        if vma.backing != Backing::Filler {
            self.change_host(vma.range, change)?;
        }
        self.map.update(vma.range, |vma| vma.prot = change.prot & Prot::RWX);
        Ok(())
    }

    /// With PROT_GROWSDOWN or PROT_GROWSUP the range is extended to the edge of
    /// a mapping that grows by itself: the host alone knows how far that reaches.
    fn protect_growing(&mut self, range: AddrRange, change: Change) -> Result<(), Errno> {
        let span = range.round_out(self.config.unit()).ok_or(Errno::ENOMEM)?;
        let answer = self.change_host(span, change);
        let first = self.map.first_from(range.start()).map_or(span.start(), |v| v.range.start());
        let last = self.map.last_before(range.end()).map_or(span.end(), |v| v.range.end());
        if let Some(seen) = AddrRange::new(first.min(span.start()), last.max(span.end())) {
            self.settle(seen);
        }
        answer
    }
}
