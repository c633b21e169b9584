//! The machine's mremap(2), as `mm/mremap.c` of Linux 6.12 has it.

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
        if old_len >= new_len {
            self.drop_pages(super::range(addr + new_len, old_len - new_len));
            return Ok(addr);
        }
        let page = self.resizable(addr, old_len, new_len, flags)?;
        let grown = super::range(addr + old_len, new_len - old_len);
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
            || addr + old_len > new_addr && new_addr + new_len > addr
        {
            return Err(Errno::EINVAL);
        }
        if flags & FIXED != 0 {
            self.drop_pages(super::range(new_addr, new_len));
        }
        let mut kept = old_len;
        if old_len > new_len {
            self.drop_pages(super::range(addr + new_len, old_len - new_len));
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
        let run = self.run_at(addr, addr + old_len.max(self.page.bytes())).ok_or(Errno::EFAULT)?;
        if old_len > run.len() {
            return Err(Errno::EFAULT);
        }
        if new_len == old_len {
            return Ok(page.clone());
        }
        if device {
            return Err(Errno::EFAULT);
        }
        if self.mapped_bytes() + (new_len - old_len) > self.max_bytes {
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

impl Page {
    /// A page of the same mapping, `delta` bytes on, that was never touched.
    fn at(&self, delta: usize) -> Page {
        let object = self.object.map(|(object, offset)| (object, offset + delta as u64));
        let own = if object.is_none() { Some(Bytes::new()) } else { None };
        Page { object, own, ..self.clone() }
    }
}
