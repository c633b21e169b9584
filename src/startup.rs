//! What the kernel left on the first stack: arguments, environment and auxiliary
//! vector. Found without the C library's help, since hooks are called before
//! it is ready.

use crate::arch::weak_symbol;
use core::ffi::{c_char, CStr};

/// One entry of the auxiliary vector.
#[repr(C)]
struct AuxEntry {
    kind: usize,
    value: usize,
}

/// The block: `argc, argv…, NULL, envp…, NULL, auxv…, AT_NULL`.
#[derive(Clone, Copy)]
pub(crate) struct Startup {
    argv: *const *const c_char,
    envp: *mut *const c_char,
    auxv: *mut AuxEntry,
}

// SAFETY: the block lives as long as the process, its parts are only read, but
// for two edits that are made before the program runs.
unsafe impl Sync for Startup {}
// SAFETY: as above.
unsafe impl Send for Startup {}

impl Startup {
    /// Looks for the block: `__libc_stack_end` of glibc's loader points at it,
    /// `environ` of musl into it.
    pub(crate) fn find() -> Option<Startup> {
        Self::by_stack_end().or_else(Self::by_environ).filter(Startup::is_sound)
    }

    fn by_stack_end() -> Option<Startup> {
        let symbol = weak_symbol!("__libc_stack_end") as *const *const usize;
        if symbol.is_null() {
            return None;
        }
        // SAFETY: the loader's variable, set before any library is relocated;
        // it points at argc.
        unsafe {
            let block = *symbol;
            if block.is_null() {
                return None;
            }
            let argv = block.add(1).cast::<*const c_char>();
            Some(Self::from_environment(argv, argv.add(*block + 1).cast_mut()))
        }
    }

    fn by_environ() -> Option<Startup> {
        let symbol = weak_symbol!("environ") as *const *mut *const c_char;
        if symbol.is_null() {
            return None;
        }
        // SAFETY: the C library's variable; at this time it still points into
        // the block, or is null.
        unsafe {
            let envp = *symbol;
            if envp.is_null() {
                return None;
            }
            Some(Self::from_environment(core::ptr::null(), envp))
        }
    }

    /// # Safety
    /// `envp` is the environment inside the block.
    unsafe fn from_environment(argv: *const *const c_char, envp: *mut *const c_char) -> Startup {
        let mut end = envp;
        // SAFETY: a NULL ends the environment, the auxiliary vector follows.
        unsafe {
            while !(*end).is_null() {
                end = end.add(1);
            }
            Startup { argv, envp, auxv: end.add(1).cast::<AuxEntry>() }
        }
    }

    /// An auxiliary vector names a page size that is one.
    fn is_sound(&self) -> bool {
        self.aux(libc::AT_PAGESZ).is_some_and(|p| p.is_power_of_two() && p >= 4096)
    }

    fn entries(&self) -> impl Iterator<Item = *mut AuxEntry> + use<> {
        let mut at = self.auxv;
        core::iter::from_fn(move || {
            // SAFETY: AT_NULL ends the vector and the iteration.
            unsafe {
                if (*at).kind == libc::AT_NULL as usize {
                    return None;
                }
                let entry = at;
                at = at.add(1);
                Some(entry)
            }
        })
    }

    /// An entry of the auxiliary vector.
    pub(crate) fn aux(&self, kind: libc::c_ulong) -> Option<usize> {
        // SAFETY: entries come from the live vector.
        self.entries()
            .map(|e| unsafe { e.read() })
            .find(|e| e.kind == kind as usize)
            .map(|e| e.value)
    }

    /// Changes an entry of the auxiliary vector in place.
    pub(crate) fn set_aux(&self, kind: libc::c_ulong, value: usize) {
        for entry in self.entries() {
            // SAFETY: the vector lies on the stack, which is writable; libraries
            // have not started yet, so nobody reads it at this moment.
            unsafe {
                if (*entry).kind == kind as usize {
                    (*entry).value = value;
                }
            }
        }
    }

    /// The value of a variable.
    #[link_section = ".text.start"]
    #[inline(never)]
    pub(crate) fn variable(&self, name: &str) -> Option<&'static [u8]> {
        let mut at = self.envp;
        // SAFETY: a NULL ends the environment; its strings live as long as the
        // process and nobody writes to them.
        unsafe {
            while !(*at).is_null() {
                if let Some(value) = value_of(CStr::from_ptr(*at).to_bytes(), name) {
                    return Some(value);
                }
                at = at.add(1);
            }
        }
        None
    }

    /// Takes a variable out of the environment, in place.
    pub(crate) fn remove_variable(&self, name: &str) {
        let (mut from, mut to) = (self.envp, self.envp);
        // SAFETY: moves pointers down inside the array, its NULL included.
        unsafe {
            while !(*from).is_null() {
                if value_of(CStr::from_ptr(*from).to_bytes(), name).is_none() {
                    *to = *from;
                    to = to.add(1);
                }
                from = from.add(1);
            }
            *to = core::ptr::null();
        }
    }

    /// The names the program goes by: of its file and of its first argument,
    /// both without folders.
    pub(crate) fn program_names(&self) -> [&'static [u8]; 2] {
        let file = self.aux(libc::AT_EXECFN).map(|p| p as *const c_char);
        // SAFETY: argv is null or has an entry, if only NULL.
        let first = unsafe { self.argv.as_ref() }.copied();
        [file, first].map(|p| match p.filter(|p| !p.is_null()) {
            // SAFETY: a string of the block.
            Some(p) => last_component(unsafe { CStr::from_ptr(p) }.to_bytes()),
            None => &[],
        })
    }

    /// An address near the top of the address space.
    pub(crate) fn stack_address(&self) -> usize {
        self.auxv as usize
    }
}

fn value_of<'a>(entry: &'a [u8], name: &str) -> Option<&'a [u8]> {
    entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

fn last_component(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or(path)
}
