//! The machine's mremap(2), as `mm/mremap.c` of Linux 6.12 has it, and the calls
//! that do something to what is mapped.

use super::machine::{Bytes, Machine, Page};
use pagesim_core::errno::Errno;
use pagesim_core::flags::MapFlags;
use pagesim_core::page::AddrRange;

const MAYMOVE: i32 = 1;
const FIXED: i32 = 2;
const DONTUNMAP: i32 = 4;

impl Machine {
    pub(crate) fn move_pages(
        &mut self,
        addr: usize,
        old_len: usize,
        new_len: usize,
        flags: i32,
        new_addr: usize,
    ) -> Result<usize, Errno> {
        let mask = self.page.mask();
        if flags & !7 != 0
            || flags & FIXED != 0 && flags & MAYMOVE == 0
            || flags & DONTUNMAP != 0 && (flags & MAYMOVE == 0 || old_len != new_len)
            || !self.page.is_aligned(addr)
        {
            return Err(Errno::EINVAL);
        }
        let old_len = old_len.wrapping_add(mask) & !mask;
        let new_len = new_len.wrapping_add(mask) & !mask;
        if new_len == 0 {
            return Err(Errno::EINVAL);
        }
        if self.at(addr).is_none() {
            return Err(Errno::EFAULT);
        }
        if flags & (FIXED | DONTUNMAP) != 0 {
            return self.move_to(addr, old_len, new_len, flags, new_addr);
        }
        if old_len == new_len {
            return Ok(addr);
        }
        if old_len > new_len {
            let tail = AddrRange::from_len(addr + new_len, old_len - new_len);
            let tail = tail.filter(|tail| tail.end() <= self.limit).ok_or(Errno::EINVAL)?;
            self.drop_pages(tail);
            return Ok(addr);
        }
        self.grow(addr, old_len, new_len, flags)
    }

    fn grow(
        &mut self,
        addr: usize,
        old_len: usize,
        new_len: usize,
        flags: i32,
    ) -> Result<usize, Errno> {
        let mask = self.page.mask();
        let page = self.resizable(addr, old_len, new_len, flags)?;
        let Some(grown) = AddrRange::from_len(addr + old_len, new_len - old_len) else {
            return Err(Errno::ENOMEM);
        };
        let last =
            self.run_at(addr, usize::MAX & !mask).is_some_and(|run| run.end() == grown.start());
        if last && old_len > 0 && grown.end() <= self.limit && self.is_free(grown) {
            self.put(grown, &page.at(old_len));
            return Ok(addr);
        }
        if flags & MAYMOVE == 0 {
            return Err(Errno::ENOMEM);
        }
        let to = self.place(0, new_len, MapFlags::empty())?;
        self.carry(addr, old_len, new_len, to, false);
        Ok(to)
    }

    /// `mremap_to()`.
    fn move_to(
        &mut self,
        addr: usize,
        old_len: usize,
        new_len: usize,
        flags: i32,
        new_addr: usize,
    ) -> Result<usize, Errno> {
        if !self.page.is_aligned(new_addr)
            || new_len > self.limit
            || new_addr > self.limit - new_len
            || addr.wrapping_add(old_len) > new_addr && new_addr + new_len > addr
        {
            return Err(Errno::EINVAL);
        }
        if flags & FIXED != 0 {
            self.drop_pages(super::range(new_addr, new_len));
        }
        let mut kept = old_len;
        if old_len > new_len {
            let tail = AddrRange::from_len(addr + new_len, old_len - new_len);
            let tail = tail.filter(|tail| tail.end() <= self.limit).ok_or(Errno::EINVAL)?;
            self.drop_pages(tail);
            kept = new_len;
        }
        self.resizable(addr, kept, new_len, flags)?;
        let fixed = if flags & FIXED != 0 { MapFlags::FIXED } else { MapFlags::empty() };
        let to = self.place(new_addr, new_len, fixed)?;
        self.carry(addr, kept, new_len, to, flags & DONTUNMAP != 0);
        Ok(to)
    }

    /// `vma_to_resize()`: the page a mapping begins with.
    fn resizable(
        &self,
        addr: usize,
        old_len: usize,
        new_len: usize,
        flags: i32,
    ) -> Result<Page, Errno> {
        let page = self.at(addr).ok_or(Errno::EFAULT)?;
        if old_len == 0 && !page.shared {
            return Err(Errno::EINVAL);
        }
        let device = page.object.is_some_and(|(object, _)| self.objects[object].driver.is_some());
        if flags & DONTUNMAP != 0 && device {
            return Err(Errno::EINVAL);
        }
        let end = addr.saturating_add(old_len.max(self.page.bytes()));
        let run = self.run_at(addr, end & !self.page.mask()).ok_or(Errno::EFAULT)?;
        if old_len > run.len() {
            return Err(Errno::EFAULT);
        }
        if new_len == old_len {
            return Ok(page.clone());
        }
        if device {
            return Err(Errno::EFAULT);
        }
        if self.mapped_bytes().saturating_add(new_len - old_len) > self.max_bytes {
            return Err(Errno::ENOMEM);
        }
        Ok(page.clone())
    }

    /// `move_vma()`.
    fn carry(&mut self, addr: usize, old_len: usize, new_len: usize, to: usize, keep: bool) {
        let first = self.at(addr).unwrap().clone();
        let source = super::range(addr, old_len);
        let moved: Vec<Page> =
            self.numbers(source).map(|number| self.pages[&number].clone()).collect();
        for number in self.numbers(source) {
            if keep {
                let page = self.pages.get_mut(&number).unwrap();
                page.own = if page.object.is_none() { Some(Bytes::new()) } else { None };
            } else {
                self.pages.remove(&number);
            }
        }
        let fresh = AddrRange::new(to + old_len, to + new_len).unwrap();
        self.put(fresh, &first.at(old_len));
        for (number, page) in self.numbers(super::range(to, old_len)).zip(moved) {
            self.pages.insert(number, page);
        }
    }
}

impl Machine {
    /// madvise(2): MADV_DONTNEED, and MADV_WILLNEED, which does nothing.
    pub(crate) fn advise(&mut self, addr: usize, len: usize, advice: i32) -> Result<(), Errno> {
        let rounded = self.page.ceil(len).and_then(|len| AddrRange::from_len(addr, len));
        let range = rounded.filter(|_| self.page.is_aligned(addr) && [3, 4].contains(&advice));
        let range = range.ok_or(Errno::EINVAL)?;
        let numbers = self.numbers(range);
        let holes = self.pages.range(numbers.clone()).count() < numbers.len();
        for (_, page) in self.pages.range_mut(numbers) {
            if advice == 4 {
                if page.locked {
                    return Err(Errno::EINVAL);
                }
                page.touched = false;
                page.own = if page.object.is_none() { Some(Bytes::new()) } else { None };
            }
        }
        if holes {
            Err(Errno::ENOMEM)
        } else {
            Ok(())
        }
    }

    /// mincore(2). Pages of objects are always resident.
    pub(crate) fn tell(&mut self, range: AddrRange, group: usize, vec: usize) -> Result<(), Errno> {
        for (i, start) in (range.start()..range.end()).step_by(group).enumerate() {
            let piece = AddrRange::new(start, range.end().min(start + group)).unwrap();
            let mut any = false;
            for number in self.numbers(piece) {
                let page = self.pages.get(&number).ok_or(Errno::ENOMEM)?;
                any |= page.touched || page.object.is_some() && page.own.is_none();
            }
            self.told.insert(vec + i, u8::from(any));
        }
        Ok(())
    }

    /// `apply_vma_lock_flags()`, which ends at the first hole.
    pub(crate) fn set_locked(&mut self, addr: usize, len: usize, on: bool) -> Result<(), Errno> {
        let mask = self.page.mask();
        let len = len.wrapping_add(addr & mask).wrapping_add(mask) & !mask;
        let range = AddrRange::from_len(addr & !mask, len);
        let range = range.ok_or(Errno::EINVAL)?;
        let locked = self.pages.values().filter(|page| page.locked).count();
        if on && (locked << self.page.shift()) + len > self.max_locked {
            return Err(Errno::ENOMEM);
        }
        for number in self.numbers(range) {
            self.pages.get_mut(&number).ok_or(Errno::ENOMEM)?.locked = on;
        }
        Ok(())
    }

    /// remap_file_pages(2).
    pub(crate) fn exchange(
        &mut self,
        addr: usize,
        len: usize,
        prot: pagesim_core::flags::Prot,
        pgoff: usize,
    ) -> Result<(), Errno> {
        let (start, len) = (self.page.floor(addr), self.page.floor(len));
        let range = AddrRange::from_len(start, len).filter(|range| !range.is_empty());
        let range = range.filter(|_| prot.is_empty()).ok_or(Errno::EINVAL)?;
        let first = self.at(start).filter(|page| page.shared).cloned().ok_or(Errno::EINVAL)?;
        let (object, _) = first.object.ok_or(Errno::EINVAL)?;
        let of_object = |page: &Page| page.object.is_some_and(|(other, _)| other == object);
        let there = self.pages.range(self.numbers(range));
        if there.filter(|(_, page)| of_object(page)).count() < self.numbers(range).len() {
            return Err(Errno::EINVAL);
        }
        let offset = (pgoff as u64) << self.page.shift();
        self.put(range, &Page { object: Some((object, offset)), ..first });
        Ok(())
    }
}

impl Page {
    /// A page of the same mapping, `delta` bytes on, that was never touched.
    fn at(&self, delta: usize) -> Page {
        let object = self.object.map(|(object, offset)| (object, offset + delta as u64));
        let own = if object.is_none() { Some(Bytes::new()) } else { None };
        Page { object, own, touched: false, ..self.clone() }
    }
}
