//! The programs of the C harness and what real kernels answered.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::run::Outcome;

/// A C library the programs are compiled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    /// The system's.
    Glibc,
    /// By `musl-gcc`, where that is installed.
    Musl,
}

impl Libc {
    fn folder(self) -> &'static str {
        match self {
            Libc::Glibc => "glibc",
            Libc::Musl => "musl",
        }
    }
}

/// One compiled program.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its behaviour: the name of its source.
    pub name: String,
    /// From its first line: which issue's calls it is about.
    pub group: String,
    /// The executable.
    pub path: PathBuf,
    /// The page sizes it is about, when its answer is the architecture's on others.
    only: Option<String>,
    /// A variable of the library's that it is about, with its value.
    pub env: Option<(String, String)>,
}

impl Program {
    /// Whether what real kernels answered is to be expected at this page size,
    /// with or without the library.
    #[must_use]
    pub fn is_about(&self, page_size: &str, shimmed: bool) -> bool {
        match &self.only {
            Some(sizes) => shimmed && sizes.split_whitespace().any(|size| size == page_size),
            None => true,
        }
    }
}

fn harness() -> &'static Path {
    Path::new(env!("PAGESIM_TEST_HARNESS"))
}

/// All programs compiled with `libc`, by name; none where there is no compiler for it.
///
/// # Errors
/// When a folder or source cannot be read, or a source has no group.
pub fn all(libc: Libc) -> io::Result<Vec<Program>> {
    let folder = Path::new(env!("PAGESIM_TEST_PROGRAMS")).join(libc.folder());
    let mut programs = Vec::new();
    if !folder.is_dir() {
        return Ok(programs);
    }
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let source = harness().join("programs").join(&name).with_extension("c");
        let text = fs::read_to_string(&source)?;
        let head = text.lines().next().unwrap_or_default();
        let group = head_value(head, "group")
            .ok_or_else(|| {
                io::Error::other(format!("{}: the first line names no group", source.display()))
            })?
            .to_owned();
        let only = head_value(head, "only").map(str::to_owned);
        let env = head_value(head, "env")
            .and_then(|setting| setting.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        programs.push(Program { name, group, path, only, env });
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(programs)
}

/// The value of `key` in a first line like `/* group: eof; needs: glibc */`. Keys:
/// `group`, `needs` (a C library), `only` (page sizes), `env` (NAME=VALUE).
fn head_value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let inner = line.trim().strip_prefix("/*")?.strip_suffix("*/")?;
    inner.split(';').find_map(|part| {
        let (name, value) = part.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    })
}

/// What `program` printed on a real kernel with this page size.
///
/// # Errors
/// When nothing is recorded: every program needs its truth.
pub fn truth(program: &Program, page_size: &str) -> io::Result<String> {
    // Newest source of 64K answers first: the same architecture as the 16K ones.
    let machines: &[&str] = match page_size {
        "4K" => &["arm64-4k"],
        "16K" => &["arm64-16k"],
        "64K" => &["arm64-64k", "ppc64el"],
        _ => &[],
    };
    for machine in machines {
        let path = harness().join("truth").join(machine).join(format!("{}.txt", program.name));
        if path.is_file() {
            return fs::read_to_string(path);
        }
    }
    Err(io::Error::other(format!("{}: no truth recorded for {page_size}", program.name)))
}

/// Compares an outcome with the truth: nothing when they agree or when the
/// program said that this machine cannot answer, else a readable difference.
/// `view` says how to look at either text.
#[must_use]
pub fn difference(truth: &str, outcome: &Outcome, view: fn(&str) -> String) -> Option<String> {
    let (truth, got) = (view(truth), view(&outcome.transcript()));
    let skipped = outcome.text.lines().any(|line| line.starts_with("SKIP "));
    if got == truth || (outcome.is_success() && skipped) {
        return None;
    }
    let diff = similar::TextDiff::from_lines(&truth, &got);
    Some(diff.unified_diff().context_radius(3).header("real kernel", "here").to_string())
}

/// As it stands.
#[must_use]
pub fn exactly(text: &str) -> String {
    text.to_owned()
}

/// In a hard window what is not mapped is reserved without access.
#[must_use]
pub fn holes_reserved(text: &str) -> String {
    text.replace('.', "-").replace("SEGV_MAPERR", "SEGV_ACCERR")
}
