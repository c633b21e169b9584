//! The random differential: a seeded sequence of memory calls, counted in
//! sixteenths of a page, prints the same natively and under the library at 16K
//! and 64K, page for page (`differential/diff.h`; `differential/truth` shows
//! that real kernels with such pages print it too).
//!
//! `PAGESIM_LONG=1` runs 300 seeds of 300 steps from a random one on, else the same
//! few are run each time: what breaks was broken by the change at hand.
//! `PAGESIM_SEED` chooses the first seed, `random` any; it is printed.
//! `PAGESIM_GROUPS` chooses the calls of all variants. A difference is shrunk to the fewest steps
//! that still show it.

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
    /// Groups of calls; empty for those that are on by default.
    groups: &'static str,
    /// In one run: the more, the fewer seeds do.
    sequences: u64,
    shims: &'static [Shim],
}

/// How the library is asked for: `PAGESIM_PAGE_SIZE` and what else is set.
#[derive(Debug, Clone, Copy)]
struct Shim {
    target: &'static str,
    env: &'static [(&'static str, &'static str)],
}

const fn shim(target: &'static str, env: &'static [(&'static str, &'static str)]) -> Shim {
    Shim { target, env }
}

const LARGE: &[Shim] = &[shim("16K", &[]), shim("64K", &[])];
const ON_16K: &[(&str, &str)] = &[("PAGESIM_HOST_PAGE_SIZE", "16K")];
const ON_64K: &[(&str, &str)] = &[("PAGESIM_HOST_PAGE_SIZE", "64K")];
const HARD: &[(&str, &str)] = &[("PAGESIM_RESERVE", "hard")];
const BOTTOM_UP: &[(&str, &str)] = &[("PAGESIM_PLACEMENT", "bottomup")];

const fn variant(
    name: &'static str,
    args: &'static [&'static str],
    sequences: u64,
    shims: &'static [Shim],
) -> Variant {
    Variant { name, args, groups: "", sequences, shims }
}

const fn with_groups(groups: &'static str, variant: Variant) -> Variant {
    Variant { groups, ..variant }
}

/// Files that grow and shrink, and forks.
const FILES: &str = "access,eof,eof_private,fork,madvise,map,mlock,mremap,tail";
/// All other calls.
const CALLS: &str = "access,brk,madvise,map,mincore,mlock,mremap,other,shm,vm";
/// What may be done by several threads at once.
const BY_THREADS: &str =
    "access,eof,eof_private,madvise,map,mincore,mlock,mremap,other,shm,tail,vm";
const EVERYTHING: &str =
    "access,brk,eof,eof_private,fork,madvise,map,mincore,mlock,mremap,other,shm,tail,vm";

const VARIANTS: &[Variant] = &[
    variant("plain", &[], 1, LARGE),
    variant("by-number", &["--raw"], 1, LARGE),
    variant("on-disk", &["--disk"], 1, LARGE),
    variant("in-a-handler", &["--signal"], 1, LARGE),
    variant("interrupted", &["--interrupt"], 1, LARGE),
    variant("threads", &["--threads", "8"], 8, LARGE),
    variant("threads-interrupted", &["--threads", "8", "--signal", "--interrupt"], 8, LARGE),
    with_groups(FILES, variant("files", &[], 1, LARGE)),
    with_groups(FILES, variant("files-on-disk", &["--disk"], 1, LARGE)),
    with_groups(CALLS, variant("calls", &["--exact"], 1, LARGE)),
    with_groups(CALLS, variant("calls-by-number", &["--raw", "--exact"], 1, LARGE)),
    with_groups(EVERYTHING, variant("everything", &["--exact"], 1, LARGE)),
    with_groups(
        EVERYTHING,
        variant("everything-in-a-handler", &["--signal", "--interrupt"], 1, LARGE),
    ),
    with_groups(BY_THREADS, variant("everything-threads", &["--threads", "8"], 8, LARGE)),
    // In a hard window unmapped memory is protected memory: no holes are made.
    variant("hard-window", &["--whole"], 1, &[shim("16K", HARD), shim("64K", HARD)]),
    variant("bottom-up", &["--whole"], 1, &[shim("16K", BOTTOM_UP), shim("64K", BOTTOM_UP)]),
    variant("narrow-16K", &["--narrow", "16384"], 1, &[shim("4K", ON_16K)]),
    variant("narrow-64K", &["--narrow", "65536"], 1, &[shim("4K", ON_64K)]),
    variant("narrow-threads", &["--narrow", "65536", "--threads", "8"], 8, &[shim("4K", ON_64K)]),
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
    let long = env::var_os("PAGESIM_LONG").is_some_and(|value| value == "1");
    let first_seed = match env::var("PAGESIM_SEED") {
        Ok(given) if given != "random" => given.parse()?,
        Err(_) if !long => 1,
        _ => u64::from(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos()),
    };
    let (sequences, steps) = if long { (300, 300) } else { (3, 120) };
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
    for shim in [LARGE, &[shim("4K", ON_64K), shim("64K", HARD)]].concat() {
        let name = format!("library-is-live/{}", shim.name());
        trials.push(Trial::test(name, move || is_live(shim)));
    }
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}

impl Shim {
    fn name(self) -> String {
        self.env.iter().fold(self.target.to_owned(), |name, (_, value)| name + "-" + value)
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
    for (name, value) in shim.map_or(&[][..], |shim| shim.env) {
        run = run.env(name, value);
    }
    Ok(run.args(args).timeout(Duration::from_secs(300)))
}

/// The groups to run; limits on locked memory differ with the size of pages.
fn groups(variant: Variant, amount: &Amount) -> Option<String> {
    let own = (!variant.groups.is_empty()).then(|| {
        let may_be_run = |group: &&str| *group != "mlock" || may_lock_everything();
        variant.groups.split(',').filter(may_be_run).collect::<Vec<_>>().join(",")
    });
    amount.groups.clone().or(own)
}

/// CAP_IPC_LOCK of capabilities(7).
fn may_lock_everything() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    effective.is_some_and(|set| set & 1 << 14 != 0)
}

fn agrees(variant: Variant, amount: &Amount) -> Result<(), Failed> {
    for n in 0..amount.sequences.div_ceil(variant.sequences) {
        let seed = amount.first_seed.wrapping_add(n);
        let mut args: Vec<String> = variant.args.iter().map(|&arg| arg.to_owned()).collect();
        args.extend(["--seed".to_owned(), seed.to_string()]);
        if let Some(groups) = groups(variant, amount) {
            args.extend(["--groups".to_owned(), groups]);
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
