//! SARIF 2.1.0 (OASIS), for code scanning services.

use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Write};

use serde_json::{json, Value};

use crate::findings::catalog::{Class, Severity};
use crate::findings::{sizes, Finding, Frame, Report};

/// Writes the report as one run of the tool.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let classes = report.classes();
    let results: Vec<Value> = report.findings.iter().map(|f| result(f, &classes)).collect();
    let notes: Vec<Value> = report
        .notes
        .iter()
        .map(|note| json!({ "level": "note", "message": { "text": note } }))
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pagesim",
                "version": report.version,
                "semanticVersion": report.version,
                "rules": classes.iter().map(|class| rule(class)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notes,
            }],
            "artifacts": report.subjects.iter().map(|subject| {
                json!({ "location": { "uri": uri(subject) } })
            }).collect::<Vec<_>>(),
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Hazard => "warning",
    }
}

fn rule(class: &Class) -> Value {
    json!({
        "id": class.id,
        "shortDescription": { "text": class.title },
        "fullDescription": { "text": class.explanation },
        "help": { "text": class.hint, "markdown": class.hint },
        "defaultConfiguration": { "level": level(class.severity) },
    })
}

fn result(finding: &Finding, classes: &[&Class]) -> Value {
    let mut message = format!("{} (on {})", finding.message, sizes(&finding.page_sizes));
    for line in finding.call.iter().map(ToString::to_string).chain(finding.details.iter().cloned())
    {
        message.push('\n');
        message.push_str(&line);
    }
    let mut value = json!({
        "ruleId": finding.class.id,
        "level": level(finding.class.severity),
        "message": { "text": message },
        "locations": [place(finding)],
        "occurrenceCount": finding.count.max(1),
        "partialFingerprints": { "pagesim/v1": fingerprint(finding) },
        "properties": { "pageSizes": finding.page_sizes },
    });
    if let (Some(index), Some(object)) =
        (classes.iter().position(|c| c.id == finding.class.id), value.as_object_mut())
    {
        object.insert("ruleIndex".into(), json!(index));
        if !finding.frames.is_empty() {
            let frames: Vec<Value> = finding.frames.iter().map(frame).collect();
            object.insert("stacks".into(), json!([{ "frames": frames }]));
        }
    }
    value
}

/// Source where it is known, else the file that was examined.
fn place(finding: &Finding) -> Value {
    let known = finding.frames.iter().find(|f| f.file.is_some());
    match known {
        Some(frame) => location(frame),
        None => json!({
            "physicalLocation": { "artifactLocation": { "uri": uri(&finding.subject) } },
        }),
    }
}

fn frame(frame: &Frame) -> Value {
    json!({ "module": frame.module, "location": location(frame) })
}

fn location(frame: &Frame) -> Value {
    let file = frame.file.as_deref().unwrap_or(&frame.module);
    let mut physical = json!({ "artifactLocation": { "uri": uri(file) } });
    if let (Some(line), Some(object)) = (frame.line.filter(|&n| n > 0), physical.as_object_mut()) {
        object.insert("region".into(), json!({ "startLine": line }));
    }
    let mut location = json!({ "physicalLocation": physical });
    if let (Some(function), Some(object)) = (&frame.function, location.as_object_mut()) {
        let name = json!([{ "name": function, "kind": "function" }]);
        object.insert("logicalLocations".into(), name);
    }
    location
}

/// The same finding in the same place, whatever the line numbers are today.
fn fingerprint(finding: &Finding) -> String {
    let mut hash = DefaultHasher::new();
    let function = finding.frames.first().and_then(|f| f.function.as_deref()).unwrap_or_default();
    for part in [finding.class.id, &finding.subject, function] {
        hash.write(part.as_bytes());
        hash.write_u8(0xff);
    }
    format!("{:016x}", hash.finish())
}

/// A path as a URI reference: absolute ones get a scheme, relative ones stay
/// relative to wherever the report is read.
fn uri(path: &str) -> String {
    let mut text = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~/!+,@".contains(&byte);
        if plain {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("/a b/c"), "file:///a%20b/c");
        assert_eq!(uri("x.apk!/lib/a#.so"), "x.apk!/lib/a%23.so");
        assert_eq!(uri("a:b"), "a%3Ab");
    }
}
