//! Compares the numbers of the kernel's interface in this program with those that others use.
//!
//! The references are the kernel's headers, through the C compilers of all architectures; the libc
//! crate; the sc crate; and, for the running program, the tracer and qemu.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::LazyLock;
use std::{env, fs};

use ipcmk_tests::board::Board;
use ipcmk_tests::case::{Fault, Filter, Random, Start, Stream};
use ipcmk_tests::namespace;
use ipcmk_tests::subject::Subject;
use ipcmk_tests::suite;
use ipcmk_tests::syscalls as table;
use ipcmk_tests::text;
use ours::Facts;
use syscalls::{aarch64, arm, riscv64, x86, x86_64};

#[path = "numbers/ours.rs"]
mod ours;

fn main() -> ExitCode {
    suite::main(&[
        ("calls_have_the_numbers_of_the_headers", calls),
        ("constants_and_structs_are_those_of_the_headers", constants),
        ("constants_and_structs_are_those_of_libc", libc_agrees),
        ("the_x86_64_file_makes_these_calls_and_no_other", on_x86_64),
        ("under_qemu_each_file_makes_these_calls", under_qemu),
    ])
}

/// A call that the program can make: its name, its numbers in the program's own source, by the
/// names of the boards, and on x86_64 those of sc and of libc.
struct Call {
    name: &'static str,
    numbers: [(&'static str, i64); 5],
    sc: usize,
    libc: i64,
}

/// A call by its name on x86_64, on another architecture.
macro_rules! on {
    (aarch64 newfstatat) => { aarch64::Sysno::fstatat };
    (x86 semop) => { x86::Sysno::ipc };
    (x86 $name:ident) => { on!(x86 of_32_bits $name) };
    (arm $name:ident) => { on!(arm of_32_bits $name) };
    ($arch:ident of_32_bits newfstatat) => { $arch::Sysno::fstatat64 };
    ($arch:ident of_32_bits fstat) => { $arch::Sysno::fstat64 };
    ($arch:ident of_32_bits ftruncate) => { $arch::Sysno::ftruncate64 };
    ($arch:ident of_32_bits statfs) => { $arch::Sysno::statfs64 };
    ($arch:ident of_32_bits fchown) => { $arch::Sysno::fchown32 };
    ($arch:ident of_32_bits mmap) => { $arch::Sysno::mmap2 };
    ($arch:ident of_32_bits $name:ident) => { $arch::Sysno::$name };
    ($arch:ident $name:ident) => { $arch::Sysno::$name };
}

macro_rules! calls {
    ($($name:ident $sc:ident $libc:ident)*) => {
        &[$(Call {
            name: stringify!($name),
            numbers: [
                ("x86_64", on!(x86_64 $name) as i64),
                ("aarch64", on!(aarch64 $name) as i64),
                ("riscv64", on!(riscv64 $name) as i64),
                ("armv7", on!(arm $name) as i64),
                ("i686", on!(x86 $name) as i64),
            ],
            sc: sc::nr::$sc,
            libc: libc::$libc,
        }),*]
    };
}

/// Every call that the program can make.
const CALLS: &[Call] = calls! {
    rt_sigprocmask RT_SIGPROCMASK SYS_rt_sigprocmask
    mmap MMAP SYS_mmap
    mremap MREMAP SYS_mremap
    statx STATX SYS_statx
    fstat FSTAT SYS_fstat
    newfstatat NEWFSTATAT SYS_newfstatat
    prlimit64 PRLIMIT64 SYS_prlimit64
    openat OPENAT SYS_openat
    read READ SYS_read
    shmget SHMGET SYS_shmget
    msgget MSGGET SYS_msgget
    semget SEMGET SYS_semget
    shmctl SHMCTL SYS_shmctl
    msgctl MSGCTL SYS_msgctl
    semctl SEMCTL SYS_semctl
    semop SEMOP SYS_semop
    getrandom GETRANDOM SYS_getrandom
    prctl PRCTL SYS_prctl
    rt_sigaction RT_SIGACTION SYS_rt_sigaction
    signalfd4 SIGNALFD4 SYS_signalfd4
    ppoll PPOLL SYS_ppoll
    mq_open MQ_OPEN SYS_mq_open
    mq_getsetattr MQ_GETSETATTR SYS_mq_getsetattr
    mq_unlink MQ_UNLINK SYS_mq_unlink
    fallocate FALLOCATE SYS_fallocate
    ftruncate FTRUNCATE SYS_ftruncate
    fchown FCHOWN SYS_fchown
    fchmod FCHMOD SYS_fchmod
    umask UMASK SYS_umask
    linkat LINKAT SYS_linkat
    unlinkat UNLINKAT SYS_unlinkat
    statfs STATFS SYS_statfs
    close CLOSE SYS_close
    write WRITE SYS_write
    exit_group EXIT_GROUP SYS_exit_group
};

/// The numbers in the kernel's headers, by the names of the boards.
static HEADERS: LazyLock<BTreeMap<&str, Facts>> = LazyLock::new(|| {
    let of = |board: &'static Board| (board.name, headers(board));
    Board::all().iter().map(of).collect()
});

/// A file of this package.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compiles abi.c for a board and runs it.
fn headers(board: &Board) -> Facts {
    let mut command = Command::new(board.compiler);
    command
        .args(["-static", "-Wall", "-Werror"])
        .arg(file("suites/abi.c"));
    facts(command, board, "headers")
}

/// The numbers of abi.rs on a board.
fn ours_on(board: &Board) -> Facts {
    let mut which = Command::new(file("tools/cross.sh"));
    let which = which.args([board.name, "--which"]).output();
    let which = String::from_utf8(which.expect("cross.sh").stdout).expect("a path");
    let mut command = Command::new(which.trim_end());
    command
        .args(["--edition", "2024", "--target", board.target])
        .args(["-C", "target-feature=+crt-static", "-C"])
        .arg(format!("linker={}", board.compiler))
        .arg(file("suites/numbers/print.rs"));
    facts(command, board, "ours")
}

/// Compiles a program for a board and runs it.
fn facts(mut compiler: Command, board: &Board, name: &str) -> Facts {
    let name = format!("{name}-{}", board.name);
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let compiled = compiler.arg("-o").arg(&program).status();
    assert!(
        compiled.is_ok_and(|status| status.success()),
        "{compiler:?}"
    );
    let mut run = Command::new(board.emulator.map_or(program.as_path(), Path::new));
    run.args(board.emulator.map(|_| &program));
    let output = run.output().expect("it starts");
    assert!(output.status.success(), "{}", program.display());
    let text = String::from_utf8(output.stdout).expect("it prints ASCII");
    let fact = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        (name.to_owned(), value.parse().expect("a number"))
    };
    text.lines().map(fact).collect()
}

fn calls() {
    let boards = CALLS[0].numbers.map(|(board, _)| board);
    assert!(Board::all().iter().map(|board| board.name).eq(boards));
    for call in CALLS {
        let name = format!("__NR_{}", call.name);
        for (board, number) in call.numbers {
            assert_eq!(
                HEADERS[board].get(&name),
                Some(&number),
                "{name} on {board}"
            );
        }
        let judges = [Some(call.libc), i64::try_from(call.sc).ok()];
        let [(_, on_x86_64), ..] = call.numbers;
        assert_eq!(judges, [Some(on_x86_64); 2], "{name} on x86_64: libc, sc");
    }
    let listed = HEADERS["x86_64"].keys();
    let listed = listed.filter(|name| name.starts_with("__NR_"));
    assert_eq!(listed.count(), CALLS.len(), "abi.c lists the same calls");
    let listed = table::OF_IPCMK.map(str::to_owned);
    assert_eq!(expected(), listed.into(), "OF_IPCMK lists the same calls");
    assert_eq!(expected(), in_the_source(), "src names the same calls");
}

/// The names that other architectures have for the same calls.
const OTHER_NAMES: [&str; 8] = [
    "ftruncate64",
    "fchown32",
    "mmap2",
    "statfs64",
    "fstat64",
    "fstatat64",
    "fstatat",
    "ipc",
];

/// The calls that the source names, by their names on x86_64.
fn in_the_source() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in ["sys/linux.rs", "sys/variants.rs", "kernel/calls.rs"] {
        let source = fs::read_to_string(file("../src").join(path)).expect(path);
        let uses = source.split("Sysno::").skip(1);
        let name = |text: &str| {
            let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            text.chars().take_while(|&c| is_of_a_name(c)).collect()
        };
        names.extend(uses.map(name));
    }
    for name in OTHER_NAMES {
        assert!(names.remove(name), "{name} is not named");
    }
    names
}

/// Members that stand for several members of the header, and that the program does not read. The
/// size of the struct and the offsets of the others determine theirs.
const FILLERS: [&str; 7] = ["rest", "times", "pids", "head", "body", "spare", "blocks"];

fn constants() {
    let (ours, structs) = ours::ours();
    for board in Board::all() {
        let mut headers = HEADERS[board.name].clone();
        headers.retain(|name, _| !name.starts_with("__NR_"));
        assert_eq!(ours_on(board), headers, "{}", board.name);
    }
    // Every number, struct and member of abi.rs is compared.
    let source = fs::read_to_string(file("../src/kernel/abi.rs")).expect("abi.rs");
    let (mut compared, mut of) = (BTreeSet::new(), "");
    for line in source.lines() {
        let Some(item) = line.trim_start().strip_prefix("pub ") else {
            continue;
        };
        let name = if let Some(item) = item.strip_prefix("const ") {
            item.split(':').next().map(str::to_owned)
        } else if let Some(item) = item.strip_prefix("struct ") {
            let name = item.trim_end_matches(" {");
            of = structs
                .get(name)
                .unwrap_or_else(|| panic!("{name} is not compared with the headers"));
            Some(format!("sizeof {of}"))
        } else {
            let member = item.split(':').next().expect("split gives something");
            (!FILLERS.contains(&member)).then(|| format!("{of}.{member}"))
        };
        let Some(name) = name else { continue };
        assert!(
            ours.contains_key(&name),
            "{name} is not compared with the headers"
        );
        compared.insert(name);
    }
    assert_eq!(compared.len(), ours.len(), "abi.rs is not read whole");
}

fn libc_agrees() {
    macro_rules! libc {
        ($($name:ident)*) => { vec![$((stringify!($name), i64::from(libc::$name))),*] };
    }
    let mut theirs = libc! {
        IPC_CREAT IPC_EXCL IPC_PRIVATE SHM_HUGETLB SHM_NORESERVE IPC_RMID IPC_SET IPC_STAT SHM_LOCK SETALL IPC_NOWAIT
        IPC_INFO MSG_INFO SEM_INFO MAP_PRIVATE MAP_ANONYMOUS MREMAP_MAYMOVE PROT_READ PROT_WRITE RLIMIT_FSIZE RLIMIT_MEMLOCK
        RLIMIT_MSGQUEUE AT_NO_AUTOMOUNT AT_SYMLINK_NOFOLLOW AT_SYMLINK_FOLLOW AT_EMPTY_PATH STATX_TYPE
        STATX_MODE STATX_INO STATX_SIZE S_IFMT S_IFREG HUGETLBFS_MAGIC PATH_MAX AT_FDCWD O_RDONLY O_RDWR O_CREAT O_EXCL O_NOFOLLOW
        O_TMPFILE O_NONBLOCK GRND_NONBLOCK GRND_INSECURE SIG_BLOCK SIGHUP SIGINT SIGTERM POLLIN POLLOUT
        PR_GET_SECCOMP SECCOMP_MODE_DISABLED STDIN_FILENO STDOUT_FILENO STDERR_FILENO
    };
    macro_rules! auxiliary {
        ($($name:ident)*) => { vec![$((stringify!($name), libc::$name as i64)),*] };
    }
    theirs.extend(auxiliary! { SIG_IGN AT_NULL AT_PAGESZ AT_EUID AT_EGID AT_RANDOM });
    macro_rules! offsets {
        ($($fact:literal $type:ident . $member:ident)*) => {
            vec![$(($fact, offset_of!(libc::$type, $member) as i64)),*]
        };
    }
    theirs.extend(offsets! {
        "ipc64_perm.key" ipc_perm.__key
        "ipc64_perm.uid" ipc_perm.uid
        "ipc64_perm.gid" ipc_perm.gid
        "ipc64_perm.cuid" ipc_perm.cuid
        "ipc64_perm.cgid" ipc_perm.cgid
        "ipc64_perm.mode" ipc_perm.mode
        "msqid64_ds.msg_perm" msqid_ds.msg_perm
        "msqid64_ds.msg_cbytes" msqid_ds.__msg_cbytes
        "msqid64_ds.msg_qnum" msqid_ds.msg_qnum
        "msqid64_ds.msg_qbytes" msqid_ds.msg_qbytes
        "shmid64_ds.shm_perm" shmid_ds.shm_perm
        "shmid64_ds.shm_segsz" shmid_ds.shm_segsz
        "semid64_ds.sem_perm" semid_ds.sem_perm
        "semid64_ds.sem_nsems" semid_ds.sem_nsems
        "sembuf.sem_num" sembuf.sem_num
        "sembuf.sem_op" sembuf.sem_op
        "sembuf.sem_flg" sembuf.sem_flg
        "stat.st_dev" stat.st_dev
        "stat.st_ino" stat.st_ino
        "stat.st_mode" stat.st_mode
        "stat.st_size" stat.st_size
        "statx.stx_gid" statx.stx_gid
        "statx.stx_mode" statx.stx_mode
        "statx.stx_ino" statx.stx_ino
        "statx.stx_size" statx.stx_size
        "statx.stx_dev_major" statx.stx_dev_major
        "statx.stx_dev_minor" statx.stx_dev_minor
        "statfs.f_type" statfs.f_type
        "statfs.f_bsize" statfs.f_bsize
        "statfs.f_blocks" statfs.f_blocks
        "statfs.f_bfree" statfs.f_bfree
        "statfs.f_bavail" statfs.f_bavail
        "statfs.f_files" statfs.f_files
        "statfs.f_ffree" statfs.f_ffree
        "mq_attr.mq_flags" mq_attr.mq_flags
        "mq_attr.mq_maxmsg" mq_attr.mq_maxmsg
        "mq_attr.mq_msgsize" mq_attr.mq_msgsize
        "mq_attr.mq_curmsgs" mq_attr.mq_curmsgs
        "rlimit64.rlim_cur" rlimit64.rlim_cur
        "rlimit64.rlim_max" rlimit64.rlim_max
        "msginfo.msgpool" msginfo.msgpool
        "msginfo.msgmap" msginfo.msgmap
        "msginfo.msgmax" msginfo.msgmax
        "msginfo.msgmnb" msginfo.msgmnb
        "msginfo.msgmni" msginfo.msgmni
        "seminfo.semmap" seminfo.semmap
        "seminfo.semmni" seminfo.semmni
        "seminfo.semmns" seminfo.semmns
        "seminfo.semmnu" seminfo.semmnu
        "seminfo.semmsl" seminfo.semmsl
        "seminfo.semusz" seminfo.semusz
        "seminfo.semvmx" seminfo.semvmx
        "seminfo.semaem" seminfo.semaem
        "pollfd.fd" pollfd.fd
        "pollfd.events" pollfd.events
        "pollfd.revents" pollfd.revents
    });
    macro_rules! sizes {
        ($($name:ident $type:ident)*) => {
            [$((concat!("sizeof ", stringify!($name)), size_of::<libc::$type>() as i64)),*]
        };
    }
    theirs.extend(sizes! {
        ipc64_perm ipc_perm msqid64_ds msqid_ds shmid64_ds shmid_ds semid64_ds semid_ds msginfo msginfo seminfo seminfo
        sembuf sembuf stat stat statx statx statfs statfs mq_attr mq_attr rlimit64 rlimit64 pollfd pollfd
    });
    let theirs: Facts = theirs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let (mut ours, _) = ours::ours();
    // Names that the libc crate lacks, or that it has in the C library's layout.
    ours.retain(|name, _| {
        let lacks = [
            "IPC_64",
            "O_LARGEFILE",
            "SHM_INFO",
            "SHM_HUGE_SHIFT",
            "SEMVMX",
            "shminfo64",
            "shm_info",
            "sigaction",
        ];
        !lacks.iter().any(|lack| name.contains(lack))
    });
    assert_eq!(ours, theirs);
}

/// Runs that together make every call: lines, and how they start.
fn runs(faults: bool) -> Vec<(&'static str, Start)> {
    let full = || Start {
        stdout: Stream::Full,
        ..Start::default()
    };
    // The hint for these reads the limit, or the free space.
    let refused = |call, command, errno| Start {
        filters: vec![Filter {
            call,
            command,
            errno,
        }],
        ..Start::default()
    };
    let no_statx = || refused("statx", None, libc::EPERM);
    let not_locked = refused("shmctl", Some(libc::SHM_LOCK), libc::ENOMEM);
    // As a kernel without POSIX queues.
    let mut no_queues = refused("mq_open", None, libc::ENOSYS);
    let no_unlinking = refused("mq_unlink", None, libc::ENOSYS);
    no_queues.filters.extend(no_unlinking.filters);
    let no_space = refused("ftruncate", None, libc::ENOSPC);
    // More text than is mapped first.
    let long = Path::new(env!("CARGO_TARGET_TMPDIR")).join("numbers-batch");
    fs::write(&long, ["# ", &"x".repeat(70_000), "\n"].concat()).expect("a file of the test");
    let batch = format!("--batch {}", long.display()).leak();
    let mut runs = vec![
        (&*batch, Start::default()),
        ("-M 4096", Start::default()),
        ("-Q", Start::default()),
        ("-S 3 --value 1", Start::default()),
        ("--keyed -Q private -p 4096", Start::default()),
        ("-Q --ftok / --json", Start::default()),
        ("-Q --ftok /", no_statx()),
        ("-m 1 -n described -J", no_statx()),
        ("-M 4096 -Q -S 3", full()),
        ("-M 4096 --lock", not_locked),
        ("-m 1 -q -s -n made --owner 0", Start::default()),
        ("-m 1 -n allocated --allocate", Start::default()),
        ("-q -n made -e -J", Start::default()),
        ("-q -s -n unmade", full()),
        ("-m 1 -n unmade", no_space),
        ("-q -n unmade", no_queues),
    ];
    if faults {
        // Only a tracer can hide AT_RANDOM.
        let start = Start {
            random: Some(Random::None),
            ..Start::default()
        };
        runs.push(("-Q", start));
        // Failures whose hint makes further calls, and a write that waits.
        for (line, call, errno) in [
            ("-S 3", "semget", libc::ENOSPC),
            ("-S 3", "semget", libc::ENOSYS),
            ("-S 3", "write", libc::EAGAIN),
        ] {
            let start = Start {
                faults: vec![Fault {
                    call: table::known(call).expect("a call"),
                    errno,
                    occurrence: 1,
                    text: format!("{call} {errno}"),
                }],
                ..Start::default()
            };
            runs.push((line, start));
        }
    }
    runs
}

/// The names of all calls of these runs.
fn made(subject: &Subject, runs: &[(&'static str, Start)]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (line, start) in runs {
        let words = text::words(line).expect("words");
        let outcome = subject.run(start, &words, true).expect("it runs");
        names.extend(outcome.calls.expect("they were asked for"));
    }
    names
}

fn expected() -> BTreeSet<String> {
    CALLS.iter().map(|call| call.name.to_owned()).collect()
}

/// The tracer names calls by libc's numbers, which `calls` has compared with sc's.
fn on_x86_64() {
    let subject = Subject::new(&suite::x86_64(), None).expect("our ipcmk");
    assert_eq!(made(&subject, &runs(true)), expected());
}

/// qemu names calls by its own table of numbers.
fn under_qemu() {
    for (name, subject) in suite::emulated() {
        namespace::unshare().expect("a namespace");
        let mut expected = expected();
        // collision.rs covers getrandom, and the cases of the booted kernels those that need a
        // fault.
        for call in ["getrandom", "rt_sigaction", "signalfd4", "ppoll"] {
            assert!(expected.remove(call));
        }
        assert_eq!(made(&subject, &runs(false)), expected, "{name}");
    }
}
