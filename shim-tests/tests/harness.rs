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
    /// The page size under the library; without it, the machine's own counts.
    shimmed: Option<&'static str>,
    /// What else the library is told.
    settings: &'static [(&'static str, &'static str)],
    /// How truth and outcome are looked at.
    view: fn(&str) -> String,
}

impl Mode {
    /// The page size whose truth counts, where this machine can show it: pages
    /// smaller than its own are the narrow direction, which has tests of its own.
    fn page_size(self) -> Option<&'static str> {
        let own = rustix::param::page_size();
        let sizes = [("4K", 4096), ("16K", 16384), ("64K", 65536)];
        let fits = |(name, bytes): &(&str, usize)| match self.shimmed {
            Some(size) => *name == size && *bytes >= own,
            None => *bytes == own,
        };
        sizes.into_iter().find(fits).map(|(name, _)| name)
    }
}

const fn mode(name: &'static str, libc: Libc, shimmed: Option<&'static str>) -> Mode {
    Mode { name, libc, shimmed, settings: &[], view: programs::exactly }
}

const fn told(mode: Mode, settings: &'static [(&'static str, &'static str)]) -> Mode {
    Mode { settings, ..mode }
}

const MODES: &[Mode] = &[
    mode("native", Libc::Glibc, None),
    mode("4K", Libc::Glibc, Some("4K")),
    mode("16K", Libc::Glibc, Some("16K")),
    mode("64K", Libc::Glibc, Some("64K")),
    told(mode("64K-on-16K", Libc::Glibc, Some("64K")), &[("PAGESIM_HOST_PAGE_SIZE", "16K")]),
    told(mode("64K-bottomup", Libc::Glibc, Some("64K")), &[("PAGESIM_PLACEMENT", "bottomup")]),
    Mode {
        view: programs::holes_reserved,
        settings: &[("PAGESIM_RESERVE", "hard")],
        ..mode("64K-hard", Libc::Glibc, Some("64K"))
    },
    mode("musl-native", Libc::Musl, None),
    mode("musl-16K", Libc::Musl, Some("16K")),
    mode("musl-64K", Libc::Musl, Some("64K")),
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::from_args();
    let known = Arc::new(Known::read("known-gaps.txt")?);
    let mut trials = Vec::new();
    let mut names = Vec::new();
    for mode in MODES {
        let Some(page_size) = mode.page_size() else { continue };
        for program in programs::all(mode.libc)? {
            names.push(program.name.clone());
            if !program.is_about(page_size, mode.shimmed.is_some()) {
                continue;
            }
            let name = format!("{}/{}/{}", mode.name, program.group, program.name);
            let known = Arc::clone(&known);
            trials.push(Trial::test(name, move || agrees(*mode, page_size, &program, &known)));
        }
    }
    for program in programs::all(Libc::Glibc)? {
        if program.name.ends_with("_buggy") || program.name.ends_with("_correct") {
            trials
                .push(Trial::test(format!("twins/{}", program.name), move || is_a_twin(&program)));
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

fn agrees(mode: Mode, page_size: &str, program: &Program, known: &Known) -> Result<(), Failed> {
    let truth = programs::truth(program, page_size)?;
    let mut run = match mode.shimmed {
        Some(size) => Run::shimmed(&program.path, size)?,
        None => Run::native(&program.path)?,
    };
    for (name, value) in mode.settings {
        run = run.env(name, value);
    }
    if let Some((name, value)) = &program.env {
        run = run.env(name, value);
    }
    let command = run.shell();
    let outcome: Outcome = run.outcome()?;
    match (
        programs::difference(&truth, &outcome, mode.view),
        known.reason(mode.name, &program.name),
    ) {
        (None, None) | (Some(_), Some(_)) => Ok(()),
        (Some(difference), None) => Err(format!("{command}\n{difference}").into()),
        (None, Some(reason)) => {
            Err(format!("a known gap is gone, take it out of known-gaps.txt: {reason}").into())
        }
    }
}

/// A bug of 4K pages shows on 64K pages, and its correction does not: else the
/// program proves nothing.
fn is_a_twin(program: &Program) -> Result<(), Failed> {
    if !program.is_about("4K", false) {
        return Ok(());
    }
    let [small, middle, large] = ["4K", "16K", "64K"].map(|size| programs::truth(program, size));
    let (small, middle, large) = (small?, middle?, large?);
    match program.name.ends_with("_buggy") {
        true if small == large => Err("the same on 4K and 64K pages".into()),
        false if small != middle || small != large => Err("not the same on all pages".into()),
        _ => Ok(()),
    }
}
