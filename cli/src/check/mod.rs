//! `pagesim check`: are these ELF files fit for larger pages?
//!
//! Paths are collected first, then examined in parallel, each with everything
//! inside it; the report does not depend on who was faster.

mod archive;
mod kind;
mod rules;

use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;

use crate::exit::{self, Exit, OWN_FAILURE};
use crate::findings::Report;
use crate::report;

const PROGRESS: &str = "{wide_bar} {pos}/{len} files, {eta} left";
/// Short work shows no progress.
const PROGRESS_AFTER: Duration = Duration::from_millis(500);

/// Options of `pagesim check`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Check {
    /// ELF files, folders, and archives: .a .deb .zip .apk .whl .jar .tar, also compressed
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Page size to check for, 4K to 1M; several times for several sizes
    #[arg(
        long,
        short = 'p',
        value_name = "SIZE",
        value_parser = page_size,
        value_delimiter = ',',
        default_value = "64K"
    )]
    page_size: Vec<u64>,
    /// Examine 32-bit files too, which run with 4K pages on most systems
    #[arg(long)]
    include_32bit: bool,
    /// How many files to examine at the same time [default: one for each processor]
    #[arg(long, short = 'j', value_name = "N")]
    jobs: Option<usize>,
    #[command(flatten)]
    report: report::Options,
}

/// What is asked of each file.
#[derive(Debug)]
struct Question {
    page_sizes: Vec<u64>,
    include_32bit: bool,
}

fn page_size(text: &str) -> Result<u64, String> {
    let accepted = pagesim_config::parse_size(text.as_bytes())
        .and_then(|bytes| u64::try_from(bytes).ok())
        .filter(|bytes| bytes.is_power_of_two() && (1 << 12..=1 << 20).contains(bytes));
    accepted.ok_or_else(|| "accepted are powers of two from 4K to 1M".into())
}

/// Examines the paths and reports.
pub(crate) fn run(options: &Check) -> Exit {
    let result = examine_all(options).and_then(|report| {
        let report = options.report.filtered(report)?;
        options.report.write(&report)?;
        Ok(report)
    });
    let report = match result {
        Ok(report) => report,
        Err(reason) => return exit::fail(OWN_FAILURE, &format_args!("{reason}")),
    };
    // What lies in a folder may be damaged; what was named must be examined,
    // or a mistake in a script would pass for a success.
    let missed: Vec<String> =
        options.paths.iter().filter_map(|path| unexamined(path, &report)).collect();
    for reason in &missed {
        exit::say(&format_args!("{reason}"));
    }
    if missed.is_empty() {
        Exit::Code(options.report.status(&report))
    } else {
        Exit::Code(OWN_FAILURE)
    }
}

/// Why nothing was examined of a path that was named, if nothing was.
fn unexamined(path: &Path, report: &Report) -> Option<String> {
    let name = path.display().to_string();
    let below = |text: &String| text.strip_prefix(&name).is_some_and(|r| !r.starts_with(": "));
    let whole = report.notes.iter().find(|note| !below(note) && note.starts_with(&name));
    if let Some(note) = whole.filter(|_| path.is_file()) {
        return Some(note.clone());
    }
    let found = report.subjects.iter().any(below);
    (!found && !path.is_dir()).then(|| format!("{name}: holds no ELF file that is loaded in pages"))
}

fn examine_all(options: &Check) -> Result<Report, String> {
    let mut report = Report::new(options.page_size.clone());
    let files = collect(&options.paths, &mut report.notes)?;
    let question =
        Question { page_sizes: report.page_sizes.clone(), include_32bit: options.include_32bit };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs.unwrap_or(0))
        .build()
        .map_err(|error| error.to_string())?;
    let bar = progress(files.len());
    let parts: Vec<Report> = pool.install(|| {
        let one = |path: &PathBuf| {
            let part = examine(path, &question);
            bar.inc(1);
            part
        };
        files.par_iter().map(one).collect()
    });
    bar.finish_and_clear();
    for part in parts {
        report.absorb(part);
    }
    report.settle();
    Ok(report)
}

/// All plain files at and below the paths. Links are followed only if named.
fn collect(paths: &[PathBuf], notes: &mut Vec<String>) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        // What was named has to be there; what lies below may come and go.
        std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
        for entry in walkdir::WalkDir::new(path).follow_root_links(true) {
            match entry {
                Ok(entry) if entry.file_type().is_file() => files.push(entry.into_path()),
                // The named path itself, when it is a link to a file.
                Ok(entry) if entry.depth() == 0 && entry.path().is_file() => {
                    files.push(entry.into_path());
                }
                Ok(_) => {}
                Err(error) => notes.push(error.to_string()),
            }
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn examine(path: &Path, question: &Question) -> Report {
    let mut found = archive::Examiner::new(question);
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => found.file(file, &name),
        Err(error) => found.note(&name, &error.to_string()),
    }
    found.into_report()
}

fn progress(length: usize) -> ProgressBar {
    if length < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template(PROGRESS).unwrap_or_else(|_| ProgressStyle::default_bar());
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden());
    bar.set_style(style);
    let shown = bar.clone();
    // Ends by itself; a bar that is finished before is never seen.
    std::thread::spawn(move || {
        std::thread::sleep(PROGRESS_AFTER);
        if !shown.is_finished() {
            shown.set_draw_target(ProgressDrawTarget::stderr());
        }
    });
    bar
}
