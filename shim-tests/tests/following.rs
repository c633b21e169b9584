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
#include <fcntl.h>
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

    char command[4200], line[64] = "";
    FILE *stream;

    if ((form >= 8 && form < 17) || form == 21)
        clearenv();
    snprintf(command, sizeof command, "%s -", leaf);
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
    case 14: system(command); _exit(0);
    case 15:
        if (!(stream = popen(command, "r")) || !fgets(line, sizeof line, stream) || pclose(stream))
            break;
        printf("%s", line);
        fflush(stdout);
        _exit(0);
    case 16: fclose(popen(command, "we")); _exit(0);
    case 17: unsetenv("LD_PRELOAD"); system(command); _exit(0);
    case 18: fexecve(open(leaf, O_RDONLY), list, none); break;
    case 19: execveat(AT_FDCWD, leaf, list, none, 0); break;
    case 20: syscall(SYS_execveat, open(leaf, O_PATH), "", list, none, AT_EMPTY_PATH); break;
    case 21:
        if (!vfork()) {
            execl(leaf, "leaf", "-", (char *)NULL);
            _exit(1);
        }
        wait(NULL);
        _exit(0);
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
    for (int form = 0; form < 22; form++) {
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
    let all = |size: &str| vec![size; 22].join("\n") + "\n";
    let followed = sizes(&[("PAGESIM_FOLLOW", "1")], &[]);
    // the third form sets another size, which is the program's to choose
    let lines: Vec<&str> = followed.lines().collect();
    assert_eq!(lines.len(), 22, "{followed}");
    for (form, line) in lines.iter().enumerate() {
        assert_eq!(*line, if form == 2 { "16384" } else { "65536" }, "form {form}: {followed}");
    }
    assert_eq!(sizes(&[], &[]), all("4096"));
    assert_eq!(sizes(&[("PAGESIM_FOLLOW", "0")], &[]), all("4096"));

    let skipped = folder.path().join("skipped");
    fs::copy(&exe, &skipped).unwrap();
    let skipped = skipped.to_str().unwrap();
    let settings = [("PAGESIM_FOLLOW", "1"), ("PAGESIM_SKIP", "leaf,skipped")];
    assert_eq!(sizes(&settings, &[skipped]), all("4096"));
    let settings = [("PAGESIM_FOLLOW", "1"), ("PAGESIM_ONLY", "starter")];
    assert_eq!(sizes(&settings, &[skipped]), all("4096"));
}

/// What can be told of system(3) and popen(3) but the page size.
const SHELLS: &str = r#"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile int caught;
static void on_signal(int s) { caught += s; }
static void *often(void *a)
{
    for (int i = 0; i < 50; i++)
        if (system("exit 5") != 5 << 8)
            abort();
    return a;
}
static int ignored(int s)
{
    struct sigaction a;
    sigaction(s, NULL, &a);
    return a.sa_handler == SIG_IGN;
}
int main(void)
{
    char line[100] = "";
    FILE *one, *two;
    int status;
    sigset_t set;

    setvbuf(stdout, NULL, _IONBF, 0);
    clearenv();
    setenv("A", "b", 1);
    printf("%d\n", system(NULL) != 0);
    printf("%x\n", system("echo $A; exit 3"));
    printf("%x\n", system("kill -9 $$"));
    /* the child has the program's signals, the program none meanwhile */
    signal(SIGINT, on_signal);
    printf("%x\n", system("kill -INT $PPID; kill -INT $$; exit 1"));
    printf("caught %d, ignored %d %d\n", caught, ignored(SIGINT), ignored(SIGQUIT));
    signal(SIGQUIT, SIG_IGN);
    printf("%x\n", system("kill -QUIT $$; exit 2"));
    printf("ignored %d\n", ignored(SIGQUIT));
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, NULL, &set);
    printf("blocked %d\n", sigismember(&set, SIGCHLD));
    signal(SIGCHLD, SIG_IGN);
    status = system("exit 0");
    printf("no child %d %d\n", status, errno == ECHILD);
    signal(SIGCHLD, SIG_DFL);

    printf("%d %d\n", popen("true", "rw") == NULL, errno == EINVAL);
    printf("%d %d\n", popen("true", "x") == NULL, errno == EINVAL);
    one = popen("read a; echo got $a; exit 4", "w");
    two = popen("exit 6", "re");
    printf("inherited %d %d\n", fcntl(fileno(one), F_GETFD), fcntl(fileno(two), F_GETFD));
    printf("%x\n", pclose(two));
    fputs("line\n", one);
    printf("%x\n", pclose(one));
    /* a child does not hold another's pipe open */
    one = popen("cat >/dev/null; exit 8", "w");
    two = popen("sleep 2", "w");
    printf("%x\n", fclose(one));
    for (int i = 0; i < 300; i++)
        if (!(one = popen("exit 9", "r")) || fgets(line, 9, one) || pclose(one) != 9 << 8)
            abort();
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        pthread_create(t + i, NULL, often, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    printf("ignored %d %d, children %d\n", ignored(SIGINT), ignored(SIGQUIT),
           waitpid(-1, NULL, WNOHANG));
    return 0;
}
"#;

#[test]
fn followed_shells_are_the_c_librarys() {
    let folder = tempfile::tempdir().unwrap();
    let exe = compile(&folder, "shells", SHELLS);
    let native = Run::native(&exe).unwrap().outcome().unwrap();
    assert_eq!(native.end, "exit 0", "{native:?}");
    assert_eq!(run(&exe, "64K", &[("PAGESIM_FOLLOW", "1")], &[]), native);
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
