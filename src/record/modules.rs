//! Which program or library an address belongs to, and where its tables are.
//!
//! Answered at each question from the loader's own data: a library may be
//! loaded or gone since the last one. glibc's `_dl_find_object` is made for this
//! (no lock, safe in signal handlers); where there is none, the loader's list
//! is walked, which musl never takes anything out of.

use crate::arch::weak_symbol;
use crate::real::{self, LinkMap};
use crate::state;
use core::ffi::CStr;
use libc::{Elf64_Ehdr, Elf64_Phdr};
use pagesim_record::BuildId;

/// A loaded file.
#[derive(Clone, Copy)]
pub(crate) struct Module {
    /// What is added to its addresses.
    pub(crate) bias: usize,
    /// The first address it takes.
    pub(crate) start: usize,
    /// The first address behind it.
    pub(crate) end: usize,
    headers: &'static [Elf64_Phdr],
    /// Its name; empty for the program.
    pub(crate) name: &'static [u8],
}

/// The beginning of `struct dl_find_object` (<dlfcn.h>), which is longer.
#[repr(C)]
#[derive(Default)]
struct Found {
    flags: u64,
    start: usize,
    end: usize,
    library: usize,
    eh_frame: usize,
    reserved: [usize; 11],
}

/// The module that holds `address`.
pub(crate) fn find(address: usize) -> Option<Module> {
    let ask = weak_symbol!("_dl_find_object");
    if ask == 0 {
        return walk(address);
    }
    // SAFETY: int _dl_find_object(void *, struct dl_find_object *), glibc 2.35.
    let ask: extern "C" fn(usize, *mut Found) -> i32 = unsafe { core::mem::transmute(ask) };
    let mut found = Found::default();
    if ask(address, &raw mut found) != 0 {
        return None;
    }
    // SAFETY: an entry of the loader's list; its code is on the stack, so that
    // nobody can be unloading it.
    let library = unsafe { (found.library as *const LinkMap).as_ref() }?;
    let module = of(library, found.start)?;
    Some(module).filter(|module| module.holds(address))
}

fn walk(address: usize) -> Option<Module> {
    let mut at = real::first_library()?;
    // SAFETY: the loader's list; entries in front of a null pointer are valid.
    while let Some(library) = unsafe { at.as_ref() } {
        if let Some(module) = of(library, library.base).filter(|module| module.holds(address)) {
            return Some(module);
        }
        at = library.next;
    }
    None
}

/// The program itself.
pub(crate) fn program() -> Option<Module> {
    // SAFETY: the head of the loader's list.
    let first = unsafe { real::first_library()?.as_ref() }?;
    of(first, first.base)
}

/// The module of a list's entry whose file begins at `start` in memory.
fn of(library: &'static LinkMap, start: usize) -> Option<Module> {
    let head = real::first_library();
    let headers = if head.is_some_and(|head| core::ptr::eq(head, library)) {
        program_headers()?
    } else {
        headers_at(start)?
    };
    let name = if library.name.is_null() {
        &[]
    } else {
        // SAFETY: a string of the loader's.
        unsafe { CStr::from_ptr(library.name) }.to_bytes()
    };
    let loads = || headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let start = loads().map(|header| header.p_vaddr).min()? as usize;
    let end = loads().map(|header| header.p_vaddr.saturating_add(header.p_memsz)).max()? as usize;
    let bias = library.base;
    Some(Module {
        bias,
        start: bias.wrapping_add(start),
        end: bias.wrapping_add(end),
        headers,
        name,
    })
}

fn program_headers() -> Option<&'static [Elf64_Phdr]> {
    let startup = state::startup()?;
    let (at, count) = (startup.aux(libc::AT_PHDR)?, startup.aux(libc::AT_PHNUM)?);
    // SAFETY: the program's headers as the kernel mapped them.
    Some(unsafe { core::slice::from_raw_parts(at as *const Elf64_Phdr, count) })
}

/// The program headers of a file whose beginning is in memory at `start`.
fn headers_at(start: usize) -> Option<&'static [Elf64_Phdr]> {
    const FIRST_PAGE: usize = 4096;
    if start == 0 || start & (FIRST_PAGE - 1) != 0 || !super::is_mapped(start) {
        return None;
    }
    // SAFETY: a mapped page is longer than an ELF header.
    let elf = unsafe { &*(start as *const Elf64_Ehdr) };
    if !elf.e_ident.starts_with(b"\x7fELF")
        || usize::from(elf.e_phentsize) != size_of::<Elf64_Phdr>()
    {
        return None;
    }
    let (offset, count) = (elf.e_phoff as usize, usize::from(elf.e_phnum));
    let end = count.checked_mul(size_of::<Elf64_Phdr>())?.checked_add(offset)?;
    if end > FIRST_PAGE || offset % align_of::<Elf64_Phdr>() != 0 {
        return None;
    }
    // SAFETY: inside the mapped page, and aligned.
    Some(unsafe { core::slice::from_raw_parts((start + offset) as *const Elf64_Phdr, count) })
}

impl Module {
    fn holds(&self, address: usize) -> bool {
        self.start <= address && address < self.end
    }

    /// An address in the file's own addresses.
    pub(crate) fn own_address(&self, address: usize) -> usize {
        address.wrapping_sub(self.bias)
    }

    /// Memory from `address` to the end of the loaded part it lies in.
    pub(crate) fn memory_from(&self, address: usize) -> Option<&'static [u8]> {
        let own = self.own_address(address) as u64;
        let part = self.headers.iter().find(|header| {
            header.p_type == libc::PT_LOAD
                && header.p_vaddr <= own
                && own < header.p_vaddr.saturating_add(header.p_filesz)
        })?;
        let len = part.p_vaddr.checked_add(part.p_filesz)?.checked_sub(own)? as usize;
        // SAFETY: loaded and, while its code runs, not unloaded.
        Some(unsafe { core::slice::from_raw_parts(address as *const u8, len) })
    }

    /// Where a kind of header points.
    fn address_of(&self, kind: u32) -> impl Iterator<Item = (usize, usize)> + '_ {
        let found = self.headers.iter().filter(move |header| header.p_type == kind);
        found.map(|h| (self.bias.wrapping_add(h.p_vaddr as usize), h.p_filesz as usize))
    }

    /// Address of the table of call frames.
    pub(crate) fn frame_table(&self) -> Option<usize> {
        self.address_of(libc::PT_GNU_EH_FRAME).next().map(|(address, _)| address)
    }

    /// The linker's identification of the file.
    pub(crate) fn build_id(&self) -> BuildId {
        let notes = self
            .address_of(libc::PT_NOTE)
            .filter_map(|(address, len)| build_id_in(self.memory_from(address)?.get(..len)?));
        notes.into_iter().next().unwrap_or_default()
    }
}

/// Notes are: length of name, of contents, type, then both, each padded to 4.
fn build_id_in(mut notes: &[u8]) -> Option<BuildId> {
    const NT_GNU_BUILD_ID: u32 = 3;
    let word = |notes: &[u8], at: usize| {
        notes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_ne_bytes)
    };
    loop {
        let name_len = word(notes, 0)? as usize;
        let len = word(notes, 4)? as usize;
        let kind = word(notes, 8)?;
        let name = notes.get(12..)?.get(..name_len)?;
        let contents = notes.get(12 + name_len.next_multiple_of(4)..)?;
        if kind == NT_GNU_BUILD_ID && name == b"GNU\0" {
            return contents.get(..len).map(BuildId::new);
        }
        notes = contents.get(len.checked_next_multiple_of(4)?..)?;
    }
}
