//! The classes of findings. Their texts are the pages in `docs/findings`: what
//! `pagesim explain` prints is what the documentation says.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Succeeds on large pages, but does more or less than it was meant to.
    Hazard,
    /// Fails on large pages.
    Error,
}

impl Severity {
    /// As it is written everywhere.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hazard => "hazard",
            Self::Error => "error",
        }
    }
}

/// A kind of finding.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Class {
    /// Never changes its meaning, and is never reused.
    pub(crate) id: &'static str,
    /// How bad.
    pub(crate) severity: Severity,
    /// One line.
    pub(crate) title: &'static str,
    /// What happens on large pages.
    pub(crate) explanation: &'static str,
    /// How to fix it.
    pub(crate) hint: &'static str,
}

macro_rules! pages {
    ($($id:literal)*) => {
        &[$(($id, include_str!(concat!("../../../docs/findings/", $id, ".md")))),*]
    };
}

/// Ids and pages, in the order in which `pagesim explain` lists them.
const PAGES: &[(&str, &str)] = pages![
    "mmap-offset" "mmap-header-body" "mmap-fixed-address" "ring-mirror" "mmap-fixed-rounding"
    "mmap-hint" "munmap-address" "munmap-trim" "munmap-rounding" "mprotect-address"
    "mprotect-rounding" "guard-size" "wx-halves" "madvise-address" "madvise-rounding"
    "msync-address" "mremap-address" "munlock-rounding" "mincore-address" "mincore-vector"
    "shmat-address" "stack-minimum" "tail-access" "sigbus-expected" "allocator-page-size"
    "packet-ring" "perf-ring"
    "elf-load-align" "elf-load-congruence" "elf-load-overlap" "elf-relro-start" "elf-relro-end"
    "zip-library-align"
];

static CLASSES: LazyLock<Vec<Class>> =
    LazyLock::new(|| PAGES.iter().filter_map(|(id, page)| parse(id, page)).collect());

/// All classes.
pub(crate) fn all() -> &'static [Class] {
    &CLASSES
}

/// The class with this id.
pub(crate) fn find(id: &str) -> Option<&'static Class> {
    all().iter().find(|class| class.id == id)
}

fn parse(id: &'static str, page: &'static str) -> Option<Class> {
    let (heading, rest) = page.strip_prefix("# ")?.split_once("\n\n")?;
    let title = heading.strip_prefix(id)?.strip_prefix(": ")?;
    let (severity, rest) = rest.strip_prefix("Severity: ")?.split_once("\n\n")?;
    let severity = match severity {
        "error" => Severity::Error,
        "hazard" => Severity::Hazard,
        _ => return None,
    };
    let rest = rest.strip_prefix("## What happens\n\n")?;
    let (explanation, hint) = rest.split_once("\n\n## How to fix it\n\n")?;
    Some(Class { id, severity, title, explanation, hint: hint.trim_end() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_complete() {
        for (id, page) in PAGES {
            let class = parse(id, page).unwrap_or_else(|| panic!("{id}.md has another layout"));
            assert!(!class.title.contains('\n') && class.title.len() < 100, "{id}");
            assert!(!class.explanation.is_empty() && !class.hint.is_empty(), "{id}");
        }
        assert_eq!(all().len(), PAGES.len());
    }

    #[test]
    fn what_the_library_finds_is_called_the_same_here() {
        for theirs in pagesim_core::finding::Class::ALL {
            let ours = find(theirs.id()).unwrap_or_else(|| panic!("no page for {}", theirs.id()));
            assert_eq!(ours.title, theirs.title());
            assert_eq!(ours.severity.name(), theirs.severity().name(), "{}", theirs.id());
        }
    }

    #[test]
    fn the_index_names_every_page() {
        let index = include_str!("../../../docs/findings/README.md");
        for class in all() {
            let row = format!(
                "| [{id}]({id}.md) | {} | {} |\n",
                class.severity.name(),
                class.title,
                id = class.id
            );
            assert!(index.contains(&row), "missing: {row}");
        }
    }

    #[test]
    fn every_page_of_the_documentation_is_listed() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/findings");
        let mut pages: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|e| e.unwrap().file_name().to_str()?.strip_suffix(".md").map(String::from))
            .filter(|name| name != "README")
            .collect();
        pages.sort();
        let mut listed: Vec<&str> = PAGES.iter().map(|(id, _)| *id).collect();
        listed.sort_unstable();
        assert_eq!(pages, listed);
    }
}
