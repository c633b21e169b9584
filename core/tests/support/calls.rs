//! The machine's system calls, each in the order of the kernel's checks.

use super::machine::{Bytes, Machine, Object, Page};
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::host::{FileInfo, FileKind, Host, HostRegion};
use pagesim_core::page::AddrRange;
use pagesim_core::vma::{Backing, FileId};

/// `LEGACY_MAP_MASK`: what MAP_SHARED_VALIDATE may be combined with.
const LEGACY: u32 = 0xfc0d_fd7f | 0x33;
/// PROT_SEM.
const SEM: u32 = 8;

type Done<T> = Result<T, Errno>;

impl Machine {
    /// Counts a call; the failure that was asked for, when it is this one.
    pub(crate) fn counted(&mut self) -> Done<()> {
        self.calls += 1;
        let Some(failure) = &mut self.failure else { return Ok(()) };
        if failure.after > 0 {
            failure.after -= 1;
            return Ok(());
        }
        let errno = failure.errno;
        self.failure = None;
        Err(errno)
    }

    pub(crate) fn id(object: usize) -> FileId {
        FileId { dev: 9, ino: object as u64 + 100 }
    }

    pub(crate) fn mapped_bytes(&self) -> usize {
        self.pages.len() << self.page.shift()
    }

    /// The size of the pages that a mapping is to be made of, if they are huge.
    fn huge_size(&self, flags: MapFlags, fd: i32) -> Option<usize> {
        if !flags.contains(MapFlags::ANONYMOUS) {
            return self.objects[self.fds[&fd].object].huge;
        }
        let named = flags.bits() >> 26 & 0x3f;
        let size = if named == 0 { 2 << 20 } else { 1 << named };
        flags.contains(MapFlags::HUGETLB).then_some(size)
    }

    /// `hugetlb_get_unmapped_area()`.
    fn place_huge(&self, addr: usize, len: usize, flags: MapFlags, size: usize) -> Done<usize> {
        if flags.is_fixed() {
            return if addr % size == 0 { Ok(addr) } else { Err(Errno::EINVAL) };
        }
        let top = (self.area.start() - len) & !(size - 1);
        let mut places = (0..64).map(|i| top - i * size);
        places.find(|at| self.is_free(super::range(*at, len))).ok_or(Errno::ENOMEM)
    }

    /// Whether `addr` lies inside a huge page.
    fn cuts_huge(&self, addr: usize) -> bool {
        self.at(addr).and_then(|page| page.huge).is_some_and(|size| addr % size != 0)
    }

    /// `get_unmapped_area()`.
    pub(crate) fn place(&mut self, addr: usize, len: usize, flags: MapFlags) -> Done<usize> {
        if len > self.limit {
            return Err(Errno::ENOMEM);
        }
        if flags.is_fixed() {
            if addr > self.limit - len {
                return Err(Errno::ENOMEM);
            }
            if !self.page.is_aligned(addr) {
                return Err(Errno::EINVAL);
            }
            return if addr < self.min_addr { Err(Errno::EPERM) } else { Ok(addr) };
        }
        if let Some(next) = self.next.take() {
            return Ok(next);
        }
        let low = flags.contains(MapFlags::BIT32);
        let hint = self.hint(addr);
        let end = if low { 1 << 31 } else { self.limit };
        if hint != 0 && hint + len <= end && self.is_free(super::range(hint, len)) {
            return Ok(hint);
        }
        let area = if low { super::range(1 << 30, 1 << 30) } else { self.area };
        self.highest(len, area, |_| false).ok_or(Errno::ENOMEM)
    }

    /// `round_hint_to_min()`.
    pub(crate) fn hint(&self, addr: usize) -> usize {
        let hint = self.page.floor(addr);
        if hint != 0 && hint < self.min_addr {
            self.page.ceil(self.min_addr).unwrap()
        } else {
            hint
        }
    }

    /// The highest free place in `area`, page by page; `taken` names pages that
    /// are in use for another reason.
    pub(crate) fn highest(
        &self,
        len: usize,
        area: AddrRange,
        taken: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let wanted = len >> self.page.shift();
        let mut free = 0;
        for number in self.numbers(area).rev() {
            let used = self.pages.contains_key(&number) || taken(number << self.page.shift());
            free = if used { 0 } else { free + 1 };
            if free == wanted {
                return Some(number << self.page.shift());
            }
        }
        None
    }

    /// What `do_mmap()` checks of file and flags; the page that a mapping of it
    /// begins with.
    fn first_page(
        &mut self,
        prot: Prot,
        flags: MapFlags,
        fd: i32,
        offset: u64,
        len: usize,
    ) -> Done<Page> {
        let kind = flags.kind();
        let shared = flags.is_shared();
        let locked = flags.contains(MapFlags::LOCKED);
        let noreserve = flags.contains(MapFlags::NORESERVE);
        let mut page = Page { locked, noreserve, ..Page::new(prot & Prot::RWX, shared) };
        if flags.contains(MapFlags::ANONYMOUS) {
            if kind != 1 && kind != 2 {
                return Err(Errno::EINVAL);
            }
            if shared {
                let anonymous = Object { size: len as u64, anonymous: true, ..Object::default() };
                self.objects.push(anonymous);
                page.object = Some((self.objects.len() - 1, 0));
            } else {
                page.own = Some(Bytes::new());
            }
            return Ok(page);
        }
        let fd = self.fds[&fd];
        if kind == 0 || kind > 3 {
            return Err(Errno::EINVAL);
        }
        if kind == 3 && flags.bits() & !LEGACY != 0 {
            return Err(Errno::EOPNOTSUPP);
        }
        if shared && prot.contains(Prot::WRITE) && !fd.writable || !fd.readable {
            return Err(Errno::EACCES);
        }
        if let Some(driver) = self.objects[fd.object].driver {
            if len > driver {
                return Err(Errno::EINVAL);
            }
        }
        page.may_write = !shared || fd.writable;
        page.object = Some((fd.object, offset));
        Ok(page)
    }

    pub(crate) fn put(&mut self, range: AddrRange, first: &Page) {
        for (i, number) in self.numbers(range).enumerate() {
            let delta = (i << self.page.shift()) as u64;
            let object = first.object.map(|(object, offset)| (object, offset + delta));
            self.pages.insert(number, Page { object, ..first.clone() });
        }
    }

    pub(crate) fn drop_pages(&mut self, range: AddrRange) {
        let there: Vec<usize> = self.pages.range(self.numbers(range)).map(|(n, _)| *n).collect();
        for number in there {
            self.pages.remove(&number);
        }
    }

    fn check_limits(&self, addr: usize, len: usize, flags: MapFlags) -> Done<()> {
        let replaced = if flags.is_fixed() {
            self.pages.range(self.numbers(super::range(addr, len))).count()
        } else {
            0
        };
        let after = self.mapped_bytes() - (replaced << self.page.shift()) + len;
        if after > self.max_bytes {
            Err(Errno::ENOMEM)
        } else {
            Ok(())
        }
    }

    /// How many bytes from `addr` on can be read or written.
    fn reachable(&self, addr: usize, len: usize, how: Prot) -> usize {
        let mut at = addr;
        while at < addr + len && self.access(at, how).is_ok() {
            at = self.page.floor(at) + self.page.bytes();
        }
        at.min(addr + len) - addr
    }

    /// Makes `bytes` all that is not 0 in `range`.
    fn overwrite(&mut self, range: AddrRange, bytes: &[(usize, u8)]) {
        for number in self.numbers(range) {
            for (at, _) in self.contents(number << self.page.shift()) {
                if range.contains(at) {
                    self.poke(at, 0);
                }
            }
        }
        for (at, byte) in bytes {
            self.poke(*at, *byte);
        }
    }

    /// The part of `range` in the run of pages that begins at `at`.
    pub(crate) fn run_at(&self, at: usize, end: usize) -> Option<AddrRange> {
        let first = self.at(at)?;
        let mut to = at + self.page.bytes();
        while to < end && self.at(to).is_some_and(|p| first.continued_by(p, (to - at) as u64)) {
            to += self.page.bytes();
        }
        AddrRange::new(at, to)
    }
}

impl Host for Machine {
    fn mmap(
        &mut self,
        addr: usize,
        len: usize,
        prot: Prot,
        flags: MapFlags,
        fd: i32,
        offset: u64,
    ) -> Done<usize> {
        let late = self.failure.is_some_and(|failure| failure.late);
        let fails = self.counted();
        if offset & self.page.mask() as u64 != 0 {
            return Err(Errno::EINVAL);
        }
        if !flags.contains(MapFlags::ANONYMOUS) && !self.fds.contains_key(&fd) {
            return Err(Errno::EBADF);
        }
        if len == 0 {
            return Err(Errno::EINVAL);
        }
        if !flags.contains(MapFlags::ANONYMOUS)
            && self.objects[self.fds[&fd].object].chooses
            && addr != 0
        {
            return Err(Errno::EINVAL);
        }
        let huge = self.huge_size(flags, fd);
        let unit = huge.map_or(self.page, super::size);
        let len = unit.ceil(len).filter(|len| *len != 0).ok_or(Errno::ENOMEM)?;
        let at = match huge {
            Some(size) => self.place_huge(addr, len, flags, size)?,
            None => self.place(addr, len, flags)?,
        };
        let range = super::range(at, len);
        if flags.contains(MapFlags::FIXED_NOREPLACE) && !self.is_free(range) {
            return Err(Errno::EEXIST);
        }
        let first = self.first_page(prot, flags, fd, offset, len)?;
        self.check_limits(at, len, flags)?;
        if let Err(errno) = fails {
            if late && flags.is_fixed() {
                self.drop_pages(range);
            }
            return Err(errno);
        }
        self.put(range, &Page { huge, ..first });
        Ok(at)
    }

    fn munmap(&mut self, addr: usize, len: usize) -> Done<()> {
        self.counted()?;
        let end = self.page.ceil(len).and_then(|len| addr.checked_add(len));
        match end {
            Some(end) if self.cuts_huge(addr) || self.cuts_huge(end) => Err(Errno::EINVAL),
            Some(end) if self.page.is_aligned(addr) && len > 0 && end <= self.limit => {
                self.drop_pages(AddrRange::new(addr, end).unwrap());
                Ok(())
            }
            _ => Err(Errno::EINVAL),
        }
    }

    fn mprotect(&mut self, addr: usize, len: usize, prot: Prot) -> Done<()> {
        self.counted()?;
        if !self.page.is_aligned(addr) {
            return Err(Errno::EINVAL);
        }
        if len == 0 {
            return Ok(());
        }
        let len = len.wrapping_add(self.page.mask()) & !self.page.mask();
        let end = addr.wrapping_add(len);
        if end <= addr {
            return Err(Errno::ENOMEM);
        }
        if prot.bits() & !(Prot::RWX.bits() | SEM) != 0 {
            return Err(Errno::EINVAL);
        }
        let mut at = addr;
        while at < end {
            let run = self.run_at(at, end).ok_or(Errno::ENOMEM)?;
            if prot.contains(Prot::WRITE) && !self.at(at).unwrap().may_write {
                return Err(Errno::EACCES);
            }
            for number in self.numbers(run) {
                self.pages.get_mut(&number).unwrap().prot = prot & Prot::RWX;
            }
            at = run.end();
        }
        Ok(())
    }

    fn msync(&mut self, addr: usize, len: usize, flags: i32) -> Done<()> {
        self.counted()?;
        if flags & !7 != 0 || !self.page.is_aligned(addr) || flags & 5 == 5 {
            return Err(Errno::EINVAL);
        }
        let len = len.wrapping_add(self.page.mask()) & !self.page.mask();
        let range = AddrRange::from_len(addr, len).ok_or(Errno::ENOMEM)?;
        if flags & 2 != 0 && self.pages.range(self.numbers(range)).any(|(_, page)| page.locked) {
            return Err(Errno::EBUSY);
        }
        let holes = range.len() >> self.page.shift();
        if self.pages.range(self.numbers(range)).count() == holes {
            Ok(())
        } else {
            Err(Errno::ENOMEM)
        }
    }

    fn file(&mut self, fd: i32) -> Done<FileInfo> {
        let fd = self.fds.get(&fd).ok_or(Errno::EBADF)?;
        let object = &self.objects[fd.object];
        let kind = match object.huge {
            Some(size) => FileKind::Huge(size),
            None if object.driver.is_some() => FileKind::Special,
            None => FileKind::Regular,
        };
        Ok(FileInfo { id: Machine::id(fd.object), size: object.size, kind })
    }

    fn read(&mut self, fd: i32, addr: usize, len: usize, offset: u64) -> Done<usize> {
        self.counted()?;
        self.reads += 1;
        if self.reads % 3 == 0 {
            return Err(Errno::EINTR);
        }
        let fd = *self.fds.get(&fd).filter(|fd| fd.readable).ok_or(Errno::EBADF)?;
        let left = self.objects[fd.object].size.saturating_sub(offset);
        let len = len.min(left as usize).min(3 * self.page.bytes() / 4);
        let len = self.reachable(addr, len, Prot::WRITE);
        if len == 0 && left > 0 {
            return Err(Errno::EFAULT);
        }
        let file = &self.objects[fd.object].bytes;
        let bytes: Vec<(usize, u8)> = file
            .range(offset..offset + len as u64)
            .map(|(at, byte)| (addr + (at - offset) as usize, *byte))
            .collect();
        self.overwrite(super::range(addr, len), &bytes);
        Ok(len)
    }

    fn zero(&mut self, range: AddrRange) {
        let reach = self.reachable(range.start(), range.len(), Prot::WRITE);
        assert_eq!(reach, range.len(), "zeroing {range:?}");
        self.overwrite(range, &[]);
    }

    fn region_from(&mut self, addr: usize) -> Done<Option<HostRegion>> {
        if !self.lists {
            return Err(Errno::ENOSYS);
        }
        let number = addr >> self.page.shift();
        let Some((&first, page)) = self.pages.range(number..).next() else { return Ok(None) };
        // the run that it belongs to may begin earlier
        let mut start = first << self.page.shift();
        let page_len = self.page.bytes();
        while let Some(before) = start.checked_sub(page_len).and_then(|at| self.at(at)) {
            if !before.continued_by(self.at(start).unwrap(), page_len as u64) {
                break;
            }
            start -= page_len;
        }
        let range = self.run_at(start, usize::MAX - page_len).unwrap();
        let head = self.at(start).unwrap_or(page);
        let backing = match head.object {
            None => Backing::Anonymous,
            Some((object, offset)) => Backing::File { id: Machine::id(object), offset },
        };
        Ok(Some(HostRegion { range, prot: head.prot, shared: head.shared, backing }))
    }

    fn is_mapped(&mut self, addr: usize) -> bool {
        self.at(addr).is_some()
    }

    fn is_vacant(&mut self, range: AddrRange) -> bool {
        self.numbers(range).next().is_none()
    }

    fn copy(&mut self, from: usize, to: usize, len: usize) -> usize {
        let len = self.reachable(from, len, Prot::READ);
        assert_eq!(self.reachable(to, len, Prot::WRITE), len, "copying to {to:#x}");
        let source = super::range(from, len);
        let bytes: Vec<(usize, u8)> = self
            .numbers(source)
            .flat_map(|number| self.contents(number << self.page.shift()))
            .filter(|(at, _)| source.contains(*at))
            .map(|(at, byte)| (at - from + to, byte))
            .collect();
        self.overwrite(super::range(to, len), &bytes);
        len
    }

    fn mremap(
        &mut self,
        addr: usize,
        old_len: usize,
        new_len: usize,
        flags: i32,
        new_addr: usize,
    ) -> Done<usize> {
        self.counted()?;
        self.move_pages(addr, old_len, new_len, flags, new_addr)
    }

    fn madvise(&mut self, addr: usize, len: usize, advice: i32) -> Done<()> {
        self.counted()?;
        self.advise(addr, len, advice)
    }

    fn mincore(&mut self, range: AddrRange, group: usize, vec: usize) -> Done<()> {
        self.counted()?;
        self.tell(range, group, vec)
    }

    fn mlock(&mut self, addr: usize, len: usize, flags: Option<u32>) -> Done<()> {
        self.counted()?;
        if flags.unwrap_or(0) & !1 != 0 {
            return Err(Errno::EINVAL);
        }
        self.set_locked(addr, len, true)
    }

    fn munlock(&mut self, addr: usize, len: usize) -> Done<()> {
        self.counted()?;
        self.set_locked(addr, len, false)
    }

    fn remap_file_pages(
        &mut self,
        addr: usize,
        len: usize,
        prot: Prot,
        pgoff: usize,
        _: MapFlags,
    ) -> Done<()> {
        self.counted()?;
        self.exchange(addr, len, prot, pgoff)
    }

    fn pkey_mprotect(&mut self, addr: usize, len: usize, prot: Prot, key: i32) -> Done<()> {
        // no key is ever allocated
        let known = key == -1;
        let answer = self.mprotect(addr, if known { len } else { 0 }, prot);
        if known {
            answer
        } else {
            answer.and(Err(Errno::EINVAL))
        }
    }

    fn mseal(&mut self, _: usize, _: usize, _: usize) -> Done<()> {
        Err(Errno::ENOSYS)
    }

    fn mbind(&mut self, addr: usize, len: usize, _: [usize; 4]) -> Done<()> {
        self.counted()?;
        let aligned = self.page.is_aligned(addr);
        let range = AddrRange::from_len(addr, len).filter(|_| aligned).ok_or(Errno::EINVAL)?;
        let there = self.pages.range(self.numbers(range)).count();
        if there == self.numbers(range).len() {
            Ok(())
        } else {
            Err(Errno::EFAULT)
        }
    }
}
