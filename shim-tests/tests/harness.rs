//! Every program of the C harness, natively and under the library at 4K, 16K
//! and 64K, against what real kernels with these page sizes answered. A test
//! is named `<mode>/<group>/<program>`; a part of it selects tests:
//! `cargo test -p pagesim-shim-tests --test harness 64K/mmap`.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use shim_tests::known::Known;
use shim_tests::programs::{self, Libc, Program};
use shim_tests::run::{Outcome, Run};

/// How the programs are run.
#[derive(Debug, Clone, Copy)]
struct Mode {
    name: &'static str,
    libc: Libc,
    /// The page size whose truth counts.
    page_size: &'static str,
    shimmed: bool,
}

const fn mode(name: &'static str, libc: Libc, page_size: &'static str, shimmed: bool) -> Mode {
    Mode { name, libc, page_size, shimmed }
}

const MODES: &[Mode] = &[
    mode("native", Libc::Glibc, "4K", false),
    mode("4K", Libc::Glibc, "4K", true),
    mode("16K", Libc::Glibc, "16K", true),
    mode("64K", Libc::Glibc, "64K", true),
    mode("musl-native", Libc::Musl, "4K", false),
    mode("musl-16K", Libc::Musl, "16K", true),
    mode("musl-64K", Libc::Musl, "64K", true),
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::from_args();
    let known = Arc::new(Known::read("known-gaps.txt")?);
    let mut trials = Vec::new();
    let mut names = Vec::new();
    for mode in MODES {
        let all = programs::all(mode.libc)?;
        for program in all {
            names.push(program.name.clone());
            let name = format!("{}/{}/{}", mode.name, program.group, program.name);
            let known = Arc::clone(&known);
            trials.push(Trial::test(name, move || agrees(*mode, &program, &known)));
        }
    }
    trials.push(Trial::test("known-gaps/name-programs-that-exist", move || {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let strangers: Vec<&str> = known.strangers(&names).collect();
        if strangers.is_empty() {
            Ok(())
        } else {
            Err(format!("not a program: {strangers:?}").into())
        }
    }));
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

fn agrees(mode: Mode, program: &Program, known: &Known) -> Result<(), Failed> {
    let truth = programs::truth(program, mode.page_size)?;
    let run = if mode.shimmed {
        Run::shimmed(&program.path, mode.page_size)?
    } else {
        Run::native(&program.path)?
    };
    let command = run.shell();
    let outcome: Outcome = run.outcome()?;
    match (programs::difference(&truth, &outcome), known.reason(mode.name, &program.name)) {
        (None, None) | (Some(_), Some(_)) => Ok(()),
        (Some(difference), None) => Err(format!("{command}\n{difference}").into()),
        (None, Some(reason)) => {
            Err(format!("a known gap is gone, take it out of known-gaps.txt: {reason}").into())
        }
    }
}
