//! SARIF and JUnit by their schemas, as others have written them down.
//!
//! The schema of SARIF is the one that OASIS publishes; it comes with a crate that
//! these tests use. JUnit has none of its own: what counts is that of the Jenkins
//! plugin for it. PAGESIM_JUNIT_XSD names the file (`.ci/run` fetches it), xmllint
//! reads it; without either the test is left out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{crashed, installed, pagesim, recorded, stderr, stdout, without, Bench};
use serde_json::Value;

/// Reports of a run with a crash, of one with odd characters in every name, of
/// one without findings, and of a check.
fn reports(bench: &Bench, format: &str) -> Vec<String> {
    let recorded = recorded(bench);
    let empty = bench.write(
        "empty.json",
        r#"{"schema":1,"version":"0","pageSizes":[16384],"subjects":["a"],"findings":[],"notes":[]}"#,
    );
    let report = |file: &Path| {
        let mut command = pagesim();
        command.args(["report", "--format", format]).arg(file);
        stdout(&command.output().unwrap())
    };
    let aligned = ["-shared", "-fPIC", "-Wl,-z,max-page-size=4096"];
    let library = bench.compile("small.so", "int x;", &aligned);
    let mut check = pagesim();
    check.args(["check", "--format", format]).arg(library);
    let checked = stdout(&check.output().unwrap());
    vec![crashed(bench, format), report(&recorded), report(&empty), checked]
}

/// The folder of a package that these tests are built with.
fn package(name: &str) -> PathBuf {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = stdout(&version);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or(env!("CARGO").into()));
    // packages of other systems are not here
    cargo.args(["metadata", "--format-version", "1", "--locked", "--offline"]);
    cargo.args(["--filter-platform", host]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = all["packages"].as_array().unwrap();
    let found = packages.iter().find(|package| package["name"] == name).unwrap();
    Path::new(found["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

#[test]
fn sarif_is_accepted_by_its_schema() {
    let bench = Bench::new();
    let text = std::fs::read(package("serde-sarif").join("src/schema.json")).unwrap();
    let mut schema: Value = serde_json::from_slice(&text).unwrap();
    assert!(schema["title"].as_str().unwrap().contains("(SARIF) Version 2.1.0"), "{schema}");
    // a pattern with a bracket too many, which some readers of patterns refuse
    for object in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][object]["properties"]["language"];
        assert!(language.as_object_mut().unwrap().remove("pattern").is_some());
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    for report in reports(&bench, "sarif") {
        let mut report: Value = serde_json::from_str(&report).unwrap();
        let wrong: Vec<String> = validator
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(wrong, [""; 0], "{report:#}");
        // it does look
        report["runs"][0]["tool"]["driver"]["name"] = 7.into();
        assert!(!validator.is_valid(&report));
    }
}

#[test]
fn junit_is_accepted_by_the_schema_of_jenkins() {
    let Some(xmllint) = installed(&["xmllint"]) else { return without("xmllint") };
    let Some(schema) = std::env::var_os("PAGESIM_JUNIT_XSD") else {
        return without("schema in PAGESIM_JUNIT_XSD");
    };
    let bench = Bench::new();
    let valid = |report: &str| {
        let file = bench.write("report.xml", report);
        let mut command = Command::new(&xmllint);
        command.args(["--noout", "--nonet", "--schema"]).arg(&schema).arg(file);
        let output = command.output().unwrap();
        (output.status.success(), stderr(&output))
    };
    for report in reports(&bench, "junit") {
        let (accepted, reason) = valid(&report);
        assert!(accepted, "{reason}{report}");
        assert!(!valid(&report.replacen(" name=", " nickname=", 1)).0, "it does not look");
    }
}
