//! The man page's commands do what it says of them, on the real files. (dist.rs runs those of BATCH
//! FILE.)
//!
//! What exists is read from the kernel, never from what ipcmk prints.

use std::process::{Command, ExitCode, Output};

use ipcmk_tests::{namespace, posix, suite};
use libtest_mimic::Trial;

fn main() -> ExitCode {
    suite::run(|privilege| {
        let tests: [suite::Test; 5] = [
            ("every_command_of_the_page_is_run", every_command),
            ("the_commands_do_what_the_page_says", commands),
            ("the_output_is_as_shown", output),
            ("the_json_is_as_shown", json),
            ("objects_are_removed_without_ipcmk", other_tools),
        ];
        let trial = |test| suite::of_root(privilege, test, None);
        tests.into_iter().map(trial).collect::<Vec<Trial>>()
    })
}

const PAGE: &str = include_str!("../../dist/ipcmk.1");

/// What a command comes to.
enum Outcome {
    /// It prints this.
    Prints(&'static str),
    /// It fails with this text among its errors.
    Fails(&'static str),
}

use Outcome::{Fails, Prints};

/// A command of the page, what runs before it, what it comes to, and the objects that exist then.
/// `key=*` is any key but 0, `key=FTOK` that of ftok("/srv/app", 7).
type Row = (&'static str, &'static str, Outcome, &'static [&'static str]);

/// The commands of the paragraphs that begin with one, in the order of the page. One that does
/// something else the second time has two rows.
const ROWS: &[Row] = &[
    // HOW A LINE IS READ
    (
        "ipcmk -M 1234 -p 4096",
        "",
        Prints("0\n"),
        &["shm key=0x4d2 size=4096 mode=666 owner=0:0"],
    ),
    (
        "ipcmk -M 0x1234 -p 512",
        "",
        Prints("Shared memory id: 0\n"),
        &["shm key=* size=4660 mode=512 owner=0:0"],
    ),
    (
        "ipcmk -S 0x1234",
        "",
        Prints("0\n"),
        &["sem key=0x1234 nsems=1 mode=666 owner=0:0"],
    ),
    (
        "ipcmk -S 1234",
        "",
        Prints("Semaphore id: 0\n"),
        &["sem key=* nsems=1234 mode=644 owner=0:0"],
    ),
    (
        "ipcmk -M 4096 -p 688",
        "",
        Fails("failed to parse mode: '688'"),
        &[],
    ),
    (
        "ipcmk -Q 0x10 -p 600",
        "",
        Fails("\nipcmk: if 0x10 is a key: ipcmk --keyed -Q 0x10 -p 600\n"),
        &[],
    ),
    // DIFFERENCES FROM UTIL-LINUX
    (
        "ipcmk -M 4096 600",
        "",
        Prints("Shared memory id: 0\n"),
        &["shm key=* size=4096 mode=600 owner=0:0"],
    ),
    (
        "ipcmk -Q -p 4644",
        "",
        Fails("failed to parse mode: '4644'"),
        &[],
    ),
    (
        "ipcmk -M 4096 -p 65536",
        "",
        Prints("0\n"),
        &["shm key=0x1000 size=65536 mode=666 owner=0:0"],
    ),
    (
        "ipcmk -M 15.9E",
        "",
        Fails("failed to parse size: '15.9E'"),
        &[],
    ),
    ("ipcmk -S 0 -S 3", "", Fails("'0'"), &[]),
    (
        "ipcmk -M 0b11",
        "",
        Fails("failed to parse size: '0b11'"),
        &[],
    ),
    (
        "ipcmk -M 1,5M",
        "",
        Fails("failed to parse size: '1,5M'"),
        &[],
    ),
    (
        "ipcmk -Q >&-",
        "",
        Fails("write error: Bad file descriptor"),
        &[],
    ),
    (
        // The reader is gone before the writer starts.
        "ipcmk -Q | true",
        "true() { exec <&-; >gone; }; ipcmk() { until [ -e gone ]; do sleep 0.01; done; real \"$@\"; }",
        Fails("write error: Broken pipe"),
        &[],
    ),
    (
        "ipcmk -Q -S 99999",
        "",
        Fails("create semaphore failed"),
        &[],
    ),
    (
        "ipcmk -M 4096",
        "echo 1 >/proc/sys/kernel/shm_rmid_forced",
        Fails("shm_rmid_forced"),
        &[],
    ),
    (
        "ipcmk -m 4096 -n /x",
        "",
        Prints("POSIX shared memory name: /x\n"),
        &["shm x size=4096 mode=644 owner=0:0"],
    ),
    (
        "ipcmk -m 4096 -n /x",
        "ipcmk -m 1M -n /x",
        Fails("create POSIX shared memory failed: File exists"),
        &["shm x size=1048576 mode=644 owner=0:0"],
    ),
    (
        "ipcmk -m 4096 -n /x -p 660",
        "",
        Prints("POSIX shared memory name: /x\n"),
        &["shm x size=4096 mode=660 owner=0:0"],
    ),
    (
        "ipcmk -m 4096 -M 8192 -n /x",
        "",
        Prints("Shared memory id: 0\nPOSIX shared memory name: /x\n"),
        &[
            "shm key=* size=8192 mode=644 owner=0:0",
            "shm x size=4096 mode=644 owner=0:0",
        ],
    ),
    ("ipcmk -M $'1\\n2'", "", Fails("'1\\n2'"), &[]),
    ("ipcmk -s -n .", "", Fails("'.'"), &[]),
    // EXAMPLES
    (
        "ipcmk -M 4096",
        "",
        Prints("Shared memory id: 0\n"),
        &["shm key=* size=4096 mode=644 owner=0:0"],
    ),
    (
        "ipcmk -M 64K -Q -S 3 -p 600",
        "",
        Prints("Shared memory id: 0\nMessage queue id: 0\nSemaphore id: 0\n"),
        &[
            "msg key=* qbytes=16384 mode=600 owner=0:0",
            "sem key=* nsems=3 mode=600 owner=0:0",
            "shm key=* size=65536 mode=600 owner=0:0",
        ],
    ),
    (
        "id=$(ipcmk -Q) && id=${id##* }",
        "",
        Prints("0\n"),
        &["msg key=* qbytes=16384 mode=644 owner=0:0"],
    ),
    (
        "ipcmk --keyed -Q 0x1234 -p 16384",
        "",
        Prints("0\n"),
        &["msg key=0x1234 qbytes=16384 mode=666 owner=0:0"],
    ),
    (
        "ipcmk -S 3 -k 0x51 --value 1,0,5 --owner www-data:www-data",
        "",
        Prints("Semaphore id: 0\n"),
        &["sem key=0x51 nsems=3 mode=644 owner=33:33 creator=0:0 values=1,0,5 sem_otime set"],
    ),
    (
        "ipcmk -M 64K --ftok /srv/app:7 -e",
        "",
        Prints("Shared memory id: 0\n"),
        &["shm key=FTOK size=65536 mode=644 owner=0:0"],
    ),
    (
        "ipcmk -M 64K --ftok /srv/app:7 -e",
        "ipcmk -M 1M --ftok /srv/app:7",
        Prints("Shared memory id: 0\n"),
        &["shm key=FTOK size=1048576 mode=644 owner=0:0"],
    ),
    (
        "id=$(ipcmk --keyed -M 0x1234 -o 0x1234 -p 1M)",
        "",
        Prints("0\n"),
        &["shm key=0x1234 size=1048576 mode=666 owner=0:0"],
    ),
    (
        "id=$(ipcmk --keyed -M 0x1234 -o 0x1234 -p 1M)",
        "ipcmk -M 2M -k 0x1234 -p 600",
        Prints("0\n"),
        &["shm key=0x1234 size=2097152 mode=600 owner=0:0"],
    ),
    (
        "ipcmk -m 1M -q --maxmsg 8 -s --value 1 -n /myapp",
        "",
        Prints(MYAPP),
        &[
            "queue myapp maxmsg=8 msgsize=8192 mode=644 owner=0:0",
            "shm myapp size=1048576 mode=644 owner=0:0",
            "shm sem.myapp size=32 bytes=\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80 mode=644 owner=0:0",
        ],
    ),
    (
        "ipcmk -m 1M -q -s -n /myapp --remove",
        "ipcmk -m 1M -q --maxmsg 8 -s --value 1 -n /myapp",
        Prints(MYAPP),
        &[],
    ),
];

const MYAPP: &str = "POSIX shared memory name: /myapp\n\
                     POSIX message queue name: /myapp\n\
                     POSIX semaphore name: /myapp\n";

/// A text of the page as it is read.
fn plain(roff: &str) -> String {
    let text = roff.replace("\\-", "-").replace("\\(aq", "'");
    text.replace("\\e", "\\")
}

#[track_caller]
fn section(name: &str) -> &'static str {
    let heading = format!(".SH {name}\n");
    let (_, rest) = PAGE.split_once(&heading).expect("the section");
    rest.split(".SH ").next().expect("split gives something")
}

/// The blocks of a section that are shown as they are.
fn blocks(name: &str) -> Vec<String> {
    let blocks = section(name).split(".nf\n").skip(1);
    let text = blocks.map(|block| block.split_once(".fi\n").expect("its end").0);
    text.map(plain).collect()
}

fn every_command() {
    let tags = PAGE.split(".TP\n.B ").skip(1);
    let tags = tags.map(|text| plain(text.lines().next().expect("a tag")));
    let commands: Vec<String> = tags.filter(|tag| tag.contains("ipcmk ")).collect();
    let mut rows: Vec<&str> = ROWS.iter().map(|row| row.0).collect();
    rows.dedup();
    assert_eq!(commands, rows);
}

/// The commands that run ipcmk for x86_64, and for aarch64.
fn both() -> [String; 2] {
    [
        format!("'{}'", suite::x86_64().display()),
        format!("qemu-aarch64 '{}'", suite::aarch64().display()),
    ]
}

/// Runs a script in a new IPC namespace with an empty /dev/shm, and in a directory /srv that holds
/// an empty directory app. There `ipcmk` runs this command. Returns its exit status and what it
/// prints, and the objects that exist then.
fn play(ipcmk: &str, script: &str) -> (Option<i32>, String, String, Vec<String>) {
    namespace::unshare().expect("namespaces");
    let script = format!(
        "mount -t tmpfs none /srv && mkdir /srv/app && cd /srv || exit 99\n\
         umask 022\n\
         set -o pipefail\n\
         real() {{ {ipcmk} \"$@\"; }}\n\
         ipcmk() {{ real \"$@\"; }}\n\
         {script}\n"
    );
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new("unshare")
        .args(["--mount", "bash", "-c", &script])
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .output()
        .expect("unshare starts");
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).expect("ASCII"));
    let system_v = namespace::objects().expect("what the namespace holds");
    let posix = posix::objects().expect("what the namespace holds");
    let without_id = |object: &namespace::Object| {
        let text = object.to_string();
        text.split(" (id ").next().map(str::to_owned)
    };
    let mut objects: Vec<String> = system_v.iter().filter_map(without_id).collect();
    objects.extend(posix.iter().map(ToString::to_string));
    objects.sort();
    (status.code(), stdout, stderr, objects)
}

/// An object with its key as a row has it.
fn known(object: &str, row: &str) -> String {
    let Some((before, rest)) = object.split_once("key=0x") else {
        return object.to_owned();
    };
    let (key, rest) = rest.split_once(' ').expect("more than a key");
    let is_ftok = key.starts_with('7') && key.len() == 7;
    let key = match key {
        "0" => "=0x0",
        _ if row.contains("key=*") => "=*",
        _ if row.contains("key=FTOK") && is_ftok => "=FTOK",
        _ => return object.to_owned(),
    };
    format!("{before}key{key} {rest}")
}

fn commands() {
    for ipcmk in both() {
        for (command, before, outcome, objects) in ROWS {
            // A command that sets id is there for its value.
            let script = format!(
                "{{ {before}\n:; }} >/dev/null\n{command}\nstatus=$?\n\
                 [ -z \"${{id+set}}\" ] || echo \"$id\"\nexit $status"
            );
            let (status, stdout, stderr, exist) = play(&ipcmk, &script);
            let said = format!("{before}; {command}: {status:?} {stdout}{stderr}");
            match outcome {
                Prints(text) => {
                    assert_eq!(
                        (status, stdout.as_str(), stderr.as_str()),
                        (Some(0), *text, ""),
                        "{said}"
                    );
                }
                Fails(text) => {
                    assert_eq!((status, stdout.as_str()), (Some(1), ""), "{said}");
                    assert!(stderr.contains(text), "{said}");
                }
            }
            assert_eq!(exist.len(), objects.len(), "{said}: {exist:?}");
            for (object, row) in exist.iter().zip(*objects) {
                assert_eq!(known(object, row), *row, "{said}");
            }
        }
    }
}

fn output() {
    let blocks = blocks("OUTPUT");
    let [lines, _] = &blocks[..] else {
        panic!("two blocks: {blocks:?}")
    };
    for ipcmk in both() {
        let (status, stdout, ..) = play(&ipcmk, "ipcmk -S 1 -s -Q -q -M 1 -m 1 -n /x");
        assert_eq!((status, stdout), (Some(0), lines.replace("42", "0")));
    }
}

fn json() {
    let command = "ipcmk -M 4096 --ftok /srv/app -q -s -n /x -e -J";
    assert!(plain(section("OUTPUT")).contains(&format!("\n.B \"{command}\"\n")));
    let blocks = blocks("OUTPUT");
    let [_, shown] = &blocks[..] else {
        panic!("two blocks: {blocks:?}")
    };
    // A line that begins with a blank belongs to the one before it.
    let shown = shown.replace("\n ", " ");
    for ipcmk in both() {
        let (status, stdout, ..) = play(&ipcmk, &format!("ipcmk -s -n /x >/dev/null; {command}"));
        assert_eq!(status, Some(0));
        // The key but its id depends on the directory.
        let (before, rest) = stdout.split_once("\"0x01").expect("a key");
        let stdout = format!("{before}\"0x010002e1{}", &rest[6..]);
        assert_eq!(stdout, shown);
    }
}

/// What REMOVING OBJECTS says of ipcrm(1), rm(1) and a mount of queues.
fn other_tools() {
    let text = plain(section("REMOVING OBJECTS"));
    for tool in [
        ".BR \"ipcrm -m\" ,\n.B -q\nor\n.B -s\nwith its identifier,\n",
        ".BR \"ipcrm -M\" ,\n.B -Q\nor\n.B -S\nwith its key.",
        "\n.BI \"rm /dev/shm/\" name\nand\n.BI \"rm /dev/shm/sem.\" name\\fR.\n",
    ] {
        assert!(text.contains(tool), "{tool:?}");
    }
    let blocks = blocks("REMOVING OBJECTS");
    let [queue] = &blocks[..] else {
        panic!("a block: {blocks:?}")
    };
    // This machine's /dev stays as it is.
    let queue = queue
        .replace("\\fIname\\fR", "x")
        .replace("/dev/mqueue", "/srv/mqueue");
    assert_eq!(queue.lines().count(), 3);
    let script = "set -e\n\
         ipcmk -M 1 -Q -S 1 -k 1\nipcrm -m 0 -q 0 -s 0\n\
         ipcmk -M 1 -Q -S 1 -k 1\nipcrm -M 1 -Q 1 -S 1\n\
         ipcmk -m 1 -s -q -n x\nrm /dev/shm/x\nrm /dev/shm/sem.x\n";
    let [ipcmk, _] = both();
    let (status, _, stderr, objects) = play(&ipcmk, script);
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    assert_eq!(
        objects,
        ["queue x maxmsg=10 msgsize=8192 mode=644 owner=0:0"]
    );
    let (status, _, stderr, objects) = play(&ipcmk, &format!("{script}{queue}"));
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    assert_eq!(objects, [""; 0]);
}
