//! mmap(2): the arguments, in the order in which the kernel looks at them.

use crate::errno::Errno;
use crate::flags::MapFlags;
use crate::host::{FileInfo, FileKind, Host};
use crate::map::NodeSource;
use crate::ops::call::{Call, How};
use crate::page::AddrRange;
use crate::space::{MapRequest, Space};
use crate::vma::FileId;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// mmap(2). Returns the address.
    ///
    /// # Errors
    /// As a kernel with target pages: what only the page size makes wrong is
    /// found here, everything else is the host's answer, in the host's order.
    pub fn mmap(&mut self, request: &MapRequest) -> Result<usize, Errno> {
        // the most frequent kind, which needs none of what follows
        if let Some(coming) = self.find_coming(request) {
            match self.make_coming(&coming) {
                Err(Errno::EEXIST) => {}
                answer => return answer,
            }
        }
        self.mmap_any(request)
    }

    #[inline(never)]
    fn mmap_any(&mut self, request: &MapRequest) -> Result<usize, Errno> {
        let target = self.config.target;
        // ksys_mmap_pgoff(): before the file is looked at
        if request.offset & target.mask() as u64 != 0 {
            return Err(self.misaligned_offset(request));
        }
        let Some(len) = target.ceil(request.len).filter(|&len| len != 0) else {
            return Err(self.refusal(request, request.addr, Errno::ENOMEM));
        };
        let file = self.request_file(request)?;
        if self.is_huge(request, file) {
            return self.map_huge(&Call::new(request, len, file));
        }
        let call = self.shaped(request, len, file)?;
        if !request.flags.is_fixed() {
            return self.map_anywhere(&call);
        }
        if !target.is_aligned(request.addr) {
            return Err(self.refusal(request, request.addr | 1, Errno::EINVAL));
        }
        match AddrRange::from_len(request.addr, len) {
            Some(range) if call.is_never_exclusive() => Err(self.not_exclusive(&call, range)),
            Some(range) if self.config.narrow() => self.map_fixed_narrow(&call, range),
            Some(range) => self.map_fixed(&call, range),
            None => Err(self.refusal(request, request.addr, Errno::ENOMEM)),
        }
    }

    /// The host's own reason to refuse a request that it must refuse at `addr`;
    /// `otherwise` if it does not.
    pub(crate) fn refusal(&mut self, request: &MapRequest, addr: usize, otherwise: Errno) -> Errno {
        let MapRequest { len, prot, flags, fd, .. } = *request;
        // A multiple of the target page, which need not be one of the host page.
        let offset = request.offset & !(self.config.host.mask() as u64);
        match self.host.mmap(addr, len, prot, flags, fd, offset) {
            Err(errno) => errno,
            Ok(at) => {
                let _ = self.host.munmap(at, len);
                otherwise
            }
        }
    }

    /// The answer to an offset that is no multiple of the target page. What the host
    /// refuses too it is shown: a filter or a tracer may look for it.
    #[inline(never)] // keeps the frame of its caller small
    fn misaligned_offset(&mut self, request: &MapRequest) -> Errno {
        if request.offset & self.config.real.mask() as u64 == 0 {
            return Errno::EINVAL;
        }
        let MapRequest { addr, len, prot, flags, fd, offset, .. } = *request;
        match self.host.mmap(addr, len, prot, flags, fd, offset) {
            Err(errno) => errno,
            Ok(at) => {
                let _ = self.host.munmap(at, len);
                Errno::EINVAL
            }
        }
    }

    fn request_file(&mut self, request: &MapRequest) -> Result<Option<FileInfo>, Errno> {
        if request.flags.contains(MapFlags::ANONYMOUS) {
            return Ok(None);
        }
        match self.host.file(request.fd) {
            Err(Errno::EBADF) => Err(Errno::EBADF),
            Ok(info) => Ok(Some(info)),
            // A filter may forbid to ask. The host knows whether it can be mapped.
            Err(_) => {
                Ok(Some(FileInfo { id: FileId::default(), size: 0, kind: FileKind::Regular }))
            }
        }
    }

    /// The call with its host range: in front of a file's mapping the bytes that
    /// make its offset a multiple of the host page.
    fn shaped(
        &self,
        request: &MapRequest,
        len: usize,
        file: Option<FileInfo>,
    ) -> Result<Call, Errno> {
        let unit = self.config.unit();
        let mut call = Call::new(request, len, file);
        let align = request.align.max(1).checked_next_power_of_two().ok_or(Errno::ENOMEM)?;
        call.wanted = align;
        call.align = align.max(unit.bytes());
        if self.config.narrow() && file.is_some() {
            let lead = (request.offset & self.config.host.mask() as u64) as usize;
            // Where the wanted alignment allows an address that agrees with it.
            if lead & (align - 1) == 0 {
                call.lead = lead;
            }
        }
        let span = call.lead.checked_add(len).and_then(|len| unit.ceil(len));
        call.span = span.ok_or(Errno::ENOMEM)?;
        Ok(call)
    }

    /// MAP_FIXED and MAP_FIXED_NOREPLACE where a target page is whole host pages.
    fn map_fixed(&mut self, call: &Call, range: AddrRange) -> Result<usize, Errno> {
        self.reserve(6)?;
        let done = if call.flags.contains(MapFlags::FIXED_NOREPLACE) {
            self.map_exclusive(call, range)
        } else {
            self.map_span(call, range, How::Replace).inspect_err(|_| {
                // mmap_region() of many kernels unmaps before it fails.
                self.settle(range);
            })
        };
        done?;
        self.enter(call, range);
        Ok(range.start())
    }
}
