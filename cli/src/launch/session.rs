//! One or more runs of a program, and the report of what was recorded in them.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{private, Refusal};
use crate::args::Run;
use crate::exit::Exit;
use crate::findings::Report;
use crate::recorded::{self, Reader};

/// Where records go, for as long as a report of them is to be made.
pub(super) struct Session {
    prefix: PathBuf,
    /// Records of other runs.
    before: HashSet<PathBuf>,
    _folder: Option<private::Temporary>,
}

impl Session {
    /// One for these options; `None` when no report is wanted.
    pub(super) fn begin(options: &Run) -> Result<Option<Session>, Refusal> {
        if !options.reporting.is_wanted() || options.dry_run {
            return Ok(None);
        }
        let (prefix, folder) = match &options.record {
            Some(prefix) => {
                let absolute = std::path::absolute(prefix);
                let failed = |error| Refusal::own(format!("--record: {error}"));
                (absolute.map_err(failed)?, None)
            }
            None => {
                let (path, folder) = private::folder()?;
                (path.join("record"), Some(folder))
            }
        };
        let before = recorded::files(&prefix).map_err(Refusal::own)?.into_iter().collect();
        Ok(Some(Session { prefix, before, _folder: folder }))
    }

    /// The value of the library's variable.
    pub(super) fn prefix(&self) -> OsString {
        self.prefix.clone().into()
    }

    /// Reports, and the status to end with.
    pub(super) fn end(&self, options: &Run, exit: Exit) -> Result<Exit, Refusal> {
        let report = self.report(options).map_err(Refusal::own)?;
        let writer = options.reporting.options();
        let report = writer.filtered(report).map_err(Refusal::own)?;
        writer.write(&report).map_err(Refusal::own)?;
        match writer.status(&report) {
            status if status != 0 && options.reporting.has_status() => Ok(Exit::Code(status)),
            _ => Ok(exit),
        }
    }

    fn report(&self, options: &Run) -> Result<Report, String> {
        let mut reader = Reader::new();
        let inherited = std::env::var_os(pagesim_config::PAGE_SIZE);
        let default = inherited.unwrap_or_else(|| "64K".into());
        let sizes = if options.page_size.is_empty() { &vec![default] } else { &options.page_size };
        sizes.iter().for_each(|size| reader.asked(size.as_encoded_bytes()));
        let program = options.command.first().map(|name| Path::new(name).display().to_string());
        for file in recorded::files(&self.prefix)? {
            if self.before.contains(&file) {
                continue;
            }
            let failed = |error: String| format!("{}: {error}", file.display());
            let bytes = fs::read(&file).map_err(|error| failed(error.to_string()))?;
            reader.add_file(&bytes).map_err(failed)?;
        }
        let mut report = reader.finish();
        if report.subjects.is_empty() {
            report.subjects.extend(program);
        }
        report.settle();
        Ok(report)
    }
}
