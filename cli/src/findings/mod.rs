//! What is found, wherever it was found: the ELF check fills these types, and
//! so do reports of programs that ran. Output formats know nothing else.
//!
//! A [`Report`] written as JSON reads back as the same report, so that results
//! of several machines can be put together and shown in another format.

pub(crate) mod catalog;

use serde::{Deserialize, Serialize};

use catalog::{Class, Severity};

/// The layout of the JSON; raised when a reader of the old one would go wrong.
pub(crate) const SCHEMA: u32 = 1;

/// Everything that one command found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// See [`SCHEMA`].
    pub(crate) schema: u32,
    /// Version of pagesim that made it.
    pub(crate) version: String,
    /// Page sizes that were asked about, in bytes, ascending.
    pub(crate) page_sizes: Vec<u64>,
    /// What was looked at: files, members of archives, programs. With those
    /// in which nothing was found.
    pub(crate) subjects: Vec<String>,
    /// What was found, by subject.
    pub(crate) findings: Vec<Finding>,
    /// What could not be looked at, and why.
    pub(crate) notes: Vec<String>,
    /// What memory programs take, now and on these pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) memory: Vec<Memory>,
}

/// The memory of a process when it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Memory {
    /// Its program.
    pub(crate) program: String,
    /// Itself.
    pub(crate) process: u32,
    /// The page size of the forecast, in bytes.
    pub(crate) page_size: u64,
    /// In order of address.
    pub(crate) mappings: Vec<Mapping>,
}

/// A mapping of a process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Mapping {
    /// First address.
    pub(crate) start: u64,
    /// First address behind it.
    pub(crate) end: u64,
    /// Protection, as /proc/self/maps shows it.
    pub(crate) prot: String,
    /// Bytes in memory.
    pub(crate) resident: u64,
    /// Bytes on these pages.
    pub(crate) forecast: u64,
    /// File or name; empty for anonymous memory.
    pub(crate) name: String,
}

impl Memory {
    /// Bytes in memory now, and on these pages.
    pub(crate) fn total(&self) -> (u64, u64) {
        self.mappings.iter().fold((0, 0), |(now, then), mapping| {
            (now.saturating_add(mapping.resident), then.saturating_add(mapping.forecast))
        })
    }
}

/// One thing that goes wrong, however often it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Finding {
    /// What kind of thing; its id in the JSON.
    #[serde(rename = "id", with = "by_id")]
    pub(crate) class: &'static Class,
    /// One of the report's subjects.
    pub(crate) subject: String,
    /// On which page sizes, in bytes, ascending.
    pub(crate) page_sizes: Vec<u64>,
    /// How often.
    pub(crate) count: u64,
    /// What exactly, in one line.
    pub(crate) message: String,
    /// The evidence, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<String>,
    /// The system call, if one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<Call>,
    /// What it worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extent: Option<Extent>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<Origin>,
    /// From where, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) frames: Vec<Frame>,
}

/// A call as it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Call {
    /// The function.
    pub(crate) name: String,
    /// Names and decoded values of the arguments, in order.
    pub(crate) arguments: Vec<(String, String)>,
    /// The error a system with this page size answers, such as `EINVAL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) errno: Option<String>,
}

/// What a call worked on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extent {
    /// Whether these are offsets in a file and not addresses.
    #[serde(default)]
    pub(crate) of_file: bool,
    /// What was named: the first byte.
    pub(crate) start: u64,
    /// The first byte behind it.
    pub(crate) end: u64,
    /// The first byte behind what was taken along; `end` if nothing was.
    pub(crate) taken: u64,
}

/// A thread of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// Its program.
    pub(crate) program: String,
    /// Its process.
    pub(crate) process: u32,
    /// Itself.
    pub(crate) thread: u32,
}

/// A place in a program, as far as debug information tells.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frame {
    /// The function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) function: Option<String>,
    /// Its source file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// The line in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
    /// The program or library that holds the code.
    pub(crate) module: String,
    /// Where in the module.
    pub(crate) offset: u64,
    /// Whether the compiler put it into the next frame.
    #[serde(default)]
    pub(crate) inlined: bool,
}

impl Report {
    /// An empty report of this version.
    pub(crate) fn new(mut page_sizes: Vec<u64>) -> Self {
        page_sizes.sort_unstable();
        page_sizes.dedup();
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { schema: SCHEMA, version, page_sizes, ..Self::default() }
    }

    /// Adds another report to this one.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.page_sizes.extend(other.page_sizes);
        self.page_sizes.sort_unstable();
        self.page_sizes.dedup();
        self.subjects.extend(other.subjects);
        self.findings.extend(other.findings);
        self.notes.extend(other.notes);
        self.memory.extend(other.memory);
    }

    /// Brings everything into the order in which it is shown, and drops what
    /// was there twice.
    pub(crate) fn settle(&mut self) {
        self.subjects.sort_unstable();
        self.subjects.dedup();
        self.notes.sort_unstable();
        self.notes.dedup();
        // Stable: within a subject the most frequent first, errors before hazards,
        // then as found.
        let severity = |finding: &Finding| std::cmp::Reverse(finding.class.severity);
        self.findings.sort_by(|a, b| {
            let by_count = || b.count.cmp(&a.count);
            a.subject.cmp(&b.subject).then_with(by_count).then(severity(a).cmp(&severity(b)))
        });
        self.findings.dedup();
        // The largest first.
        self.memory.sort_by_key(|memory| std::cmp::Reverse(memory.total().1));
    }

    /// How many findings are of this severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.class.severity == severity).count()
    }

    /// The result in one sentence.
    pub(crate) fn summary(&self) -> String {
        let errors = counted(self.count(Severity::Error), "error");
        let hazards = counted(self.count(Severity::Hazard), "hazard");
        let (subjects, pages) = (self.subjects.len(), sizes(&self.page_sizes));
        format!("{errors} and {hazards} on pages of {pages}, {subjects} examined")
    }

    /// The classes that occur, each once, by id.
    pub(crate) fn classes(&self) -> Vec<&'static Class> {
        let mut classes: Vec<_> = self.findings.iter().map(|f| f.class).collect();
        classes.sort_unstable_by_key(|class| class.id);
        classes.dedup_by_key(|class| class.id);
        classes
    }
}

impl Finding {
    /// How often, behind a call; nothing for once.
    pub(crate) fn times(&self) -> String {
        if self.count > 1 {
            format!(" ({} times)", self.count)
        } else {
            String::new()
        }
    }
}

impl Frame {
    /// `function (file:line)`, or what there is of it.
    pub(crate) fn place(&self) -> String {
        let code = format!("{}+{:#x}", self.module, self.offset);
        let source = match (&self.file, self.line) {
            (Some(file), Some(line)) => Some(format!("{file}:{line}")),
            (Some(file), None) => Some(file.clone()),
            _ => None,
        };
        let mut place = match (&self.function, source) {
            (Some(function), Some(source)) => format!("{function} ({source})"),
            (Some(function), None) => format!("{function} ({code})"),
            (None, Some(source)) => format!("{source} ({code})"),
            (None, None) => code,
        };
        if self.inlined {
            place.push_str(" [inlined]");
        }
        place
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}(", self.name)?;
        for (index, (name, value)) in self.arguments.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value}")?;
        }
        f.write_str(")")?;
        self.errno.as_ref().map_or(Ok(()), |errno| write!(f, " = {errno}"))
    }
}

/// A page size as people write it.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0 => "0".into(),
        n if n % (1 << 20) == 0 => format!("{}M", n >> 20),
        n if n % (1 << 10) == 0 => format!("{}K", n >> 10),
        n => n.to_string(),
    }
}

/// Several page sizes in a sentence: `16K`, `16K and 64K`.
pub(crate) fn sizes(all: &[u64]) -> String {
    let words: Vec<String> = all.iter().map(|&n| size(n)).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn counted(number: usize, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {word}{plural}")
}

/// A class is written as its id and found again by it.
mod by_id {
    use super::catalog::{self, Class};
    use serde::{de::Error, Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(class: &Class, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(class.id)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(
        from: D,
    ) -> Result<&'static Class, D::Error> {
        let id = String::deserialize(from)?;
        catalog::find(&id).ok_or_else(|| D::Error::custom(format!("unknown finding {id:?}")))
    }
}
