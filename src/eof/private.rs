//! Pages of private mappings that the program has written.
//!
//! On a large page the first store makes all of it the program's own. The host copies
//! host page by host page, and a file that is cut takes away what lies behind its
//! end, copies included (`unmap_mapping_range()` with `even_cows`). So before this
//! process cuts a file inside a target page that was written, what is behind the
//! new end becomes a tail. Before another is started, that may cut any file anywhere,
//! all but the first host page of every target page that was written does.

use super::kernel::Pagemap;
use super::list::Tail;
use super::{kernel, strict, Eof};
use pagesim_core::eof;
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::page::AddrRange;
use pagesim_core::vma::{Backing, FileId, Vma};

/// Pages made whole before one start of a process: each is three entries in the kernel's
/// list, and written in full.
const AT_MOST: usize = 64;

impl Eof<'_> {
    /// A process is about to be started. Not where other threads may store into the pages
    /// meanwhile.
    pub(super) fn keep_written(&mut self) {
        let Some(pagemap) = Pagemap::open().filter(|_| kernel::is_single_threaded()) else {
            return;
        };
        let (real, target) = (self.space.config().real, self.space.config().target);
        let (mut at, mut left) = (0, AT_MOST);
        while let Some(vma) = self.space.map().first_from(at) {
            at = vma.range.end();
            if vma.flags.is_shared() {
                continue;
            }
            let mut rest = vma.range;
            while let Some(page) = pagemap
                .first_own(rest, real)
                .filter(|_| left != 0)
                .and_then(|own| eof::page_of(&vma, own, target))
            {
                rest = AddrRange::new(page.end(), vma.range.end()).unwrap_or_default();
                if self.first_live(page.start(), page.end()) != page.start() + real.bytes() {
                    let _ = self.keep_page(&vma, page, page.start() + 1);
                    left -= 1;
                }
            }
        }
        self.publish();
    }

    /// File `id` is about to be cut to `size` bytes.
    pub(crate) fn before_cut(&mut self, id: FileId, size: u64) {
        let target = self.space.config().target;
        if target.is_aligned(size as usize) {
            return;
        }
        let mut at = 0;
        while let Some(vma) = self.space.map().first_from(at) {
            at = vma.range.end();
            let Backing::File { id: file, offset } = vma.backing else { continue };
            let delta = size.checked_sub(offset).and_then(|delta| usize::try_from(delta).ok());
            let (false, true, Some(delta)) = (vma.flags.is_shared(), file == id, delta) else {
                continue;
            };
            let Some(end) = vma.range.start().checked_add(delta) else { continue };
            if let Some(page) = eof::page_of(&vma, end, target) {
                // what cannot be kept is lost as it is on the host
                let _ = self.keep_page(&vma, page, end);
            }
        }
        self.publish();
    }

    /// Makes `page`, if any of it was written, the program's own up to the place
    /// `end` where its file will end, and a tail behind that.
    fn keep_page(&mut self, vma: &Vma, page: AddrRange, end: usize) -> Result<(), Errno> {
        let Backing::File { id, offset } = vma.backing else { return Ok(()) };
        let real = self.space.config().real;
        let start = real.ceil(end).ok_or(Errno::ENOMEM)?;
        let filled = self.first_live(page.start(), page.end());
        let inside = AddrRange::new(page.start(), filled).ok_or(Errno::ENOMEM)?;
        let own = Pagemap::open().and_then(|pagemap| pagemap.first_own(inside, real));
        if own.is_none() {
            return Ok(());
        }
        let open = vma.prot.contains(Prot::RW);
        if !open {
            kernel::protect(inside, vma.prot | Prot::RW)?;
        }
        // a tail that nobody has touched cannot be read yet
        let filled = eof::first_beyond(inside, real, kernel::readable);
        self.fill_page(vma, page);
        for at in (inside.start()..filled).step_by(real.bytes()) {
            kernel::writable(at);
        }
        let kept = match AddrRange::new(start, filled).filter(|range| !range.is_empty()) {
            Some(range) => {
                let offset = offset.saturating_add((start - vma.range.start()) as u64);
                let (shared, hidden, own, growing) = (false, false, true, false);
                let (parked, sum, copy) = (0, 0, 0);
                let tail =
                    Tail { range, parked, id, offset, shared, hidden, own, growing, sum, copy };
                self.keep(tail, vma)
            }
            None => Ok(()),
        };
        if !open {
            let _ = kernel::protect(inside, vma.prot);
        }
        self.own(page);
        kept
    }

    /// Makes what is at the place of `tail`, where the program's own pages can be written
    /// to, memory of its own. Where there is no room for that it stays.
    fn keep(&mut self, tail: Tail, vma: &Vma) -> Result<(), Errno> {
        let vma = Vma { prot: vma.prot | Prot::RW, ..*vma };
        let kind = strict::memory_kind(false) | (vma.flags & MapFlags::NORESERVE);
        let memory = kernel::copy(tail.range, kind)?;
        // The copy is not given up before the memory is in its place: the file's mapping
        // shows the file by then.
        let place = tail.range.start();
        let put =
            || kernel::protect(memory, vma.prot).and_then(|()| kernel::move_over(memory, place));
        self.install(tail, &vma, put).inspect_err(|_| {
            if kernel::writable(place) {
                kernel::copy_to(memory, tail.range);
            }
            kernel::unmap(memory);
        })
    }

    /// What is in the tails of `page` is the program's own.
    fn own(&mut self, page: AddrRange) {
        for number in 0..self.list.numbers() {
            match self.list.get(number) {
                Some(tail) if tail.range.overlaps(page) => {
                    self.list.set(number, Some(Tail { own: true, ..tail }));
                }
                _ => {}
            }
        }
    }
}
