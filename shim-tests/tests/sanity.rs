//! The oracle's `sanity.c` under the library: some 370 questions whose answers
//! real 4K, 16K and 64K kernels have given. Runs only where the oracle is.
//!
//! A question whose answer on a large-page kernel differs from a 4K kernel of
//! the same architecture must get the large-page kernel's answer; any other
//! question must be answered as without the library. What is known to differ
//! stands with its reason in `known-sanity.txt`, and a line there that has
//! become superfluous fails the test.
//!
//! The table of all questions is left in the target folder (see the summary
//! line; `PAGESIM_SANITY_TABLE=1` prints it).

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use shim_tests::known::Known;
use shim_tests::run::Run;

/// What is known to differ.
const LIST: &str = "known-sanity.txt";

/// Sections whose every answer is the foundation's; they need no privilege.
const FOUNDATION: &[&str] = &["basics", "mmap", "munmap", "mprotect", "msync"];

/// A page size with the pairs of recordings (4K control, large pages) of one architecture each.
struct Size {
    name: &'static str,
    pairs: &'static [(&'static str, &'static str)],
}

const SIZES: &[Size] = &[
    Size { name: "16K", pairs: &[("arm64-4k", "arm64-16k")] },
    Size { name: "64K", pairs: &[("arm64-4k", "arm64-64k"), ("ppc64el-4k", "ppc64el")] },
];

/// 4K recordings that tell whether this machine answers like the controls at all.
const CONTROLS: &[&str] = &["amd64-4k", "native", "arm64-4k"];

/// Answers by `section/question`, in the order asked; `#n` tells equal questions apart.
#[derive(Debug, Default, Clone)]
struct Answers {
    order: Vec<String>,
    values: BTreeMap<String, String>,
}

impl Answers {
    fn parse(text: &str) -> Answers {
        let mut answers = Answers::default();
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let mut section = "";
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("## ") {
                section = name;
            } else if let Some((question, value)) = line.split_once(" = ") {
                let words: Vec<&str> = question.split_whitespace().collect();
                let base = format!("{section}/{}", words.join(" "));
                let count = seen.entry(base.clone()).or_default();
                *count += 1;
                let key = if *count == 1 { base } else { format!("{base} #{count}") };
                answers.order.push(key.clone());
                answers.values.insert(key, value.trim().to_owned());
            }
        }
        answers
    }

    fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("(none)", String::as_str)
    }

    fn sections(&self) -> Vec<&str> {
        let mut sections: Vec<&str> = self.order.iter().map(|key| section_of(key)).collect();
        sections.dedup();
        sections
    }
}

fn section_of(key: &str) -> &str {
    key.split('/').next().unwrap_or_default()
}

/// What this machine and the recordings say.
struct Evidence {
    recorded: BTreeMap<&'static str, Answers>,
    native: Answers,
    shimmed: BTreeMap<&'static str, Answers>,
}

impl Evidence {
    fn gather(oracle: &Path) -> Result<Evidence, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let program = folder.path().join("sanity");
        let source = oracle.join("sanity/sanity.c");
        let status = Command::new("cc")
            .args(["-O1", "-g", "-pthread", "-w", "-o"])
            .args([&program, &source])
            .status()?;
        if !status.success() {
            return Err(format!("{} does not compile", source.display()).into());
        }
        let mut recorded = BTreeMap::new();
        let large =
            SIZES.iter().flat_map(|size| size.pairs).flat_map(|(small, large)| [small, large]);
        for name in large.chain(CONTROLS) {
            let text = fs::read_to_string(oracle.join(format!("sanity/{name}.txt")))?;
            recorded.insert(*name, Answers::parse(&text));
        }
        let native = answers(Run::native(&program)?)?;
        let mut shimmed = BTreeMap::new();
        for size in SIZES {
            shimmed.insert(size.name, answers(Run::shimmed(&program, size.name)?)?);
        }
        Ok(Evidence { recorded, native, shimmed })
    }

    fn recorded(&self, name: &str, key: &str) -> &str {
        self.recorded.get(name).map_or("(none)", |answers| answers.get(key))
    }
}

/// Without privilege only the foundation's sections can be asked.
fn answers(run: Run) -> io::Result<Answers> {
    let root = rustix::process::geteuid().is_root();
    let sections = if root { &[] } else { FOUNDATION };
    Ok(Answers::parse(&run.args(sections).outcome()?.text))
}

/// What is to be said of one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Page size matters, and the answer is the large-page kernel's.
    Same,
    /// Page size does not matter, and the library changes nothing.
    Untouched,
    /// This machine's own answer is not that of the controls: nothing can be concluded.
    OtherMachine,
    /// Not the answer it should be.
    Differs,
}

struct Row<'a> {
    verdict: Verdict,
    native: &'a str,
    wanted: Vec<&'a str>,
    got: &'a str,
}

fn judge<'a>(evidence: &'a Evidence, size: &Size, key: &'a str) -> Row<'a> {
    let native = evidence.native.get(key);
    let got = evidence.shimmed.get(size.name).map_or("(none)", |answers| answers.get(key));
    let mut wanted = Vec::new();
    for (small, large) in size.pairs {
        let (small, large) = (evidence.recorded(small, key), evidence.recorded(large, key));
        if small != large {
            wanted.push(large);
        }
    }
    let asked_elsewhere = CONTROLS.iter().any(|name| evidence.recorded(name, key) == native);
    let verdict = if wanted.is_empty() {
        // Nothing is known of pages where another architecture answers otherwise at 4K already.
        let comparable =
            size.pairs.iter().all(|(small, _)| evidence.recorded(small, key) == native);
        wanted.push(native);
        match (got == native, comparable) {
            (true, _) => Verdict::Untouched,
            (false, true) => Verdict::Differs,
            (false, false) => Verdict::OtherMachine,
        }
    } else if wanted.contains(&got) {
        Verdict::Same
    } else if asked_elsewhere {
        Verdict::Differs
    } else {
        Verdict::OtherMachine
    };
    Row { verdict, native, wanted, got }
}

fn keys<'a>(evidence: &'a Evidence, size: &Size) -> Vec<&'a str> {
    let mut keys: Vec<&str> = evidence.native.order.iter().map(String::as_str).collect();
    let asked = evidence.native.sections();
    for (_, large) in size.pairs {
        if let Some(answers) = evidence.recorded.get(large) {
            for key in &answers.order {
                if asked.contains(&section_of(key)) && !keys.contains(&key.as_str()) {
                    keys.push(key);
                }
            }
        }
    }
    keys
}

/// The verdicts of one section at one page size; an error text for what is new.
fn check_section(
    evidence: &Evidence,
    known: &Known,
    size: &Size,
    section: &str,
) -> Result<(), Failed> {
    let whole = known.group_reason(size.name, section);
    let (mut wrong, mut differences) = (String::new(), 0);
    for key in keys(evidence, size).into_iter().filter(|key| section_of(key) == section) {
        let row = judge(evidence, size, key);
        match (row.verdict, known.reason(size.name, key)) {
            (Verdict::Differs, None) => {
                differences += 1;
                if whole.is_none() {
                    let (native, wanted, got) = (row.native, row.wanted.join("  or  "), row.got);
                    writeln!(
                        wrong,
                        "{key}\n    native  {native}\n    wanted  {wanted}\n    got     {got}"
                    )?;
                }
            }
            (Verdict::Same | Verdict::Untouched, Some(reason)) if !known.sometimes(key) => {
                writeln!(wrong, "{key}: no difference any more, take it out of {LIST}: {reason}")?;
            }
            _ => {}
        }
    }
    if let (Some(reason), 0) = (whole, differences) {
        writeln!(wrong, "{section}/*: no difference any more, take it out of {LIST}: {reason}")?;
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.into())
    }
}

/// Writes the table and a summary line.
fn report(evidence: &Evidence, known: &Known, size: &Size) -> Result<(), Box<dyn Error>> {
    let mut table = String::new();
    let mut count = [0usize; 5];
    for key in keys(evidence, size) {
        let row = judge(evidence, size, key);
        let reason =
            known.reason(size.name, key).or_else(|| known.group_reason(size.name, section_of(key)));
        let (index, word) = match (row.verdict, reason) {
            (Verdict::Same, _) => (0, "same"),
            (Verdict::Untouched, _) => (1, "untouched"),
            (Verdict::OtherMachine, _) => (2, "other machine"),
            (Verdict::Differs, Some(_)) => (3, "known limit"),
            (Verdict::Differs, None) => (4, "DIFFERS"),
        };
        if let Some(count) = count.get_mut(index) {
            *count += 1;
        }
        writeln!(
            table,
            "{word:<14}{key:<80} {} | {} | {}",
            row.native,
            row.wanted.join(" or "),
            row.got
        )?;
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("sanity-{}.txt", size.name));
    fs::write(&path, &table)?;
    if std::env::var_os("PAGESIM_SANITY_TABLE").is_some() {
        println!("{table}");
    }
    let [same, untouched, other, limits, differs] = count;
    println!(
        "sanity at {}: {same} same, {untouched} untouched, {other} of another machine, {limits} known limits, {differs} differ: {}",
        size.name,
        path.display()
    );
    Ok(())
}

type Shared = Arc<OnceLock<Result<Evidence, String>>>;

fn evidence<'a>(shared: &'a Shared, oracle: &Path) -> Result<&'a Evidence, Failed> {
    let gathered =
        shared.get_or_init(|| Evidence::gather(oracle).map_err(|error| error.to_string()));
    gathered.as_ref().map_err(Failed::from)
}

/// The sections that the recordings have.
fn recorded_sections(oracle: &Path) -> io::Result<Vec<String>> {
    let text = fs::read_to_string(oracle.join("sanity/arm64-16k.txt"))?;
    let root = rustix::process::geteuid().is_root();
    let names = text.lines().filter_map(|line| line.strip_prefix("## "));
    Ok(names.filter(|name| root || FOUNDATION.contains(name)).map(str::to_owned).collect())
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let known = Arc::new(Known::read(LIST)?);
    let shared: Shared = Arc::default();
    let Some(oracle) = shim_tests::oracle() else {
        println!("no oracle here (set PAGESIM_ORACLE): nothing to compare with");
        return Ok(libtest_mimic::run(&arguments, trials).exit_code());
    };
    for size in SIZES {
        for section in recorded_sections(&oracle)? {
            let (shared, known, oracle) = (Arc::clone(&shared), Arc::clone(&known), oracle.clone());
            trials.push(Trial::test(format!("{}/{section}", size.name), move || {
                check_section(evidence(&shared, &oracle)?, &known, size, &section)
            }));
        }
    }
    let (names, every) = (Arc::clone(&known), Arc::clone(&shared));
    let folder = oracle.clone();
    trials.push(Trial::test("known-sanity/names-questions-that-exist", move || {
        let evidence = evidence(&every, &folder)?;
        let mut all: Vec<&str> = SIZES.iter().flat_map(|size| keys(evidence, size)).collect();
        let groups: Vec<String> =
            evidence.native.sections().iter().map(|section| format!("{section}/*")).collect();
        all.extend(groups.iter().map(String::as_str));
        let root = rustix::process::geteuid().is_root();
        let strangers: Vec<&str> = names
            .strangers(&all)
            .filter(|key| root || FOUNDATION.contains(&section_of(key)))
            .collect();
        if strangers.is_empty() {
            Ok(())
        } else {
            Err(format!("no such question: {strangers:?}").into())
        }
    }));
    let listing = arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !listing {
        if let Some(Ok(evidence)) = shared.get() {
            for size in SIZES {
                report(evidence, &known, size)?;
            }
        }
    }
    Ok(conclusion.exit_code())
}
