//! One mmap(2) in the making: its arguments, rounded.

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::host::{FileInfo, FileKind, Host};
use crate::map::NodeSource;
use crate::page::AddrRange;
use crate::space::{MapRequest, Space};
use crate::vma::{Backing, Vma, VMA_FLAGS};

/// A request whose lengths are rounded and whose file is known.
///
/// Of the host's range (`span` bytes) the table's entry is the `len` bytes that
/// begin `lead` bytes in; the two are the same unless host pages are larger
/// than target pages.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    /// Hint or fixed address.
    pub(crate) addr: usize,
    /// Length as the program said it.
    pub(crate) asked: usize,
    /// In whole target pages.
    pub(crate) len: usize,
    /// Bytes of the host's range in front of the mapping.
    pub(crate) lead: usize,
    /// Length of the host's range, in whole target and host pages.
    pub(crate) span: usize,
    /// What the address is aligned to.
    pub(crate) wanted: usize,
    /// What the host's range is aligned to.
    pub(crate) align: usize,
    pub(crate) prot: Prot,
    pub(crate) flags: MapFlags,
    pub(crate) fd: i32,
    pub(crate) offset: u64,
    pub(crate) file: Option<FileInfo>,
}

/// How the host is to treat what is at a place already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// Replace it.
    Replace,
    /// Refuse.
    Keep,
}

impl How {
    pub(crate) fn flag(self) -> MapFlags {
        match self {
            How::Replace => MapFlags::FIXED,
            How::Keep => MapFlags::FIXED_NOREPLACE,
        }
    }
}

/// Both ways to say that the address is not a hint.
const AT: MapFlags = MapFlags::FIXED.union(MapFlags::FIXED_NOREPLACE);

impl Call {
    pub(crate) fn new(request: &MapRequest, len: usize, file: Option<FileInfo>) -> Call {
        Call {
            addr: request.addr,
            asked: request.len,
            len,
            lead: 0,
            span: len,
            wanted: 1,
            align: 1,
            prot: request.prot,
            flags: request.flags,
            fd: request.fd,
            offset: request.offset,
            file,
        }
    }

    /// The program's flags with our own choice of how the address is meant.
    pub(crate) fn flags_at(&self, how: How) -> MapFlags {
        self.flags.difference(AT) | how.flag()
    }

    /// The program's flags with the address as a hint.
    pub(crate) fn flags_anywhere(&self) -> MapFlags {
        self.flags.difference(AT)
    }

    /// File offset of the first byte of the host's range. Cannot run below 0:
    /// with a file `lead` is the offset's remainder. Without one the offset means
    /// nothing, but may be no multiple of the host page.
    pub(crate) fn host_offset(&self) -> u64 {
        if self.file.is_some() {
            self.offset.wrapping_sub(self.lead as u64)
        } else {
            0
        }
    }

    /// Whether the driver of the file is to see the length as asked.
    pub(crate) fn is_special(&self) -> bool {
        matches!(self.file, Some(FileInfo { kind: FileKind::Special, .. }))
    }

    /// Whether MAP_FIXED_NOREPLACE itself would be refused: MAP_SHARED_VALIDATE
    /// takes only the flags of `LEGACY_MAP_MASK`, and this is not one of them.
    fn validates_flags(&self) -> bool {
        self.file.is_some() && self.flags.kind() == 3
    }

    /// Whether the program itself asked for what no kernel gives.
    pub(crate) fn is_never_exclusive(&self) -> bool {
        self.validates_flags() && self.flags.contains(MapFlags::FIXED_NOREPLACE)
    }

    /// What is behind the mapping.
    pub(crate) fn backing(&self) -> Backing {
        match self.file {
            None => Backing::Anonymous,
            Some(FileInfo { id, kind: FileKind::Special, .. }) => {
                Backing::Special { id, offset: self.offset }
            }
            Some(FileInfo { id, .. }) => Backing::File { id, offset: self.offset },
        }
    }

    /// The flags that the table keeps.
    pub(crate) fn kept_flags(&self) -> MapFlags {
        let kept = self.flags & VMA_FLAGS;
        if self.flags.is_shared() {
            kept.difference(MapFlags::PRIVATE)
        } else {
            kept
        }
    }

    /// The table's entry for `range`.
    pub(crate) fn vma(&self, range: AddrRange) -> Vma {
        Vma {
            range,
            prot: self.prot & Prot::RWX,
            flags: self.kept_flags(),
            backing: self.backing(),
        }
    }
}

impl<H: Host, S: NodeSource> Space<H, S> {
    /// What the host is asked to map of `span`: all of it, but of a special file
    /// only as many host pages as the program asked for.
    pub(crate) fn mapped_part(&self, call: &Call, span: AddrRange) -> AddrRange {
        // An offset that overflows with whole target pages is the host's to
        // refuse (file_mmap_ok()).
        let whole = call.host_offset().checked_add(span.len() as u64).is_none();
        if !call.is_special() || whole {
            return span;
        }
        let asked = call.asked.checked_add(call.lead);
        let len = asked.and_then(|len| self.config.host.ceil(len)).unwrap_or(span.len());
        AddrRange::from_len(span.start(), len.min(span.len())).unwrap_or(span)
    }

    /// Maps the host's range of `call` at `span`. A failure leaves nothing of it
    /// behind; what was there before may be gone when `how` is to replace.
    pub(crate) fn map_span(&mut self, call: &Call, span: AddrRange, how: How) -> Result<(), Errno> {
        let part = self.mapped_part(call, span);
        if how == How::Keep && call.validates_flags() {
            return self.map_span_claimed(call, span);
        }
        let flags = call.flags_at(how);
        let offset = call.host_offset();
        let at = self.host.mmap(part.start(), part.len(), call.prot, flags, call.fd, offset)?;
        self.landed(at, part)?;
        let Some(rest) = AddrRange::new(part.end(), span.end()) else { return Ok(()) };
        if rest.is_empty() {
            return Ok(());
        }
        self.keep_place(rest, how.flag()).inspect_err(|_| {
            self.undo(if how == How::Replace { span } else { part });
        })
    }

    /// The same for a place that is taken first and mapped over then.
    fn map_span_claimed(&mut self, call: &Call, span: AddrRange) -> Result<(), Errno> {
        self.keep_place(span, MapFlags::FIXED_NOREPLACE)?;
        self.map_span(call, span, How::Replace).inspect_err(|_| {
            self.undo(span);
        })
    }

    /// Writes down that `range` is now the mapping of `call`, whatever was there.
    /// Needs 5 reserved entries.
    pub(crate) fn enter(&mut self, call: &Call, range: AddrRange) {
        self.growing |= call.flags.contains(MapFlags::GROWSDOWN);
        let mut vma = call.vma(range);
        let Some(span) =
            AddrRange::from_len(range.start() - call.lead.min(range.start()), call.span)
        else {
            return;
        };
        let part = self.mapped_part(call, span);
        if part.end() < range.end() {
            let (Some(front), Some(rest)) = (
                AddrRange::new(range.start(), part.end()),
                AddrRange::new(part.end(), range.end()),
            ) else {
                return;
            };
            self.map.insert(Vma { range: rest, backing: Backing::Filler, ..vma });
            vma.range = front;
        }
        self.map.insert(vma);
        self.rolling = range.end();
    }
}
