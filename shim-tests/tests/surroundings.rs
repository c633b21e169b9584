//! The library in the company it keeps: allocators, sanitizers, other preload
//! libraries, resource limits, missing `/proc`, filters; and what it says of a bad
//! configuration.
//!
//! Tests that need a program which is not installed say so and pass, unless
//! `PAGESIM_REQUIRE_PROGRAMS=1`.

// the helpers of these tests fail as the tests do
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use shim_tests::programs::{self, Libc};
use shim_tests::run::{Outcome, Run};
use tempfile::TempDir;

/// Runs a shell script natively or at a page size, with `$LIB` naming the library.
fn shell(size: Option<&str>, script: &str) -> Outcome {
    let sh = Path::new("/bin/sh");
    let run = match size {
        None => Run::native(sh),
        Some(size) => Run::native(sh).map(|run| run.env("PAGESIM_PAGE_SIZE", size)),
    };
    run.unwrap()
        .env("LIB", shim_tests::library())
        .args(["-c", script])
        .timeout(Duration::from_secs(120))
        .outcome()
        .unwrap()
}

fn harness(name: &str) -> PathBuf {
    let all = programs::all(Libc::Glibc).unwrap();
    all.into_iter().find(|p| p.name == name).unwrap_or_else(|| panic!("no program {name}")).path
}

fn compile(folder: &TempDir, source: &str, flags: &[&str]) -> PathBuf {
    let (file, exe) = (folder.path().join("a.c"), folder.path().join("a"));
    fs::write(&file, source).unwrap();
    let status = Command::new("cc").arg(&file).arg("-o").arg(&exe).args(flags).status().unwrap();
    assert!(status.success(), "does not compile");
    exe
}

fn library_named(name: &str) -> Option<PathBuf> {
    ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
}

/// `None`, with a word about it, where `what` is not installed.
fn installed<T>(what: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let required = std::env::var_os("PAGESIM_REQUIRE_PROGRAMS").is_some_and(|v| v == "1");
        assert!(!required, "{what} is not installed");
        println!("skipped: {what} is not installed");
    }
    found
}

const BUSY: &str = r#"
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static long P;
static void *work(void *a)
{
    long sum = 0;
    for (int i = 0; i < 300; i++) {
        char *m = malloc((size_t)(100 + i * 977));
        char *p = mmap(NULL, (size_t)(3 * P), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (!m || p == MAP_FAILED || (long)p % P)
            abort();
        memset(m, i, 100);
        p[3 * P - 1] = (char)i;
        if (mprotect(p + P, 1, PROT_NONE) || munmap(p, 1) || munmap(p + P, (size_t)(2 * P)))
            abort();
        sum += m[99] & 0x7f;
        free(m);
    }
    *(long *)a = sum;
    return NULL;
}
int main(void)
{
    P = sysconf(_SC_PAGESIZE);
    pthread_t t[4];
    long r[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, work, &r[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    pid_t c = fork();
    if (!c) {
        work(&r[0]);
        _exit(r[0] == r[1] ? 7 : 8);
    }
    int st;
    waitpid(c, &st, 0);
    printf("%ld %ld %d %ld\n", r[0], r[3], WEXITSTATUS(st), P);
    return 0;
}
"#;

/// Runs `BUSY` with `preload` (where `LIB` stands for the library) and expects
/// it to come to its end on 64K pages.
fn busy_with(preload: &str, flags: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let mut all = vec!["-pthread", "-O1"];
    all.extend(flags);
    let exe = compile(&folder, BUSY, &all);
    let lib = shim_tests::library().display().to_string();
    let run = Run::native(&exe)
        .unwrap()
        .env("LD_PRELOAD", preload.replace("LIB", &lib))
        .env("PAGESIM_PAGE_SIZE", "64K");
    let command = run.shell();
    let outcome = run.outcome().unwrap();
    assert_eq!(outcome.transcript(), "17202 17202 7 65536\n[exit 0]\n", "{command}");
}

#[test]
fn works_beside_tcmalloc_in_either_order() {
    if let Some(path) = installed("tcmalloc", library_named("libtcmalloc_minimal.so.4")) {
        busy_with(&format!("LIB {}", path.display()), &[]);
        busy_with(&format!("{} LIB", path.display()), &[]);
    }
}

#[test]
fn works_beside_mimalloc_in_either_order() {
    if let Some(path) = installed("mimalloc", library_named("libmimalloc.so.2")) {
        busy_with(&format!("LIB {}", path.display()), &[]);
        busy_with(&format!("{} LIB", path.display()), &[]);
    }
}

#[test]
fn a_jemalloc_built_for_4k_pages_says_so() {
    let Some(path) = installed("jemalloc", library_named("libjemalloc.so.2")) else { return };
    for order in ["$LIB $JE", "$JE $LIB"] {
        let script = format!("JE={}; LD_PRELOAD=\"{order}\" /bin/true", path.display());
        let outcome = shell(Some("64K"), &script);
        assert!(outcome.text.contains("Unsupported system page size"), "{outcome:?}");
        // on the host's own page size it works
        assert_eq!(shell(Some("4K"), &script).transcript(), "[exit 0]\n");
    }
}

#[test]
fn works_in_an_address_sanitizer_program() {
    let asan = Command::new("cc").arg("-print-file-name=libasan.so").output().unwrap();
    let path = PathBuf::from(String::from_utf8_lossy(&asan.stdout).trim());
    if let Some(path) = installed("AddressSanitizer", path.exists().then_some(path)) {
        busy_with(&format!("{} LIB", path.display()), &["-fsanitize=address"]);
    }
}

/// It ends a program that has memory where it wants none, and the usual window is
/// such a place.
#[test]
fn works_in_a_thread_sanitizer_program() {
    let tsan = Command::new("cc").arg("-print-file-name=libtsan.so").output().unwrap();
    let path = PathBuf::from(String::from_utf8_lossy(&tsan.stdout).trim());
    let Some(path) = installed("ThreadSanitizer", path.is_absolute().then_some(path)) else {
        return;
    };
    let flags = ["-pthread", "-O1", "-fsanitize=thread"];
    let folder = tempfile::tempdir().unwrap();
    let natively = Run::native(&compile(&folder, BUSY, &flags)).unwrap().outcome().unwrap();
    if natively.text.contains("unexpected memory mapping") {
        println!("skipped: ThreadSanitizer does not know this kernel's address space");
        return;
    }
    busy_with(&format!("{} LIB", path.display()), &flags);
}

#[test]
fn works_beside_a_library_made_with_redhook() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("neighbour");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("neighbour/Cargo.toml");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .status()
        .unwrap();
    assert!(status.success());
    let neighbour = target.join("release/libneighbour.so");
    busy_with(&format!("LIB {}", neighbour.display()), &[]);
    busy_with(&format!("{} LIB", neighbour.display()), &[]);
}

/// What the shell sets up before it becomes the program.
fn busy_after(setup: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let exe = compile(&folder, BUSY, &["-pthread", "-O1"]);
    shell(Some("64K"), &format!("{setup}; LD_PRELOAD=$LIB exec $WRAP {}", exe.display()))
}

#[test]
fn works_under_resource_limits() {
    for setup in [
        "ulimit -s unlimited",
        "ulimit -s 256",
        "ulimit -v 400000",
        "ulimit -l 64",
        "ulimit -n 4",
        "ulimit -c 0",
        "ulimit -d 100000",
    ] {
        let outcome = busy_after(setup);
        assert_eq!(outcome.transcript(), "17202 17202 7 65536\n[exit 0]\n", "{setup}");
    }
}

#[test]
fn works_without_address_randomisation() {
    let found = Path::new("/usr/bin/setarch").exists().then_some(());
    if installed("setarch", found).is_some() {
        let outcome = busy_after("WRAP='/usr/bin/setarch -R'");
        assert_eq!(outcome.transcript(), "17202 17202 7 65536\n[exit 0]\n");
        let outcome = busy_after("ulimit -s unlimited; WRAP='/usr/bin/setarch -R'");
        assert_eq!(outcome.transcript(), "17202 17202 7 65536\n[exit 0]\n");
    }
}

#[test]
fn memory_that_runs_out_is_enomem_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let source = r#"
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
    long P = sysconf(_SC_PAGESIZE), n = 0;
    char *last = 0, *p;
    /* every other page has another protection, so that each is an entry */
    while ((p = mmap(0, P, n & 1 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != MAP_FAILED)
        last = p, n++;
    int e = errno;
    int again = munmap(last, P) == 0 && mmap(last, P, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == last;
    printf("%d %d %d\n", e == ENOMEM, n > 1000, again);
}"#;
    let exe = compile(&folder, source, &[]);
    let script = format!("ulimit -v 300000; LD_PRELOAD=$LIB exec {}", exe.display());
    assert_eq!(shell(Some("64K"), &script).transcript(), "1 1 1\n[exit 0]\n");
}

#[test]
fn works_in_a_process_whose_system_calls_are_filtered() {
    let folder = tempfile::tempdir().unwrap();
    // everything that the library can do without: open, process_vm_readv, ioctl
    let source = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#define NO(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
int main(void) {
    struct sock_filter f[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        NO(openat), NO(process_vm_readv), NO(ioctl), NO(readlinkat), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    struct sock_fprog prog = { sizeof f / sizeof *f, f };
    long P = sysconf(_SC_PAGESIZE);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
        return 2;
    char *p = mmap(0, 4 * P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("%d %d %d %d ", p != MAP_FAILED, mprotect(p + P, 1, PROT_READ), munmap(p, 1), munmap(p + P + 4096, 1));
    /* over a hole, and over memory that is not the library's */
    int r = mprotect(p, 2 * P, PROT_READ);
    printf("%d %d ", r, errno == ENOMEM);
    fflush(stdout);
    pid_t c = syscall(SYS_clone, 17 /* SIGCHLD */, 0, 0, 0, 0);
    if (!c)
        _exit(mprotect(p + 2 * P, 1, PROT_NONE) || munmap(p + 2 * P, P) || mmap(0, P, 1, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    int st;
    waitpid(c, &st, 0);
    printf("%d\n", st);
}"#;
    let exe = compile(&folder, source, &[]);
    let script = format!("LD_PRELOAD=$LIB exec {}", exe.display());
    assert_eq!(shell(Some("64K"), &script).transcript(), "1 0 0 -1 -1 1 0\n[exit 0]\n");
}

/// Programs that print the page size they see.
fn size_seen(setup: &str) -> Outcome {
    shell(None, &format!("{setup} LD_PRELOAD=$LIB getconf PAGESIZE"))
}

#[test]
fn a_bad_configuration_is_one_line_and_status_125() {
    for (setup, variable) in [
        ("PAGESIM_PAGE_SIZE=3K", "PAGESIM_PAGE_SIZE"),
        ("PAGESIM_PAGE_SIZE=", "PAGESIM_PAGE_SIZE"),
        ("PAGESIM_PAGE_SIZE=2M", "PAGESIM_PAGE_SIZE"),
        ("PAGESIM_HOST_PAGE_SIZE=2K", "PAGESIM_HOST_PAGE_SIZE"),
        ("PAGESIM_WINDOW=4096", "PAGESIM_WINDOW"),
        ("PAGESIM_RESERVE=firm", "PAGESIM_RESERVE"),
        ("PAGESIM_PLACEMENT=random", "PAGESIM_PLACEMENT"),
        ("PAGESIM_LOG=shout", "PAGESIM_LOG"),
        ("PAGESIM_ONLY=/bin/sh", "PAGESIM_ONLY"),
        ("PAGESIM_SKIP=,", "PAGESIM_SKIP"),
    ] {
        let outcome = size_seen(setup);
        assert_eq!(outcome.end, "exit 125", "{setup}: {outcome:?}");
        assert_eq!(outcome.text.lines().count(), 1, "{setup}: {outcome:?}");
        assert!(outcome.text.starts_with(&format!("pagesim: {variable}=\"")), "{outcome:?}");
    }
}

#[test]
fn the_page_size_is_64k_unless_told_otherwise() {
    assert_eq!(size_seen("").text, "65536\n");
    for (text, bytes) in
        [("16K", "16384\n"), ("1M", "1048576\n"), ("8192", "8192\n"), ("4K", "4096\n")]
    {
        assert_eq!(size_seen(&format!("PAGESIM_PAGE_SIZE={text}")).text, bytes);
    }
}

#[test]
fn programs_are_chosen_by_name() {
    assert_eq!(size_seen("PAGESIM_ONLY=getconf").text, "65536\n");
    assert_eq!(size_seen("PAGESIM_ONLY=other,names").text, "4096\n");
    assert_eq!(size_seen("PAGESIM_SKIP=getconf").text, "4096\n");
    assert_eq!(size_seen("PAGESIM_SKIP=other").text, "65536\n");
}

#[test]
fn the_hard_window_and_the_bottom_up_order_work_too() {
    let exe = harness("mmap_churn");
    for setup in [
        "PAGESIM_RESERVE=hard",
        "PAGESIM_PLACEMENT=bottomup",
        "PAGESIM_RESERVE=hard PAGESIM_PLACEMENT=bottomup",
        "PAGESIM_WINDOW=30T,64M",
        "PAGESIM_WINDOW=0x100000000,16M",
    ] {
        let script = format!("{setup} LD_PRELOAD=$LIB exec {}", exe.display());
        let outcome = shell(Some("64K"), &script);
        assert!(outcome.is_success(), "{setup}: {outcome:?}");
    }
}

#[test]
fn a_window_that_cannot_be_reserved_is_refused() {
    let outcome =
        shell(None, "ulimit -v 300000; PAGESIM_RESERVE=hard LD_PRELOAD=$LIB getconf PAGESIZE");
    assert_eq!(outcome.end, "exit 125", "{outcome:?}");
    assert!(outcome.text.contains("PAGESIM_RESERVE"), "{outcome:?}");
}

#[test]
fn the_log_has_a_line_for_each_call_and_the_dump_one_for_each_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let (log, dump) = (folder.path().join("log"), folder.path().join("dump"));
    let source = r#"
#include <sys/mman.h>
int main(void) {
    char *p = mmap(0, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(p + 1, 1);
    return mprotect(p, 100, PROT_READ);
}"#;
    let exe = compile(&folder, source, &[]);
    let script = format!(
        "PAGESIM_LOG=trace,{} PAGESIM_DUMP={} LD_PRELOAD=$LIB exec {}",
        log.display(),
        dump.display(),
        exe.display()
    );
    assert_eq!(shell(None, &script).transcript(), "[exit 0]\n");
    let text = fs::read_to_string(&log).unwrap();
    let has = |part: &str| assert!(text.contains(part), "{part} is not in\n{text}");
    has("mmap(0x0, 1, READ|WRITE, PRIVATE|ANONYMOUS, -1, 0x0) = 0x");
    has(", 1) = -1 EINVAL");
    has(", 100, READ) = 0x0");
    let text = fs::read_to_string(&dump).unwrap();
    assert!(text.starts_with("# pagesim table of "), "{text}");
    assert!(text.lines().any(|l| l.ends_with(" READ PRIVATE")), "{text}");
    let mode = fs::metadata(&log).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn log_and_dump_do_not_follow_planted_links() {
    let folder = tempfile::tempdir().unwrap();
    let (victim, link) = (folder.path().join("victim"), folder.path().join("link"));
    let hard = folder.path().join("hard");
    fs::write(&victim, "mine").unwrap();
    symlink(&victim, &link).unwrap();
    fs::hard_link(&victim, &hard).unwrap();
    for path in [&link, &hard] {
        let path = path.display();
        let script =
            format!("PAGESIM_LOG=trace,{path} PAGESIM_DUMP={path} LD_PRELOAD=$LIB /bin/true");
        let outcome = shell(None, &script);
        assert!(outcome.text.contains("cannot open the log file"), "{outcome:?}");
        assert!(outcome.text.contains("cannot open the dump file"), "{outcome:?}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    }
}

/// Whoever reads a named pipe in a shared folder would read the log.
#[test]
fn log_and_dump_do_not_go_to_others_named_pipes() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().display();
    let script = format!(
        "cd {there}
mkfifo pipe && chown 12345 pipe 2>/dev/null || exit 0
exec 3<>pipe
PAGESIM_LOG=trace,pipe PAGESIM_DUMP=pipe LD_PRELOAD=$LIB /bin/true
chown $(id -u) pipe && PAGESIM_LOG=trace,pipe LD_PRELOAD=$LIB /bin/true && echo own"
    );
    let outcome = shell(None, &script);
    assert_eq!(outcome.end, "exit 0", "{outcome:?}");
    // only the superuser can give a file away
    if outcome.text.contains("own") {
        assert!(outcome.text.contains("cannot open the log file"), "{outcome:?}");
        assert!(outcome.text.contains("cannot open the dump file"), "{outcome:?}");
    }
}

/// The program closes every descriptor and gets the log's number for a file of
/// its own: nothing of the log may land there.
#[test]
fn the_log_never_lands_in_a_file_of_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let source = r#"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
    for (int i = 3; i < 1024; i++) close(i);
    int fd = open("own", O_RDWR | O_CREAT, 0600);
    for (int i = 3; i < 1024; i++) dup2(fd, i);
    for (int i = 0; i < 10; i++) munmap(mmap(0, 1, 3, 34, -1, 0), 1);
    printf("%ld\n", (long)lseek(fd, 0, SEEK_END));
}"#;
    let exe = compile(&folder, source, &[]);
    let log = folder.path().join("log");
    let script =
        format!("PAGESIM_LOG=trace,{} LD_PRELOAD=$LIB exec {}", log.display(), exe.display());
    assert_eq!(shell(None, &script).transcript(), "0\n[exit 0]\n");
}

/// The C library's own sigaction, by its handle: no hook sees it. Its handler maps
/// and unmaps in the middle of operations of the same thread.
#[test]
fn a_handler_installed_behind_the_hooks_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let source = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>
#define ANY NULL, (size_t)
#define RW PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0
static long P;
static volatile long n, bad;
static char *keep[16];
static void handler(int s)
{
    int i = (int)(n++ % 16);
    char *p = mmap(ANY(3 * P), RW);
    (void)s;
    if (p == MAP_FAILED || (long)p % P) {
        bad++;
        return;
    }
    p[0] = p[3 * P - 1] = 1;
    bad += mprotect(p + P, 1, PROT_READ) || munmap(p, 1) || munmap(p + P, (size_t)(2 * P)) || munmap(p + 4096, 1) != -1;
    if (keep[i]) {
        bad += keep[i][P - 1] != (char)i || munmap(keep[i], 1);
        keep[i] = NULL;
    } else {
        keep[i] = mmap(ANY 1, RW);
        memset(keep[i], i, (size_t)P);
    }
}
int main(void)
{
    P = sysconf(_SC_PAGESIZE);
    int (*own)(int, const struct sigaction *, struct sigaction *) = dlsym(dlopen("libc.so.6", RTLD_NOW), "sigaction");
    struct sigaction a = { .sa_handler = handler, .sa_flags = SA_RESTART };
    struct itimerval t = { { 0, 1000 }, { 0, 1000 } };
    char *m[32] = { 0 };
    unsigned r = 1;
    if (!own || own(SIGALRM, &a, NULL))
        return 2;
    setitimer(ITIMER_REAL, &t, NULL);
    while (n < 200) {
        r = r * 1103515245 + 12345;
        int i = (r >> 16) % 32;
        if (m[i]) {
            bad += m[i][2 * P - 1] != (char)i || mprotect(m[i], (size_t)P, PROT_READ) || munmap(m[i], (size_t)(2 * P));
            m[i] = NULL;
        } else {
            m[i] = mmap(ANY(P + 1), RW);
            if (m[i] == MAP_FAILED)
                abort();
            m[i][0] = m[i][2 * P - 1] = (char)i;
        }
    }
    printf("bad %ld\n", bad);
}"#;
    let exe = compile(&folder, source, &["-O1"]);
    let script = format!("LD_PRELOAD=$LIB exec {}", exe.display());
    assert_eq!(shell(Some("64K"), &script).transcript(), "bad 0\n[exit 0]\n");
}

/// Descriptors, mappings and their limits, a million times with `PAGESIM_LONG=1`.
#[test]
fn nothing_stays_behind_after_many_ends_of_files() {
    let long = std::env::var_os("PAGESIM_LONG").is_some_and(|value| value == "1");
    let times = if long { "1000000" } else { "20000" };
    let program = harness("eof_many_cycles");
    let native = Run::native(&program).unwrap().outcome().unwrap();
    assert!(native.is_success(), "{native:?}");
    for size in ["16K", "64K"] {
        let run = Run::shimmed(&program, size).unwrap().args([times]);
        let outcome = run.timeout(Duration::from_secs(1800)).outcome().unwrap();
        assert_eq!(outcome, native, "{size}");
    }
}

/// A program that gains privileges: the library must not be told what to do by
/// whoever starts it. (The loader itself ignores most preloads there.)
#[test]
fn does_nothing_in_a_program_that_gains_privileges() {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let root = rustix::process::geteuid().is_root();
    if !root || !Path::new("/usr/bin/setpriv").exists() {
        println!("skipped: needs root and setpriv");
        return;
    }
    let source = r#"
#include <stdio.h>
#include <sys/auxv.h>
#include <unistd.h>
int main(void) { printf("%lu %ld\n", getauxval(AT_SECURE), sysconf(_SC_PAGESIZE)); }"#;
    let exe = compile(&folder, source, &[]);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&exe, fs::Permissions::from_mode(0o4755)).unwrap();
    let script = format!(
        "exec /usr/bin/setpriv --reuid 12345 --regid 12345 --clear-groups env LD_PRELOAD=$LIB {}",
        exe.display()
    );
    let outcome = shell(Some("64K"), &script);
    assert!(outcome.text.ends_with("1 4096\n"), "{outcome:?}");
}
