//! The functions this library defines in the C library's place. They hold no
//! logic: arguments in, `calls` or `queries`, result out.

mod aio;
mod brk;
pub(crate) mod errno;
pub(crate) mod exec;
pub(crate) mod files;
mod fork;
pub(crate) mod growth;
mod memory;
mod other;
mod pipes;
mod query;
mod ranges;
pub(crate) mod reading;
mod shm;
mod signal;
mod stat;
pub(crate) mod streams;
pub(crate) mod syscall;
mod threads;
mod timers;
mod transfer;

/// Defines functions of the C library, with signatures checked against the libc
/// crate's where it has them.
macro_rules! hook {
    () => {};
    (
        $(#[$doc:meta])*
        fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty = $like:path $body:block
        $($rest:tt)*
    ) => {
        const _: unsafe extern "C" fn($($ty),*) -> $ret = $like;
        $crate::hooks::hook! { $(#[$doc])* fn $name($($arg: $ty),*) -> $ret $body $($rest)* }
    };
    (
        $(#[$doc:meta])*
        fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty $body:block
        $($rest:tt)*
    ) => {
        $(#[$doc])*
        #[no_mangle]
        extern "C" fn $name($($arg: $ty),*) -> $ret $body
        $crate::hooks::hook! { $($rest)* }
    };
}
pub(crate) use hook;

/// The next library's function of a name; `None` where there is none.
macro_rules! next {
    ($name:literal, fn($($ty:ty),* $(,)?) -> $ret:ty) => {{
        #[link_section = ".data"]
        static NEXT: $crate::real::Real = $crate::real::Real::new();
        // SAFETY: C functions of one name have one signature in all libraries.
        NEXT.address($name).map(|address| unsafe {
            core::mem::transmute::<usize, extern "C" fn($($ty),*) -> $ret>(address)
        })
    }};
}
pub(crate) use next;
