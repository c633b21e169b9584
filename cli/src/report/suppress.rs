//! Suppressions: findings that are known and not to be reported again.
//!
//! A file has a line for each: the id, or `*` for any, then what must hold of one
//! and the same frame of the call stack: `function=`, `module=` and `file=` with a
//! pattern, in which `*` stands for anything. `#` begins a comment.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::findings::{Finding, Frame};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    id: String,
    function: Option<String>,
    module: Option<String>,
    file: Option<String>,
}

/// What is not reported.
#[derive(Debug, Default)]
pub(super) struct Suppressions(Vec<Line>);

impl Suppressions {
    /// Adds the lines of a file.
    ///
    /// # Errors
    /// Why it cannot be read, or the first line that makes no sense.
    pub(super) fn read(&mut self, path: &Path) -> Result<(), String> {
        let failed = |error: String| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let parsed = parse(line).map_err(|e| failed(format!("line {}: {e}", number + 1)))?;
            self.0.extend(parsed);
        }
        Ok(())
    }

    /// Whether a finding is one of them.
    pub(super) fn hides(&self, finding: &Finding) -> bool {
        self.0.iter().any(|line| line.hides(finding))
    }
}

fn parse(line: &str) -> Result<Option<Line>, String> {
    let mut words = line.split_whitespace();
    let Some(id) = words.next() else { return Ok(None) };
    let mut parsed = Line { id: id.to_owned(), function: None, module: None, file: None };
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let place = match key {
            "function" => &mut parsed.function,
            "module" => &mut parsed.module,
            "file" => &mut parsed.file,
            _ => return Err(format!("{word:?} is not function=, module= or file=")),
        };
        if value.is_empty() {
            return Err(format!("{key}= without a pattern"));
        }
        *place = Some(value.to_owned());
    }
    Ok(Some(parsed))
}

impl Line {
    fn hides(&self, finding: &Finding) -> bool {
        let bare = self.function.is_none() && self.module.is_none() && self.file.is_none();
        matches(&self.id, finding.class.id)
            && (bare || finding.frames.iter().any(|frame| self.is_at(frame)))
    }

    fn is_at(&self, frame: &Frame) -> bool {
        let holds = |pattern: &Option<String>, text: Option<&str>| {
            pattern.as_ref().is_none_or(|pattern| text.is_some_and(|text| matches(pattern, text)))
        };
        holds(&self.function, frame.function.as_deref())
            && holds(&self.module, Some(&frame.module))
            && holds(&self.file, frame.file.as_deref())
    }
}

/// Whether a pattern, in which `*` stands for any characters, is all of `text`.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    if !pattern.contains('*') {
        return rest.is_empty();
    }
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

/// Lines that suppress these findings.
pub(super) fn lines(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut seen: Vec<String> = Vec::new();
    for finding in findings {
        let mut line = finding.class.id.to_owned();
        if let Some(frame) = finding.frames.first() {
            let name = frame.module.rsplit('/').next().unwrap_or_default();
            let source = frame.file.as_deref().and_then(|file| file.rsplit('/').next());
            let keys = [
                ("function", frame.function.clone()),
                ("module", Some(format!("*{name}"))),
                ("file", source.map(|file| format!("*{file}"))),
            ];
            for (key, value) in keys {
                // names of C++ functions hold spaces, which end a pattern
                let value = value.map(|v| v.replace(|c: char| c.is_whitespace() || c == '#', "*"));
                let _ = value.map(|value| write!(line, " {key}={value}"));
            }
        }
        if !seen.contains(&line) {
            let _ = writeln!(text, "# {}\n{line}", finding.message);
            seen.push(line);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::catalog;

    fn finding(frames: Vec<Frame>) -> Finding {
        Finding {
            class: catalog::find("mmap-offset").unwrap(),
            subject: "app".into(),
            page_sizes: vec![65536],
            count: 1,
            message: "offset".into(),
            details: Vec::new(),
            call: None,
            extent: None,
            origin: None,
            frames,
        }
    }

    fn frame(function: &str, module: &str, file: &str) -> Frame {
        Frame {
            function: Some(function.into()),
            file: Some(file.into()),
            module: module.into(),
            ..Frame::default()
        }
    }

    fn hides(line: &str, finding: &Finding) -> bool {
        parse(line).unwrap().unwrap().hides(finding)
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, text) in
            [("a", "a"), ("*", ""), ("*", "abc"), ("a*", "a"), ("*c", "abc"), ("a*b*c", "a-b-b-c")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("a", "ab"), ("", "a"), ("a*b", "a"), ("*a*b", "ba"), ("ab*ba", "aba")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn all_keys_hold_of_one_frame() {
        let f = finding(vec![
            frame("load", "/lib/libx.so.1", "/src/x.c"),
            frame("main", "/app", "/src/m.c"),
        ]);
        for line in ["mmap-offset", "*", "mmap-* function=main", "* module=*/libx.so* file=*x.c"] {
            assert!(hides(line, &f), "{line}");
        }
        for line in ["guard-size", "* function=main module=*libx*", "* file=x.c"] {
            assert!(!hides(line, &f), "{line}");
        }
    }

    #[test]
    fn what_is_written_for_a_finding_hides_it() {
        let f = finding(vec![frame("f(int, #)", "/app", "/s/a b.c")]);
        let text = lines(&[f.clone(), f.clone()]);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines.len(), 1, "{text}");
        assert!(hides(lines[0], &f));
    }

    #[test]
    fn lines_that_make_no_sense_are_refused() {
        assert_eq!(parse("   "), Ok(None));
        assert!(parse("mmap-offset fn=x").is_err() && parse("mmap-offset function=").is_err());
    }
}
