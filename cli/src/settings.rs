//! The environment of the program: the variables of the library from the
//! options, checked by the library's own parser before anything is run.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use pagesim_config as config;

use crate::args::Run;

/// An environment under construction. Ordered, so that what is printed and
/// passed on does not depend on chance.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<OsString, OsString>,
    changed: Vec<OsString>,
}

impl Environment {
    /// That of this process.
    pub(crate) fn inherited() -> Self {
        Self { variables: std::env::vars_os().collect(), changed: Vec::new() }
    }

    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &str, value: &OsStr) {
        self.variables.insert(name.into(), value.into());
        self.changed.retain(|n| n != name);
        self.changed.push(name.into());
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// Removes a variable.
    pub(crate) fn remove(&mut self, name: &str) {
        self.variables.remove(OsStr::new(name));
    }

    /// All of it, as execve(2) takes it.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.variables.iter().map(|(name, value)| assignment(name, value))
    }

    /// What was set here, in that order.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.changed.iter().filter_map(|n| Some(assignment(n, self.variables.get(n)?)))
    }

    /// Puts the options of a run with pages of `size` into the library's variables.
    ///
    /// # Errors
    /// What the library would say about the first value it does not accept.
    pub(crate) fn apply(&mut self, run: &Run, size: Option<&OsStr>) -> Result<(), String> {
        for (name, value) in options(run, size) {
            if let Some(value) = value {
                self.set(name, &value);
            }
        }
        // A stale one would make the library write into somebody's descriptor.
        self.remove(config::LIVE);
        let lookup = |name: &str| self.get(name).map(OsStr::as_bytes);
        config::Settings::parse(lookup).map(drop).map_err(|error| {
            // the library speaks for itself
            let text = error.to_string();
            text.strip_prefix("pagesim: ").map(str::to_owned).unwrap_or(text)
        })
    }
}

/// Every variable of the library, and what the options say about it.
fn options(run: &Run, size: Option<&OsStr>) -> [(&'static str, Option<OsString>); 14] {
    // The library wants it absolute, for programs that change their folder.
    let record = run.record.as_ref().map(|path| {
        std::path::absolute(path).map_or_else(|_| path.clone(), PathBuf::into_os_string)
    });
    [
        (config::PAGE_SIZE, size.map(OsStr::to_owned)),
        (config::HOST_PAGE_SIZE, run.host_page_size.clone()),
        (config::WINDOW, run.window.clone()),
        (config::RESERVE, run.reserve.clone()),
        (config::PLACEMENT, run.placement.clone()),
        (config::LOG, run.log.clone()),
        (config::DUMP, run.dump.clone()),
        (config::ONLY, run.only.clone()),
        (config::SKIP, run.skip.clone()),
        (config::STACK_MIN, run.stack_min.clone()),
        (config::FOLLOW, run.follow.then(|| "1".into())),
        (config::RECORD, record),
        (config::MODE, run.mode.clone()),
        (config::EOF, run.eof.clone()),
    ]
}

fn assignment(name: &OsStr, value: &OsStr) -> Vec<u8> {
    [name.as_bytes(), b"=", value.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_of_the_library_has_an_option() {
        let known: Vec<&str> =
            options(&Run::default(), None).iter().map(|(name, _)| *name).collect();
        assert_eq!(known, config::VARIABLES);
    }
}
