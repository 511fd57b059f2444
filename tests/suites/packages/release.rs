//! `make release`.

use super::{
    Board, Copy, EPOCH, Path, PathBuf, Scratch, env, fs, list, read, refused, root, run, shell,
    suite, version,
};

/// What is in a tarball: mode, name, and the file of the sources.
const PACKED: [(&str, &str, &str); 15] = [
    ("-rw-r--r--", "CHANGELOG.md", "dist/CHANGELOG.md"),
    ("-rw-r--r--", "COPYRIGHT", "dist/copyright"),
    ("-rw-r--r--", "LICENSE", "LICENSE"),
    ("-rw-r--r--", "README.md", "README.md"),
    (
        "-rwxr-xr-x",
        "boot/dracut/module-setup.sh",
        "dist/dracut/module-setup.sh",
    ),
    (
        "-rwxr-xr-x",
        "boot/initramfs-tools/ipcmk",
        "dist/initramfs-tools/ipcmk",
    ),
    ("-rw-r--r--", "boot/ipcmk.conf", "dist/ipcmk.conf"),
    ("-rwxr-xr-x", "boot/ipcmk.initd", "dist/ipcmk.initd"),
    ("-rw-r--r--", "boot/ipcmk.inittab", "dist/ipcmk.inittab"),
    ("-rw-r--r--", "boot/ipcmk.service", "dist/ipcmk.service"),
    ("-rwxr-xr-x", "boot/ipcmk.sysvinit", "dist/ipcmk.sysvinit"),
    ("-rw-r--r--", "complete/_ipcmk", "dist/completions/_ipcmk"),
    (
        "-rw-r--r--",
        "complete/ipcmk.bash",
        "dist/completions/ipcmk.bash",
    ),
    (
        "-rw-r--r--",
        "complete/ipcmk.fish",
        "dist/completions/ipcmk.fish",
    ),
    ("-rw-r--r--", "doc/ipcmk.1", "dist/ipcmk.1"),
];

/// The words of a command that packs the files of every board.
fn all() -> String {
    Board::all()
        .iter()
        .map(|board| format!(" {}", board.name))
        .collect()
}

fn name(board: &Board) -> String {
    format!("ipcmk-{}-{}", version(), board.target)
}

pub fn tarballs() {
    let (copy, scratch) = (Copy::new(), Scratch::new().expect("a directory"));
    run(&mut copy.packing(&format!("release.sh {}", all())));
    for board in Board::all() {
        let name = name(board);
        let file = copy
            .root
            .join(format!("target/release-files/{name}.tar.gz"));
        let table =
            run(shell("TZ=UTC tar --numeric-owner --full-time -tvzf \"$FILE\"").env("FILE", &file));
        for line in table.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(words[1], "0/0", "{line}");
            assert_eq!(words[3..5], ["2023-11-14", "22:13:20"], "{line}");
            assert!(words[5].starts_with(&name), "{line}");
        }
        let folder = scratch.join(board.name);
        fs::create_dir(&folder).expect("a directory");
        run(shell("umask 022; tar -C \"$TO\" -xzf \"$FILE\"")
            .env("FILE", &file)
            .env("TO", &folder));
        let folder = folder.join(&name);
        let expected: String = PACKED
            .iter()
            .map(|(mode, name, _)| format!("{mode} {name}\n"))
            .chain(["-rwxr-xr-x ipcmk\n".to_owned()])
            .collect();
        assert_eq!(list(&folder, false), expected);
        for (_, name, from) in PACKED {
            assert!(
                read(&folder.join(name)) == read(&root().join(from)),
                "{name}"
            );
        }
        assert!(read(&folder.join("ipcmk")) == read(&suite::ipcmk(board.name)));
    }
}

/// Two tools can check the sums, and the compiler is named.
pub fn sums() {
    let copy = Copy::new();
    run(&mut copy.command(&format!("tests/tools/release.sh {}", all())));
    let folder = copy.root.join("target/release-files");
    let sums = String::from_utf8(read(&folder.join("SHA256SUMS"))).expect("text");
    let listed = list(&folder, false);
    let names = listed.lines().map(|line| &line["-rw-r--r-- ".len()..]);
    let names: Vec<&str> = names.filter(|name| *name != "SHA256SUMS").collect();
    let summed: Vec<&str> = sums.lines().map(|line| &line[66..]).collect();
    assert_eq!(summed, names);
    let tarballs: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_suffix(".tar.gz"))
        .collect();
    let mut expected: Vec<String> = Board::all().iter().map(name).collect();
    expected.sort();
    assert_eq!(tarballs, expected);
    let said = run(&mut copy.command("rustc --version"));
    let compiler = said.split(' ').take(2).collect::<Vec<_>>().join("-") + ".txt";
    assert!(names.contains(&&*compiler), "{names:?} have no {compiler}");
    let text = String::from_utf8(read(&folder.join(&compiler))).expect("text");
    let line = format!(
        "x86_64-unknown-linux-gnu: {}, linked by gcc",
        said.trim_end()
    );
    assert!(text.starts_with(&line), "{text}");

    let busybox = root().join("target/kernels/x86_64/busybox");
    let tools = [
        "sha256sum --strict".to_owned(),
        format!("'{}' sha256sum", busybox.display()),
    ];
    for tool in &tools {
        let line = format!("{tool} -c SHA256SUMS");
        let printed = run(shell(&line).current_dir(&folder));
        assert_eq!(printed.matches(": OK\n").count(), names.len(), "{printed}");
    }
    fs::write(folder.join(&compiler), "another").expect("a copy");
    for tool in &tools {
        refused(shell(&format!("{tool} -c SHA256SUMS")).current_dir(&folder));
    }
}

/// Sources that name two versions are refused, and so is another tag than the version's.
pub fn versions() {
    let release = "tests/tools/release.sh x86_64";
    for (file, line, script) in [
        (
            "Cargo.toml",
            format!("\nversion = \"{}\"", version()),
            release,
        ),
        (
            "Cargo.lock",
            format!("name = \"ipcmk\"\nversion = \"{}\"", version()),
            release,
        ),
        ("dist/ipcmk.1", format!("\"ipcmk {}\"", version()), release),
        (
            "dist/CHANGELOG.md",
            format!("## {}", version()),
            "tests/tools/deb.sh x86_64",
        ),
    ] {
        let copy = Copy::new();
        copy.edit(file, &line, &line.replace(version(), "9.8.7"));
        let said = refused(&mut copy.command(script));
        assert!(said.contains("9.8.7") && said.contains(version()), "{said}");
        assert!(file == "Cargo.toml" || said.contains(file), "{said}");
    }
    let copy = Copy::new();
    run(&mut copy.command(&format!("{COMMIT}; git tag v9.8.7")));
    let said = refused(&mut copy.command(release));
    assert!(said.contains("tag is v9.8.7"), "{said}");
    run(&mut copy.command(&format!(
        "git tag -d v9.8.7; git tag v{}; git tag other; {release}",
        version()
    )));
}

/// Makes a repository of a copy, and its first commit.
const COMMIT: &str = "export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
    export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c
    export GIT_COMMITTER_DATE=@1600000000
    git init -q; git add Cargo.toml; git commit -qm one";

/// SOURCE_DATE_EPOCH, or the commit's time, or the date of the newest entry in the changelog.
pub fn times() {
    let copy = Copy::new();
    let time = |line: &str, epoch: Option<&str>| {
        let mut command = copy.command(&format!(
            "{line}tests/tools/release.sh x86_64 >/dev/null
            TZ=UTC tar --full-time -tvzf target/release-files/*.tar.gz"
        ));
        match epoch {
            Some(epoch) => command.env("SOURCE_DATE_EPOCH", epoch),
            None => command.env_remove("SOURCE_DATE_EPOCH"),
        };
        let table = run(&mut command);
        let line = table.lines().next().expect("a file");
        line.split_whitespace()
            .skip(3)
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let changelog = String::from_utf8(read(&copy.root.join("dist/CHANGELOG.md"))).expect("text");
    let entry = changelog
        .lines()
        .find(|line| line.starts_with("## "))
        .expect("an entry");
    let digits = entry.find("20").expect("its date");
    let date = &entry[digits..digits + 10];
    // The copy is in no repository, whatever folder it is in.
    assert_eq!(time("", None), format!("{date} 00:00:00"));
    assert_eq!(time(&format!("{COMMIT}; "), None), "2020-09-13 12:26:40");
    assert_eq!(time("", Some(EPOCH)), "2023-11-14 22:13:20");
}

/// All files of a release, and all packages, with their sums.
fn packages(copy: &Copy) -> String {
    run(shell("cd target; sha256sum release-files/* deb/*").current_dir(&copy.root))
}

/// The same files, whatever the umask, the zone, the home, the locale, the clock's seconds.
pub fn twice() {
    let mut sums = Vec::new();
    for (umask, zone, locale) in [("022", "UTC", "C"), ("077", "Pacific/Auckland", "C.UTF-8")] {
        let copy = Copy::new();
        let line = format!(
            "umask {umask}; tests/tools/release.sh{0}; tests/tools/deb.sh{0}",
            all()
        );
        run(copy
            .command(&line)
            .env("TZ", zone)
            .env("LC_ALL", locale)
            .env("HOME", "/nonexistent"));
        sums.push(packages(&copy));
    }
    assert_eq!(
        sums[0].lines().count(),
        2 * Board::all().len() + 2,
        "{}",
        sums[0]
    );
    assert_eq!(sums[0], sums[1]);
}

/// The same after a build in another folder, by another user's settings.
pub fn elsewhere() {
    let here = Copy::new();
    let line = format!("tests/tools/release.sh{0}; tests/tools/deb.sh{0}", all());
    run(&mut here.command(&line));

    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages-elsewhere");
    if root.exists() {
        fs::remove_dir_all(&root).expect("what an earlier run has left");
    }
    Copy::make(&root);
    let there = Copy {
        root,
        _scratch: None,
    };
    let home = env::var_os("HOME").map(PathBuf::from).expect("a home");
    let of_home = |variable, name| env::var_os(variable).map_or(home.join(name), PathBuf::from);
    run(there
        .command("umask 077; make release deb")
        .env("CARGO_HOME", of_home("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", of_home("RUSTUP_HOME", ".rustup"))
        .env("HOME", &there.root)
        .env("TZ", "Pacific/Auckland"));
    assert_eq!(packages(&there), packages(&here));
    fs::remove_dir_all(&there.root).expect("this test's");
}
