//! What the library costs, as ratios against the native call in the same run.
//!
//! `cargo bench -p pagesim-shim-tests --bench speed` prints the table of
//! docs/PERFORMANCE.md. Where the oracle is present, the same work is also timed
//! on a kernel with 64K pages under emulation (`--vm`).
//!
//! Nothing here passes or fails.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = tempfile::tempdir()?;
    let speed = compile(folder.path())?;
    println!("| work | native = 1 |");
    println!("| --- | --- |");
    for (title, variants) in [
        ("10 live mappings", [&["--live", "10"][..], &["--live", "15"], &["--live", "21"]]),
        (
            "50,000 live mappings",
            [&["--live", "50000"], &["--live", "50005"], &["--live", "50011"]],
        ),
        ("8 threads", [&["--threads", "8", "--rounds", "100"]; 3]),
    ] {
        for (name, ratio) in usual(&speed, variants)? {
            println!("| {name}, {title} | {ratio:.3} |");
        }
    }
    for (name, script) in PROGRAMS {
        if let Some(ratio) = paired(folder.path(), script, 15)? {
            println!("| {name}, whole process | {ratio:.3} |");
        }
    }
    println!("| exec of a trivial program | + {:.0} µs |", exec_cost()?);
    let bytes = |command: &mut Command| -> Result<i64> { Ok(text(command)?.trim().parse()?) };
    let table = bytes(&mut shimmed(&speed, &["--table", "30000"]))?;
    let none = bytes(Command::new(&speed).args(["--table", "30000"]))?;
    println!("| memory of the table | {} bytes per VMA |", table - none);
    if args.iter().any(|a| a == "--vm") {
        vm(&speed)?;
    }
    Ok(())
}

/// Programs at work, each for about a tenth of a second.
const PROGRAMS: [(&str, &str); 3] = [
    ("python3", "/usr/bin/python3 -c 'import json, re, zlib; d = {i: str(i) * 3 for i in range(60000)}; json.loads(json.dumps(d)); zlib.compress(bytes(2000000))'"),
    ("gcc", "gcc -O2 -c a.c -o a.o"),
    ("sqlite3", "rm -f t.db; sqlite3 t.db 'pragma synchronous=off; create table t(a,b); with recursive n(i) as (select 1 union all select i+1 from n where i<60000) insert into t select i, i*7 from n; create index i on t(b); select count(*) from t'"),
];

fn compile(folder: &Path) -> Result<PathBuf> {
    let exe = folder.join("speed");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/speed.c");
    run(Command::new("cc").args(["-O2", "-pthread", "-o"]).arg(&exe).arg(&source))?;
    std::fs::copy(&source, folder.join("a.c"))?;
    Ok(exe)
}

fn shimmed(program: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(options).env("LD_PRELOAD", shim_tests::library()).env("PAGESIM_PAGE_SIZE", "64K");
    command
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.stdout(Stdio::null()).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command:?}: {status}").into())
    }
}

fn text(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!("{command:?}: {}", output.status).into())
    }
}

/// The lines `name <tab> ratio <tab> native nanoseconds`.
fn calls(command: &mut Command) -> Result<Vec<(String, f64, f64)>> {
    let mut rows = Vec::new();
    for line in text(command)?.lines() {
        let mut parts = line.split('\t');
        if let (Some(name), Some(ratio), Some(ns)) = (parts.next(), parts.next(), parts.next()) {
            rows.push((name.to_owned(), ratio.parse()?, ns.parse()?));
        }
    }
    Ok(rows)
}

/// The middle one of three runs. A page that lies alone in its 2 MiB has the kernel make
/// and free a page table each time, natively too: that is a matter of how many mappings
/// there are, and with pages of 64K happens in one of 32 cases.
fn usual(speed: &Path, variants: [&[&str]; 3]) -> Result<Vec<(String, f64)>> {
    let mut rows: Vec<(String, Vec<f64>)> = Vec::new();
    for options in variants {
        for (name, ratio, _) in calls(&mut shimmed(speed, options))? {
            match rows.iter_mut().find(|(known, _)| *known == name) {
                Some((_, ratios)) => ratios.push(ratio),
                None => rows.push((name, vec![ratio])),
            }
        }
    }
    Ok(rows.into_iter().map(|(name, ratios)| (name, median(ratios))).collect())
}

fn timed(folder: &Path, script: &str, library: Option<&Path>) -> Result<Duration> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).current_dir(folder).env_remove("LD_PRELOAD");
    if let Some(library) = library {
        command.env("LD_PRELOAD", library).env("PAGESIM_PAGE_SIZE", "64K");
    }
    let start = Instant::now();
    run(&mut command)?;
    Ok(start.elapsed())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Median of the ratios of `n` pairs; `None` where the program is missing.
fn paired(folder: &Path, script: &str, n: usize) -> Result<Option<f64>> {
    if timed(folder, script, None).is_err() {
        return Ok(None);
    }
    let library = Some(shim_tests::library());
    let mut ratios = Vec::new();
    for i in 0..n {
        let (first, second) = if i % 2 == 0 { (library, None) } else { (None, library) };
        let (a, b) = (timed(folder, script, first)?, timed(folder, script, second)?);
        let (shim, native) = if i % 2 == 0 { (a, b) } else { (b, a) };
        ratios.push(shim.as_secs_f64() / native.as_secs_f64());
    }
    Ok(Some(median(ratios)))
}

/// Microseconds that the library adds to an exec.
fn exec_cost() -> Result<f64> {
    let mut differences = Vec::new();
    let once = |library: bool| -> Result<f64> {
        let mut command = Command::new("/bin/true");
        command.env_remove("LD_PRELOAD");
        if library {
            command.env("LD_PRELOAD", shim_tests::library());
        }
        let start = Instant::now();
        run(&mut command)?;
        Ok(start.elapsed().as_secs_f64() * 1e6)
    };
    for _ in 0..400 {
        let native = once(false)?;
        differences.push(once(true)? - native);
    }
    Ok(median(differences))
}

/// The same work in a machine with a 64K kernel under emulation, against this
/// machine's native calls.
fn vm(speed: &Path) -> Result<()> {
    let Some(oracle) = shim_tests::oracle() else {
        println!("\nThe oracle is not present: no figures of a machine with 64K pages.");
        return Ok(());
    };
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/speed.c");
    let mut guest = Command::new(oracle.join("run-truth"));
    guest.args(["--arch", "ppc64el", "--raw", "--cmd-timeout", "250"]).arg(source);
    guest.args(["--rounds", "5"]);
    let slow = calls(&mut guest)?;
    println!("\n| work | native | 64K machine under emulation |");
    println!("| --- | --- | --- |");
    for ((name, _, here), (_, _, there)) in calls(&mut Command::new(speed))?.iter().zip(&slow) {
        println!("| {name} | 1 | {:.0} |", there / here);
    }
    Ok(())
}
