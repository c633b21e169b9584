//! The memory forecast: what programs take now and would take on larger pages.

use std::io::{self, Write};

use super::picture;
use crate::findings::{size, Finding, Mapping, Memory, Report};

/// Processes, largest first, that the text and the page show.
const SHOWN: usize = 5;
/// Mappings of each.
const MAPPINGS: usize = 8;

/// Bytes as people read them.
fn bytes(n: u64) -> String {
    const UNITS: [(u32, &str); 3] = [(30, "G"), (20, "M"), (10, "K")];
    for (shift, unit) in UNITS {
        if n >> shift != 0 {
            let tenths = (n >> (shift - 10)).saturating_mul(10) >> 10;
            return format!("{}.{}{unit}", tenths / 10, tenths % 10);
        }
    }
    n.to_string()
}

/// The mappings that grow most.
fn growing(memory: &Memory) -> Vec<&Mapping> {
    let mut all: Vec<&Mapping> =
        memory.mappings.iter().filter(|m| m.forecast > m.resident).collect();
    all.sort_by_key(|m| std::cmp::Reverse(m.forecast.saturating_sub(m.resident)));
    all.truncate(MAPPINGS);
    all
}

fn name(mapping: &Mapping) -> &str {
    match mapping.name.as_str() {
        "" => "anonymous memory",
        name => name,
    }
}

/// For people.
pub(super) fn text(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for memory in report.memory.iter().take(SHOWN) {
        let (now, then) = memory.total();
        writeln!(
            out,
            "\nMemory of {}, process {}: {} now, {} on pages of {}",
            memory.program,
            memory.process,
            bytes(now),
            bytes(then),
            size(memory.page_size)
        )?;
        for mapping in growing(memory) {
            let (now, then) = (bytes(mapping.resident), bytes(mapping.forecast));
            writeln!(out, "  {now:>8} {then:>8}  {} {}", mapping.prot, name(mapping))?;
        }
    }
    match report.memory.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "\nMemory of {more} more processes is in the JSON"),
    }
}

/// For a browser.
pub(super) fn html(
    report: &Report,
    escaped: impl Fn(&str) -> String,
    out: &mut dyn Write,
) -> io::Result<()> {
    if report.memory.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section id=\"memory\"><h2>Memory</h2>")?;
    for memory in report.memory.iter().take(SHOWN) {
        let (now, then) = memory.total();
        let (program, pages) = (escaped(&memory.program), size(memory.page_size));
        writeln!(out, "<h3>{program}, process {}</h3>", memory.process)?;
        writeln!(out, "<p>{} now, {} on pages of {pages}.</p>", bytes(now), bytes(then))?;
        let of_process: Vec<&Finding> = report
            .findings
            .iter()
            .filter(|f| f.origin.as_ref().is_some_and(|o| o.process == memory.process))
            .collect();
        picture::of_space(memory, &of_process, &escaped, out)?;
        writeln!(out, "<div class=\"scroll\"><table><tr><th>now</th><th>{pages}</th>")?;
        writeln!(out, "<th>protection</th><th>mapping</th></tr>")?;
        for mapping in growing(memory) {
            writeln!(
                out,
                "<tr><td class=\"n\">{}</td><td class=\"n\">{}</td><td><code>{}</code></td>\
                 <td><code>{}</code></td></tr>",
                bytes(mapping.resident),
                bytes(mapping.forecast),
                escaped(&mapping.prot),
                escaped(name(mapping))
            )?;
        }
        writeln!(out, "</table></div>")?;
    }
    writeln!(out, "</section>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_with_a_unit_and_a_tenth() {
        for (n, text) in
            [(0, "0"), (1023, "1023"), (1536, "1.5K"), (1 << 20, "1.0M"), (5 << 29, "2.5G")]
        {
            assert_eq!(bytes(n), text);
        }
    }
}
