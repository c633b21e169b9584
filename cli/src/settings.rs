//! The environment of the program: the variables of the library from the
//! options, checked by the library's own parser before anything is run.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

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

    /// Puts the options of a run into the library's variables.
    ///
    /// # Errors
    /// What the library would say about the first value it does not accept.
    pub(crate) fn apply(&mut self, run: &Run) -> Result<(), String> {
        let options = [
            (config::PAGE_SIZE, &run.page_size),
            (config::HOST_PAGE_SIZE, &run.host_page_size),
            (config::WINDOW, &run.window),
            (config::RESERVE, &run.reserve),
            (config::PLACEMENT, &run.placement),
            (config::LOG, &run.log),
            (config::DUMP, &run.dump),
            (config::ONLY, &run.only),
            (config::SKIP, &run.skip),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                self.set(name, value);
            }
        }
        // A stale one would make the library write into somebody's descriptor.
        self.remove(config::LIVE);
        let lookup = |name: &str| self.get(name).map(OsStr::as_bytes);
        config::Settings::parse(lookup).map(drop).map_err(|error| error.to_string())
    }
}

fn assignment(name: &OsStr, value: &OsStr) -> Vec<u8> {
    [name.as_bytes(), b"=", value.as_bytes()].concat()
}
