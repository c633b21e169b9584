//! What the library does beyond its own process: programs that are started with
//! another environment, the minimum stack of other machines, segments that are shared with
//! programs without the library.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use shim_tests::run::{Outcome, Run};
use tempfile::TempDir;

fn compile(folder: &TempDir, name: &str, source: &str) -> PathBuf {
    let file = folder.path().join(format!("{name}.c"));
    let exe = folder.path().join(name);
    fs::write(&file, source).unwrap();
    let status = Command::new("cc")
        .args(["-D_GNU_SOURCE", "-O1", "-pthread", "-w", "-o"])
        .args([&exe, &file])
        .status()
        .unwrap();
    assert!(status.success(), "does not compile");
    exe
}

fn run(exe: &Path, page_size: &str, settings: &[(&str, &str)], args: &[&str]) -> Outcome {
    let run = Run::shimmed(exe, page_size).unwrap();
    settings
        .iter()
        .fold(run, |run, (name, value)| run.env(name, value))
        .args(args)
        .outcome()
        .unwrap()
}

/// Starts `argv[1]`, or itself, in every way with an environment that lacks the
/// library, and prints the page size that the started program sees.
const STARTER: &str = r#"
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static char *leaf;
static char *list[] = { "leaf", "-", NULL }, *none[] = { NULL };
static char *other[] = { "LD_PRELOAD=", "A=b", NULL };
static char *changed[] = { "PAGESIM_PAGE_SIZE=16K", NULL };
static void start(int form)
{
    pid_t child;
    char **many = calloc(3000, sizeof *many);

    if (form >= 8)
        clearenv();
    switch (form) {
    case 0: execve(leaf, list, none); break;
    case 1: execve(leaf, list, other); break;
    case 2: execve(leaf, list, changed); break;
    case 3: execle(leaf, "leaf", "-", (char *)NULL, none); break;
    case 4: syscall(SYS_execve, leaf, list, none); break;
    case 5: execvpe(leaf, list, none); break;
    case 6: for (int i = 0; i < 2999; i++) many[i] = "N=1"; execve(leaf, list, many); break;
    case 7: if (!vfork()) { execve(leaf, list, none); _exit(1); } wait(NULL); _exit(0);
    case 8: execv(leaf, list); break;
    case 9: execvp(leaf, list); break;
    case 10: execl(leaf, "leaf", "-", "b", "c", "d", "e", "f", "g", (char *)NULL); break;
    case 11: execlp(leaf, "leaf", "-", (char *)NULL); break;
    case 12: posix_spawn(&child, leaf, NULL, NULL, list, environ); waitpid(child, NULL, 0); _exit(0);
    case 13: posix_spawnp(&child, leaf, NULL, NULL, list, none); waitpid(child, NULL, 0); _exit(0);
    }
    printf("not started: %s\n", strerror(errno));
    fflush(stdout);
    _exit(1);
}
int main(int argc, char **argv)
{
    static char self[4096];

    if (argc > 1 && !strcmp(argv[1], "-")) {
        printf("%d\n", getpagesize());
        return 0;
    }
    readlink("/proc/self/exe", self, sizeof self - 1);
    leaf = argc > 1 ? argv[1] : self;
    for (int form = 0; form < 14; form++) {
        fflush(stdout);
        if (!fork())
            start(form);
        wait(NULL);
    }
    return 0;
}
"#;

#[test]
fn children_are_followed_whatever_their_environment() {
    let folder = tempfile::tempdir().unwrap();
    let exe = compile(&folder, "starter", STARTER);
    let sizes = |settings: &[(&str, &str)], args: &[&str]| {
        let outcome = run(&exe, "64K", settings, args);
        assert_eq!(outcome.end, "exit 0", "{outcome:?}");
        outcome.text
    };
    let all = |size: &str| vec![size; 14].join("\n") + "\n";
    let followed = sizes(&[("PAGESIM_FOLLOW", "1")], &[]);
    // the third form sets another size, which is the program's to choose
    let lines: Vec<&str> = followed.lines().collect();
    assert_eq!(lines.len(), 14, "{followed}");
    for (form, line) in lines.iter().enumerate() {
        assert_eq!(*line, if form == 2 { "16384" } else { "65536" }, "form {form}: {followed}");
    }
    assert_eq!(sizes(&[], &[]), all("4096"));
    assert_eq!(sizes(&[("PAGESIM_FOLLOW", "0")], &[]), all("4096"));

    let skipped = folder.path().join("skipped");
    fs::copy(&exe, &skipped).unwrap();
    let skipped = skipped.to_str().unwrap();
    let settings = [("PAGESIM_FOLLOW", "1"), ("PAGESIM_SKIP", "leaf")];
    assert_eq!(sizes(&settings, &[skipped]), all("4096"));
    let settings = [("PAGESIM_FOLLOW", "1"), ("PAGESIM_ONLY", "starter")];
    assert_eq!(sizes(&settings, &[skipped]), all("4096"));
}

const STACKS: &str = r#"
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void *nothing(void *a) { return a; }
int main(void)
{
    pthread_attr_t a;
    pthread_t t;
    pthread_attr_init(&a);
    long least = sysconf(_SC_THREAD_STACK_MIN);
    printf("%ld %d %d %d\n", least, pthread_attr_setstacksize(&a, 65536),
           pthread_attr_setstacksize(&a, 131071), pthread_attr_setstacksize(&a, 131072));
    printf("%d\n", pthread_create(&t, &a, nothing, NULL) || pthread_join(t, NULL));
    void *m = aligned_alloc(65536, 1 << 17);
    printf("%d %d\n", pthread_attr_setstack(&a, m, 65536), pthread_attr_setstack(&a, m, 1 << 17));
    return 0;
}
"#;

#[test]
fn the_minimum_stack_of_other_machines_can_be_shown() {
    let folder = tempfile::tempdir().unwrap();
    let exe = compile(&folder, "stacks", STACKS);
    let with = run(&exe, "64K", &[("PAGESIM_STACK_MIN", "128K")], &[]);
    assert_eq!(with.text, "131072 22 22 0\n0\n22 0\n");
    let without = run(&exe, "64K", &[], &[]);
    if cfg!(target_arch = "x86_64") {
        assert_eq!(without.text, "16384 0 0 0\n0\n0 0\n");
    }
}

/// `make key size`, `look id`: a segment made by one and looked at by another.
const SEGMENT: &str = r#"
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <unistd.h>
static sigjmp_buf out;
static void fault(int s) { siglongjmp(out, 1); }
static long reach(volatile char *p, long step)
{
    volatile long n = 0;
    if (!sigsetjmp(out, 1))
        for (; n < 1 << 20; n += step)
            (void)p[n];
    return n;
}
int main(int argc, char **argv)
{
    struct shmid_ds d;
    signal(SIGSEGV, fault);
    signal(SIGBUS, fault);
    int id = atoi(argv[2]), make = !strcmp(argv[1], "make");
    if (make)
        id = shmget(IPC_PRIVATE, (size_t)atol(argv[3]), IPC_CREAT | 0600);
    char *p = shmat(id, NULL, 0);
    if (id < 0 || p == (void *)-1 || shmctl(id, IPC_STAT, &d))
        return 1;
    if (make)
        p[0] = 'x', p[atol(argv[3]) - 1] = 'y';
    long far = reach(p, 512);
    char first = p[0], last = p[atol(argv[3]) - 1];
    int detached = shmdt(p);
    if (make)
        printf("%d\n", id);
    else
        printf("size %ld, reach %ld, %c%c, detached %d\n", (long)d.shm_segsz, far, first, last,
               detached);
    if (!strcmp(argv[1], "last"))
        shmctl(id, IPC_RMID, NULL);
    return 0;
}
"#;

#[test]
fn segments_are_shared_with_programs_without_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let exe = compile(&folder, "segment", SEGMENT);
    let native = |args: &[&str]| Run::native(&exe).unwrap().args(args).outcome().unwrap();
    let shimmed = |args: &[&str]| run(&exe, "64K", &[], args);

    let made = shimmed(&["make", "0", "70000"]);
    assert_eq!(made.end, "exit 0", "{made:?}");
    let id = made.text.trim();
    let there = shimmed(&["look", id, "70000"]);
    assert_eq!(there.text, "size 70000, reach 131072, xy, detached 0\n");
    // the other sees a page more, which holds the size
    let other = native(&["look", id, "70000"]);
    assert!(other.text.starts_with("size 135168, "), "{other:?}");
    assert!(other.text.contains("xy, detached 0"), "{other:?}");
    let small = run(&exe, "16K", &[], &["last", id, "70000"]);
    assert!(small.text.contains("xy, detached 0"), "{small:?}");

    let made = native(&["make", "0", "70000"]);
    let id = made.text.trim();
    // what another system made is as long as it is
    let there = shimmed(&["last", id, "70000"]);
    assert_eq!(there.text, "size 70000, reach 73728, xy, detached 0\n");
}
