//! The options of a run that end in a report. The program has standard output to
//! itself: the report goes to standard error unless it is given a file.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::{choice, Choice, Color, Format, Options};
use crate::findings::catalog::Severity;

/// See the module.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct AfterRun {
    /// Say at the end which calls need smaller pages, and from where they were made
    #[arg(long)]
    report: bool,
    /// Write the report as text, json, junit, sarif or html; several times for several reports
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = choice)]
    format: Vec<Choice>,
    /// Write the report to this file; %p is the process, %h the host, %% a percent sign
    #[arg(long, short = 'o', value_name = "FILE")]
    output: Option<OsString>,
    /// Colour the report
    #[arg(long, value_name = "WHEN")]
    color: Option<Color>,
    /// Exit status when something was found, in place of the program's own
    #[arg(long, value_name = "N")]
    error_exitcode: Option<u8>,
    /// What counts as something [default: error]
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<Severity>,
    /// Leave out what this file names
    #[arg(long, value_name = "FILE")]
    suppressions: Vec<PathBuf>,
    /// Write suppressions for everything that was found to this file
    #[arg(long, value_name = "FILE")]
    gen_suppressions: Option<PathBuf>,
}

impl AfterRun {
    /// Whether a report is to be made.
    pub(crate) fn is_wanted(&self) -> bool {
        self.report
            || !self.format.is_empty()
            || self.output.is_some()
            || self.error_exitcode.is_some()
            || self.gen_suppressions.is_some()
            || !self.suppressions.is_empty()
    }

    /// The status to end with when something was found.
    pub(crate) fn has_status(&self) -> bool {
        self.error_exitcode.is_some()
    }

    /// As the other commands have them.
    pub(crate) fn options(&self) -> Options {
        let text = Choice { format: Format::Text, file: None };
        Options {
            format: if self.format.is_empty() { vec![text] } else { self.format.clone() },
            output: self.output.clone(),
            color: self.color.unwrap_or(Color::Auto),
            error_exitcode: self.error_exitcode.unwrap_or(0),
            fail_on: self.fail_on.unwrap_or(Severity::Error),
            suppressions: self.suppressions.clone(),
            gen_suppressions: self.gen_suppressions.clone(),
            to_stderr: true,
        }
    }
}
