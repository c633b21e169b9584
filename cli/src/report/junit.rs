//! JUnit XML: a test case for each subject, failed if something was found in
//! it that counts.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::findings::catalog::Severity;
use crate::findings::{sizes, Finding, Report};

/// Writes the report; `fail_on` is what makes a case fail.
pub(super) fn write(report: &Report, fail_on: Severity, out: &mut dyn Write) -> io::Result<()> {
    let mut suite = TestSuite::new(format!("pages of {}", sizes(&report.page_sizes)));
    for subject in &report.subjects {
        let found: Vec<&Finding> =
            report.findings.iter().filter(|f| f.subject == *subject).collect();
        suite.add_test_case(case(subject, &found, fail_on));
    }
    let mut document = quick_junit::Report::new("pagesim");
    document.add_test_suite(suite);
    let text = document.to_string().map_err(io::Error::other)?;
    // The first is the whole report's, for which the schema of Jenkins has none.
    out.write_all(text.replacen(" skipped=\"0\"", "", 1).as_bytes())
}

fn case(subject: &str, found: &[&Finding], fail_on: Severity) -> TestCase {
    let failing: Vec<&&Finding> = found.iter().filter(|f| f.class.severity >= fail_on).collect();
    let status = if failing.is_empty() {
        TestCaseStatus::success()
    } else {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let ids: Vec<&str> = failing.iter().map(|f| f.class.id).collect();
        let messages: Vec<&str> = failing.iter().map(|f| f.message.as_str()).collect();
        let texts: Vec<String> = failing.iter().map(|f| text(f)).collect();
        status.set_type(ids.join(", "));
        status.set_message(messages.join("; "));
        status.set_description(texts.join("\n"));
        status
    };
    let mut case = TestCase::new(subject.to_owned(), status);
    case.set_classname("pagesim");
    let other: Vec<String> =
        found.iter().filter(|f| f.class.severity < fail_on).map(|f| text(f)).collect();
    if !other.is_empty() {
        case.set_system_out(other.join("\n"));
    }
    case
}

fn text(finding: &Finding) -> String {
    let mut lines = vec![format!(
        "{} {}: {} (on {})",
        finding.class.severity.name(),
        finding.class.id,
        finding.message,
        sizes(&finding.page_sizes)
    )];
    lines.extend(finding.call.iter().map(|call| format!("  {call}, {} times", finding.count)));
    lines.extend(finding.frames.iter().map(|frame| format!("  at {}", frame.place())));
    lines.extend(finding.details.iter().map(|detail| format!("  {detail}")));
    lines.push(format!("  {}", finding.class.hint.replace('\n', " ")));
    lines.join("\n")
}
