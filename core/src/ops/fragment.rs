//! A mapping that covers a part of a host page in which others live (A4, A5).
//!
//! What the host page is decides:
//!
//! * private memory: the fragment is written into it, protections are united;
//! * a private mapping of a file: it becomes private memory first, because a
//!   page behind the end of the file cannot be written to;
//! * a shared mapping of a file: only the same file's neighbouring page may join;
//! * other shared memory, a device: nothing may join (EINVAL). Writing the
//!   fragment there would reach the file or another process.
//!
//! While a host page becomes private memory, what another thread writes to it
//! may be lost.

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::host::{Host, HostRegion};
use crate::map::NodeSource;
use crate::ops::call::Call;
use crate::page::AddrRange;
use crate::space::Space;
use crate::vma::{Backing, Vma, COPIED};

/// mremap(2): MREMAP_MAYMOVE and MREMAP_FIXED.
const MOVE_TO: i32 = 1 | 2;

/// What else lives in a host page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Nothing.
    Nothing,
    /// Private memory, or what can become that.
    Memory {
        /// What the others may do.
        others: Prot,
        /// Whether there are mappings of files among them.
        files: bool,
    },
    /// Shared pages of the file that is to be mapped, at the same place in it.
    SameFile {
        /// What the others may do.
        others: Prot,
    },
    /// What nothing can join.
    Refuse,
}

/// A part of a host page that is to be mapped beside others.
pub(crate) struct Fragment {
    pub(crate) page: AddrRange,
    pub(crate) part: AddrRange,
    pub(crate) beside: Beside,
}

impl Call {
    /// Whether memory with a copy of the contents will do: nothing that is
    /// written to it has to arrive anywhere.
    pub(crate) fn can_be_copied(&self) -> bool {
        let shared = self.flags.is_shared();
        let lost = shared && (self.file.is_none() || self.prot.contains(Prot::WRITE));
        !lost && !self.is_special()
    }
}

impl<H: Host, S: NodeSource> Space<H, S> {
    /// What the entries in `page` may do, those inside `except` left out.
    pub(crate) fn union(&self, page: AddrRange, except: AddrRange) -> Prot {
        let others = self.map.overlapping(page).filter(|vma| !except.covers(vma.range));
        others.fold(Prot::NONE, |prot, vma| prot | vma.prot)
    }

    /// What lives in `page` beside `range`.
    pub(crate) fn beside(&self, call: &Call, range: AddrRange, page: AddrRange) -> Beside {
        let mut found = Beside::Nothing;
        for vma in self.map.overlapping(page).filter(|vma| !range.covers(vma.range)) {
            // an entry that reaches into `range` is as much a neighbour
            let next = self.neighbour(call, range, &vma);
            found = match (found, next) {
                (Beside::Nothing, next) => next,
                (
                    Beside::Memory { others: a, files: f },
                    Beside::Memory { others: b, files: g },
                ) => Beside::Memory { others: a | b, files: f || g },
                (Beside::SameFile { others: a }, Beside::SameFile { others: b }) => {
                    Beside::SameFile { others: a | b }
                }
                _ => return Beside::Refuse,
            };
        }
        found
    }

    fn neighbour(&self, call: &Call, range: AddrRange, vma: &Vma) -> Beside {
        let others = vma.prot & Prot::RWX;
        let copied = vma.flags.contains(COPIED);
        match vma.backing {
            Backing::File { .. } if copied => Beside::Memory { others, files: false },
            Backing::File { id, offset } if vma.flags.is_shared() => {
                let same_file = call.file.is_some_and(|file| file.id == id);
                let here = (vma.range.start() as u64).wrapping_sub(offset);
                let there = (range.start() as u64).wrapping_sub(call.offset);
                if same_file && here == there && call.flags.is_shared() {
                    Beside::SameFile { others }
                } else {
                    Beside::Refuse
                }
            }
            _ if vma.flags.is_shared() => Beside::Refuse,
            Backing::Anonymous => Beside::Memory { others, files: false },
            Backing::File { .. } => Beside::Memory { others, files: true },
            Backing::Foreign => Beside::Memory { others, files: !copied },
            Backing::Special { .. } | Backing::Filler => Beside::Refuse,
        }
    }

    /// Writes down what others have mapped in a host page in which we have
    /// nothing yet, outside `part`. Answers whether there is anything at all.
    pub(crate) fn note_foreign(&mut self, page: AddrRange, part: AddrRange) -> Result<bool, Errno> {
        if !self.map.is_free(page) || self.hard_part(page) == Some(page) {
            return Ok(false);
        }
        let mut found = false;
        let mut at = page.start();
        while at < page.end() {
            let region = match self.host.region_from(at) {
                Ok(region) => region,
                Err(_) if self.any_mapped(page) => return Err(Errno::EINVAL),
                Err(_) => return Ok(false),
            };
            let Some(region) = region else { break };
            let Some(seen) = region.range.intersection(page) else { break };
            found = true;
            at = seen.end();
            let front = AddrRange::new(page.start(), part.start());
            let back = AddrRange::new(part.end(), page.end());
            for side in [front, back].into_iter().flatten() {
                if let Some(range) = side.intersection(seen) {
                    self.insert_neighbour(range, &region)?;
                }
            }
        }
        Ok(found)
    }

    fn insert_neighbour(&mut self, range: AddrRange, region: &HostRegion) -> Result<(), Errno> {
        self.reserve(16)?;
        let flags = if region.shared { MapFlags::SHARED } else { MapFlags::PRIVATE };
        let prot = region.prot & Prot::RWX;
        self.map.insert(Vma { range, prot, flags, backing: Backing::Foreign });
        self.foreign = true;
        Ok(())
    }

    fn any_mapped(&mut self, page: AddrRange) -> bool {
        let step = self.config.real.bytes();
        let mut at = page.start();
        while at < page.end() {
            if self.host.is_mapped(at) {
                return true;
            }
            at = at.saturating_add(step);
        }
        false
    }

    /// Maps the fragment of `call`, whose whole range is `range`.
    pub(crate) fn map_fragment(
        &mut self,
        call: &Call,
        range: AddrRange,
        fragment: &Fragment,
    ) -> Result<(), Errno> {
        let Fragment { page, part, beside } = *fragment;
        let offset = call.offset.wrapping_add((part.start() - range.start()) as u64);
        let call = Call { offset, ..*call };
        match beside {
            Beside::SameFile { others } => self.join_file(&call, page, part, others),
            Beside::Memory { others, files } => self.join_memory(&call, page, part, others, files),
            Beside::Nothing | Beside::Refuse => Err(Errno::EINVAL),
        }
    }

    /// The page is the right page of the right file already.
    fn join_file(
        &mut self,
        call: &Call,
        page: AddrRange,
        part: AddrRange,
        others: Prot,
    ) -> Result<(), Errno> {
        let wanted = others | (call.prot & Prot::RWX);
        if self.host.mprotect(page.start(), page.len(), wanted).is_err() {
            // It may have been mapped with a descriptor that allowed less.
            let flags = MapFlags::SHARED | MapFlags::FIXED;
            let lead = (part.start() - page.start()) as u64;
            let offset = call.offset.wrapping_sub(lead);
            self.host.mmap(page.start(), page.len(), wanted, flags, call.fd, offset)?;
        }
        self.map.remove(part);
        self.map.insert(call.vma(part));
        Ok(())
    }

    /// Writes the fragment into private memory.
    fn join_memory(
        &mut self,
        call: &Call,
        page: AddrRange,
        part: AddrRange,
        others: Prot,
        files: bool,
    ) -> Result<(), Errno> {
        if files {
            self.make_memory(page, part)?;
        }
        let wanted = others | (call.prot & Prot::RWX);
        let written = self.host.mprotect(page.start(), page.len(), wanted | Prot::RW).and_then(
            |()| match call.file {
                Some(_) => self.read_in(call.fd, part, call.offset),
                None => {
                    self.host.zero(part);
                    Ok(())
                }
            },
        );
        let wanted = if written.is_ok() { wanted } else { others };
        let restored = if wanted.contains(Prot::RW) && written.is_ok() {
            Ok(())
        } else {
            self.host.mprotect(page.start(), page.len(), wanted)
        };
        written.and(restored)?;
        self.map.remove(part);
        let vma = call.vma(part);
        let mark = if call.file.is_some() { COPIED } else { MapFlags::empty() };
        self.map.insert(Vma { flags: vma.flags | mark, ..vma });
        Ok(())
    }

    /// Replaces the host page by private memory with the same contents, but for
    /// those of `part`.
    fn make_memory(&mut self, page: AddrRange, part: AddrRange) -> Result<(), Errno> {
        let size = page.len();
        let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS;
        let scratch = self.host.mmap(0, size, Prot::RW, flags, -1, 0)?;
        let all = self.union(page, AddrRange::default());
        if !all.contains(Prot::READ) {
            // ENOMEM: the page has holes; there is nothing to read in them
            let _ = self.host.mprotect(page.start(), size, all | Prot::READ);
        }
        for vma in self.map.overlapping(page).filter(|vma| !part.covers(vma.range)) {
            let delta = vma.range.start() - page.start();
            self.host.copy(vma.range.start(), scratch + delta, vma.range.len());
        }
        let moved = self.host.mremap(scratch, size, size, MOVE_TO, page.start());
        moved.inspect_err(|_| {
            let _ = self.drop_scratch(scratch, size);
            if !all.contains(Prot::READ) {
                let _ = self.host.mprotect(page.start(), size, all);
            }
        })?;
        self.map.update(page, |vma| {
            if matches!(vma.backing, Backing::File { .. } | Backing::Foreign) {
                vma.flags |= COPIED;
            }
        });
        Ok(())
    }

    /// Reads a file into memory (A4): again after a signal and a short read,
    /// zeros behind the end of the file.
    pub(crate) fn read_in(&mut self, fd: i32, range: AddrRange, offset: u64) -> Result<(), Errno> {
        let mut at = range.start();
        while let Some(rest) = AddrRange::new(at, range.end()).filter(|rest| !rest.is_empty()) {
            let from = offset.wrapping_add((at - range.start()) as u64);
            match self.host.read(fd, at, rest.len(), from) {
                Ok(0) => {
                    self.host.zero(rest);
                    break;
                }
                Ok(n) => at += n.min(rest.len()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}
