//! Reports in every format, to any place: `--format` and `--output`.

pub(crate) mod after_run;
mod html;
mod junit;
mod memory;
pub(crate) mod merge;
mod name;
mod picture;
mod sarif;
mod suppress;
pub(crate) mod text;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use nix::sys::signal::{SigSet, Signal};

use crate::findings::catalog::Severity;
use crate::findings::Report;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs; `pagesim report` reads it back
    Json,
    /// For the test page of a CI system
    Junit,
    /// For code scanning (SARIF 2.1.0)
    Sarif,
    /// One file for a browser
    Html,
}

/// `FORMAT` or `FORMAT=FILE`.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    format: Format,
    file: Option<OsString>,
}

/// Options of every command that writes a report.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Write the report as text, json, junit, sarif or html; several times for several reports
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = choice, default_value = "text")]
    format: Vec<Choice>,
    /// Write to this file, not to standard output; %p is the process, %h the host, %% a percent
    /// sign. With several formats each file gets an ending of its own
    #[arg(long, short = 'o', value_name = "FILE")]
    output: Option<OsString>,
    /// Colour the text
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
    /// Exit status when something was found
    #[arg(long, value_name = "N", default_value_t = 1)]
    error_exitcode: u8,
    /// What counts as something
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: Severity,
    /// Leave out what this file names
    #[arg(long, value_name = "FILE")]
    suppressions: Vec<PathBuf>,
    /// Write suppressions for everything that was found to this file
    #[arg(long, value_name = "FILE")]
    gen_suppressions: Option<PathBuf>,
    /// Standard output belongs to a program.
    #[arg(skip)]
    to_stderr: bool,
}

/// When text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR or CLICOLOR_FORCE say otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// For the library that removes styles.
    pub(crate) fn choice(self) -> anstream::ColorChoice {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
    }
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Json => "json",
            Self::Junit => "xml",
            Self::Sarif => "sarif",
            Self::Html => "html",
        }
    }
}

fn choice(text: &str) -> Result<Choice, String> {
    let (name, file) = match text.split_once('=') {
        Some((_, "")) => return Err("the name of the file is missing".into()),
        Some((name, file)) => (name, Some(OsString::from(file))),
        None => (text, None),
    };
    let format = Format::from_str(name, false)
        .map_err(|_| "known are text, json, junit, sarif and html".to_owned())?;
    Ok(Choice { format, file })
}

impl Options {
    /// The report without what is suppressed. Writes suppressions for the rest
    /// where they are asked for.
    ///
    /// # Errors
    /// A file that cannot be read or written.
    pub(crate) fn filtered(&self, mut report: Report) -> Result<Report, String> {
        let mut known = suppress::Suppressions::default();
        for file in &self.suppressions {
            known.read(file)?;
        }
        report.findings.retain(|finding| !known.hides(finding));
        if let Some(file) = &self.gen_suppressions {
            std::fs::write(file, suppress::lines(&report.findings))
                .map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(report)
    }

    /// Writes the report in all formats that were asked for.
    ///
    /// # Errors
    /// Where it could not be written, and why.
    pub(crate) fn write(&self, report: &Report) -> Result<(), String> {
        let alone = self.format.iter().filter(|c| c.file.is_none()).count() < 2;
        if !alone && self.output.is_none() {
            return Err("several formats for standard output: give them files, \
                        --format FORMAT=FILE, or name one with --output"
                .into());
        }
        // A reader who has seen enough does not decide how this process ends.
        let mut pipe = SigSet::empty();
        pipe.add(Signal::SIGPIPE);
        pipe.thread_block().map_err(|error| error.to_string())?;
        for choice in &self.format {
            let name = match (&choice.file, &self.output) {
                (Some(file), _) => Some(file.clone()),
                (None, Some(output)) if alone => Some(output.clone()),
                (None, Some(output)) => Some(with_ending(output, choice.format)),
                (None, None) => None,
            };
            match name.filter(|name| name != "-") {
                None if self.to_stderr => {
                    let stream = io::stderr().lock();
                    self.to_stream(choice.format, report, "error", stream)
                }
                None => self.to_stream(choice.format, report, "output", io::stdout().lock()),
                Some(name) => self.to_file(choice.format, report, &name),
            }?;
        }
        Ok(())
    }

    /// The exit status that this report calls for.
    pub(crate) fn status(&self, report: &Report) -> u8 {
        let found = report.findings.iter().any(|f| f.class.severity >= self.fail_on);
        if found {
            self.error_exitcode
        } else {
            0
        }
    }

    fn to_stream(
        &self,
        format: Format,
        report: &Report,
        name: &str,
        stream: impl anstream::stream::RawStream + anstream::stream::AsLockedWrite,
    ) -> Result<(), String> {
        let stream = anstream::AutoStream::new(stream, self.color.choice());
        let mut out = BufWriter::new(stream);
        match self.render(format, report, &mut out).and_then(|()| out.flush()) {
            // Whoever read it has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| format!("standard {name}: {error}")),
        }
    }

    fn to_file(&self, format: Format, report: &Report, name: &OsStr) -> Result<(), String> {
        let path = PathBuf::from(name::expand(name)?);
        let written = File::create(&path).and_then(|file| {
            let color = match self.color {
                Color::Auto => Color::Never,
                chosen => chosen,
            };
            let stream = anstream::AutoStream::new(file, color.choice());
            let mut out = BufWriter::new(stream);
            self.render(format, report, &mut out)?;
            out.flush()
        });
        written.map_err(|error| format!("{}: {error}", path.display()))
    }

    fn render(&self, format: Format, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Text => text::write(report, out),
            Format::Json => json(report, out),
            Format::Junit => junit::write(report, self.fail_on, out),
            Format::Sarif => sarif::write(report, out),
            Format::Html => html::write(report, out),
        }
    }
}

/// The report itself, and for readers without our table the classes in it.
fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    #[derive(serde::Serialize)]
    struct Document<'a> {
        #[serde(flatten)]
        report: &'a Report,
        classes: Vec<&'static crate::findings::catalog::Class>,
    }
    let classes = report.classes();
    serde_json::to_writer_pretty(&mut *out, &Document { report, classes })?;
    out.write_all(b"\n")
}

fn with_ending(name: &OsStr, format: Format) -> OsString {
    let mut name = name.to_owned();
    name.push(".");
    name.push(format.ending());
    name
}
