//! Programs that are known to be right on every page size yield no finding.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{installed, pagesim, stderr, without, Bench};
use serde_json::Value;

/// What each of them does; the first word of the name is the program that is
/// needed.
const WORK: &[(&str, &str)] = &[
    (
        "bash",
        r#"exec bash -c 'for i in {1..200}; do x="$x$i"; done; mapfile -t l < /etc/passwd
           (cd / && echo *) | sort | wc -c; printf "%s\n" "${l[@]}" | head -3'"#,
    ),
    (
        "sort coreutils",
        r#"seq 200000 | shuf | sort -S 1M | uniq -c | tail -1; sha256sum /bin/sort | base64
           split -b 4096 /bin/sort part.; cat part.* | cmp - /bin/sort
           truncate -s 1M hole; cp --sparse=always hole copy; cmp hole copy
           dd if=/dev/zero of=block bs=4096 count=9; ls -laR /usr/share | wc -l; factor 1234567890"#,
    ),
    ("python3.11", "exec python3.11 -m test test_mmap"),
    (
        "sqlite3",
        r#"sqlite3 a.db "pragma journal_mode=wal; pragma mmap_size=268435456; create table t(a, b);
           with recursive c(x) as (select 1 union all select x + 1 from c where x < 20000)
           insert into t select x, hex(randomblob(50)) from c; create index i on t(b);
           select count(*) from t; pragma integrity_check; vacuum;""#,
    ),
    (
        "git",
        r#"git init -q r && cd r && for i in 1 2 3; do seq $((i * 1000)) > f$i; git add -A
           git -c user.name=a -c user.email=a@b commit -qm $i; done
           git gc -q && git fsck && git log --stat | wc -l && git blame f1 | tail -1"#,
    ),
    (
        "gcc",
        r#"printf 'int main(void) { return 0; }' > a.c && gcc -O2 -g -flto a.c -o a && ./a &&
           gcc -c a.c && ar rcs lib.a a.o && ld -r a.o -o b.o && strip b.o && objdump -d a | wc -l"#,
    ),
    (
        "perl",
        r#"exec perl -e 'my %h; $h{$_ % 777} .= $_ for 1..100000; print scalar(keys %h);
           my $p = fork; if (!$p) { exit 3 } waitpid $p, 0;
           my @a = sort { $a <=> $b } map { rand } 1..20000; print scalar(@a)'"#,
    ),
    (
        "openssl",
        r#"openssl genrsa 2048 | openssl rsa -check -noout
           openssl rand 100000 | openssl enc -aes-256-cbc -pbkdf2 -k x | wc -c"#,
    ),
];

#[test]
fn correct_programs_yield_nothing() {
    for (name, work) in WORK {
        let program = name.split(' ').next().unwrap();
        if installed(&[program]).is_none() {
            without(program);
            continue;
        }
        let bench = Bench::new();
        let file = bench.path("report.json");
        // each run has a folder of its own
        let script =
            format!("cd \"$(mktemp -d {}/run.XXXXXX)\" && {work}", bench.folder().display());
        let mut command = pagesim();
        command.args(["-p", "16K", "-p", "64K", "--format"]);
        command.arg(format!("json={}", file.display())).args(["--", "sh", "-c", &script]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        let report: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(report["findings"], serde_json::json!([]), "{name}: {report:#}");
        assert_eq!(report["pageSizes"], serde_json::json!([16384, 65536]), "{name}");
    }
}
