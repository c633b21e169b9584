//! Link options of the preload library.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for arg in [
        // no NEEDED library and no start files: one file for glibc and musl
        "-nostdlib",
        "-Wl,-soname,libpagesim.so",
        // constructors of other libraries already map memory
        "-Wl,-z,initfirst",
        // no lazy binding inside a signal handler
        "-Wl,-z,now",
        "-Wl,-z,relro",
        "-Wl,-z,noexecstack",
        // what the loader writes to is in one page and not across two (lld; others
        // pass over it)
        "-Wl,-z,separate-loadable-segments",
    ] {
        println!("cargo:rustc-cdylib-link-arg={arg}");
    }
}
