//! `pagesim check` on files that real tools made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::Write;
use std::path::Path;
use std::process::Command;

use common::{expect_code, pagesim, stderr, stdout, Bench};
use serde_json::Value;

const LIBRARY: &str = "int value = 1; int *where = &value; int get(void) { return *where; }";

/// A shared library whose segments are aligned to `max`.
fn library(bench: &Bench, name: &str, max: u32) -> std::path::PathBuf {
    let pages = [format!("-Wl,-z,max-page-size={max}"), format!("-Wl,-z,common-page-size={max}")];
    let options = ["-shared", "-fPIC", "-Wl,-z,relro", &pages[0], &pages[1]];
    bench.compile(name, LIBRARY, &options)
}

/// Ids and subjects of what is found, and the report itself.
fn check(paths: &[&Path], options: &[&str]) -> (Vec<(String, String)>, Value) {
    let mut command = pagesim();
    command.args(["check", "--format", "json", "--error-exitcode", "0"]).args(options).args(paths);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "", "a bar without a terminal");
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap();
    (findings.iter().map(|f| (text(&f["id"]), text(&f["subject"]))).collect(), report)
}

fn ids(paths: &[&Path], options: &[&str]) -> Vec<String> {
    check(paths, options).0.into_iter().map(|(id, _)| id).collect()
}

fn subjects(report: &Value) -> Vec<&str> {
    report["subjects"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect()
}

#[test]
fn alignment_decides_on_which_page_sizes_a_library_loads() {
    let bench = Bench::new();
    let small = library(&bench, "small.so", 0x1000);
    let large = library(&bench, "large.so", 0x10000);
    assert_eq!(ids(&[&small], &["-p", "4K"]), Vec::<String>::new());
    assert_eq!(ids(&[&large], &["-p", "4K,16K,64K"]), Vec::<String>::new());
    let (found, report) = check(&[&small], &["-p", "16K", "-p", "64K", "-p", "4K"]);
    assert_eq!(found, [("elf-load-align".into(), small.display().to_string())]);
    let finding = &report["findings"][0];
    assert_eq!(finding["pageSizes"], serde_json::json!([16384, 65536]));
    assert!(finding["details"][0].as_str().unwrap().contains("alignment 0x1000"), "{finding}");
    assert_eq!(ids(&[&large], &["-p", "1M"]), ["elf-load-align"]);
}

#[test]
fn relro_is_measured_against_the_page_size() {
    let bench = Bench::new();
    let library = library(&bench, "relro.so", 0x10000);
    assert_eq!(ids(&[&library], &["-p", "4K,64K"]), Vec::<String>::new());
    // Linkers round the end up to a page; tools that edit files do not.
    let mut image = std::fs::read(&library).unwrap();
    let table = u64::from_ne_bytes(image[0x20..0x28].try_into().unwrap()) as usize;
    let mut headers = (0..usize::from(image[0x38])).map(|index| table + index * 56);
    let relro = headers.find(|at| image[*at..at + 4] == 0x6474_e552_u32.to_ne_bytes()).unwrap();
    let size = relro + 0x28..relro + 0x30;
    let old = u64::from_ne_bytes(image[size.clone()].try_into().unwrap());
    image[size].copy_from_slice(&(old - 16).to_ne_bytes());
    bench.write("relro.so", &image);
    let (found, report) = check(&[&library], &["-p", "4K,64K"]);
    assert_eq!(found[0].0, "elf-relro-end");
    assert_eq!(report["findings"][0]["pageSizes"], serde_json::json!([4096, 65536]));
    expect_code(pagesim().arg("check").arg(&library), 0);
    expect_code(pagesim().args(["check", "--fail-on", "hazard"]).arg(&library), 1);
}

#[test]
fn exit_codes_follow_the_findings() {
    let bench = Bench::new();
    let small = library(&bench, "small.so", 0x1000);
    let large = library(&bench, "large.so", 0x10000);
    expect_code(pagesim().arg("check").arg(&large), 0);
    expect_code(pagesim().arg("check").arg(&large).arg(&small), 1);
    expect_code(pagesim().args(["check", "--error-exitcode", "42"]).arg(&small), 42);
    expect_code(pagesim().args(["check", "/no/such/file"]), 125);
    expect_code(pagesim().args(["check", "-p", "5K"]).arg(&small), 125);
    expect_code(pagesim().args(["check", "-p", "2M"]).arg(&small), 125);
    expect_code(pagesim().arg("check"), 125);
    // Named, but nothing in it could be examined: no success.
    let text = expect_code(pagesim().arg("check").arg(bench.write("text", "text")), 125);
    assert!(text.contains("text: holds no ELF file"), "{text}");
    let text = expect_code(pagesim().arg("check").arg(bench.write("x.zip", "PK\x03\x04x")), 125);
    assert!(text.contains("x.zip: "), "{text}");
    std::fs::create_dir(bench.path("empty")).unwrap();
    expect_code(pagesim().arg("check").arg(bench.path("empty")), 0);
    let no_place = bench.path("no/such/folder/report");
    expect_code(pagesim().args(["check", "-o"]).arg(no_place).arg(&large), 125);
}

#[test]
fn folders_are_walked_and_what_is_not_loaded_is_left_out() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("tree/deep")).unwrap();
    library(&bench, "tree/deep/small.so", 0x1000);
    bench.compile("tree/object.o", LIBRARY, &["-c"]);
    bench.write("tree/text", "no ELF file");
    bench.write("tree/empty", "");
    bench.write("tree/cut", b"\x7fELF\x02\x01\x01");
    let mut narrow = vec![0u8; 52 + 32];
    narrow[..7].copy_from_slice(b"\x7fELF\x01\x01\x01");
    for (place, value) in [(16, 3), (18, 3), (20, 1), (28, 52), (42, 32), (44, 1)] {
        narrow[place] = value;
    }
    narrow[52] = 1; // PT_LOAD, of some size, aligned to nothing
    narrow[52 + 20] = 1;
    bench.write("tree/narrow.so", &narrow);
    std::os::unix::fs::symlink("deep", bench.path("tree/link")).unwrap();
    let full = library(&bench, "full.so", 0x1000);
    let debug = bench.path("tree/full.debug");
    let mut objcopy = Command::new("objcopy");
    objcopy.arg("--only-keep-debug").arg(&full).arg(&debug);
    assert!(objcopy.status().unwrap().success());

    let tree = bench.path("tree");
    let (found, report) = check(&[&tree], &[]);
    let small = tree.join("deep/small.so").display().to_string();
    assert_eq!(found, [("elf-load-align".into(), small.clone())]);
    assert_eq!(subjects(&report), [small.as_str()]);
    let notes = report["notes"].as_array().unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].as_str().unwrap().contains("cut: damaged ELF file"), "{notes:?}");

    let (found, _) = check(&[&tree], &["--include-32bit"]);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn the_report_does_not_depend_on_the_number_of_jobs() {
    let bench = Bench::new();
    let small = library(&bench, "small.so", 0x1000);
    let tree = bench.path("tree");
    std::fs::create_dir(&tree).unwrap();
    for index in 0..40 {
        std::fs::copy(&small, tree.join(format!("lib{index}.so"))).unwrap();
    }
    let one = check(&[&tree], &["-j", "1"]).1;
    assert_eq!(one, check(&[&tree], &["-j", "8"]).1);
    assert_eq!(subjects(&one).len(), 40);
}

/// A tar archive with one file in it.
fn tar(name: &str, file: &Path) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_path_with_name(file, name).unwrap();
    tar.into_inner().unwrap()
}

#[test]
fn archives_are_looked_into_whatever_compressed_them() {
    let bench = Bench::new();
    let plain = tar("usr/lib/small.so", &library(&bench, "small.so", 0x1000));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    xz.write_all(&plain).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(&plain).unwrap();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let zstd = ruzstd::encoding::compress_to_vec(plain.as_slice(), level);
    let packed = [
        ("a.tar", plain.clone()),
        ("a.tar.gz", gzip.finish().unwrap()),
        ("a.tar.xz", xz.finish().unwrap()),
        ("a.tar.bz2", bzip2.finish().unwrap()),
        ("a.tar.zst", zstd),
        // The name says nothing.
        ("download", plain),
    ];
    for (name, content) in packed {
        let file = bench.write(name, content);
        let subject = format!("{}!/usr/lib/small.so", file.display());
        assert_eq!(check(&[&file], &[]).0, [("elf-load-align".into(), subject)], "{name}");
    }
}

#[test]
fn debian_packages_and_static_libraries_are_looked_into() {
    let bench = Bench::new();
    let small = library(&bench, "small.so", 0x1000);
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut data = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    data.write_all(&tar("./usr/lib/small.so", &small)).unwrap();
    bench.write("debian-binary", "2.0\n");
    bench.write("data.tar.xz", data.finish().unwrap());
    bench.compile("object.o", LIBRARY, &["-c"]);
    let ar = |words: &[&str]| {
        let mut command = Command::new("ar");
        assert!(command.args(words).current_dir(bench.folder()).status().unwrap().success());
    };
    ar(&["rc", "a.deb", "debian-binary", "data.tar.xz"]);
    ar(&["rc", "lib.a", "object.o", "small.so"]);
    let package = bench.path("a.deb");
    let subject = format!("{}!/data.tar.xz!/usr/lib/small.so", package.display());
    assert_eq!(check(&[&package], &[]).0, [("elf-load-align".into(), subject)]);
    let archive = bench.path("lib.a");
    let subject = format!("{}!/small.so", archive.display());
    assert_eq!(check(&[&archive], &[]).0, [("elf-load-align".into(), subject)]);
}

/// A zip archive: name, content, whether it is compressed, alignment.
fn zip(members: &[(&str, &[u8], bool, u16)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content, compressed, align) in members {
        let method = if *compressed {
            zip::CompressionMethod::Deflated
        } else {
            zip::CompressionMethod::Stored
        };
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(method)
            .with_alignment(*align);
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn uncompressed_libraries_in_android_packages_must_be_aligned() {
    let bench = Bench::new();
    let large = std::fs::read(library(&bench, "large.so", 0x10000)).unwrap();
    let lib = "lib/arm64-v8a/libx.so";
    let manifest = ("AndroidManifest.xml", &b"<manifest/>"[..], true, 1);
    let cases = [
        ("torn.apk", zip(&[manifest, (lib, &large, false, 4)]), true),
        ("aligned.apk", zip(&[manifest, (lib, &large, false, 16384)]), false),
        ("compressed.apk", zip(&[manifest, (lib, &large, true, 4)]), false),
        ("wheel.whl", zip(&[(lib, &large, false, 4)]), false),
    ];
    for (name, content, is_torn) in cases {
        let file = bench.write(name, content);
        let (found, report) = check(&[&file], &["-p", "16K"]);
        let subject = format!("{}!/{lib}", file.display());
        assert_eq!(subjects(&report), [subject.as_str()], "{name}");
        let expected = is_torn.then(|| ("zip-library-align".to_owned(), subject));
        assert_eq!(found, Vec::from_iter(expected), "{name}");
    }
}

#[test]
fn hostile_archives_are_noted_not_fatal() {
    let bench = Bench::new();
    let small = std::fs::read(library(&bench, "small.so", 0x1000)).unwrap();
    let mut nested = zip(&[("small.so", &small, true, 1)]);
    for _ in 0..8 {
        nested = zip(&[("inner.zip", &nested, false, 1)]);
    }
    bench.write("nested.zip", &nested);
    let whole = zip(&[("small.so", &small, false, 1)]);
    bench.write("cut.zip", &whole[..whole.len() / 2]);
    bench.write("cut.deb", b"!<arch>\nnonsense that is no member header");
    bench.write("cut.gz", b"\x1f\x8b\x08\x00garbage");
    bench.write("cut.xz", b"\xfd7zXZ\0garbage");
    bench.write("cut.zst", b"\x28\xb5\x2f\xfdgarbage");
    bench.write("cut.bz2", b"BZh9garbage");
    std::fs::remove_file(bench.path("small.so")).unwrap();
    let (found, report) = check(&[bench.folder()], &[]);
    assert_eq!(found, []);
    let notes: Vec<&str> =
        report["notes"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    for name in ["nested.zip", "cut.zip", "cut.deb", "cut.gz", "cut.xz", "cut.zst", "cut.bz2"] {
        assert!(notes.iter().any(|n| n.contains(name)), "{name} is missing in {notes:?}");
    }
}

#[test]
fn a_large_member_is_not_held_in_memory() {
    let bench = Bench::new();
    let file = bench.path("large.gz");
    let make = "(printf '\\177ELF\\002\\001\\001'; head -c 500M /dev/zero) | gzip -1 > \"$0\"";
    assert!(Command::new("sh").args(["-c", make]).arg(&file).status().unwrap().success());
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -v 400000 && exec \"$@\"", "sh"]);
    limited.arg(pagesim().get_program()).args(["check", "-j", "1"]).arg(&file);
    let text = expect_code(&mut limited, 125);
    assert!(text.contains("holds no ELF file"), "{text}");
}
