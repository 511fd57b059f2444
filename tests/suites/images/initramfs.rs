//! An initramfs of initramfs-tools or of dracut, made in a chroot of Debian, and booted to its
//! shell, where ipcmk creates objects.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ipcmk_tests::files::Scratch;
use ipcmk_tests::namespace::{self, Kind};

use super::{root, run};

/// The folder of a chroot of this release: a minimal Debian with a kernel, which depends on
/// initramfs-tools.
fn chroot(suite: &str) -> PathBuf {
    let name = format!("images-{suite}");
    run(Command::new(root().join("tests/tools/chroot.sh")).args([
        &name,
        suite,
        "linux-image-cloud-amd64",
    ]));
    root().join("target/chroots").join(name)
}

/// Runs a script in that chroot: each line must succeed. What it prints to its descriptor 3 is the
/// content of `file`; returned is whether it succeeded, and what it prints otherwise.
fn inside(suite: &str, script: &str, stdin: Stdio, file: &Path) -> (bool, String) {
    let output = Command::new(root().join("tests/tools/in-chroot.sh"))
        .args([&format!("images-{suite}"), "sh", "-euc"])
        .arg(format!("exec 3>&1 >&2\n{script}"))
        .stdin(stdin)
        .stdout(File::create(file).expect("it is ours"))
        .stderr(Stdio::piped())
        .output()
        .expect("in-chroot.sh starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

/// What is typed in the shell, with the status that is expected.
const COMMANDS: [(&str, i32); 12] = [
    ("command -v ipcmk", 0),
    ("ipcmk -M 4096 -k 0x5101 -p 640 -r", 0),
    ("ipcmk -Q -k 0x5102 --qbytes 8192 -r", 0),
    ("ipcmk -S 3 -k 0x5103 --value 1,0,5 -r", 0),
    ("echo '-M 8K -k 0x5104 -e' >/batch", 0),
    ("echo '-S 2 -k 0x5105' >>/batch", 0),
    ("ipcmk --batch /batch -r", 0),
    // All or nothing: the segment is removed again.
    ("ipcmk -M 4096 -k 0x5106 -S 99999", 1),
    ("cat /proc/sysvipc/shm", 0),
    ("cat /proc/sysvipc/msg", 0),
    ("cat /proc/sysvipc/sem", 0),
    (OF_CONF, 0),
];

/// Succeeds if the initramfs has the chroot's /etc/ipcmk.conf.
const OF_CONF: &str = "ipcmk --batch /etc/ipcmk.conf --dry-run";

/// Boots the chroot's kernel with this initramfs to its shell, which has this prompt, and creates
/// objects there.
fn boot(suite: &str, initramfs: &Path, [prompt, words]: [&str; 2], has_conf: bool) {
    let boot = fs::read_dir(chroot(suite).join("boot")).expect("a folder");
    let mut kernels = boot
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            let name = path.file_name().expect("it has one");
            name.to_string_lossy().starts_with("vmlinuz-")
        });
    let kernel = kernels.next().expect("a kernel");
    assert!(kernels.next().is_none(), "one kernel");
    // The emulator is this machine's, or the one that emulators.sh has fetched.
    let fetched = root().join("target/qemu/bin");
    let path = env::var("PATH").expect("a PATH");
    let printed = run(Command::new("/usr/bin/python3")
        .env("PATH", format!("{path}:{}", fetched.display()))
        .arg(root().join("tests/suites/images/console.py"))
        .arg(prompt)
        .args(COMMANDS.map(|(command, _)| command))
        .args([
            "--",
            "qemu-system-x86_64",
            "-M",
            "q35",
            "-cpu",
            "max,la57=off",
        ])
        .args([
            "-accel",
            "tcg",
            "-m",
            "512",
            "-nographic",
            "-no-reboot",
            "-nic",
            "none",
        ])
        .args([
            Path::new("-kernel"),
            &kernel,
            Path::new("-initrd"),
            initramfs,
        ])
        .args(["-append", &format!("console=ttyS0 mitigations=off {words}")]));
    let results: Vec<(i32, String)> =
        serde_json::from_str(&printed).expect("what console.py prints");
    assert_eq!(results.len(), COMMANDS.len());
    for ((command, expected), (status, output)) in COMMANDS.into_iter().zip(&results) {
        let expected = if command == OF_CONF {
            i32::from(!has_conf)
        } else {
            expected
        };
        assert_eq!(*status, expected, "{command}: {output}");
    }
    let output = |command: &str| {
        let place = COMMANDS.iter().position(|(typed, _)| *typed == command);
        results[place.expect("it was typed")].1.as_str()
    };
    // /bin is a link to /usr/bin.
    let path = output("command -v ipcmk");
    assert!(
        ["/bin/ipcmk\n", "/usr/bin/ipcmk\n"].contains(&path),
        "{path}"
    );
    // The ids are those of the kernel's table.
    let id = |command: &str| output(command).trim_end().to_owned();
    let [segment, queue, set] = [1, 2, 3].map(|place: usize| id(COMMANDS[place].0));
    let batch = id("ipcmk --batch /batch -r");
    let (second, pair) = batch.split_once('\n').expect("two lines");
    let mut objects = Vec::new();
    for kind in Kind::ALL {
        let table = output(&format!("cat /proc/sysvipc/{kind}"));
        let rows = namespace::rows(kind, table).expect("a table");
        objects.extend(rows.iter().map(ToString::to_string));
    }
    objects.sort();
    // /proc shows no limit of a queue and no values.
    assert_eq!(
        objects,
        [
            format!("msg key=0x5102 qbytes=0 mode=644 owner=0:0 (id {queue})"),
            format!("sem key=0x5103 nsems=3 mode=644 owner=0:0 sem_otime set (id {set})"),
            format!("sem key=0x5105 nsems=2 mode=644 owner=0:0 (id {pair})"),
            format!("shm key=0x5101 size=4096 mode=640 owner=0:0 (id {segment})"),
            format!("shm key=0x5104 size=8192 mode=644 owner=0:0 (id {second})"),
        ]
    );
}

/// The prompt of the shell of initramfs-tools, and the words of the kernel's command line that open
/// it.
const TOP: [&str; 2] = ["(initramfs) ", "break=top"];

/// The same for dracut.
const CMDLINE: [&str; 2] = ["cmdline:/# ", "rd.break=cmdline rd.shell"];

/// A batch that needs no users, for /etc/ipcmk.conf.
const CONF: &str = "echo '-M 4096 -k 0x5201 -e' >/etc/ipcmk.conf\n";

/// Copies the file under test to this path.
fn put(path: &str) -> String {
    format!("install -D -m 755 /ipcmk/target/dist/ipcmk-x86_64 {path}\n")
}

pub fn hook(suite: &str) {
    chroot(suite);
    let scratch = Scratch::new().expect("a directory");
    let initramfs = scratch.join("initramfs");
    let install = "install /ipcmk/dist/initramfs-tools/ipcmk /etc/initramfs-tools/hooks\n";
    // Whether the initramfs has exactly this file as /usr/bin/ipcmk, and nothing else of that name.
    let make = "update-initramfs -u
        unmkinitramfs /boot/initrd.img-* /unpacked
        found=$(find /unpacked -name 'ipcmk*' ! -name ipcmk.conf)
        cmp \"$found\" /ipcmk/target/dist/ipcmk-x86_64
        case $found in */usr/bin/ipcmk) ;; *) echo \"$found\"; exit 1 ;; esac
        [ -x \"$found\" ]\n";

    // Never util-linux's, which this chroot has.
    let (succeeded, said) = inside(
        suite,
        &format!("[ -x /usr/bin/ipcmk ]\n{install}update-initramfs -u"),
        Stdio::null(),
        &initramfs,
    );
    assert!(!succeeded, "{said}");
    assert!(
        said.contains("neither /usr/local/bin/ipcmk (make install) nor /usr/bin/ipcmk-static"),
        "{said}"
    );

    let script = format!("{}{install}{make}", put("/usr/bin/ipcmk-static"));
    let (succeeded, said) = inside(suite, &script, Stdio::null(), &initramfs);
    assert!(succeeded, "{said}");

    let script = format!(
        "{}{CONF}{install}{make}cat /boot/initrd.img-* >&3",
        put("/usr/local/bin/ipcmk")
    );
    let (succeeded, said) = inside(suite, &script, Stdio::null(), &initramfs);
    assert!(succeeded, "{said}");
    assert!(!said.contains("E: "), "{said}");
    boot(suite, &initramfs, TOP, true);
}

pub fn dracut(suite: &str) {
    chroot(suite);
    let scratch = Scratch::new().expect("a directory");
    let initramfs = scratch.join("initramfs");
    let install = "apt-get -qq update
        apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install dracut-core
        install -D /ipcmk/dist/dracut/module-setup.sh /usr/lib/dracut/modules.d/95ipcmk/module-setup.sh\n";
    let make = "dracut --force --no-hostonly --no-kernel --modules 'base bash ipcmk' /image\n";

    let (succeeded, said) = inside(
        suite,
        &format!("[ -x /usr/bin/ipcmk ]\n{install}{make}"),
        Stdio::null(),
        &initramfs,
    );
    assert!(!succeeded, "{said}");
    assert!(
        said.contains("neither /usr/local/bin/ipcmk (make install) nor /usr/bin/ipcmk-static"),
        "{said}"
    );

    let script = format!(
        "{install}{}{make}lsinitrd /image | grep '^-.*usr/bin/ipcmk$'\nrm /usr/bin/ipcmk-static\n{CONF}{}{make}cat /image >&3",
        put("/usr/bin/ipcmk-static"),
        put("/usr/local/bin/ipcmk")
    );
    let (succeeded, said) = inside(suite, &script, Stdio::null(), &initramfs);
    assert!(succeeded, "{said}");
    boot(suite, &initramfs, CMDLINE, true);
}

/// The lines of README.md between its markers `initramfs`.
fn lines() -> String {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let block = readme
        .split_once("<!-- initramfs -->\n```sh\n")
        .and_then(|(_, rest)| rest.split_once("```\n<!-- /initramfs -->\n"));
    let (block, _) = block.expect("README.md has the lines");
    assert_eq!(block.lines().count(), 3, "{block}");
    block.to_owned()
}

pub fn readme(suite: &str) {
    chroot(suite);
    let scratch = Scratch::new().expect("a directory");
    let initramfs = scratch.join("initramfs");
    // The sources alone, as git has them.
    let script = format!(
        "if command -v cargo; then exit 1; fi
        mkdir /sources
        cd /sources
        tar -x
        exec </dev/null\n{}cat /boot/initrd.img-* >&3",
        lines()
    );
    let pack =
        "git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=-";
    let mut sources = Command::new("sh")
        .args(["-c", pack])
        .current_dir(root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh");
    let stdin = sources.stdout.take().expect("a pipe");
    let (succeeded, said) = inside(suite, &script, stdin.into(), &initramfs);
    assert!(succeeded, "{said}");
    assert!(sources.wait().expect("it ends").success());
    boot(suite, &initramfs, TOP, false);
}
