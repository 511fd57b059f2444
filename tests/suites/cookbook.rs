//! The cookbook, tests/cookbook/README.md: all lines of an `sh` block create the same objects and
//! print the same, each in a new IPC namespace. Lines with -e run twice. (readme.rs runs the
//! sessions of that page.)

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::LazyLock;

use ipcmk_tests::files::Scratch;
use ipcmk_tests::namespace::{self, Object, Privilege};
use ipcmk_tests::suite;
use libtest_mimic::{Completion, Failed, Trial};

fn main() -> ExitCode {
    suite::run(|privilege| {
        let mut trials: Vec<Trial> = blocks()
            .into_iter()
            .map(|block| block.trial(privilege))
            .collect();
        trials.push(Trial::test("it_has_a_line_of_each_tool", || {
            each_tool();
            Ok(())
        }));
        trials.push(Trial::test("a_line_that_differs_is_found_out", || {
            planted();
            Ok(())
        }));
        trials
    })
}

/// The C programs in tests/cookbook.
const PROGRAMS: [&str; 5] = [
    "svshm_create",
    "svmsg_create",
    "svsem_create",
    "svsem_setall",
    "svmsg_chqbytes",
];

/// A block: lines that create the same objects.
struct Block {
    title: String,
    commands: Vec<String>,
}

/// The blocks of the cookbook.
fn blocks() -> Vec<Block> {
    let page = include_str!("../cookbook/README.md");
    let blocks = page.split("```sh\n").skip(1);
    let block = |text: &str| {
        let text = text.split("```").next().expect("split gives something");
        let (title, lines) = text.split_once('\n').expect("lines");
        let lines = lines.replace("\\\n", "");
        Block {
            title: title.strip_prefix("# ").expect(title).to_owned(),
            commands: lines.lines().map(str::to_owned).collect(),
        }
    };
    blocks.map(block).collect()
}

/// The output of a command, and the objects after it.
type Outcome = (String, Vec<Object>);

impl Block {
    /// The line with ipcmk.
    fn ours(&self) -> &str {
        self.commands.last().expect("lines")
    }

    fn trial(self, privilege: Privilege) -> Trial {
        let name = self.title.replace([' ', ','], "_");
        Trial::ignorable_test(name, move || {
            if self.ours().contains("--owner") && privilege != Privilege::Root {
                return Ok(Completion::ignored_with("another user takes root"));
            }
            self.compare()?;
            Ok(Completion::Completed)
        })
    }

    /// Runs all lines, and the one with ipcmk on each architecture.
    fn compare(&self) -> Result<(), Failed> {
        let [native, emulated] = &*DIRECTORIES;
        let twice = self.ours().contains(" -e ");
        let expected = run(self.ours(), native, twice)?;
        if expected.0.is_empty() || expected.1.is_empty() {
            return Err(format!("{}: nothing comes of it", self.ours()).into());
        }
        let has_values = self.ours().contains(" --value ");
        if !expected.1.iter().all(|set| set.is_ready == has_values) {
            return Err(format!("{}: sem_otime is set with values alone", self.ours()).into());
        }
        let mut others: Vec<_> = self.commands.iter().map(|line| (line, native)).collect();
        others.extend(self.commands.last().map(|line| (line, emulated)));
        for (line, directory) in others {
            let mut outcome = run(line, directory, twice)?;
            if has_values && line != self.ours() {
                // The other programs leave it 0.
                outcome.1.iter_mut().for_each(|set| set.is_ready = true);
            }
            if outcome != expected {
                let text = format!("{line}\n  {outcome:?}\n{}\n  {expected:?}", self.ours());
                return Err(text.into());
            }
        }
        Ok(())
    }
}

/// Two directories, each with the C programs and with `ipcmk`: the binary for x86_64, and a script
/// that runs the other under qemu.
static DIRECTORIES: LazyLock<[PathBuf; 2]> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cookbook");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("cookbook");
    drop(fs::remove_dir_all(&root));
    let directories = ["native", "emulated"].map(|name| root.join(name));
    for directory in &directories {
        fs::create_dir_all(directory).expect("a directory");
        for program in PROGRAMS {
            let compiled = Command::new("gcc")
                .args(["-O2", "-Wall", "-Wextra", "-Werror", "-o"])
                .args([
                    directory.join(program),
                    sources.join(program).with_extension("c"),
                ])
                .status();
            assert!(compiled.is_ok_and(|status| status.success()), "{program}");
        }
    }
    symlink(suite::x86_64(), directories[0].join("ipcmk")).expect("a link");
    let emulated = directories[1].join("ipcmk");
    let script = format!(
        "#!/bin/sh\nexec qemu-aarch64 '{}' \"$@\"\n",
        suite::aarch64().display()
    );
    fs::write(&emulated, script).expect("a script");
    fs::set_permissions(emulated, fs::Permissions::from_mode(0o755)).expect("it is ours");
    directories
});

/// Runs a line in a new namespace, with the programs of a directory. With `twice` a second run must
/// give the same.
fn run(line: &str, directory: &Path, twice: bool) -> Result<Outcome, Failed> {
    namespace::unshare()?;
    let scratch = Scratch::new()?;
    let once = || {
        let mut command = Command::new("/bin/sh");
        // /usr/bin first, since Debian's Python modules are for Debian's Python.
        command
            .args(["-euc", line])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", directory.display()))
            .current_dir(scratch.join(""));
        let output = command.output()?;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        if !output.status.success() || !output.stderr.is_empty() {
            return Err(Failed::from(format!("{line}\n{}", text(&output.stderr))));
        }
        Ok((text(&output.stdout), namespace::objects()?))
    };
    let outcome = once()?;
    if twice && once()? != outcome {
        return Err(format!("{line}: not the same the second time").into());
    }
    Ok(outcome)
}

/// The blocks are read completely, and no tool is missing.
fn each_tool() {
    let blocks = blocks();
    let lines = || blocks.iter().flat_map(|block| &block.commands);
    for tool in PROGRAMS.iter().chain(&["perl", "python3"]) {
        let has = |line: &&String| {
            let mut words = line.split(|c: char| c.is_whitespace() || "(;&".contains(c));
            words.any(|word| word == *tool)
        };
        assert!(lines().any(|line| has(&line)), "no line has {tool}");
    }
    let titles: BTreeSet<&str> = blocks.iter().map(|block| block.title.as_str()).collect();
    assert_eq!(titles.len(), blocks.len(), "each has its own title");
    for block in &blocks {
        assert!(block.commands.len() > 1, "{}", block.title);
        assert!(block.ours().contains("ipcmk "), "{}", block.title);
        assert!(!block.commands[0].contains("ipcmk "), "{}", block.title);
    }
    for option in [
        "-k", "--ftok", "-e", "--value", "--owner", "--qbytes", "-r", "--lock", "--batch",
    ] {
        let has = |block: &Block| block.ours().split(' ').any(|word| word == option);
        assert!(blocks.iter().any(has), "no line has {option}");
    }
}

/// In each block another line is replaced by an ipcmk line that creates something else: this must
/// fail.
fn planted() {
    for (line, other) in [
        (
            "svshm_create -cx -k 1 4096 600",
            "ipcmk -M 4096 -k 2 -p 600 -r",
        ),
        (
            "svshm_create -cx -k 1 4096 600",
            "ipcmk -M 4097 -k 1 -p 600 -r",
        ),
        (
            "svshm_create -cx -k 1 4096 600",
            "ipcmk -M 4096 -k 1 -p 640 -r",
        ),
        (
            "svshm_create -cx -k 1 4096 600",
            "ipcmk -M 4096 -k 1 -p 600 --lock -r",
        ),
        (
            "svshm_create -cx -k 1 4096 600",
            "ipcmk -M 4096 -k 1 -p 600",
        ),
        (
            "svshm_create -c -k 1 4096 600",
            "ipcmk -M 4096 -k private -p 600 -e -r",
        ),
        (
            "svmsg_create -cx -k 1 600",
            "ipcmk -Q -k 1 -p 600 --qbytes 1 -r",
        ),
        (
            "svsem_create -cx -k 1 2 600",
            "ipcmk -S 2 -k 1 -p 600 --value 0,1 -r",
        ),
        ("svsem_create -cx -k 1 2 600", "ipcmk -S 1 -k 1 -p 600 -r"),
        (
            "svsem_create -cx -k 1 2 600",
            "ipcmk -S 2 -Q -k 1 -p 600 -r",
        ),
        (
            "svsem_create -cx -k 1 2 600",
            "ipcmk -S 2 -k 1 -p 600 -r; false",
        ),
        ("echo", "ipcmk -h >/dev/null; echo"),
    ] {
        let block = Block {
            title: String::new(),
            commands: vec![line.to_owned(), other.to_owned()],
        };
        assert!(block.compare().is_err(), "{line}\n{other}");
    }
    let same = Block {
        title: String::new(),
        commands: ["svmsg_create -p", "ipcmk -Q -k 0 -p 600 -r"]
            .map(str::to_owned)
            .into(),
    };
    assert!(same.compare().is_ok());
}
