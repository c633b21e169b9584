//! The command `pagesim`: runs programs under the library, checks ELF files
//! for larger pages and explains what was found.
//!
//! The entry point is C's `main`, not Rust's: the runtime that Rust puts
//! before its own main ignores SIGPIPE and opens closed descriptors, and both
//! would be inherited by the program that is launched.

#![cfg_attr(not(test), no_main)]
#![cfg_attr(test, allow(dead_code))]

mod args;
mod check;
mod elf;
mod exit;
mod explain;
mod findings;
mod launch;
mod manual;
mod recorded;
mod report;
mod settings;

use std::ffi::OsString;

use args::{Action, Cli};
use exit::Exit;

/// Where C's startup code enters.
#[cfg(not(test))]
#[unsafe(no_mangle)]
extern "C" fn main(argc: std::ffi::c_int, argv: *const *const std::ffi::c_char) -> std::ffi::c_int {
    // SAFETY: the C runtime passes `argc` NUL-terminated strings in `argv`
    // that live as long as the process.
    let args = unsafe { arguments(argc, argv) };
    run(args).code()
}

/// Copies the arguments of C's main.
///
/// # Safety
/// `argv` holds `argc` pointers to NUL-terminated strings.
#[cfg(not(test))]
unsafe fn arguments(argc: std::ffi::c_int, argv: *const *const std::ffi::c_char) -> Vec<OsString> {
    use std::os::unix::ffi::OsStringExt;

    (0..usize::try_from(argc).unwrap_or(0))
        .map(|i| {
            // SAFETY: `i` is below `argc`, see the caller's promise.
            let text = unsafe { std::ffi::CStr::from_ptr(*argv.add(i)) };
            OsString::from_vec(text.to_bytes().to_vec())
        })
        .collect()
}

/// Everything after the arguments were collected.
fn run(args: Vec<OsString>) -> Exit {
    let cli = match Cli::read(args) {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    match cli.action() {
        Action::Run(run) => launch::run(&run),
        Action::Check(check) => check::run(&check),
        Action::Report(merge) => report::merge::run(&merge),
        Action::Explain(explain) => explain::run(&explain),
        Action::Man(man) => manual::pages(&man),
        Action::Completions(completions) => manual::completions(&completions),
    }
}
