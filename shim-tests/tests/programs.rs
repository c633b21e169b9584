//! Real programs, as the system has them installed, run to their end on larger
//! pages and say what they say natively.
//!
//! A program that is not installed is skipped and named; with
//! `PAGESIM_REQUIRE_PROGRAMS=1` that is a failure.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use shim_tests::run::{Outcome, Run};

const SIZES: [&str; 2] = ["16K", "64K"];

/// One program at work: what it needs and what the shell is told to do, in an
/// empty folder. What it prints is the same from run to run.
struct Work {
    name: &'static str,
    needs: &'static [&'static str],
    script: &'static str,
}

const WORKS: &[Work] = &[
    Work {
        name: "bash",
        needs: &["bash"],
        script: r#"bash -c 'declare -A m; for i in {1..3000}; do m[$i]=$((i*i)); done
            f() { local x; x=$(echo "${m[$1]}"); echo "$x"; }; for i in 1 77 3000; do f $i; done
            printf "%s\n" "${!m[@]}" | sort -n | tail -1; cat <(echo one) <(echo two); wait'"#,
    },
    Work {
        name: "coreutils",
        needs: &["sort", "sha256sum", "dd", "split", "shuf"],
        script: r#"seq 1 300000 > n; sort -r -S 1M n | sha256sum; tac n | head -2
            dd if=n of=c bs=7919 2>/dev/null; cmp n c && echo same; split -b 100000 n part.; cat part.* | sha256sum
            shuf --random-source=n n | head -3; cp n d; ln n e; wc -l d e; ls | wc -l; od -An -tx1 -N16 n; comm -3 n c | wc -l"#,
    },
    Work {
        name: "python3",
        needs: &["/usr/bin/python3"],
        script: r#"/usr/bin/python3 - <<'END'
import json, mmap, threading, zlib, multiprocessing, hashlib, tempfile, os
data = bytes(range(256)) * 4000
assert zlib.decompress(zlib.compress(data)) == data
print(hashlib.sha1(data).hexdigest(), len(json.dumps(list(range(50000)))))
out = []
def work(i):
    m = mmap.mmap(-1, 10 * mmap.PAGESIZE); m[i] = i + 1; out.append(sum(m[:100])); m.close()
ts = [threading.Thread(target=work, args=(i,)) for i in range(16)]
[t.start() for t in ts]; [t.join() for t in ts]; print(sorted(out))
with tempfile.TemporaryFile() as f:
    f.truncate(8 * mmap.PAGESIZE); m = mmap.mmap(f.fileno(), 0)
    m[3 * mmap.PAGESIZE:3 * mmap.PAGESIZE + 5] = b'hello'; m.flush(3 * mmap.PAGESIZE, mmap.PAGESIZE)
    f.seek(3 * mmap.PAGESIZE); print(f.read(5)); m.close()
with multiprocessing.get_context('fork').Pool(3) as p: print(p.map(abs, range(-5, 5)))
END"#,
    },
    Work {
        name: "python3's own tests of mmap",
        needs: &["/usr/bin/python3", "/usr/lib/python3.11/test/test_mmap.py"],
        script: "/usr/bin/python3 -m test -q test_mmap 2>&1 | grep -E '^(Tests result|ERROR|FAIL|Result)'",
    },
    Work {
        name: "sqlite3",
        needs: &["sqlite3"],
        script: r#"sqlite3 t.db <<'END'
pragma journal_mode=wal; pragma synchronous=off;
create table t(a integer primary key, b text, c blob);
with recursive n(i) as (select 1 union all select i+1 from n where i<40000) insert into t select i, printf('row %d', i*7%1000), zeroblob(i%50) from n;
create index i on t(b); select count(*), sum(length(c)), max(b) from t; delete from t where a%3=0; vacuum;
select count(*) from t where b like 'row 1%'; pragma integrity_check;
END
sqlite3 t.db 'pragma integrity_check; select count(*) from t'; ls"#,
    },
    Work {
        name: "gcc and ld",
        needs: &["gcc", "ld"],
        script: r#"printf '#include <stdio.h>\n#include <math.h>\nint f(int n){return n<2?n:f(n-1)+f(n-2);}\nint main(void){printf("%%d %%.6f\\n",f(20),sqrt(2));}\n' > a.c
            gcc -O2 -g -flto a.c -o a -lm && ./a; gcc -shared -fPIC a.c -o liba.so && nm -D liba.so | grep -c ' T '; strip a && ./a"#,
    },
    Work {
        name: "git",
        needs: &["git"],
        script: r#"export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
            export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000' GIT_CONFIG_NOSYSTEM=1
            git init -q -b main r && cd r; for i in 1 2 3 4 5 6; do seq $i 20000 > f$i; git add .; git commit -qm c$i; done
            git gc -q; git fsck 2>&1 | grep -v notice; git log --format=%H; git clone -q . ../s; cd ../s; git diff HEAD~3 --stat | tail -1; git blame f1 | wc -l"#,
    },
    Work {
        name: "perl",
        needs: &["perl"],
        script: r#"perl -e 'my %h; $h{$_ % 5003} .= chr(97 + $_ % 26) for 1..200000; my @k = sort { $a <=> $b } keys %h; print scalar(@k), " ", length(join "", values %h), "\n";
            my $s = "ab" x 500000; my $n = () = $s =~ /ba/g; print "$n\n"; my $pid = fork; if (!$pid) { exit 3 } waitpid $pid, 0; print $? >> 8, "\n";'"#,
    },
    Work {
        name: "tar and xz",
        needs: &["tar", "xz", "gzip"],
        script: r#"mkdir d; for i in 1 2 3 4; do seq $i 60000 > d/$i; done; tar -C d --sort=name --mtime=@0 --owner=0 --group=0 -cf - . > t.tar; sha256sum < t.tar
            xz -T2 -6 -k t.tar; xz -dc t.tar.xz | sha256sum; gzip -n -c t.tar | gzip -dc | sha256sum; mkdir e; tar -C e -xJf t.tar.xz; diff -r d e && echo same"#,
    },
    Work {
        name: "openssl",
        needs: &["openssl"],
        script: r#"seq 1 100000 > n; openssl dgst -sha256 n; openssl enc -aes-256-cbc -pass pass:x -S 0011223344556677 -pbkdf2 -in n -out c; openssl dgst -md5 c
            openssl enc -d -aes-256-cbc -pass pass:x -S 0011223344556677 -pbkdf2 -in c | cmp - n && echo same; openssl genrsa 1024 2>/dev/null | openssl rsa -check -noout 2>&1 | head -1"#,
    },
    Work {
        name: "node",
        needs: &["node"],
        script: r#"node -e 'const a=[];for(let i=0;i<300000;i++)a.push({i,s:"x"+i});console.log(a.length,JSON.stringify(a).length);
            const b=Buffer.alloc(50<<20,7);console.log(require("crypto").createHash("sha1").update(b).digest("hex"));
            const {Worker}=require("worker_threads");let n=0;for(let i=0;i<3;i++)new Worker("require(\"worker_threads\").parentPort.postMessage([...Array(1e5).keys()].reduce((x,y)=>x+y))",{eval:true}).on("message",m=>{if(++n==3)console.log(m)})'"#,
    },
    Work {
        name: "java",
        needs: &["java", "javac"],
        script: r#"cat > T.java <<'END'
import java.nio.*; import java.nio.channels.*; import java.nio.file.*; import java.util.*; import java.util.stream.*;
public class T { public static void main(String[] a) throws Exception {
  Map<Integer,String> m = new HashMap<>(); for (int i = 0; i < 300000; i++) m.put(i, "v" + i); System.out.println(m.size());
  System.out.println(IntStream.range(0, 1000000).parallel().mapToLong(x -> x % 7).sum());
  try (FileChannel c = FileChannel.open(Path.of("f"), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
    MappedByteBuffer b = c.map(FileChannel.MapMode.READ_WRITE, 0, 300000); for (int i = 0; i < 300000; i++) b.put((byte) i); b.force(); System.out.println(b.get(299999)); }
  Object n = null; try { n.hashCode(); } catch (NullPointerException e) { System.out.println("npe"); }
  for (int i = 0; i < 20; i++) { byte[] g = new byte[8 << 20]; } System.gc(); System.out.println("done"); } }
END
javac T.java && java -Xmx128m T && java -Xmx128m -XX:+UseSerialGC T && java -Xmx128m -XX:+UseParallelGC T; sha256sum f"#,
    },
    Work {
        name: "redis-server",
        needs: &["redis-server", "redis-cli", TCMALLOC],
        // Debian's is linked with a jemalloc built for 4K pages, which another
        // allocator in front of it keeps out of use
        script: r#"export LD_PRELOAD="$LD_PRELOAD libtcmalloc_minimal.so.4"
            redis-server --port 0 --unixsocket $PWD/s --dir $PWD --save '' --appendonly yes --daemonize no > log 2>&1 & p=$!
            for i in $(seq 100); do redis-cli -s $PWD/s ping > pong 2>/dev/null && grep -q PONG pong && break; sleep 0.1; done
            c() { redis-cli -s $PWD/s "$@" 2>/dev/null; }; seq 1 20000 | sed 's/.*/SET k& v&/' | c > /dev/null; c dbsize; c get k777; c eval 'local s=0 for i=1,1000 do s=s+i end return s' 0
            c bgsave; for i in $(seq 100); do c info persistence | grep -q 'rdb_bgsave_in_progress:0' && break; sleep 0.1; done; c info persistence | grep last_bgsave_status; c shutdown nosave; wait $p; echo ended $?"#,
    },
    Work {
        name: "a threaded Rust program",
        needs: &["rustc"],
        script: r#"cat > t.rs <<'END'
use std::{collections::BTreeMap, sync::{mpsc, Arc, Mutex}, thread};
fn main() {
    let all = Arc::new(Mutex::new(BTreeMap::new())); let (tx, rx) = mpsc::channel();
    let ts: Vec<_> = (0..8u64).map(|i| { let (all, tx) = (all.clone(), tx.clone()); thread::spawn(move || {
        let v: Vec<u64> = (0..200_000).map(|x| x * i).collect(); all.lock().unwrap().insert(i, v.iter().sum::<u64>()); tx.send(vec![1u8; 3 << 20].len()).unwrap(); }) }).collect();
    for t in ts { t.join().unwrap(); } drop(tx);
    println!("{:?} {}", all.lock().unwrap(), rx.iter().sum::<usize>());
    println!("{}", std::panic::catch_unwind(|| { let v: Vec<i32> = vec![]; v[std::env::args().count()] }).is_err());
}
END
# the compiler's own allocator knows 4K pages only
env -u LD_PRELOAD rustc -O t.rs 2>/dev/null && ./t 2>/dev/null"#,
    },
    Work {
        name: "autoconf's probe of mmap",
        needs: &["autoconf", "gcc"],
        script: r#"printf 'AC_INIT([a],[1])\nAC_PROG_CC\nAC_FUNC_MMAP\nAC_CHECK_FUNCS([mremap])\nAC_OUTPUT\n' > configure.ac
            printf '#!/bin/sh\necho ${1:-x86_64-pc-linux-gnu}\n' | tee config.guess config.sub > install-sh; chmod +x config.guess config.sub install-sh
            autoconf && ./configure | grep -E 'mmap|mremap'"#,
    },
    Work {
        name: "tokyocabinet",
        needs: &["tchtest", "tcbtest", "tcftest", "tchmttest"],
        script: r#"end() { tail -n 1 | cut -c1-2; }
            tchtest write a 20000 | end; tchtest read a | end; tchtest rcat -xm 100000 b 10000 1000 | end; tchtest misc c 1000 | end; tchtest wicked d 5000 | end
            tcbtest write e 10000 | end; tcbtest wicked f 5000 | end; tcbmgr list e | md5sum; tcftest wicked g 5000 | end; tchmttest typical h 4 2000 | end; tchmgr inform a | grep 'record number'"#,
    },
    Work {
        name: "kyotocabinet",
        needs: &["kchashtest", "kctreetest", "kchashmgr"],
        script: r#"for m in order wicked tran; do kchashtest $m a.$m.kch 5000 | tail -n 1; kctreetest $m b.$m.kct 2000 | tail -n 1; done
            kchashtest wicked -th 4 -msiz 3000000 c.kch 2000 | tail -n 1; kchashtest order -th 4 -msiz 50000 d.kch 3000 | tail -n 1
            kcpolytest wicked 'e.kch#msiz=100k' 2000 | tail -n 1; kchashmgr check a.order.kch; kchashmgr list a.order.kch | sort | md5sum"#,
    },
    Work {
        name: "localedef and its archive",
        needs: &["localedef", "/usr/share/i18n/locales/es_ES"],
        // maps half a gigabyte and makes the file grow under it
        script: r#"mkdir -p d/usr/lib/locale; l() { localedef --prefix=$PWD/d "$@"; }
            l -i en_US -f UTF-8 en_US.UTF-8; l -i de_DE -f ISO-8859-1 de_DE; l --delete-from-archive en_US.utf8; l -i es_ES -f ISO-8859-1 es_ES
            l --list-archive; md5sum < d/usr/lib/locale/locale-archive"#,
    },
    Work {
        name: "the journal's files",
        needs: &["/lib/systemd/systemd-journal-remote", "journalctl"],
        script: r#"i=0; while [ $i -lt 1500 ]; do printf '__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=0123456789abcdef0123456789abcdef\nMESSAGE=%0*d\nPRIORITY=%d\nSYSLOG_IDENTIFIER=x%d\n\n' \
                $((1700000000000000 + i * 1000)) $((i * 1000 + 5)) $((i % 700 + 1)) $i $((i % 8)) $((i % 50)); i=$((i + 1)); done > export
            /lib/systemd/systemd-journal-remote -o x.journal - < export > log 2>&1; echo $?; j() { journalctl --file x.journal "$@"; }
            j -o cat | md5sum; j -o export -r PRIORITY=3 SYSLOG_IDENTIFIER=x3 | grep -c MESSAGE; j --verify 2>&1 | grep -c PASS; j --header | grep 'Entry objects'"#,
    },
    Work {
        name: "php and lua",
        needs: &["php", "lua5.4", "luajit"],
        script: r#"php -r '$a = []; for ($i = 0; $i < 200000; $i++) $a[] = str_repeat("x", $i % 50); echo count($a), strlen(implode($a)), "\n"; for ($i = 0; $i < 200; $i++) { $f[$i] = new Fiber(function() use ($i) { Fiber::suspend($i); }); $s[] = $f[$i]->start(); } echo array_sum($s), "\n";'
            php -d opcache.enable_cli=1 -d opcache.jit_buffer_size=16M -d opcache.jit=1255 -r 'function f($n) { return $n < 2 ? $n : f($n - 1) + f($n - 2); } echo f(20), "\n";'
            lua5.4 -e 'local t = {} for i = 1, 200000 do t[i] = ("x"):rep(i % 40) end print(#t, #table.concat(t))'
            luajit -e 'local s = 0 for i = 1, 1e7 do s = s + i % 7 end print(s) local ffi = require "ffi" print(ffi.cast("int (*)(int)", function(x) return x + 1 end)(3)) local t = {} for i = 1, 200000 do t[i] = {i} end collectgarbage() print(#t)'"#,
    },
    Work {
        name: "gdb and strace",
        needs: &["gdb", "strace", "gcc"],
        script: r#"printf '#include <sys/mman.h>\n#include <stdio.h>\nint f(int x) { return x + 1; }\nint main(void) { char *p = mmap(0, 4096, 3, 34, -1, 0); *p = 7; printf("%%d\\n", f(*p)); return 0; }\n' > a.c; gcc -g a.c -o a
            gdb -nx -batch -ex 'set startup-with-shell off' -ex 'break f' -ex run -ex 'print x' -ex 'watch x' -ex 'set var x=41' -ex continue -ex continue -ex continue ./a 2>&1 | grep -E '^[$0-9]|value'
            strace -f -o log -e trace=mmap sh -c '(echo a; echo b) | sort; ./a'; grep -c exited log"#,
    },
    Work {
        name: "zstd, lz4 and pigz",
        needs: &["zstd", "lz4", "pigz"],
        script: r#"seq 300000 > n; cat n n n > m; zstd -q -T4 -19 --long=27 n -o a.zst; zstd -dc a.zst | md5sum; zstd -q -T2 -3 m -o b.zst; zstd -qt b.zst && echo whole
            zstd -q -3 --patch-from=n m -o p.zst; zstd -qd --patch-from=n p.zst -o q; cmp m q && echo same; lz4 -q -9 m m.lz4; lz4 -dcq m.lz4 | md5sum; pigz -p4 -c m | gzip -dc | md5sum"#,
    },
    Work {
        name: "memcached",
        needs: &["memcached", "/usr/bin/python3"],
        script: r#"chmod a+rwx . ..; memcached -u nobody -s $PWD/s -m 64 -t 4 & p=$!
            /usr/bin/python3 - <<'END'
import socket, time
for _ in range(100):
    try: s = socket.socket(socket.AF_UNIX); s.connect("s"); break
    except OSError: time.sleep(0.1)
f = s.makefile("rwb")
for i in range(2000): f.write(b"set k%d 0 0 %d noreply\r\n%s\r\n" % (i, i % 900, b"x" * (i % 900)))
f.write(b"get k777\r\n"); f.flush(); print(f.readline(), len(f.readline()), f.readline())
END
            kill $p; wait $p; echo ended $?"#,
    },
    Work {
        name: "beside other preload libraries",
        needs: &["fakeroot", "eatmydata", "faketime", "stdbuf", "sqlite3", "/usr/bin/python3"],
        script: r#"eatmydata sh -c 'seq 100000 > f; sync f; sort -n f | tail -n 1'; eatmydata sqlite3 t.db 'create table t(a); insert into t values(1); select * from t'
            fakeroot sh -c 'touch g; chown 3:4 g; stat -c %u:%g g; id -u'; faketime '2001-02-03 04:05:06' date -u +%F
            faketime -f '+0 x10' /usr/bin/python3 -c 'import mmap; print(mmap.mmap(-1, 1)[0])'; stdbuf -o0 seq 3; stdbuf -oL -i0 cat < f | wc -l; stdbuf -o 100K seq 100000 | md5sum"#,
    },
    Work {
        name: "in name spaces of its own",
        needs: &["bwrap", "unshare", "/usr/bin/python3"],
        script: r#"bwrap --ro-bind / / --dev /dev --proc /proc --unshare-pid --unshare-user /usr/bin/python3 -c 'import mmap, os; m = mmap.mmap(-1, 100000); m[99999] = 1; print(os.getpid(), len(m))'
            unshare -rUpf --mount-proc sh -c 'echo $$; ls /proc/self/fd | wc -l'; unshare -rUm sh -c 'mount -t tmpfs x /mnt && dd if=/dev/zero of=/mnt/f bs=1k count=5 2>/dev/null; /usr/bin/python3 -c "import mmap; f = open(\"/mnt/f\", \"r+b\"); m = mmap.mmap(f.fileno(), 0); print(len(m), m[5119])"'"#,
    },
];

/// A library that the loader finds by this name.
const TCMALLOC: &str = "libtcmalloc_minimal.so.4";

fn installed(name: &str) -> bool {
    if name.starts_with('/') {
        return Path::new(name).exists();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let libraries =
        ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    std::env::split_paths(&folders)
        .chain(libraries.iter().map(PathBuf::from))
        .any(|folder| folder.join(name).is_file())
}

fn shell() -> PathBuf {
    PathBuf::from("/bin/sh")
}

/// The launcher sets the variables for the whole script, so its shell and every
/// program in it run on these pages.
fn run(work: &Work, size: Option<&str>) -> io::Result<Outcome> {
    let run = match size {
        None => Run::native(&shell())?,
        Some(size) => Run::shimmed(&shell(), size)?,
    };
    let mut run = run.args(["-c", work.script]).timeout(Duration::from_secs(300));
    // toolchain managers keep what they need to find a compiler in the home
    for name in ["HOME", "RUSTUP_HOME", "CARGO_HOME"] {
        if let (true, Some(value)) = (work.needs.contains(&"rustc"), std::env::var_os(name)) {
            run = run.env(name, value);
        }
    }
    run.outcome()
}

fn check(work: &Work) -> Result<(), Failed> {
    let native = run(work, None)?;
    if native.text.is_empty() {
        return Err(format!("prints nothing natively [{}]", native.end).into());
    }
    for size in SIZES {
        let shimmed = run(work, Some(size))?;
        if shimmed != native {
            let diff = similar::TextDiff::from_lines(&native.text, &shimmed.text)
                .unified_diff()
                .header("natively", size)
                .to_string();
            return Err(
                format!("natively {}, at {size} {}\n{diff}", native.end, shimmed.end).into()
            );
        }
    }
    Ok(())
}

fn trial(work: &'static Work, required: bool) -> Trial {
    let missing: Vec<&str> = work.needs.iter().copied().filter(|n| !installed(n)).collect();
    if missing.is_empty() {
        Trial::test(work.name, move || check(work))
    } else if required {
        let message = format!("not installed: {}", missing.join(", "));
        Trial::test(work.name, move || Err(message.into()))
    } else {
        println!("{}: skipped, not installed: {}", work.name, missing.join(", "));
        Trial::test(work.name, || Ok(())).with_ignored_flag(true)
    }
}

fn main() {
    let arguments = Arguments::from_args();
    let required = std::env::var_os("PAGESIM_REQUIRE_PROGRAMS").is_some_and(|v| v == "1");
    let trials = WORKS.iter().map(|work| trial(work, required)).collect();
    libtest_mimic::run(&arguments, trials).exit();
}
