//! One self-contained HTML file. It is well-formed XML too, so that any
//! reader of either can check it.

use std::io::{self, Write};

use super::picture;
use super::text::source_line;
use crate::findings::{sizes, Finding, Report};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
code,pre{font-family:ui-monospace,monospace;font-size:.9em}\
pre{overflow-x:auto;padding:.5rem;background:rgba(127,127,127,.12);border-radius:.3rem}\
section{border-top:1px solid rgba(127,127,127,.4);margin-top:1.5rem}\
h2{font-size:1.1rem;overflow-wrap:anywhere}\
.error,.hazard{border-radius:.3rem;padding:.1rem .4rem;color:#fff;font-size:.85em}\
.error{background:#b3261e}.hazard{background:#8a5a00}\
.quiet{opacity:.7}\
.space{position:relative;height:2.2rem;background:rgba(127,127,127,.15)}\
.space i{position:absolute;top:0;bottom:0;background:#3b6ea5}\
.space i.x{background:#2e7d4f}.space b{position:absolute;top:-.3rem;bottom:-.3rem;background:#b3261e}\
figure{margin:.6rem 0 1.4rem}figcaption{font-size:.85em;opacity:.85}svg{display:block;width:100%;height:auto}\
.page{fill:rgba(127,127,127,.15)}rect.named{fill:#b3261e}rect.taken{fill:#e0a030}\
.tick{stroke:rgba(127,127,127,.8);stroke-width:1}.edge{stroke:currentColor;stroke-width:2.5}\
b.named,b.taken,b.data,b.code{font-weight:normal;border-bottom:.2em solid #b3261e}b.taken{border-color:#e0a030}\
b.data{border-color:#3b6ea5}b.code{border-color:#2e7d4f}\
.scroll{overflow-x:auto}td.n{text-align:right}\
table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left}";

/// Writes the page.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let pages = sizes(&report.page_sizes);
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width\"/>")?;
    writeln!(out, "<title>pagesim: pages of {pages}</title><style>{STYLE}</style></head><body>")?;
    writeln!(out, "<h1>Pages of {pages}</h1>")?;
    writeln!(out, "<p id=\"summary\">{}.</p>", report.summary())?;
    contents(report, out)?;
    for group in report.findings.chunk_by(|a, b| a.subject == b.subject) {
        let Some(first) = group.first() else { continue };
        writeln!(out, "<section><h2>{}</h2>", escaped(&first.subject))?;
        for finding in group {
            one(finding, out)?;
        }
        writeln!(out, "</section>")?;
    }
    super::memory::html(report, escaped, out)?;
    classes(report, out)?;
    if !report.notes.is_empty() {
        writeln!(out, "<section><h2>Not examined</h2><ul>")?;
        for note in &report.notes {
            writeln!(out, "<li>{}</li>", escaped(note))?;
        }
        writeln!(out, "</ul></section>")?;
    }
    writeln!(out, "<p class=\"quiet\">pagesim {}</p></body></html>", escaped(&report.version))
}

/// How often each class occurs.
fn contents(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "<table><tr><th>finding</th><th>places</th><th>times</th></tr>")?;
    for class in report.classes() {
        let of_class = || report.findings.iter().filter(|f| f.class.id == class.id);
        let times: u64 = of_class().fold(0, |sum, f| sum.saturating_add(f.count));
        writeln!(
            out,
            "<tr><td><a href=\"#{id}\">{id}</a></td><td>{}</td><td>{times}</td></tr>",
            of_class().count(),
            id = class.id
        )?;
    }
    writeln!(out, "</table>")
}

fn one(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let (id, severity) = (finding.class.id, finding.class.severity.name());
    writeln!(
        out,
        "<div class=\"finding\"><p><span class=\"{severity}\">{severity}</span> \
         <a href=\"#{id}\">{id}</a>: {} <span class=\"quiet\">(on {})</span></p>",
        escaped(&finding.message),
        sizes(&finding.page_sizes)
    )?;
    let mut lines: Vec<String> =
        finding.call.iter().map(|call| format!("{call}{}", finding.times())).collect();
    lines.extend(
        finding
            .origin
            .iter()
            .map(|o| format!("in {}, process {}, thread {}", o.program, o.process, o.thread)),
    );
    lines.extend(finding.frames.iter().map(|frame| format!("at {}", frame.place())));
    lines.extend(source_line(finding).map(|line| format!("> {line}")));
    lines.extend(finding.details.iter().cloned());
    if !lines.is_empty() {
        writeln!(out, "<pre>{}</pre>", escaped(&lines.join("\n")))?;
    }
    picture::of_finding(finding, out)?;
    writeln!(out, "</div>")
}

/// What each class means, once.
fn classes(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for class in report.classes() {
        writeln!(
            out,
            "<section id=\"{id}\"><h2>{id}: {}</h2><p>{}</p><p><strong>How to fix it.</strong> \
             {}</p></section>",
            escaped(class.title),
            with_code(class.explanation),
            with_code(class.hint),
            id = class.id
        )?;
    }
    Ok(())
}

/// A text of the documentation, in which code stands between backquotes.
fn with_code(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(i, part)| match i % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    parts.collect()
}

/// Text between tags. Control characters, which XML knows no way to write,
/// become the replacement character.
fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            '\n' | '\t' => result.push(c),
            c if c.is_control() => result.push('\u{fffd}'),
            c => result.push(c),
        }
    }
    result
}
