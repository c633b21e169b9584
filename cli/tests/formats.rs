//! Every format, read by something that did not write it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{expect_code, pagesim, recorded, stderr, stdout, Bench};
use serde_json::{json, Value};

fn shown(bench: &Bench, format: &str) -> String {
    let mut command = pagesim();
    command.args(["report", "--format", format]).arg(recorded(bench));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn text_groups_sorts_and_shows_the_source() {
    let bench = Bench::new();
    let text = shown(&bench, "text");
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part:?} in {text}"));
    assert!(at("error mmap-offset: offset 4096") < at("hazard munmap-rounding"), "{text}");
    at("mmap(addr=NULL, offset=4096) = EINVAL (1000000 times)");
    at("in app, process 7, thread 8");
    at(":2) [inlined]\n");
    at("at main (/bin/app+0x20)");
    at("> mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 4096);");
    at("at /usr/lib/libx.so+0x1234");
    at("1 error and 1 hazard on pages of 64K, 2 examined");
    assert!(!text.contains('\u{1b}'), "coloured without a terminal");
}

#[test]
fn colour_follows_option_and_environment() {
    let bench = Bench::new();
    let file = recorded(&bench);
    let coloured = |options: &[&str], variables: &[(&str, &str)]| {
        let mut command = pagesim();
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env_remove("CLICOLOR");
        command.arg("report").args(options).arg(&file).envs(variables.iter().copied());
        stdout(&command.output().unwrap()).contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]));
    assert!(coloured(&["--color", "always"], &[]));
    assert!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
}

#[test]
fn json_reads_back_as_the_same_report() {
    let bench = Bench::new();
    let once: Value = serde_json::from_str(&shown(&bench, "json")).unwrap();
    assert_eq!(once["findings"][0]["id"], "mmap-offset");
    assert_eq!(once["classes"][0]["id"], "mmap-offset");
    assert_eq!(once["classes"][1]["severity"], "hazard");
    let file = bench.write("once.json", once.to_string());
    let mut command = pagesim();
    command.args(["report", "--format", "json"]).arg(&file).arg(&file);
    let twice: Value = serde_json::from_str(&stdout(&command.output().unwrap())).unwrap();
    assert_eq!(once, twice, "merged with itself it is the same");
}

#[test]
fn reports_of_another_layout_are_refused() {
    let bench = Bench::new();
    let mut report: Value =
        serde_json::from_slice(&std::fs::read(recorded(&bench)).unwrap()).unwrap();
    report["schema"] = json!(2);
    let file = bench.write("new.json", report.to_string());
    let text = expect_code(pagesim().arg("report").arg(&file), 125);
    assert!(text.contains("layout 2"), "{text}");
    report["schema"] = json!(1);
    report["findings"][0]["id"] = json!("no-such-finding");
    let file = bench.write("odd.json", report.to_string());
    let text = expect_code(pagesim().arg("report").arg(&file), 125);
    assert!(text.contains("no-such-finding"), "{text}");
    let file = bench.write("none.json", "nonsense");
    expect_code(pagesim().arg("report").arg(&file), 125);
}

#[test]
fn sarif_is_what_its_schema_describes() {
    let bench = Bench::new();
    let text = shown(&bench, "sarif");
    let log: serde_sarif::sarif::Sarif = serde_json::from_str(&text).unwrap();
    assert_eq!(log.runs.len(), 1);
    let run = &log.runs[0];
    let rules = run.tool.driver.rules.as_ref().unwrap();
    let results = run.results.as_ref().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        let index = usize::try_from(result.rule_index.unwrap()).unwrap();
        assert_eq!(Some(&rules[index].id), result.rule_id.as_ref());
        assert!(result.message.text.is_some());
    }
    let value: Value = serde_json::from_str(&text).unwrap();
    let first = &value["runs"][0]["results"][0];
    assert_eq!(first["level"], "error");
    assert_eq!(first["occurrenceCount"], 1_000_000);
    let place = &first["locations"][0]["physicalLocation"];
    assert_eq!(place["region"]["startLine"], 2);
    let uri = place["artifactLocation"]["uri"].as_str().unwrap();
    assert!(uri.starts_with("file:///") && uri.ends_with("/app.c"), "{uri}");
    assert_eq!(value["runs"][0]["results"][1]["level"], "warning");
    let artifacts = value["runs"][0]["artifacts"].as_array().unwrap();
    let odd = artifacts[0]["location"]["uri"].as_str().unwrap();
    assert!(odd.is_ascii() && !odd.contains([' ', '<', '"']), "{odd}");
}

#[test]
fn junit_has_a_case_for_each_subject() {
    let bench = Bench::new();
    let text = shown(&bench, "junit");
    let document = roxmltree::Document::parse(&text).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let named = |name: &'static str| {
        document.descendants().filter(move |n| n.has_tag_name(name)).collect::<Vec<_>>()
    };
    assert_eq!(named("testsuite")[0].attribute("tests"), Some("2"));
    assert_eq!(named("testsuite")[0].attribute("failures"), Some("1"));
    let cases = named("testcase");
    assert_eq!(cases.len(), 2);
    assert!(cases.iter().all(|c| c.attribute("classname") == Some("pagesim")));
    let failures = named("failure");
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].attribute("type"), Some("mmap-offset"));
    assert!(failures[0].text().unwrap().contains("mmap(addr=NULL, offset=4096) = EINVAL"));
    let output = named("system-out");
    assert!(output[0].text().unwrap().contains("munmap-rounding"));
}

#[test]
fn html_is_one_well_formed_file_whose_links_lead_somewhere() {
    let bench = Bench::new();
    let text = shown(&bench, "html");
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(&text, options).unwrap();
    let ids: Vec<&str> = document.descendants().filter_map(|n| n.attribute("id")).collect();
    let mut links = 0;
    for node in document.descendants() {
        if let Some(target) = node.attribute("href") {
            assert!(ids.contains(&target.strip_prefix('#').unwrap()), "{target} leads nowhere");
            links += 1;
        }
        assert!(node.attribute("src").is_none(), "not self-contained");
    }
    assert_eq!(links, 4);
    let titles: Vec<&str> =
        document.descendants().filter(|n| n.has_tag_name("h2")).filter_map(|n| n.text()).collect();
    assert!(titles.contains(&"app <&\"' \u{fffd}x"), "{titles:?}");
}

#[test]
fn several_formats_go_to_several_files() {
    let bench = Bench::new();
    let file = recorded(&bench);
    let mut command = pagesim();
    let place = |name: &str| bench.path(name).into_os_string().into_string().unwrap();
    command.args(["report", "--format", "text"]);
    command.args(["--format", &format!("json={}", place("a.json"))]);
    command.args(["--format", &format!("html={}", place("%p.html"))]).arg(&file);
    let child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let page = bench.path(&format!("{}.html", child.id()));
    let output = child.wait_with_output().unwrap();
    assert!(stdout(&output).contains("mmap-offset"));
    assert!(page.exists() && bench.path("a.json").exists());

    let mut command = pagesim();
    command.args(["report", "--format", "json", "--format", "junit", "--format", "sarif", "-o"]);
    expect_code(command.arg(bench.path("all-%%")).arg(&file), 1);
    for ending in ["json", "xml", "sarif"] {
        assert!(bench.path(&format!("all-%.{ending}")).exists(), "{ending}");
    }
    let mut command = pagesim();
    command.args(["report", "--format", "json", "--format", "html"]);
    let text = expect_code(command.arg(&file), 125);
    assert!(text.contains("--output"), "{text}");
    expect_code(pagesim().args(["report", "--format", "pdf"]).arg(&file), 125);
    expect_code(pagesim().args(["report", "-o", "%z"]).arg(&file), 125);
}

#[test]
fn every_finding_can_be_explained() {
    let list = stdout(&pagesim().arg("explain").output().unwrap());
    let ids: Vec<&str> = list.lines().map(|l| l.split(' ').next().unwrap()).collect();
    assert!(ids.len() > 25, "{ids:?}");
    let output = pagesim().arg("explain").args(&ids).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert_eq!(text.matches("How to fix it").count(), ids.len());
    assert!(text.lines().all(|line| line.chars().count() <= 100), "lines are too long");
    let text = expect_code(pagesim().args(["explain", "nothing"]), 125);
    assert!(text.contains("nothing: no such finding"), "{text}");
}

#[test]
fn manual_and_completions_come_from_the_definition() {
    let bench = Bench::new();
    expect_code(pagesim().arg("man").arg(bench.folder()), 0);
    let page = std::fs::read_to_string(bench.path("pagesim-check.1")).unwrap();
    assert!(page.contains(r"error\-exitcode") && page.contains("125"), "{page}");
    let main = stdout(&pagesim().arg("man").output().unwrap());
    assert!(main.contains(".TH pagesim 1") && main.contains(r"page\-size"), "{main}");
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(&pagesim().args(["completions", shell]).output().unwrap());
        assert!(script.contains("page-size") && script.contains("check"), "{shell}");
    }
}
