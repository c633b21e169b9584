//! mremap(2) of what is one mapping to the program and several to the host: pages of
//! private mappings that came from a fork do not join their neighbours again.

use crate::errno::Errno;
use crate::host::Host;
use crate::map::NodeSource;
use crate::ops::mremap::{Resize, DONTUNMAP, FIXED, MAYMOVE};
use crate::page::AddrRange;
use crate::space::Space;
use crate::vma::Backing;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// The host's mremap(2) of the old range to `to`, or in place without FIXED.
    pub(crate) fn remap(&mut self, resize: &Resize, flags: i32, to: usize) -> Result<usize, Errno> {
        let Resize { old, new_len, host_len, vma, .. } = *resize;
        let answer = self.host.mremap(old.start(), host_len, new_len, flags, to);
        let private = matches!(vma.backing, Backing::File { .. }) && !vma.flags.is_shared();
        let one = private && old.end() <= vma.range.end() && !old.is_empty();
        if !self.torn || answer != Err(Errno::EFAULT) || !one || flags & DONTUNMAP != 0 {
            return answer;
        }
        if flags & FIXED != 0 {
            self.move_pieces(resize, to)
        } else {
            self.grow_last(resize)
        }
    }

    /// The host's mapping around `at`, as far as it is in the old range.
    fn piece(&mut self, at: usize, old: AddrRange) -> Result<AddrRange, Errno> {
        let region = self.host.region_from(at)?.filter(|region| region.range.contains(at));
        let rest = AddrRange::new(at, old.end()).unwrap_or_default();
        region.and_then(|region| region.range.intersection(rest)).ok_or(Errno::EFAULT)
    }

    /// In place: what comes last of the old range is made longer.
    fn grow_last(&mut self, resize: &Resize) -> Result<usize, Errno> {
        let (old, new_len) = (resize.old, resize.new_len);
        let mut last = self.piece(old.start(), old)?;
        while last.end() < old.end() {
            last = self.piece(last.end(), old)?;
        }
        let longer = last.len().saturating_add(new_len.saturating_sub(old.len()));
        self.host.mremap(last.start(), last.len(), longer, 0, 0)?;
        Ok(old.start())
    }

    /// To `to`, where nothing is by now; when one cannot be moved the others go back.
    fn move_pieces(&mut self, resize: &Resize, to: usize) -> Result<usize, Errno> {
        let (old, new_len) = (resize.old, resize.new_len);
        if new_len < old.len() {
            self.host.munmap(old.start() + new_len, old.len() - new_len)?;
        }
        let kept = AddrRange::from_len(old.start(), old.len().min(new_len)).ok_or(Errno::EINVAL)?;
        let mut at = kept.start();
        while at < kept.end() {
            let moved = self.piece(at, kept).and_then(|piece| {
                let longer = if piece.end() == kept.end() { new_len - kept.len() } else { 0 };
                let place = to + (at - kept.start());
                let len = piece.len() + longer;
                self.host.mremap(at, piece.len(), len, MAYMOVE | FIXED, place)?;
                Ok(piece.end())
            });
            match moved {
                Ok(end) => at = end,
                Err(errno) => {
                    self.bring_back(kept.start(), at, to);
                    return Err(errno);
                }
            }
        }
        Ok(to)
    }

    /// What was moved from `start` on, up to `end`, is at `from` and goes back.
    fn bring_back(&mut self, start: usize, end: usize, from: usize) {
        let moved = AddrRange::from_len(from, end - start).unwrap_or_default();
        let mut at = moved.start();
        while at < moved.end() {
            let Ok(piece) = self.piece(at, moved) else { return };
            let place = start + (at - moved.start());
            let len = piece.len();
            if self.host.mremap(at, len, len, MAYMOVE | FIXED, place).is_err() {
                return;
            }
            at = piece.end();
        }
    }
}
