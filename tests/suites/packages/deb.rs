//! `make deb`.

use super::{
    Board, Command, Copy, Path, Scratch, Write, env, fs, list, read, run, shell, suite, version,
};

/// What is in the package: its mode and name.
const PACKED: &str = "\
-rwxr-xr-x usr/bin/ipcmk-static
-rw-r--r-- usr/share/bash-completion/completions/ipcmk-static
-rw-r--r-- usr/share/doc/ipcmk-static/changelog.Debian.gz
-rw-r--r-- usr/share/doc/ipcmk-static/changelog.gz
-rw-r--r-- usr/share/doc/ipcmk-static/copyright
-rwxr-xr-x usr/share/doc/ipcmk-static/examples/dracut/module-setup.sh
-rwxr-xr-x usr/share/doc/ipcmk-static/examples/initramfs-tools/ipcmk
-rw-r--r-- usr/share/doc/ipcmk-static/examples/ipcmk.conf
-rwxr-xr-x usr/share/doc/ipcmk-static/examples/ipcmk.initd
-rw-r--r-- usr/share/doc/ipcmk-static/examples/ipcmk.inittab
-rw-r--r-- usr/share/doc/ipcmk-static/examples/ipcmk.service
-rwxr-xr-x usr/share/doc/ipcmk-static/examples/ipcmk.sysvinit
-rw-r--r-- usr/share/fish/vendor_completions.d/ipcmk-static.fish
-rw-r--r-- usr/share/lintian/overrides/ipcmk-static
-rw-r--r-- usr/share/man/man1/ipcmk-static.1.gz
-rw-r--r-- usr/share/zsh/vendor-completions/_ipcmk-static
";

/// The packages of all boards, below a copy.
pub struct Packages {
    copy: Copy,
}

impl Packages {
    pub fn new(boards: &[&str]) -> Self {
        let copy = Copy::new();
        run(&mut copy.command(&format!("tests/tools/deb.sh {}", boards.join(" "))));
        Self { copy }
    }

    fn all() -> Self {
        let names: Vec<&str> = Board::all().iter().map(|board| board.name).collect();
        Self::new(&names)
    }

    pub fn file(&self, board: &str) -> std::path::PathBuf {
        let debian = Board::named(board).expect("a board").debian;
        let name = format!("target/deb/ipcmk-static_{}-1_{debian}.deb", version());
        self.copy.root.join(name)
    }

    /// Unpacks one.
    fn unpack(&self, board: &str, scratch: &Scratch) -> std::path::PathBuf {
        let folder = scratch.join(board);
        let file = self.file(board);
        run(Command::new("dpkg-deb")
            .arg("--extract")
            .args([&file, &folder]));
        folder
    }
}

fn text(path: &Path) -> String {
    String::from_utf8(read(path)).expect("text")
}

pub fn files() {
    let (packages, scratch) = (
        Packages::new(&["x86_64"]),
        Scratch::new().expect("a directory"),
    );
    let folder = packages.unpack("x86_64", &scratch);
    assert_eq!(list(&folder, false), PACKED);
    assert!(read(&folder.join("usr/bin/ipcmk-static")) == read(&suite::x86_64()));

    // All is root's, and as old as the sources.
    let table = run(shell(
        "TZ=UTC dpkg-deb --fsys-tarfile \"$FILE\" | TZ=UTC tar --numeric-owner --full-time -tv",
    )
    .env("FILE", packages.file("x86_64")));
    for line in table.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[1], "0/0", "{line}");
        assert_eq!(words[3..5], ["2023-11-14", "22:13:20"], "{line}");
    }
    let sums = run(shell(
        "dpkg-deb --ctrl-tarfile \"$FILE\" | tar -xO ./md5sums | md5sum --strict -c",
    )
    .env("FILE", packages.file("x86_64"))
    .current_dir(&folder));
    assert_eq!(
        sums.matches(": OK\n").count(),
        PACKED.lines().count(),
        "{sums}"
    );

    // The program's other name is in all that calls it: a plain `ipcmk` is util-linux's.
    let examples = folder.join("usr/share/doc/ipcmk-static/examples");
    for (name, call) in [
        (
            "ipcmk.service",
            "\nExecStop=ipcmk-static --batch /etc/ipcmk.conf --remove\n",
        ),
        (
            "ipcmk.initd",
            "\n\tipcmk-static --batch /etc/ipcmk.conf --remove >/dev/null\n",
        ),
        (
            "ipcmk.inittab",
            "/usr/bin/ipcmk-static --batch /etc/ipcmk.conf --remove\n",
        ),
        ("ipcmk.sysvinit", "\nDAEMON=\"ipcmk-static\"\n"),
    ] {
        let text = text(&examples.join(name));
        assert!(text.contains(call), "{name}: {text}");
        assert!(!text.contains("ipcmk --batch"), "{name}: {text}");
    }
    let page = run(shell(
        "zcat usr/share/man/man1/ipcmk-static.1.gz >page; mandoc -T lint -W warning page; cat page",
    )
    .current_dir(&folder));
    assert!(
        page.contains("\n.SH NAME\nipcmk\\-static \\- create"),
        "{page}"
    );
    let changes = run(shell(
        "zcat usr/share/doc/ipcmk-static/changelog.Debian.gz | dpkg-parsechangelog -l -",
    )
    .current_dir(&folder));
    let first = format!("Source: ipcmk-static\nVersion: {}-1\n", version());
    assert!(changes.starts_with(&first), "{changes}");
    copyright(&folder.join("usr/share/doc/ipcmk-static/copyright"));
}

/// Each crate that is linked in is named, with the licence under which it is.
fn copyright(file: &Path) {
    let said = text(file);
    let cargo = env::var_os("CARGO").expect("cargo sets it");
    let tree = run(Command::new(cargo)
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}|{l}"])
        .current_dir(super::root()));
    let mut expected = String::new();
    for line in tree.lines() {
        let (package, license) = line.split_once('|').expect("two columns");
        let name = package.split(' ').next().expect("a name");
        let license = if license.contains("MIT") {
            "Expat"
        } else {
            license
        };
        let files = if name == "ipcmk" {
            "*".to_owned()
        } else {
            format!("{name}-*")
        };
        let entry = said
            .split("\n\n")
            .find(|entry| entry.starts_with(&format!("Files: {files}\n")));
        let entry = entry.unwrap_or_else(|| panic!("dist/copyright has no {files}: {line}"));
        assert!(
            entry.ends_with(&format!("\nLicense: {license}")),
            "{entry}: {line}"
        );
        let _ = writeln!(expected, "{files}");
        assert!(
            said.contains(&format!("\n\nLicense: {license}\n ")),
            "{license}"
        );
    }
    assert_eq!(said.matches("\nFiles: ").count(), expected.lines().count());
}

/// Debian's name of an architecture, and what the file's own header says: class and machine.
const HEADERS: [(&str, u8, u8); 5] = [
    ("amd64", 2, 62),
    ("arm64", 2, 183),
    ("armhf", 1, 40),
    ("i386", 1, 3),
    ("riscv64", 2, 243),
];

pub fn fields() {
    let (packages, scratch) = (Packages::all(), Scratch::new().expect("a directory"));
    for board in Board::all() {
        let file = packages.file(board.name);
        let control = run(Command::new("dpkg-deb").arg("--field").arg(&file));
        let field = |name: &str| {
            let prefix = format!("{name}: ");
            control.lines().find_map(|line| line.strip_prefix(&*prefix))
        };
        assert_eq!(field("Package"), Some("ipcmk-static"));
        assert_eq!(field("Version"), Some(&*format!("{}-1", version())));
        assert_eq!(field("Architecture"), Some(board.debian));
        for relation in [
            "Depends",
            "Pre-Depends",
            "Recommends",
            "Conflicts",
            "Replaces",
        ] {
            assert_eq!(field(relation), None, "{control}");
        }
        let program = packages
            .unpack(board.name, &scratch)
            .join("usr/bin/ipcmk-static");
        let bytes = read(&program);
        let (_, class, machine) = HEADERS
            .into_iter()
            .find(|(debian, ..)| *debian == board.debian)
            .expect("add its row");
        assert_eq!((bytes[4], bytes[18]), (class, machine), "{}", board.debian);
        assert!(bytes == read(&suite::ipcmk(board.name)));
        let mut command = match board.emulator {
            Some(emulator) => {
                let mut command = Command::new(emulator);
                command.arg(&program);
                command
            }
            // A machine that runs no 32-bit programs cannot run i386's.
            None if board.name == "i686" => continue,
            None => Command::new(&program),
        };
        let said = run(command.arg("--version"));
        assert_eq!(said, format!("ipcmk from ipcmk {}\n", version()));
    }
}

/// Runs lintian on packages: not even a warning.
fn lint(boards: &[&str]) {
    let packages = Packages::new(boards);
    let files = boards.iter().map(|board| packages.file(board));
    let printed = run(Command::new("lintian")
        .args([
            "--display-info",
            "--fail-on",
            "error,warning,info",
            "--tag-display-limit",
            "0",
        ])
        .args(files));
    assert_eq!(printed, "");

    // It reads the files: a package with a mistake is refused.
    let broken = packages.copy.root.join("broken");
    let line =
        "dpkg-deb --raw-extract \"$FILE\" broken; rm broken/usr/share/doc/ipcmk-static/copyright
        dpkg-deb --root-owner-group --build broken broken.deb >/dev/null; ! lintian broken.deb";
    let said = run(packages
        .copy
        .command(line)
        .env("FILE", packages.file(boards[0])));
    assert!(said.contains("no-copyright-file"), "{said}");
    fs::remove_dir_all(broken).expect("this test's");
}

pub fn lintian() {
    lint(&["x86_64"]);
}

pub fn lintian_all() {
    let names: Vec<&str> = Board::all().iter().map(|board| board.name).collect();
    lint(&names);
}
