//! The files of dist/ do what they are there for: the objects of ipcmk.conf are made and removed by
//! the program, by OpenRC's script, and by a booted machine whose init is busybox's. systemd knows
//! all that is in the unit.
//!
//! What exists is read from the kernel, never from what ipcmk prints.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};

use ipcmk_tests::files::{Bound, Scratch};
use ipcmk_tests::namespace::{self, Kind};
use ipcmk_tests::{posix, suite};
use libtest_mimic::Trial;
use serde::Deserialize;

#[path = "dist/machine.rs"]
mod machine;

use machine::{Machine, root};

fn main() -> ExitCode {
    suite::run(|privilege| {
        let of_root: [suite::Test; 4] = [
            ("the_example_brings_objects_up_and_down", example),
            ("the_man_page_shows_the_example_and_its_commands", man_page),
            ("the_openrc_script_brings_objects_up_and_down", openrc),
            (
                "the_commands_of_the_unit_bring_objects_up_and_down",
                unit_runs,
            ),
        ];
        let others: [suite::Test; 7] = [
            ("systemd_knows_all_that_is_in_the_unit", unit),
            ("busybox_init_brings_objects_up_and_down", || init("x86_64")),
            ("busybox_init_brings_objects_up_and_down_on_aarch64", || {
                init("aarch64")
            }),
            ("without_the_line_that_creates_there_is_nothing", no_create),
            ("without_the_line_that_removes_all_of_it_stays", no_remove),
            ("a_batch_of_64000_objects_in_a_booted_kernel", || {
                many("x86_64")
            }),
            (
                "a_batch_of_64000_objects_in_a_booted_kernel_on_aarch64",
                || many("aarch64"),
            ),
        ];
        let mut trials: Vec<Trial> = of_root
            .into_iter()
            .map(|test| suite::of_root(privilege, test, None))
            .collect();
        trials.extend(others.into_iter().map(|(name, test)| {
            Trial::test(name, move || {
                namespace::unshare()?;
                test();
                Ok(())
            })
        }));
        trials
    })
}

const CONF: &str = include_str!("../../dist/ipcmk.conf");
const INITTAB: &str = include_str!("../../dist/ipcmk.inittab");

/// The System V objects of ipcmk.conf, for which user 1 and group 1 are daemon; `FTOK` stands for
/// the key of ftok("/var", 1).
const SYSTEM_V: [&str; 4] = [
    "msg key=0x1002 qbytes=4096 mode=620 owner=0:0",
    "msg key=FTOK qbytes=8192 mode=600 owner=0:0",
    "sem key=0x1001 nsems=3 mode=660 owner=1:1 creator=0:0 values=1 sem_otime set",
    "shm key=0x1001 size=1048576 mode=660 owner=1:1 creator=0:0",
];

/// Its POSIX objects. A semaphore's bytes are its value, 0, and 128: processes share it.
const POSIX: [&str; 3] = [
    "queue ring maxmsg=8 msgsize=8192 mode=660 owner=0:0",
    "shm ring size=65536 mode=660 owner=0:0",
    "shm sem.ring size=32 bytes=\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80 mode=660 owner=0:0",
];

fn system_v(key: u32) -> Vec<String> {
    let text = |line: &&str| line.replace("FTOK", &format!("{key:#x}"));
    sorted(SYSTEM_V.iter().map(text))
}

fn sorted(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.into_iter().collect();
    lines.sort();
    lines
}

/// An object as text, without its id.
fn without_id(object: &namespace::Object) -> String {
    let text = object.to_string();
    let (text, _) = text.split_once(" (id ").expect("an id");
    text.to_owned()
}

/// The objects of this namespace.
fn objects() -> [Vec<String>; 2] {
    let system_v = namespace::objects().expect("what the namespace holds");
    let posix = posix::objects().expect("what the namespace holds");
    [
        sorted(system_v.iter().map(without_id)),
        sorted(posix.iter().map(ToString::to_string)),
    ]
}

/// All objects of ipcmk.conf, in this namespace.
fn all() -> [Vec<String>; 2] {
    // SAFETY: a string that ends with a NUL.
    let key = unsafe { libc::ftok(c"/var".as_ptr(), 1) };
    [
        system_v(key.cast_unsigned()),
        POSIX.map(str::to_owned).into(),
    ]
}

fn nothing() -> [Vec<String>; 2] {
    [Vec::new(), Vec::new()]
}

/// A machine's /etc and /usr/local/bin.
struct Installed {
    etc: Bound,
    _bin: Bound,
}

impl Installed {
    /// With ipcmk.conf in /etc, and the program in /usr/local/bin: a script that runs `command`.
    fn new(command: &str) -> Self {
        let [etc, bin] = [(), ()].map(|()| Scratch::new().expect("a directory"));
        for (name, content) in [
            ("passwd", "root:x:0:0::/:\ndaemon:x:1:1::/:\n"),
            ("group", "root:x:0:\ndaemon:x:1:\n"),
            ("ipcmk.conf", CONF),
        ] {
            fs::write(etc.join(name), content).expect("it is ours");
        }
        let program = bin.join("ipcmk");
        fs::write(&program, format!("#!/bin/sh\nexec {command} \"$@\"\n")).expect("it is ours");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("it is ours");
        Self {
            etc: Bound::new(etc, "/etc"),
            _bin: Bound::new(bin, "/usr/local/bin"),
        }
    }
}

/// The commands that run ipcmk for x86_64, and for aarch64.
fn both() -> [String; 2] {
    let emulator = Command::new("sh")
        .args(["-c", "command -v qemu-aarch64"])
        .output();
    let emulator = String::from_utf8(emulator.expect("sh").stdout).expect("a path");
    [
        format!("'{}'", suite::x86_64().display()),
        format!("{} '{}'", emulator.trim_end(), suite::aarch64().display()),
    ]
}

/// Runs a command, which must print nothing to standard error.
#[track_caller]
fn run(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.env_clear().output().expect("it starts");
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).expect("ASCII"));
    assert!(
        status.success() && stderr.is_empty(),
        "{command:?}: {status} {stderr}"
    );
    stdout
}

fn example() {
    for command in both() {
        let _installed = Installed::new(&command);
        let ipcmk = |line: &str| {
            let mut command = Command::new("/usr/local/bin/ipcmk");
            run(command
                .args(["--batch", "/etc/ipcmk.conf"])
                .args(line.split_whitespace()))
        };
        ipcmk("--dry-run");
        assert_eq!(objects(), nothing());
        ipcmk("");
        assert_eq!(objects(), all());
        // As a boot script may.
        ipcmk("");
        ipcmk("--dry-run");
        ipcmk("--remove --dry-run");
        assert_eq!(objects(), all());
        ipcmk("--remove");
        assert_eq!(objects(), nothing());
        ipcmk("--remove");
    }
}

/// The blocks of commands and files in a section of the man page.
fn blocks(section: &str) -> Vec<String> {
    let page = include_str!("../../dist/ipcmk.1");
    let (_, rest) = page
        .split_once(&format!(".SH {section}\n"))
        .expect("the section");
    let section = rest.split(".SH ").next().expect("split gives something");
    let blocks = section.split(".nf\n").skip(1);
    let text = blocks.map(|block| block.split_once(".fi\n").expect("its end").0);
    text.map(|text| text.replace("\\-", "-")).collect()
}

fn man_page() {
    let [conf, commands] = &blocks("BATCH FILE")[..] else {
        panic!("two blocks")
    };
    assert_eq!(conf, CONF);
    let [command, _] = both();
    let _installed = Installed::new(&command);
    // An image, in the directory `image`. First it has no user daemon.
    let scratch = Scratch::new().expect("a directory");
    let image = scratch.join("image");
    for directory in ["etc", "usr/bin", "var"] {
        fs::create_dir_all(image.join(directory)).expect("it is ours");
    }
    fs::copy(suite::x86_64(), image.join("usr/bin/ipcmk")).expect("it is ours");
    fs::write(image.join("etc/ipcmk.conf"), CONF).expect("it is ours");
    fs::write(image.join("etc/passwd"), "root:x:0:0::/:\n").expect("it is ours");
    let line = |line: &str| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).current_dir(scratch.join(""));
        command.env_clear();
        command.env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        let output = command.output().expect("sh");
        let stderr = String::from_utf8(output.stderr).expect("ASCII");
        (output.status.code(), stderr)
    };
    let [check, up, down] = &commands.lines().collect::<Vec<_>>()[..] else {
        panic!("three commands: {commands}")
    };
    let number = CONF.lines().position(|line| line.starts_with("-M "));
    let number = number.expect("a line") + 1;
    let (status, stderr) = line(check);
    let expected = format!("ipcmk: line {number}: no user 'daemon' in /etc/passwd\n");
    assert_eq!((status, &stderr), (Some(1), &expected));
    for name in ["passwd", "group"] {
        fs::copy(Path::new("/etc").join(name), image.join("etc").join(name)).expect("it is ours");
    }
    let fine = (Some(0), String::new());
    for (command, expected) in [(check, nothing()), (up, all()), (down, nothing())] {
        assert_eq!(line(command), fine, "{command}");
        assert_eq!(objects(), expected, "{command}");
    }
}

/// What OpenRC gives its scripts, as far as this one takes it.
const OPENRC: &str = "\
need() { echo need \"$@\"; }
after() { echo after \"$@\"; }
ebegin() { echo \"$*\"; }
eend() { echo \"$1\"; return \"$1\"; }
. \"$0\"
";

fn openrc() {
    let [command, _] = both();
    let installed = Installed::new(&command);
    let script = root().join("dist/ipcmk.initd");
    let busybox = root().join("target/kernels/x86_64/busybox");
    for shell in ["/bin/dash", busybox.to_str().expect("UTF-8")] {
        let call = |function: &str| {
            let mut command = Command::new(shell);
            command.args((shell != "/bin/dash").then_some("sh"));
            command.args(["-uc", &format!("{OPENRC}{function}")]);
            // As at boot.
            command.arg(&script).env_clear();
            command.env("PATH", "/sbin:/bin:/usr/sbin:/usr/bin");
            let output = command.output().expect("a shell");
            let [stdout, stderr] =
                [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("ASCII"));
            (output.status.code(), stdout, stderr)
        };
        let said = |text: &str| (Some(0), text.to_owned(), String::new());
        assert_eq!(
            call("depend"),
            said("need localmount\nafter bootmisc sysctl\n")
        );
        let up = "Creating the IPC objects of /etc/ipcmk.conf\n0\n";
        assert_eq!(call("start"), said(up));
        assert_eq!(objects(), all());
        let down = "Removing the IPC objects of /etc/ipcmk.conf\n0\n";
        assert_eq!(call("stop"), said(down));
        assert_eq!(objects(), nothing());
        assert_eq!(call("echo $required_files"), said("/etc/ipcmk.conf\n"));

        // OpenRC takes the service to have failed, and the reason is told.
        let conf = installed.etc.ours.join("ipcmk.conf");
        fs::write(&conf, format!("{CONF}-Q -p 999\n")).expect("it is ours");
        let line = CONF.lines().count() + 1;
        let (status, stdout, stderr) = call("start");
        assert_eq!(
            (status, stdout.as_str()),
            (Some(1), "Creating the IPC objects of /etc/ipcmk.conf\n1\n")
        );
        let expected = format!("ipcmk: line {line}: failed to parse mode: '999'");
        assert!(stderr.starts_with(&expected), "{stderr}");
        assert_eq!(objects(), nothing());
        fs::write(&conf, CONF).expect("it is ours");
    }
}

const UNIT: &str = include_str!("../../dist/ipcmk.service");

fn unit_runs() {
    let [command, _] = both();
    let _installed = Installed::new(&command);
    for (setting, expected) in [("ExecStart=", all()), ("ExecStop=", nothing())] {
        let line = UNIT.lines().find_map(|line| line.strip_prefix(setting));
        let mut words = line.expect(setting).split(' ');
        let program = words.next().expect("a word");
        run(Command::new(Path::new("/usr/local/bin").join(program)).args(words));
        assert_eq!(objects(), expected, "{setting}");
    }
}

/// What systemd says of a unit.
fn verify(unit: &str) -> String {
    let directory = Scratch::new().expect("a directory");
    let file = directory.join("ipcmk.service");
    fs::write(&file, unit).expect("it is ours");
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(file)
        .output()
        .expect("systemd-analyze");
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8(said).expect("UTF-8")
}

fn unit() {
    let [command, _] = both();
    let _installed = Installed::new(&command);
    assert_eq!(verify(UNIT), "");
    // It passes over none of these.
    for (right, wrong) in [
        ("RemainAfterExit=", "RemainAfterExits="),
        ("Type=oneshot", "Type=once"),
        ("[Install]", "[Instal]"),
        ("ExecStart=ipcmk", "ExecStart=ipcmk-that-is-nowhere"),
        ("Before=sysinit.target", "Before=sysinit"),
        ("man:ipcmk(1)", "ipcmk(1)"),
        ("ConditionPathExists=/etc", "ConditionPathExists=etc"),
    ] {
        assert_eq!(UNIT.matches(right).count(), 1, "{right}");
        assert_ne!(verify(&UNIT.replace(right, wrong)), "", "{wrong}");
    }
}

/// The objects of a machine, as its script `show` prints them.
fn shown(console: &str, title: &str) -> [Vec<String>; 2] {
    let parts = machine::parts(console, title);
    let of_kind = |kind: Kind| namespace::rows(kind, &parts[kind.name()]).expect("a table");
    let system_v = Kind::ALL.into_iter().flat_map(of_kind);
    [
        sorted(system_v.map(|object| without_id(&object))),
        sorted(parts["files"].lines().map(str::to_owned)),
    ]
}

/// The objects of ipcmk.conf, as that script prints them: it shows neither the qbytes of a queue
/// nor values, and queues as files of 80 bytes.
fn all_shown(console: &str) -> [Vec<String>; 2] {
    let parts = machine::parts(console, "up");
    let mut numbers = parts["ftok"]
        .split_whitespace()
        .map(|number| number.parse::<u64>().expect("a number"));
    let [device, inode] = [(), ()].map(|()| numbers.next().expect("two numbers"));
    // ftok(3): 8 bits of the id, 8 of the device, 16 of the inode.
    let key = 1 << 24 | (device & 0xff) << 16 | inode & 0xffff;
    let mut lines = system_v(key.try_into().expect("32 bits"));
    for line in &mut lines {
        let words = line.split(' ').map(|word| match word.split_once('=') {
            Some(("qbytes", _)) => "qbytes=0",
            Some(("values", _)) => "",
            _ => word,
        });
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        *line = words.join(" ");
    }
    let files = [
        "/dev/mqueue/ring size=80 mode=660 owner=0:0",
        "/dev/shm/ring size=65536 mode=660 owner=0:0",
        "/dev/shm/sem.ring size=32 mode=660 owner=0:0",
    ];
    [sorted(lines), files.map(str::to_owned).into()]
}

/// Boots a machine with ipcmk.conf and these lines of ours in its inittab. It shows its objects
/// when it is up, and after the last line that it runs before it goes down.
fn boot(name: &str, arch: &'static str, ours: &str) -> String {
    let inittab = format!("{ours}::wait:/bin/show up\n::shutdown:/bin/show down\n");
    let machine = Machine::new(name, arch, &inittab);
    machine.put("etc/ipcmk.conf", 0o644, CONF);
    machine.boot(256)
}

fn init(arch: &'static str) {
    let console = boot("init", arch, INITTAB);
    assert_eq!(shown(&console, "up"), all_shown(&console), "{console}");
    assert_eq!(shown(&console, "down"), nothing(), "{console}");
}

/// ipcmk.inittab without the line of this action.
fn inittab_without(action: &str) -> String {
    let is_other = |line: &&str| !line.starts_with(&format!("::{action}:"));
    let lines: Vec<&str> = INITTAB.lines().filter(is_other).collect();
    assert_eq!(lines.len() + 1, INITTAB.lines().count());
    lines.join("\n") + "\n"
}

fn no_create() {
    let console = boot("no-create", "x86_64", &inittab_without("sysinit"));
    assert_eq!(shown(&console, "up"), nothing(), "{console}");
    assert_eq!(shown(&console, "down"), nothing(), "{console}");
}

fn no_remove() {
    let console = boot("no-remove", "x86_64", &inittab_without("shutdown"));
    assert_eq!(shown(&console, "up"), all_shown(&console), "{console}");
    assert_eq!(shown(&console, "down"), all_shown(&console), "{console}");
}

/// What -J says of objects.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    ipcmk: Vec<JsonObject>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonObject {
    kind: String,
    id: i32,
    key: String,
    mode: Option<String>,
    qbytes: Option<u64>,
    nsems: Option<u64>,
    created: Option<bool>,
    removed: Option<bool>,
}

/// Unpacks what the script `many` has packed.
fn unpack(packed: &str) -> Vec<u8> {
    let mut child = Command::new("sh")
        .args(["-c", "base64 -d | gzip -d"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh");
    let mut stdin = child.stdin.take().expect("a pipe");
    let packed = packed.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(packed.as_bytes()));
    let output = child.wait_with_output().expect("its output");
    writer.join().expect("it does not panic").expect("it reads");
    assert!(output.status.success(), "it is packed");
    output.stdout
}

/// As many queues and sets as there can be, made and removed by one batch.
fn many(arch: &'static str) {
    const EACH: u32 = 32_000;
    let machine = Machine::new("many", arch, "::wait:/bin/many\n");
    machine.put("bin/many", 0o755, include_str!("dist/many"));
    let line = |key| format!("-Q -k {key}\n-S 1 -k {key}\n");
    machine.put(
        "batch",
        0o644,
        (1..=EACH).map(line).collect::<Vec<_>>().concat(),
    );
    let console = machine.boot(1024);
    let parts = machine::parts(&console, "many");
    for status in ["created status", "removed status"] {
        assert_eq!(parts[status], "0\n", "{status}");
    }
    let table = |title: &str, kind: Kind| {
        let text = unpack(&parts[&format!("{title} {kind}")]);
        let text = String::from_utf8(text).expect("ASCII");
        namespace::rows(kind, &text).expect("a table")
    };
    let json = |title: &str| {
        let text = unpack(&parts[title]);
        let json: Json = serde_json::from_slice(&text).expect("JSON");
        json.ipcmk
    };
    // What the kernel has, by kind, id and key.
    let name = HashMap::from([(Kind::Msg, "queue"), (Kind::Sem, "semaphore")]);
    let up: BTreeSet<_> = name
        .iter()
        .flat_map(|(&kind, &name)| {
            let rows = table("up", kind).into_iter();
            rows.map(move |object| (name.to_owned(), object.id, format!("0x{:08x}", object.key)))
        })
        .collect();
    assert_eq!(up.len(), 2 * EACH as usize);
    for (title, was) in [
        ("created", (Some(true), None)),
        ("removed", (None, Some(true))),
    ] {
        let items = json(title);
        assert_eq!(items.len(), 2 * EACH as usize, "{title}");
        assert!(
            items.iter().all(|item| (item.created, item.removed) == was),
            "{title}"
        );
        let has_properties = |item: &JsonObject| {
            let is_queue = item.kind == "queue";
            item.mode.is_some()
                && item.qbytes.is_some() == is_queue
                && item.nsems.is_some() != is_queue
        };
        let has_none = |item: &JsonObject| {
            item.mode.is_none() && item.qbytes.is_none() && item.nsems.is_none()
        };
        match was.1 {
            None => assert!(items.iter().all(has_properties)),
            Some(_) => assert!(items.iter().all(has_none)),
        }
        let said: BTreeSet<_> = items
            .into_iter()
            .map(|item| (item.kind, item.id, item.key))
            .collect();
        assert!(said == up, "{title}: not the objects of the kernel");
    }
    for kind in [Kind::Msg, Kind::Sem] {
        assert_eq!(table("down", kind), [], "{kind}");
    }
}
