//! The forecast: memory now and on target pages, mapping by mapping. Written as
//! lines of text when a process ends: first `# pid target real program`, then
//! `start end protection resident forecast path` for each mapping, numbers but the
//! process's in hexadecimal, memory in bytes.

/// One mapping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mapping<'a> {
    /// First address.
    pub start: u64,
    /// First address behind.
    pub end: u64,
    /// As /proc/self/maps shows it.
    pub prot: &'a str,
    /// Bytes in memory now.
    pub resident: u64,
    /// Bytes that target pages would take.
    pub forecast: u64,
    /// File or name; empty for anonymous memory.
    pub path: &'a str,
}

/// A process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Forecast<'a> {
    /// Process.
    pub pid: u32,
    /// T, in bytes.
    pub target: u64,
    /// R, in bytes.
    pub real: u64,
    /// The program.
    pub program: &'a str,
    lines: &'a str,
}

impl<'a> Forecast<'a> {
    /// Reads the text; `None` for another kind of file.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Forecast<'a>> {
        let (head, lines) = text.split_once('\n')?;
        let mut head = head.strip_prefix("# ")?.splitn(4, ' ');
        let pid = head.next()?.parse().ok()?;
        let target = hex(head.next()?)?;
        let real = hex(head.next()?)?;
        Some(Forecast { pid, target, real, program: head.next()?, lines })
    }

    /// In order of address. A last line that a dying process did not finish is
    /// left out.
    pub fn mappings(&self) -> impl Iterator<Item = Mapping<'a>> + use<'a> {
        let whole = self.lines.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        whole.filter_map(mapping)
    }

    /// Bytes in memory now, and on target pages.
    #[must_use]
    pub fn total(&self) -> (u64, u64) {
        self.mappings().fold((0, 0), |(now, then), mapping| {
            (now.saturating_add(mapping.resident), then.saturating_add(mapping.forecast))
        })
    }
}

fn hex(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

fn mapping(line: &str) -> Option<Mapping<'_>> {
    let mut fields = line.splitn(6, ' ');
    Some(Mapping {
        start: hex(fields.next()?)?,
        end: hex(fields.next()?)?,
        prot: fields.next()?,
        resident: hex(fields.next()?)?,
        forecast: hex(fields.next()?)?,
        path: fields.next()?,
    })
}
