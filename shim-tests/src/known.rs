//! Known gaps: differences that are expected, each with its reason. A listed
//! test that passes is an error, so that the list can only shrink.

use std::fs;
use std::io;
use std::path::Path;

/// One line of a list: `<mode>[,<mode>...] <name> : <reason>`. The mode
/// `sometimes` says that by chance there may be no difference.
#[derive(Debug, Clone)]
struct Gap {
    modes: Vec<String>,
    name: String,
    reason: String,
}

/// A list of known gaps.
#[derive(Debug, Clone, Default)]
pub struct Known {
    gaps: Vec<Gap>,
}

impl Known {
    /// Reads a list from the tests' folder; `#` starts a comment line.
    ///
    /// # Errors
    /// When the file cannot be read, or a line has not the form above.
    pub fn read(file: &str) -> io::Result<Known> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let mut gaps = Vec::new();
        for line in fs::read_to_string(&path)?.lines() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            gaps.push(
                parse(line)
                    .ok_or_else(|| io::Error::other(format!("{}: {line}", path.display())))?,
            );
        }
        Ok(Known { gaps })
    }

    /// The reason why `name` is expected to differ in `mode`.
    #[must_use]
    pub fn reason(&self, mode: &str, name: &str) -> Option<&str> {
        let gap =
            self.gaps.iter().find(|gap| gap.name == name && gap.modes.iter().any(|m| m == mode))?;
        Some(&gap.reason)
    }

    /// Whether `name` may agree by chance and stay in the list.
    #[must_use]
    pub fn sometimes(&self, name: &str) -> bool {
        self.reason("sometimes", name).is_some()
    }

    /// The reason why all of `group` may differ in `mode`: a line for `group/*`.
    #[must_use]
    pub fn group_reason(&self, mode: &str, group: &str) -> Option<&str> {
        self.reason(mode, &format!("{group}/*"))
    }

    /// The names in the list that are not among `names`.
    pub fn strangers<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
        self.gaps.iter().map(|gap| gap.name.as_str()).filter(move |name| !names.contains(name))
    }
}

fn parse(line: &str) -> Option<Gap> {
    let (head, reason) = line.split_once(" : ")?;
    let (modes, name) = head.trim().split_once(char::is_whitespace)?;
    Some(Gap {
        modes: modes.split(',').map(str::to_owned).collect(),
        name: name.trim().to_owned(),
        reason: reason.trim().to_owned(),
    })
}
