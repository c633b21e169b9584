//! A program under the launcher is as it is without: arguments, environment,
//! descriptors, signals, and the way it ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use common::{expect_code, mode, stderr, stdout, Bench};
use nix::sys::signal::{kill, Signal};
use nix::sys::wait::{waitpid, WaitPidFlag, WaitStatus};
use nix::unistd::Pid;

/// exit N | signal N | print the arguments | print what was inherited
const ACTOR: &str = r#"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
extern char **environ;
int main(int argc, char **argv) {
    if (argc > 2 && !strcmp(argv[1], "exit")) return atoi(argv[2]);
    if (argc > 2 && !strcmp(argv[1], "signal")) { kill(getpid(), atoi(argv[2])); pause(); }
    if (argc > 1 && !strcmp(argv[1], "environment"))
        for (char **e = environ; *e; e++) puts(*e);
    if (argc > 1 && !strcmp(argv[1], "inherited")) {
        char line[256];
        FILE *f = fopen("/proc/self/status", "r");
        while (fgets(line, sizeof line, f))
            if (strstr("SigBlk:SigIgn:SigCgt:", strtok(strdup(line), "\t"))) fputs(line, stdout);
        fclose(f);
        DIR *d = opendir("/proc/self/fd");
        for (struct dirent *e; (e = readdir(d));) printf("fd %s\n", e->d_name);
    }
    if (argc > 1 && !strcmp(argv[1], "arguments"))
        for (int i = 0; i < argc; i++) printf("<%s>", argv[i]);
    return 0;
}
"#;

fn actor(bench: &Bench) -> std::path::PathBuf {
    bench.compile("actor", ACTOR, &[])
}

#[test]
fn arguments_arrive_unchanged() {
    let bench = Bench::new();
    let program = actor(&bench);
    let words = ["arguments", "", "-x", "--", "--page-size", "a b", "\u{e9}\n"];
    let output = bench.launcher().arg(&program).args(words).output().unwrap();
    let native = Command::new(&program).args(words).output().unwrap();
    assert_eq!(stdout(&output), stdout(&native));
    assert_eq!(stderr(&output), "");
}

#[test]
fn both_spellings_of_a_run_work() {
    let bench = Bench::new();
    let program = actor(&bench);
    for before in [&["--"][..], &[], &["--page-size=16K"], &["-p", "16K", "--"]] {
        let mut bare = bench.launcher();
        expect_code(bare.args(before).arg(&program).args(["exit", "5"]), 5);
        let mut long = common::pagesim();
        long.arg("run").arg("--library").arg(bench.stand_in());
        expect_code(long.args(before).arg(&program).args(["exit", "6"]), 6);
    }
}

#[test]
fn options_become_the_library_s_variables() {
    let bench = Bench::new();
    let program = actor(&bench);
    let log = format!("debug,{}", bench.path("log").display());
    let mut command = bench.launcher();
    command.args(["--page-size", "16K", "--host-page-size", "4K", "--window", "24T,1T"]);
    command.args(["--reserve", "hard", "--placement", "bottomup", "--only", "actor,x"]);
    command.args(["--log", &log, "--skip", "y", "--dump", "d"]).env("PAGESIM_LIVE", "7:1");
    command.args(["--mode", "audit", "--record", "rec", "--stack-min", "128K", "--follow"]);
    command.current_dir(bench.folder());
    let output = command.arg(&program).arg("environment").output().unwrap();
    let mut found: Vec<String> =
        stdout(&output).lines().filter(|l| l.starts_with("PAGESIM")).map(String::from).collect();
    found.sort();
    let expected = [
        "PAGESIM_DUMP=d".into(),
        "PAGESIM_FOLLOW=1".into(),
        "PAGESIM_HOST_PAGE_SIZE=4K".into(),
        format!("PAGESIM_LOG={log}"),
        "PAGESIM_MODE=audit".into(),
        "PAGESIM_ONLY=actor,x".into(),
        "PAGESIM_PAGE_SIZE=16K".into(),
        "PAGESIM_PLACEMENT=bottomup".into(),
        format!("PAGESIM_RECORD={}/rec", std::fs::canonicalize(bench.folder()).unwrap().display()),
        "PAGESIM_RESERVE=hard".into(),
        "PAGESIM_SKIP=y".into(),
        "PAGESIM_STACK_MIN=128K".into(),
        "PAGESIM_WINDOW=24T,1T".into(),
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_option_wins_over_the_environment() {
    let bench = Bench::new();
    let program = actor(&bench);
    let mut command = bench.launcher();
    command.args(["-p", "16K"]).env("PAGESIM_PAGE_SIZE", "64K").env("PAGESIM_SKIP", "z");
    let text = stdout(&command.arg(&program).arg("environment").output().unwrap());
    assert!(
        text.contains("PAGESIM_PAGE_SIZE=16K\n") && text.contains("PAGESIM_SKIP=z\n"),
        "{text}"
    );
}

#[test]
fn exit_codes_are_the_program_s() {
    let bench = Bench::new();
    let program = actor(&bench);
    for code in [0, 1, 3, 125, 126, 127, 128, 255] {
        expect_code(bench.launcher().arg(&program).arg("exit").arg(code.to_string()), code);
    }
}

#[test]
fn death_by_signal_is_passed_on_without_a_second_core() {
    let bench = Bench::new();
    let program = actor(&bench);
    for signal in [libc::SIGTERM, libc::SIGKILL, libc::SIGSEGV, libc::SIGPIPE, libc::SIGRTMIN() + 3]
    {
        let mut command = bench.launcher();
        command.arg(&program).arg("signal").arg(signal.to_string());
        let status = command.output().unwrap().status;
        assert_eq!(status.signal(), Some(signal), "{status:?}");
        assert!(!status.core_dumped(), "the launcher dumped core for {signal}");
    }
}

#[test]
fn signals_and_descriptors_are_inherited_as_they_were() {
    let bench = Bench::new();
    let program = actor(&bench);
    let library = bench.stand_in();
    let pagesim = env!("CARGO_BIN_EXE_pagesim");
    for setting in ["", "trap '' PIPE;", "trap '' CHLD HUP USR1;", "exec 5</dev/null;"] {
        let run = |words: &[&std::ffi::OsStr]| {
            let script = format!("{setting} exec \"$@\"");
            let mut command = Command::new("sh");
            command.args(["-c", &script, "sh"]).args(words).stdin(Stdio::null());
            stdout(&command.output().unwrap())
        };
        let native = run(&[program.as_ref(), "inherited".as_ref()]);
        let launched = run(&[
            pagesim.as_ref(),
            "--library".as_ref(),
            library.as_ref(),
            program.as_ref(),
            "inherited".as_ref(),
        ]);
        assert!(native.contains("SigIgn") && native.contains("fd 0"), "{native}");
        assert_eq!(native, launched, "{setting}");
    }
}

#[test]
fn commands_are_looked_up_as_execvp_does() {
    let bench = Bench::new();
    for (folder, code, bits) in [("denied", 1, 0o644), ("good", 7, 0o755), ("late", 9, 0o755)] {
        std::fs::create_dir(bench.path(folder)).unwrap();
        let file = bench.write(&format!("{folder}/tool"), format!("#!/bin/sh\nexit {code}\n"));
        mode(&file, bits);
    }
    let path = |names: &[&str]| {
        let folders = names.iter().map(|n| bench.path(n));
        std::env::join_paths(folders).unwrap()
    };
    let mut command = bench.launcher();
    expect_code(command.arg("tool").env("PATH", path(&["none", "denied", "good", "late"])), 7);
    let mut command = bench.launcher();
    let text = expect_code(command.arg("tool").env("PATH", path(&["none", "denied"])), 126);
    assert!(text.contains("denied/tool"), "{text}");
    let mut command = bench.launcher();
    expect_code(command.arg("tool").env("PATH", "").current_dir(bench.path("late")), 9);
    let mut command = bench.launcher();
    expect_code(command.args(["sh", "-c", "exit 3"]).env_remove("PATH"), 3);
}

#[test]
fn scripts_with_and_without_an_interpreter_line_run() {
    let bench = Bench::new();
    let plain = bench.script("plain", "echo \"plain $1 $#\"\nexit 4\n");
    let output = bench.launcher().arg(&plain).args(["a", "b"]).output().unwrap();
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("plain a 2\n", Some(4)));
    let inner = bench.script("inner", "#!/bin/sh -e\necho inner $1\n");
    let outer = bench.script("outer", format!("#!{}\n", inner.display()));
    let output = bench.launcher().arg(&outer).output().unwrap();
    assert_eq!(stdout(&output), format!("inner {}\n", outer.display()));
    let empty = bench.script("empty", "");
    expect_code(bench.launcher().arg(&empty), 0);
}

/// Waits for a line, then for signals.
const LISTENER: &str = r#"
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static void note(int number) { (void)number; }
int main(void) {
    sigset_t set;
    int got;
    sigemptyset(&set);
    int known[] = { SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGQUIT };
    for (int i = 0; i < 6; i++) { signal(known[i], note); sigaddset(&set, known[i]); }
    sigprocmask(SIG_BLOCK, &set, NULL);
    puts("ready"); fflush(stdout);
    sigwait(&set, &got);
    return got + 50;
}
"#;

fn started(command: &mut Command) -> Child {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    child
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap())
}

#[test]
fn signals_for_the_launcher_reach_the_program() {
    let bench = Bench::new();
    let program = bench.compile("listener", LISTENER, &[]);
    for signal in [
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGINT,
        Signal::SIGQUIT,
    ] {
        let mut child = started(bench.launcher().arg(&program));
        kill(pid(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(signal as i32 + 50));
    }
}

#[test]
fn a_stopped_program_stops_the_launcher_and_both_go_on() {
    let bench = Bench::new();
    let source = r#"
        #include <signal.h>
        #include <stdio.h>
        int main(void) { puts("ready"); fflush(stdout); raise(SIGTSTP); puts("on"); return 8; }
    "#;
    let program = bench.compile("stopper", source, &[]);
    // Job control does not stop members of an orphaned group, which a group
    // is in that the test runner did not make; one of our own is not.
    use std::os::unix::process::CommandExt;
    let mut child = started(bench.launcher().arg(&program).process_group(0));
    let stopped = waitpid(pid(&child), Some(WaitPidFlag::WUNTRACED)).unwrap();
    assert!(matches!(stopped, WaitStatus::Stopped(..)), "{stopped:?}");
    kill(pid(&child), Signal::SIGCONT).unwrap();
    let mut rest = String::new();
    child.stdout.as_mut().unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "on\n");
    assert_eq!(child.wait().unwrap().code(), Some(8));
}

#[test]
fn a_program_without_the_library_is_not_left_running() {
    let bench = Bench::new();
    let silent = bench.compile("libsilent.so", "int nothing;", &["-shared", "-fPIC"]);
    let forever = "#include <unistd.h>\nint main(void) { for (;;) pause(); }";
    let program = bench.compile("forever", forever, &[]);
    // Loaded, but closes the pipe without a word.
    let closer = "#include <unistd.h>\n__attribute__((constructor)) static void begin(void) \
                  { for (int fd = 3; fd < 64; fd++) close(fd); }";
    let closer = bench.compile("libcloser.so", closer, &["-shared", "-fPIC"]);
    let text = expect_code(common::pagesim().arg("--library").arg(&closer).arg(&program), 125);
    assert!(text.contains("did not start"), "{text}");
    // The program ends by itself, and would have looked like a success.
    let program = actor(&bench);
    let mut command = common::pagesim();
    command.arg("--library").arg(&silent).arg(&program).args(["exit", "0"]);
    let text = expect_code(&mut command, 125);
    assert!(text.contains("did not start") && text.contains("status 0"), "{text}");
}

#[test]
fn a_library_the_loader_rejects_is_noticed_while_the_program_runs() {
    let bench = Bench::new();
    // Good enough for the launcher, but the loader finds no segments in it.
    let mut image = std::fs::read(bench.stand_in()).unwrap();
    let (start, count) = (0x20, 0x38);
    let table = u64::from_ne_bytes(image[start..start + 8].try_into().unwrap()) as usize;
    for index in 0..usize::from(image[count]) {
        let header = table + index * 56;
        if image[header] == 1 {
            image[header] = 0;
        }
    }
    let hollow = bench.write("libhollow.so", &image);
    let forever = "#include <unistd.h>\nint main(void) { for (;;) pause(); }";
    let program = bench.compile("forever", forever, &[]);
    let text = expect_code(common::pagesim().arg("--library").arg(&hollow).arg(&program), 125);
    assert!(text.contains("did not start") && text.contains("it was stopped"), "{text}");
}

#[test]
fn preloads_of_others_are_kept() {
    let bench = Bench::new();
    let other = bench.compile("libother.so", "int other;", &["-shared", "-fPIC"]);
    let program = actor(&bench);
    let mut command = bench.launcher();
    let output = command.arg(&program).arg("environment").env("LD_PRELOAD", &other).output();
    let text = stdout(&output.unwrap());
    let ours = std::fs::canonicalize(bench.stand_in()).unwrap();
    let expected = format!("LD_PRELOAD={}:{}\n", ours.display(), other.display());
    assert!(text.contains(&expected), "{text}");
}

#[test]
fn address_sanitizer_programs_run() {
    let bench = Bench::new();
    let options = ["-fsanitize=address"];
    if !bench.try_compile("asan", "int main(void) { return 9; }", &options) {
        // This compiler came without the runtime; the order is tested in
        // the unit tests of the list.
        return;
    }
    expect_code(bench.launcher().arg(bench.path("asan")), 9);
}

#[test]
fn a_library_in_a_folder_the_loader_cannot_name_still_works() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("with space: and colon")).unwrap();
    let library = bench.path("with space: and colon/libpagesim.so");
    std::fs::copy(bench.stand_in(), &library).unwrap();
    let program = actor(&bench);
    let mut command = common::pagesim();
    command.env("XDG_CACHE_HOME", bench.path("with space: and colon"));
    command.env_remove("XDG_RUNTIME_DIR").env("TMPDIR", bench.folder());
    command.arg("--library").arg(&library).arg(&program).args(["exit", "3"]);
    expect_code(&mut command, 3);
}

#[test]
fn a_dry_run_prints_a_command_that_a_shell_runs_alike() {
    let bench = Bench::new();
    let program = actor(&bench);
    let mut command = bench.launcher();
    command.args(["--dry-run", "-p", "16K"]).arg(&program).args(["arguments", "a b", "it's"]);
    let line = stdout(&command.output().unwrap());
    assert!(line.contains("PAGESIM_PAGE_SIZE=16K") && line.contains("LD_PRELOAD="), "{line}");
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let expected = format!("<{}><arguments><a b><it's>", program.display());
    assert_eq!(stdout(&output), expected);
}
