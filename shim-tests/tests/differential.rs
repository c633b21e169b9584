//! The random differential: a seeded sequence of memory calls, counted in
//! sixteenths of a page, prints the same natively and under the library at 16K
//! and 64K, page for page (`differential/diff.h`; `differential/truth` shows
//! that real kernels with such pages print it too).
//!
//! `PAGESIM_SEED` chooses the first seed (else it is random, and printed),
//! `PAGESIM_GROUPS` the calls, `PAGESIM_LONG=1` 300 seeds of 300 steps. A
//! difference is shrunk to the fewest steps that still show it.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use libtest_mimic::{Arguments, Failed, Trial};
use shim_tests::run::{Outcome, Run};

/// One way to run the sequences.
#[derive(Debug, Clone, Copy)]
struct Variant {
    name: &'static str,
    args: &'static [&'static str],
    /// Threads share one run's work: fewer seeds do.
    sequences: u64,
    shims: &'static [Shim],
}

/// Page sizes shown and used: `PAGESIM_PAGE_SIZE`, `PAGESIM_HOST_PAGE_SIZE`.
#[derive(Debug, Clone, Copy)]
struct Shim {
    target: &'static str,
    host: Option<&'static str>,
}

const LARGE: &[Shim] = &[Shim { target: "16K", host: None }, Shim { target: "64K", host: None }];

const VARIANTS: &[Variant] = &[
    Variant { name: "plain", args: &[], sequences: 1, shims: LARGE },
    Variant { name: "by-number", args: &["--raw"], sequences: 1, shims: LARGE },
    Variant { name: "on-disk", args: &["--disk"], sequences: 1, shims: LARGE },
    Variant { name: "in-a-handler", args: &["--signal"], sequences: 1, shims: LARGE },
    Variant { name: "interrupted", args: &["--interrupt"], sequences: 1, shims: LARGE },
    Variant { name: "threads", args: &["--threads", "8"], sequences: 8, shims: LARGE },
    Variant {
        name: "threads-interrupted",
        args: &["--threads", "8", "--signal", "--interrupt"],
        sequences: 8,
        shims: LARGE,
    },
    Variant {
        name: "narrow-16K",
        args: &["--narrow", "16384"],
        sequences: 1,
        shims: &[Shim { target: "4K", host: Some("16K") }],
    },
    Variant {
        name: "narrow-64K",
        args: &["--narrow", "65536"],
        sequences: 1,
        shims: &[Shim { target: "4K", host: Some("64K") }],
    },
    Variant {
        name: "narrow-threads",
        args: &["--narrow", "65536", "--threads", "8"],
        sequences: 8,
        shims: &[Shim { target: "4K", host: Some("64K") }],
    },
];

/// How much is run.
#[derive(Debug, Clone)]
struct Amount {
    first_seed: u64,
    sequences: u64,
    steps: u64,
    groups: Option<String>,
}

fn amount() -> Result<Amount, Box<dyn Error>> {
    let first_seed = match env::var("PAGESIM_SEED") {
        Ok(given) => given.parse()?,
        Err(_) => u64::from(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos()),
    };
    let long = env::var_os("PAGESIM_LONG").is_some_and(|value| value == "1");
    let (sequences, steps) = if long { (300, 300) } else { (4, 150) };
    Ok(Amount { first_seed, sequences, steps, groups: env::var("PAGESIM_GROUPS").ok() })
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::from_args();
    let amount = amount()?;
    if !arguments.list {
        eprintln!("first seed: PAGESIM_SEED={}", amount.first_seed);
    }
    let mut trials = Vec::new();
    for variant in VARIANTS {
        let amount = amount.clone();
        trials.push(Trial::test(variant.name, move || agrees(*variant, &amount)));
    }
    for shim in [LARGE, &[Shim { target: "4K", host: Some("64K") }]].concat() {
        let name = format!("library-is-live/{}", shim.name());
        trials.push(Trial::test(name, move || is_live(shim)));
    }
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

impl Shim {
    fn name(self) -> String {
        self.host
            .map_or_else(|| self.target.to_owned(), |host| format!("{}-on-{host}", self.target))
    }

    fn bytes(self) -> Option<u64> {
        self.target.strip_suffix('K')?.parse::<u64>().ok()?.checked_mul(1024)
    }
}

/// Without it all other comparisons would be of the native run with itself.
fn is_live(shim: Shim) -> Result<(), Failed> {
    let args = ["--unit".to_owned(), "--steps".to_owned(), "0".to_owned()];
    let outcome = run(Some(shim), &args)?.outcome()?;
    let page = shim.bytes().ok_or("a page size that is no number")?;
    let expected = format!("P {page}, ");
    if outcome.is_success() && outcome.text.starts_with(&expected) {
        Ok(())
    } else {
        Err(format!("expected {expected}\n{}", outcome.transcript()).into())
    }
}

fn run(shim: Option<Shim>, args: &[String]) -> std::io::Result<Run> {
    let program = shim_tests::differential();
    let mut run = match shim {
        None => Run::native(program)?,
        Some(shim) => Run::shimmed(program, shim.target)?,
    };
    if let Some(host) = shim.and_then(|shim| shim.host) {
        run = run.env("PAGESIM_HOST_PAGE_SIZE", host);
    }
    Ok(run.args(args).timeout(Duration::from_secs(300)))
}

fn agrees(variant: Variant, amount: &Amount) -> Result<(), Failed> {
    for n in 0..amount.sequences.div_ceil(variant.sequences) {
        let seed = amount.first_seed.wrapping_add(n);
        let mut args: Vec<String> = variant.args.iter().map(|&arg| arg.to_owned()).collect();
        args.extend(["--seed".to_owned(), seed.to_string()]);
        if let Some(groups) = &amount.groups {
            args.extend(["--groups".to_owned(), groups.clone()]);
        }
        let steps = ["--steps".to_owned(), amount.steps.to_string()];
        let full = [args.as_slice(), &steps].concat();
        let native = run(None, &full)?.outcome()?;
        if !native.is_success() {
            return Err(format!("natively, with {full:?}: {}", tail(&native)).into());
        }
        for shim in variant.shims {
            let shimmed = run(Some(*shim), &full)?.outcome()?;
            if native != shimmed {
                return Err(report(*shim, &args, &full, &native, &shimmed)?.into());
            }
        }
    }
    Ok(())
}

fn tail(outcome: &Outcome) -> String {
    let transcript = outcome.transcript();
    let lines: Vec<&str> = transcript.lines().collect();
    lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n")
}

/// The first lines that differ, with those before them.
fn first_difference(native: &Outcome, shimmed: &Outcome) -> String {
    let (native, shimmed) = (native.transcript(), shimmed.transcript());
    let (left, right): (Vec<&str>, Vec<&str>) =
        (native.lines().collect(), shimmed.lines().collect());
    let same = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
    let mut text = String::new();
    let mut show = |mark: &str, lines: &[&str], from: usize, to: usize| {
        for line in lines.iter().take(to).skip(from) {
            let _ = writeln!(text, "{mark} {line}");
        }
    };
    show(" ", &left, same.saturating_sub(12), same);
    show("native ", &left, same, same.saturating_add(6));
    show("shimmed", &right, same, same.saturating_add(6));
    text
}

fn report(
    shim: Shim,
    args: &[String],
    full: &[String],
    native: &Outcome,
    shimmed: &Outcome,
) -> Result<String, Failed> {
    let mut text = format!(
        "{} differs from native\n{}\n{}",
        shim.name(),
        run(Some(shim), full)?.shell(),
        first_difference(native, shimmed)
    );
    if let Some(steps) = shrink(shim, args, native, shimmed)? {
        let only = with_only(args, &steps);
        let (native, shimmed) = (run(None, &only)?.outcome()?, run(Some(shim), &only)?.outcome()?);
        let _ = write!(
            text,
            "shrunk to\n{}\n{}",
            run(Some(shim), &only)?.shell(),
            first_difference(&native, &shimmed)
        );
    }
    Ok(text)
}

fn with_only(args: &[String], steps: &[u64]) -> Vec<String> {
    let list: Vec<String> = steps.iter().map(u64::to_string).collect();
    let last = steps.last().copied().unwrap_or_default();
    [args, &["--steps".to_owned(), last.to_string(), "--only".to_owned(), list.join(",")]].concat()
}

/// The number of the step in which the transcripts part.
fn last_step(native: &Outcome, shimmed: &Outcome) -> u64 {
    let (mut step, mut longest) = (1, 1);
    for (left, right) in native.text.lines().zip(shimmed.text.lines()) {
        if let Some(number) = left.split(' ').next().and_then(|word| word.parse::<u64>().ok()) {
            step = number;
            longest = longest.max(number);
        }
        if left != right {
            break;
        }
    }
    // with several sequences in one transcript the others need as many steps
    longest.max(step).saturating_add(1)
}

/// Leaves out as many steps as possible: halves, quarters, and so on. Every
/// step has random numbers of its own, so the others stay what they are.
fn shrink(
    shim: Shim,
    args: &[String],
    native: &Outcome,
    shimmed: &Outcome,
) -> Result<Option<Vec<u64>>, Failed> {
    let differs = |steps: &[u64]| -> Result<bool, Failed> {
        let args = with_only(args, steps);
        Ok(run(None, &args)?.outcome()? != run(Some(shim), &args)?.outcome()?)
    };
    let mut steps: Vec<u64> = (1..=last_step(native, shimmed)).collect();
    if !differs(&steps)? {
        return Ok(None);
    }
    let mut chunk = steps.len().div_ceil(2);
    loop {
        let mut from = 0;
        while from < steps.len() {
            let to = from.saturating_add(chunk).min(steps.len());
            let mut fewer = steps.clone();
            fewer.drain(from..to);
            if !fewer.is_empty() && differs(&fewer)? {
                steps = fewer;
            } else {
                from = to;
            }
        }
        if chunk == 1 {
            return Ok(Some(steps));
        }
        chunk = chunk.div_ceil(2);
    }
}
