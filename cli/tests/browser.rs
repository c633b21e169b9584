//! The HTML report in a real browser: it is laid out, its links lead to what they
//! name, and no script has an error. Left out where there is no Chromium.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};

use common::{crashed, installed, pagesim, recorded, stderr, stdout, without, Bench};

/// Goes through the page as a reader does and writes what it sees, a word and a
/// number a line.
const VISIT: &str = r#"<pre id="seen"></pre><script>
const seen = { errors: 0, links: 0, dead: 0, flat: 0, findings: 0, pictures: 0, wide: 0, plain: 0 };
window.onerror = () => { seen.errors++; };
window.onload = async () => {
    const tall = element => element.getBoundingClientRect().height > 5;
    for (const finding of document.querySelectorAll('.finding')) {
        seen.findings++;
        if (!tall(finding)) seen.flat++;
    }
    for (const picture of document.querySelectorAll('svg, .space')) {
        seen.pictures++;
        if (!tall(picture) || !picture.querySelector('rect, i')) seen.flat++;
    }
    for (const label of document.querySelectorAll('.error, .hazard'))
        if (getComputedStyle(label).backgroundColor === 'rgba(0, 0, 0, 0)') seen.plain++;
    if (document.documentElement.scrollWidth > innerWidth) seen.wide++;
    for (const link of document.querySelectorAll('a')) {
        seen.links++;
        scrollTo(0, 0);
        link.click();
        await new Promise(done => setTimeout(done, 20));
        const target = document.getElementById(location.hash.slice(1));
        const place = target && target.getBoundingClientRect();
        if (!place || place.top > innerHeight || place.bottom < 0) seen.dead++;
    }
    document.getElementById('seen').textContent =
        Object.entries(seen).map(([key, value]) => `${key}=${value}`).join(' ') + ' .';
};
</script></body>"#;

fn browse(browser: &Path, bench: &Bench, options: &[&str], page: &Path) -> Output {
    let profile = tempfile::tempdir_in(bench.folder()).unwrap();
    let mut command = Command::new("timeout");
    command.arg("120").arg(browser).args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--enable-logging=stderr",
        "--virtual-time-budget=20000",
        "--window-size=1000,800",
    ]);
    command.arg(format!("--user-data-dir={}", profile.path().display()));
    command.env("HOME", profile.path()).args(options);
    let output = command.arg(format!("file://{}", page.display())).output().unwrap();
    assert!(output.status.success(), "{:?}: {}", output.status, stderr(&output));
    output
}

/// What the script has counted.
fn visit(browser: &Path, bench: &Bench, html: &str) -> HashMap<String, u32> {
    let page = bench.write("visited.html", html.replacen("</body>", VISIT, 1));
    let output = browse(browser, bench, &["--dump-dom"], &page);
    let log = stderr(&output);
    let complaint = log.lines().find(|line| line.contains("CONSOLE"));
    assert_eq!(complaint, None, "the browser complains");
    let text = stdout(&output);
    let seen = text.split_once("<pre id=\"seen\">").and_then(|(_, rest)| rest.split_once(" ."));
    let Some((seen, _)) = seen else { panic!("the script did not end: {text}{log}") };
    let pairs = seen.split(' ').filter_map(|word| word.split_once('='));
    pairs.map(|(key, number)| (key.to_owned(), number.parse().unwrap())).collect()
}

#[test]
fn the_page_is_laid_out_and_its_links_lead_somewhere() {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let Some(browser) = installed(&names) else { return without("Chromium") };
    let bench = Bench::new();
    let mut command = pagesim();
    command.args(["report", "--format", "html"]).arg(recorded(&bench));
    let odd = stdout(&command.output().unwrap());
    // findings, pictures, links: from the table, and from each finding
    for (html, findings, pictures, links) in
        [(odd, 2, 0, 4), (crashed(&bench, "html"), 2, 2 + 2, 4)]
    {
        let seen = visit(&browser, &bench, &html);
        for wrong in ["errors", "dead", "flat", "wide", "plain"] {
            assert_eq!(seen[wrong], 0, "{wrong}: {seen:?}");
        }
        let counts = (seen["findings"], seen["pictures"], seen["links"]);
        assert_eq!(counts, (findings, pictures, links), "{seen:?}");
        let page = bench.write("page.html", html);
        let shot = bench.path("page.png");
        browse(&browser, &bench, &[&format!("--screenshot={}", shot.display())], &page);
        // an empty page of this size takes some 4,000 bytes
        let picture = std::fs::read(&shot).unwrap();
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 20_000, "{}", picture.len());
    }
}
