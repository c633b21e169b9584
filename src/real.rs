//! The functions behind our hooks: the next definition in the program's list of
//! libraries.
//!
//! dlsym(RTLD_NEXT) may take locks, allocate and call hooks, and is not to be
//! called from a signal handler. This looks them up in the loader's own list,
//! with no lock and no memory: libraries in front of the program's first call
//! are complete, and those are never unloaded.

use crate::state;
use core::ffi::{c_char, CStr};
use core::sync::atomic::{AtomicUsize, Ordering};

/// The beginning of `struct link_map`, which is public (<link.h>).
#[repr(C)]
pub(crate) struct LinkMap {
    pub(crate) base: usize,
    pub(crate) name: *const c_char,
    dynamic: *const Dyn,
    pub(crate) next: *const LinkMap,
    previous: *const LinkMap,
}

/// The beginning of `struct r_debug` (<link.h>).
#[repr(C)]
struct Debug {
    version: i32,
    map: *const LinkMap,
}

#[repr(C)]
struct Dyn {
    tag: usize,
    value: usize,
}

const DT_NULL: usize = 0;
const DT_HASH: usize = 4;
const DT_STRTAB: usize = 5;
const DT_SYMTAB: usize = 6;
const DT_DEBUG: usize = 21;
const DT_GNU_HASH: usize = 0x6fff_fef5;
const DT_VERSYM: usize = 0x6fff_fff0;

/// A symbol that is not the default of its name (`foo@V`, not `foo@@V`).
const VERSION_HIDDEN: u16 = 0x8000;

/// A function behind a hook, looked up at its first use.
///
/// Its name is not kept beside it: with more than two hundred of these, a pointer
/// in each would be what the loader spends most time on at every exec.
pub(crate) struct Real {
    /// 0: not looked up; 1: there is none.
    address: AtomicUsize,
}

impl Real {
    pub(crate) const fn new() -> Real {
        Real { address: AtomicUsize::new(0) }
    }

    /// The address of `name`, the same in every call; `None` where no other library
    /// defines it.
    #[inline(always)]
    pub(crate) fn address(&self, name: &CStr) -> Option<usize> {
        match self.address.load(Ordering::Relaxed) {
            0 => self.look_up(name),
            1 => None,
            address => Some(address),
        }
    }

    #[cold]
    #[link_section = ".text.start"]
    fn look_up(&self, name: &CStr) -> Option<usize> {
        let found = next_definition(name);
        self.address.store(found.unwrap_or(1), Ordering::Relaxed);
        found
    }
}

/// The first definition behind this library in the list of libraries.
#[link_section = ".text.start"]
fn next_definition(name: &CStr) -> Option<usize> {
    let mut at = first_library()?;
    let mut behind = false;
    // SAFETY: the loader's list; entries in front of a null pointer are valid.
    while let Some(library) = unsafe { at.as_ref() } {
        if behind {
            if let Some(address) = Library::of(library).and_then(|l| l.find(name)) {
                return Some(address);
            }
        }
        behind |= is_this(library);
        at = library.next;
    }
    None
}

/// Whether the entry is this library: its dynamic section is ours.
fn is_this(library: &LinkMap) -> bool {
    library.dynamic as usize == crate::arch::weak_symbol!("_DYNAMIC")
}

/// The name under which the loader has this library.
pub(crate) fn own_name() -> Option<&'static CStr> {
    let mut at = first_library()?;
    // SAFETY: the loader's list; entries in front of a null pointer are valid, and
    // names stay as long as their libraries.
    while let Some(library) = unsafe { at.as_ref() } {
        if is_this(library) && !library.name.is_null() {
            // SAFETY: a C string that stays as long as the library.
            return Some(unsafe { CStr::from_ptr(library.name) });
        }
        at = library.next;
    }
    None
}

/// Head of the loader's list, by the program's own dynamic section.
#[link_section = ".text.start"]
pub(crate) fn first_library() -> Option<*const LinkMap> {
    let startup = state::startup()?;
    let headers = startup.aux(libc::AT_PHDR)?;
    let count = startup.aux(libc::AT_PHNUM)?;
    // SAFETY: the program's headers as the kernel mapped them.
    let headers = unsafe { core::slice::from_raw_parts(headers as *const libc::Elf64_Phdr, count) };
    let of = |kind| headers.iter().find(move |h| h.p_type == kind);
    let start = headers.as_ptr() as usize;
    let base = of(libc::PT_PHDR).map_or(0, |h| start.wrapping_sub(h.p_vaddr as usize));
    let dynamic = base.wrapping_add(of(libc::PT_DYNAMIC)?.p_vaddr as usize) as *const Dyn;
    let debug = entry(dynamic, DT_DEBUG)? as *const Debug;
    // SAFETY: the loader has set it before any library is called.
    unsafe { debug.as_ref() }.map(|d| d.map)
}

/// Value of an entry of a dynamic section.
fn entry(mut at: *const Dyn, tag: usize) -> Option<usize> {
    // SAFETY: DT_NULL ends the section.
    unsafe {
        while (*at).tag != DT_NULL {
            if (*at).tag == tag {
                return Some((*at).value);
            }
            at = at.add(1);
        }
    }
    None
}

/// A library's symbol table.
struct Library {
    base: usize,
    strings: usize,
    symbols: *const libc::Elf64_Sym,
    versions: Option<*const u16>,
    gnu_hash: Option<*const u32>,
    hash: Option<*const u32>,
}

impl Library {
    #[link_section = ".text.start"]
    fn of(library: &LinkMap) -> Option<Library> {
        if library.dynamic.is_null() {
            return None;
        }
        // glibc replaces the values by addresses, musl and the vdso do not
        let address = |tag| {
            entry(library.dynamic, tag).map(|value| {
                if value < library.base {
                    library.base.wrapping_add(value)
                } else {
                    value
                }
            })
        };
        Some(Library {
            base: library.base,
            strings: address(DT_STRTAB)?,
            symbols: address(DT_SYMTAB)? as *const libc::Elf64_Sym,
            versions: address(DT_VERSYM).map(|a| a as *const u16),
            gnu_hash: address(DT_GNU_HASH).map(|a| a as *const u32),
            hash: address(DT_HASH).map(|a| a as *const u32),
        })
    }

    fn find(&self, name: &CStr) -> Option<usize> {
        match (self.gnu_hash, self.hash) {
            (Some(table), _) => self.by_gnu_hash(table, name),
            (None, Some(table)) => self.by_hash(table, name),
            (None, None) => None,
        }
    }

    /// The table: bucket count, first symbol, filter size, filter shift, then
    /// filter (64-bit words), buckets, chains.
    #[link_section = ".text.start"]
    fn by_gnu_hash(&self, table: *const u32, name: &CStr) -> Option<usize> {
        let hash = name
            .to_bytes()
            .iter()
            .fold(5381u32, |h, b| h.wrapping_mul(33).wrapping_add(u32::from(*b)));
        // SAFETY: the layout of a DT_GNU_HASH section; a chain ends at an entry
        // with bit 0 set.
        unsafe {
            let buckets_len = *table;
            let first = *table.add(1);
            let filter_len = *table.add(2) as usize;
            if buckets_len == 0 {
                return None;
            }
            let buckets = table.add(4 + 2 * filter_len);
            let chains = buckets.add(buckets_len as usize);
            let mut index = *buckets.add((hash % buckets_len) as usize);
            if index < first {
                return None;
            }
            loop {
                let chained = *chains.add((index - first) as usize);
                if (chained | 1) == (hash | 1) {
                    if let Some(address) = self.defined(index as usize, name) {
                        return Some(address);
                    }
                }
                if chained & 1 != 0 {
                    return None;
                }
                index += 1;
            }
        }
    }

    /// The table: bucket count, chain count, buckets, chains.
    fn by_hash(&self, table: *const u32, name: &CStr) -> Option<usize> {
        let hash = name.to_bytes().iter().fold(0u32, |h, b| {
            let h = (h << 4).wrapping_add(u32::from(*b));
            let high = h & 0xf000_0000;
            (h ^ (high >> 24)) & !high
        });
        // SAFETY: the layout of a DT_HASH section; index 0 ends a chain.
        unsafe {
            let buckets_len = *table;
            if buckets_len == 0 {
                return None;
            }
            let buckets = table.add(2);
            let chains = buckets.add(buckets_len as usize);
            let mut index = *buckets.add((hash % buckets_len) as usize) as usize;
            while index != 0 {
                if let Some(address) = self.defined(index, name) {
                    return Some(address);
                }
                index = *chains.add(index) as usize;
            }
        }
        None
    }

    /// The address of symbol `index`, if it is the default definition of `name`.
    ///
    /// # Safety
    /// `index` lies inside the symbol table.
    #[link_section = ".text.start"]
    unsafe fn defined(&self, index: usize, name: &CStr) -> Option<usize> {
        // SAFETY: the caller's promise; names are C strings of the string table.
        unsafe {
            let symbol = &*self.symbols.add(index);
            let found = CStr::from_ptr((self.strings + symbol.st_name as usize) as *const c_char);
            let hidden = self.versions.is_some_and(|v| *v.add(index) & VERSION_HIDDEN != 0);
            if found != name || hidden || symbol.st_shndx == 0 {
                return None;
            }
            let address = self.base.wrapping_add(symbol.st_value as usize);
            match symbol.st_info & 0xf {
                STT_NOTYPE | STT_OBJECT | STT_FUNC => Some(address),
                STT_GNU_IFUNC => {
                    let resolve: extern "C" fn() -> usize = core::mem::transmute(address);
                    Some(resolve())
                }
                _ => None,
            }
        }
    }
}

const STT_NOTYPE: u8 = 0;
const STT_OBJECT: u8 = 1;
const STT_FUNC: u8 = 2;
const STT_GNU_IFUNC: u8 = 10;
