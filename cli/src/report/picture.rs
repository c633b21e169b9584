//! Pictures for a browser: one finding in its pages, and all of an address space.

use std::io::{self, Write};

use crate::findings::{size, Extent, Finding, Memory};

/// Pages of one finding that are drawn.
const PAGES: u64 = 4;
/// Small pages, which are ticked.
const TICK: u64 = 4096;

/// A strip of the pages that a call touched: what it named, and what it took along.
pub(super) fn of_finding(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let (Some(extent), Some(page)) = (&finding.extent, finding.page_sizes.last()) else {
        return Ok(());
    };
    let Some((first, last)) = pages(extent, *page) else { return Ok(()) };
    let at = |address: u64| {
        let into = address.clamp(first, last).saturating_sub(first);
        1000.0 * into as f64 / (last - first) as f64
    };
    let (place, what) =
        if extent.of_file { ("of the file", "offset") } else { ("of memory", "address") };
    writeln!(
        out,
        "<figure><svg viewBox=\"0 0 1000 44\" role=\"img\"><title>The call in pages of {}</title>",
        size(*page)
    )?;
    let mut part = |class: &str, start: u64, end: u64| {
        let (x, width) = (at(start), (at(end) - at(start)).max(2.0));
        writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x:.2}\" y=\"8\" width=\"{width:.2}\" height=\"28\"/>"
        )
    };
    part("page", first, last)?;
    part("named", extent.start, extent.end)?;
    if extent.taken > extent.end {
        part("taken", extent.end, extent.taken)?;
    }
    let lines = |step: u64| (first..=last).step_by(usize::try_from(step).unwrap_or(usize::MAX));
    let ticked = *page / TICK <= 64;
    for tick in lines(TICK).take_while(|_| ticked) {
        writeln!(out, "<path class=\"tick\" d=\"M{:.2} 30v6\"/>", at(tick))?;
    }
    for edge in lines(*page) {
        writeln!(out, "<path class=\"edge\" d=\"M{:.2} 2v40\"/>", at(edge))?;
    }
    let rest = if extent.taken > last { ", of which the first are shown" } else { "" };
    let taken = match extent.taken.saturating_sub(extent.end) {
        0 => String::new(),
        bytes => format!("; <b class=\"taken\">{bytes} bytes</b> are taken along"),
    };
    writeln!(
        out,
        "</svg><figcaption>Pages of {} {place}, from {what} {first:#x} on{rest}. \
         <b class=\"named\">{} bytes</b> at {:#x} were named{taken}.</figcaption></figure>",
        size(*page),
        extent.end.saturating_sub(extent.start),
        extent.start
    )
}

/// Where the drawn pages begin and end.
fn pages(extent: &Extent, page: u64) -> Option<(u64, u64)> {
    // what a report from elsewhere says is not believed
    if page > 1 << 20 {
        return None;
    }
    let first = extent.start.checked_sub(extent.start.checked_rem(page)?)?;
    let last = extent.taken.max(extent.start.checked_add(1)?).checked_next_multiple_of(page)?;
    Some((first, last.min(first.checked_add(page.checked_mul(PAGES)?)?)))
}

/// Every mapping as wide as its number of digits, in order of address, without
/// the gaps, which are most of the space; what findings named is marked.
pub(super) fn of_space(
    memory: &Memory,
    findings: &[&Finding],
    escaped: &impl Fn(&str) -> String,
    out: &mut dyn Write,
) -> io::Result<()> {
    let whole: f64 = memory.mappings.iter().map(|m| width(m.start, m.end)).sum();
    let named: Vec<Extent> = findings.iter().filter_map(|f| f.extent).collect();
    writeln!(out, "<div class=\"space\">")?;
    let mut left = 0.0;
    for mapping in &memory.mappings {
        let part = 100.0 * width(mapping.start, mapping.end) / whole.max(1.0);
        let class = if mapping.prot.contains('x') { " class=\"x\"" } else { "" };
        let title =
            format!("{:#x}-{:#x} {} {}", mapping.start, mapping.end, mapping.prot, mapping.name);
        let title = escaped(title.trim_end());
        let drawn = part * 0.94;
        writeln!(
            out,
            "<i{class} style=\"left:{left:.3}%;width:{drawn:.3}%\" title=\"{title}\"></i>"
        )?;
        let length = mapping.end.saturating_sub(mapping.start).max(1) as f64;
        for hit in named.iter().filter(|e| {
            !e.of_file && e.start < mapping.end && e.taken.max(e.start + 1) > mapping.start
        }) {
            let from = hit.start.max(mapping.start).saturating_sub(mapping.start) as f64 / length;
            let to = hit.taken.min(mapping.end).saturating_sub(mapping.start) as f64 / length;
            let (at, wide) = (left + drawn * from, (drawn * (to - from)).max(0.35));
            writeln!(
                out,
                "<b style=\"left:{at:.3}%;width:{wide:.3}%\" title=\"{:#x}-{:#x}\"></b>",
                hit.start, hit.taken
            )?;
        }
        left += part;
    }
    writeln!(out, "</div>")?;
    let ends = (memory.mappings.first(), memory.mappings.last());
    if let (Some(first), Some(last)) = ends {
        writeln!(
            out,
            "<p class=\"quiet\">All mappings from {:#x} to {:#x}, gaps left out, each as wide as \
             its size has digits: <b class=\"data\">data</b>, <b class=\"code\">code</b>, \
             <b class=\"named\">what findings named or took along</b>.</p>",
            first.start, last.end
        )?;
    }
    Ok(())
}

/// How wide a mapping is drawn: its number of binary digits above a page's.
fn width(start: u64, end: u64) -> f64 {
    f64::from(end.saturating_sub(start).max(1).ilog2().max(12) - 11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strip_begins_and_ends_with_a_page_and_is_no_longer_than_four() {
        let extent = |start, end, taken| Extent { of_file: false, start, end, taken };
        assert_eq!(pages(&extent(0x11000, 0x12000, 0x20000), 0x10000), Some((0x10000, 0x20000)));
        assert_eq!(pages(&extent(0x10000, 0x10000, 0x10000), 0x10000), Some((0x10000, 0x20000)));
        assert_eq!(pages(&extent(0, 1 << 40, 1 << 40), 0x4000), Some((0, 0x10000)));
        assert_eq!(pages(&extent(u64::MAX, u64::MAX, u64::MAX), 0x4000), None);
        assert_eq!(pages(&extent(1, 2, 2), 0), None);
        assert_eq!(pages(&extent(1, 2, 2), 1 << 40), None);
    }
}
