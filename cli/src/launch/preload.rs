//! The value of LD_PRELOAD.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Sanitizer runtimes that insist on being first, or whose interceptors must
/// see calls before the library does.
const RUNTIMES: [&str; 7] = [
    "libasan.so",
    "libhwasan.so",
    "libtsan.so",
    "libclang_rt.asan",
    "libclang_rt.hwasan",
    "libclang_rt.tsan",
    "liblsan.so",
];

/// Our library first; before it only sanitizer runtimes: those already in the
/// list, and those the program needs and would load too late. Everything else
/// that was in the list stays behind it, in its order.
pub(super) fn compose(library: &Path, needed: &[String], old: Option<&OsStr>) -> OsString {
    let ours = library.as_os_str().as_bytes();
    let old = old.map(OsStr::as_bytes).unwrap_or_default();
    // The loader separates at spaces and colons (glibc's handle_preload).
    let entries: Vec<&[u8]> =
        old.split(|&b| b == b' ' || b == b':').filter(|e| !e.is_empty() && *e != ours).collect();
    let (mut first, rest): (Vec<&[u8]>, Vec<&[u8]>) =
        entries.into_iter().partition(|entry| is_runtime(entry));
    let missing = needed.iter().map(String::as_bytes).filter(|name| is_runtime(name));
    for name in missing {
        if !first.iter().any(|entry| base(entry) == name) {
            first.push(name);
        }
    }
    first.push(ours);
    first.extend(rest);
    OsString::from_vec(first.join(&b':'))
}

/// Whether the loader can be given this path: it knows no quoting.
pub(super) fn can_name(path: &Path) -> bool {
    !path.as_os_str().as_bytes().iter().any(|b| matches!(b, b' ' | b':'))
}

fn base(entry: &[u8]) -> &[u8] {
    entry.rsplit(|&b| b == b'/').next().unwrap_or(entry)
}

/// Whether a library is a sanitizer runtime.
pub(super) fn is_runtime(entry: &[u8]) -> bool {
    RUNTIMES.iter().any(|name| base(entry).starts_with(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(needed: &[&str], old: Option<&str>) -> String {
        let needed: Vec<String> = needed.iter().map(|s| (*s).into()).collect();
        let list = compose(Path::new("/x/libpagesim.so"), &needed, old.map(OsStr::new));
        list.into_string().unwrap()
    }

    #[test]
    fn ours_comes_before_what_was_there() {
        assert_eq!(composed(&[], None), "/x/libpagesim.so");
        assert_eq!(composed(&[], Some("")), "/x/libpagesim.so");
        assert_eq!(composed(&[], Some("a.so b.so:c.so")), "/x/libpagesim.so:a.so:b.so:c.so");
    }

    #[test]
    fn nested_runs_name_the_library_once() {
        assert_eq!(composed(&[], Some("/x/libpagesim.so:a.so")), "/x/libpagesim.so:a.so");
    }

    #[test]
    fn sanitizer_runtimes_stay_first() {
        assert_eq!(composed(&["libasan.so.8", "libc.so.6"], None), "libasan.so.8:/x/libpagesim.so");
        assert_eq!(
            composed(&["libasan.so.8"], Some("a.so /opt/libasan.so.8")),
            "/opt/libasan.so.8:/x/libpagesim.so:a.so"
        );
        assert_eq!(
            composed(&[], Some("a.so:libclang_rt.asan-x86_64.so")),
            "libclang_rt.asan-x86_64.so:/x/libpagesim.so:a.so"
        );
    }
}
