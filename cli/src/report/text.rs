//! The report for people: by subject and call site, most frequent first, the
//! hint once for each class.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::findings::catalog::{Class, Severity};
use crate::findings::{sizes, Finding, Report};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const HAZARD: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();

/// How wide paragraphs are set.
const WIDTH: usize = 78;

/// Writes the whole report; styles are removed where they cannot be shown.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut subject = None;
    for finding in &report.findings {
        if subject != Some(&finding.subject) {
            writeln!(out, "{BOLD}{}{BOLD:#}", finding.subject)?;
            subject = Some(&finding.subject);
        }
        one(finding, out)?;
    }
    for class in report.classes() {
        writeln!(out, "\n{BOLD}{}{BOLD:#}: {}", class.id, class.title)?;
        paragraph(class.hint, "  ", out)?;
    }
    if !report.findings.is_empty() {
        writeln!(out, "\n{DIM}More on each: pagesim explain ID{DIM:#}")?;
    }
    for note in &report.notes {
        writeln!(out, "{DIM}not examined: {note}{DIM:#}")?;
    }
    super::memory::text(report, out)?;
    summary(report, out)
}

fn one(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let style = if finding.class.severity == Severity::Error { ERROR } else { HAZARD };
    let (severity, id) = (finding.class.severity.name(), finding.class.id);
    write!(out, "  {style}{severity}{style:#} {BOLD}{id}{BOLD:#}: {}", finding.message)?;
    writeln!(out, " {DIM}(on {}){DIM:#}", sizes(&finding.page_sizes))?;
    if let Some(call) = &finding.call {
        writeln!(out, "      {call}{}", finding.times())?;
    }
    if let Some(origin) = &finding.origin {
        let (program, process, thread) = (&origin.program, origin.process, origin.thread);
        writeln!(out, "      {DIM}in {program}, process {process}, thread {thread}{DIM:#}")?;
    }
    for frame in &finding.frames {
        writeln!(out, "      at {}", frame.place())?;
    }
    if let Some(line) = source_line(finding) {
        writeln!(out, "      {DIM}>{DIM:#} {line}")?;
    }
    for detail in &finding.details {
        writeln!(out, "      {detail}")?;
    }
    Ok(())
}

/// The line of source of the innermost frame that has one.
pub(super) fn source_line(finding: &Finding) -> Option<String> {
    let place = finding.frames.iter().find_map(|f| Some((f.file.as_ref()?, f.line?)));
    let (file, line) = place?;
    let index = usize::try_from(line.checked_sub(1)?).ok()?;
    let text = std::fs::read_to_string(file).ok()?;
    Some(text.lines().nth(index)?.trim().to_owned())
}

fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let style = match (report.count(Severity::Error), report.count(Severity::Hazard)) {
        (0, 0) => GOOD,
        (0, _) => HAZARD,
        _ => ERROR,
    };
    writeln!(out, "{style}{}{style:#}", report.summary())
}

/// `pagesim explain ID`.
pub(crate) fn explain(class: &Class, out: &mut dyn Write) -> io::Result<()> {
    let style = if class.severity == Severity::Error { ERROR } else { HAZARD };
    let severity = class.severity.name();
    writeln!(out, "{BOLD}{}{BOLD:#} ({style}{severity}{style:#})", class.id)?;
    writeln!(out, "{}\n\n{BOLD}What happens{BOLD:#}", class.title)?;
    paragraph(class.explanation, "  ", out)?;
    writeln!(out, "\n{BOLD}How to fix it{BOLD:#}")?;
    paragraph(class.hint, "  ", out)
}

/// Sets words in lines of [`WIDTH`].
fn paragraph(text: &str, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + line.len() + 1 + word.len() > WIDTH {
            writeln!(out, "{indent}{line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "{indent}{line}")
}
