//! README.md, and the pages of figures and examples that it links to: sessions run as shown,
//! figures agree, links lead somewhere. (cookbook.rs runs the other lines of the cookbook.)

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ipcmk::cli::options::TABLE;
use ipcmk_tests::board::Board;
use ipcmk_tests::files::repository as root;
use ipcmk_tests::suite;

/// A page: its path in the repository, and its text.
type Page = (&'static str, &'static str);

const README: Page = ("README.md", include_str!("../../README.md"));
const COOKBOOK: Page = (
    "tests/cookbook/README.md",
    include_str!("../cookbook/README.md"),
);
const BENCH: Page = ("tests/bench/README.md", include_str!("../bench/README.md"));
const PAGES: [Page; 3] = [README, COOKBOOK, BENCH];

/// A command of a terminal session, and the output below it.
#[derive(Clone)]
struct Step {
    command: String,
    shown: String,
}

/// The sessions of a page: its blocks of `console`, in which `$ ` begins a command.
fn sessions(text: &str) -> Vec<Vec<Step>> {
    let session = |block: &str| {
        let (lines, _) = block.split_once("```").expect("the block ends");
        let mut steps: Vec<Step> = Vec::new();
        for line in lines.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => steps.push(Step {
                    command: command.to_owned(),
                    shown: String::new(),
                }),
                None => {
                    let step = steps.last_mut().expect("a session begins with a command");
                    step.shown.extend([line, "\n"]);
                }
            }
        }
        steps
    };
    text.split("```console\n").skip(1).map(session).collect()
}

/// Runs a session in new namespaces, with an empty /dev/shm, and in a directory /srv that contains
/// a directory app. Returns the output of each step, from both streams, and its exit status.
fn play(session: &[Step], ipcmk: &str) -> Vec<(String, String)> {
    // SAFETY: takes nothing.
    let is_root = unsafe { libc::geteuid() } == 0;
    let mut script = format!(
        "exec 2>&1\n\
         umask 022\n\
         mount -t tmpfs tmpfs /dev/shm && mount -t tmpfs tmpfs /srv && mkdir /srv/app && cd /srv || exit\n\
         ipcmk() {{ {ipcmk} \"$@\"; }}\n"
    );
    for step in session {
        // The session shows this file's content; create it.
        if let Some(file) = step.command.strip_prefix("cat ") {
            script += &format!("cat >{file} <<'@'\n{}@\n", step.shown);
        }
        script += &format!("{}\necho \"@ $?\"\n", step.command);
    }
    if !is_root {
        // A user namespace of an unprivileged user maps one user.
        script = script.replace("--owner www-data", "--owner root");
    }
    let Output { stdout, .. } = Command::new("unshare")
        .args(["--ipc", "--mount"])
        .args((!is_root).then_some("--map-root-user"))
        .args(["sh", "-c", &script])
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .output()
        .expect("unshare starts");
    let mut printed = String::new();
    let mut outcomes = Vec::new();
    for line in String::from_utf8_lossy(&stdout).lines() {
        match line.strip_prefix("@ ") {
            Some(status) => outcomes.push((std::mem::take(&mut printed), status.to_owned())),
            None => printed.extend([line, "\n"]),
        }
    }
    assert_eq!(outcomes.len(), session.len(), "{script}{printed}");
    outcomes
}

/// The commands that run ipcmk for x86_64, and for aarch64.
fn both() -> [String; 2] {
    [
        format!("'{}'", suite::x86_64().display()),
        format!("qemu-aarch64 '{}'", suite::aarch64().display()),
    ]
}

/// The JSON without the digits of a key that depend on the file of its path.
fn without_file_keys(text: &str) -> String {
    let mut bare = String::new();
    for line in text.lines() {
        match line.split_once("\"key\": \"0x") {
            Some((before, after)) if after.contains("\"path\"") => {
                bare.extend([before, "\"key\": \"0x", &after[..2], &after[8..], "\n"]);
            }
            _ => bare.extend([line, "\n"]),
        }
    }
    bare
}

#[test]
fn the_sessions_run_as_shown() {
    for ((path, text), least) in [(README, 5), (COOKBOOK, 2)] {
        let sessions = sessions(text);
        assert!(sessions.len() >= least, "{path}: {}", sessions.len());
        for (session, ipcmk) in sessions
            .iter()
            .flat_map(|session| both().map(|ipcmk| (session, ipcmk)))
        {
            for (step, (printed, status)) in session.iter().zip(play(session, &ipcmk)) {
                let command = &step.command;
                let (printed, shown) =
                    (without_file_keys(&printed), without_file_keys(&step.shown));
                assert_eq!(printed, shown, "{path}: {command}\n{ipcmk}");
                let fails = shown.lines().any(|line| line.starts_with("ipcmk: "));
                let expected = if fails { "1" } else { "0" };
                assert_eq!(status, expected, "{path}: {command}\n{ipcmk}");
            }
        }
    }
}

/// The command lines in the text of README.md: line, command before it, first line of its output.
const INLINE: [(&str, &str, &str); 8] = [
    ("ipcmk --keyed -S 0x5100 -s 3", "true", "0"),
    ("ipcmk -M 4096 600", "true", "Shared memory id: 0"),
    (
        "ipcmk -Q -p 4644",
        "true",
        "ipcmk: failed to parse mode: '4644': Numerical result out of range",
    ),
    (
        "ipcmk -m 4096 -n /y -p 660",
        "true",
        "POSIX shared memory name: /y",
    ),
    (
        "ipcmk -m 4096 -n /cache",
        "ipcmk -m 1M -n /cache",
        "ipcmk: create POSIX shared memory failed: File exists",
    ),
    (
        "ipcmk -Q >&-",
        "true",
        "ipcmk: write error: Bad file descriptor",
    ),
    ("ipcmk -Q 0x1234 -p 16384", "true", "0"),
    (
        "ipcmk -Q 0x10 -p 600",
        "true",
        "ipcmk: extra operand '0x10'",
    ),
];

#[test]
fn the_command_lines_in_the_text_do_what_it_says() {
    let shown: Vec<&str> = code_spans(README.1)
        .into_iter()
        .filter(|span| span.starts_with("ipcmk "))
        .collect();
    assert_eq!(shown, INLINE.map(|(line, _, _)| line));
    let step = |command: &str| Step {
        command: command.to_owned(),
        shown: String::new(),
    };
    for ipcmk in both() {
        for (line, before, expected) in INLINE {
            let outcomes = play(&[step(before), step(line)], &ipcmk);
            assert_eq!(outcomes[0].1, "0", "{before}");
            let (printed, status) = &outcomes[1];
            assert_eq!(printed.lines().next(), Some(expected), "{line}");
            let fails = expected.starts_with("ipcmk: ");
            assert_eq!(status, if fails { "1" } else { "0" }, "{line}");
        }
    }
}

/// The texts in backquotes, outside the blocks.
fn code_spans(text: &str) -> Vec<&str> {
    let outside = text.split("```").step_by(2);
    outside
        .flat_map(|text| text.split('`').skip(1).step_by(2))
        .collect()
}

/// Each block is run by a test, or contains figures.
#[test]
fn every_block_is_run() {
    for (path, text) in PAGES {
        let kinds = text.split("```").skip(1).step_by(2);
        let kinds: Vec<&str> = kinds.filter_map(|block| block.lines().next()).collect();
        assert_eq!(text.matches("```").count() % 2, 0, "{path}: a block ends");
        let run = |kind: &&str| match path {
            "tests/bench/README.md" => *kind == "text",
            _ => ["console", "sh"].contains(kind),
        };
        assert!(kinds.iter().all(run), "{path}: {kinds:?}");
    }
    let install = README.1.matches("```sh\n").count();
    let lines = "the lines of cargo, see INSTALL, and those to an initramfs: suites/images.rs";
    assert_eq!(install, 2, "{lines}");
}

/// The line in README.md that runs the program from the sources.
const RUN: &str = "cargo run --release -- -M 4096";
const INSTALL: &str = "cargo install --locked --path .";

/// cargo install and make install install the file that the tests run.
#[test]
fn what_is_installed_is_what_is_tested() {
    let is_there = |command: &str| {
        let mut lines = README.1.lines();
        lines.any(|line| {
            line.split("  # ")
                .next()
                .is_some_and(|line| line.trim_end() == command)
        })
    };
    assert!(is_there(RUN) && is_there(INSTALL));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    if directory.exists() {
        fs::remove_dir_all(&directory).expect("what an earlier run has left");
    }
    let cargo = PathBuf::from(env::var_os("CARGO").expect("cargo sets it"));
    let path = env::var("PATH").expect("a path");
    let run = |line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(root());
        for flags in [
            "ARCH",
            "PREFIX",
            "CARGO_BUILD_TARGET",
            "CARGO_ENCODED_RUSTFLAGS",
            "MAKEFLAGS",
            "MFLAGS",
            "RUSTC",
            "RUSTC_WRAPPER",
            "RUSTFLAGS",
        ] {
            command.env_remove(flags);
        }
        let output = command
            .env("CARGO_INSTALL_ROOT", &directory)
            .env("CARGO_NET_OFFLINE", "true")
            .env("DESTDIR", &directory)
            .env(
                "PATH",
                format!("{}:{path}", cargo.parent().expect("a file").display()),
            )
            .output()
            .expect("sh starts");
        assert!(output.status.success(), "{line}: {output:?}");
        output.stdout
    };
    let printed = run(&format!("unshare --map-root-user --ipc {RUN}"));
    assert_eq!(printed, b"Shared memory id: 0\n");
    run(INSTALL);
    run("make install");
    let read = |path: &Path| fs::read(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let tested = read(&suite::x86_64());
    for installed in ["bin/ipcmk", "usr/local/bin/ipcmk"] {
        assert!(read(&directory.join(installed)) == tested, "{installed}");
    }
    assert!(
        read(&directory.join("usr/local/share/man/man1/ipcmk.1"))
            == read(&root().join("dist/ipcmk.1"))
    );
}

#[test]
fn readme_is_short_and_narrow() {
    let lines = README.1.lines().count();
    assert!(lines <= 190, "{lines} lines");
    for line in README.1.lines() {
        let columns = line.chars().count();
        assert!(columns <= 100, "{columns} columns: {line}");
        assert_eq!(line.trim_end(), line, "blanks at the end");
    }
}

/// Each link within the repository leads to a file, or to a heading of its own page.
#[test]
fn links_lead_somewhere() {
    for (path, text) in PAGES {
        let directory = root().join(path);
        let directory = directory.parent().expect("a file is in a directory");
        let mut links = 0;
        for rest in text.split("](").skip(1) {
            let (link, _) = rest.split_once(')').expect("a link ends");
            let there = match link.strip_prefix('#') {
                Some(heading) => text.lines().any(|line| {
                    let title = line.trim_start_matches('#').trim();
                    line.starts_with('#') && title.to_lowercase().replace(' ', "-") == heading
                }),
                None => link.starts_with("https://") || directory.join(link).exists(),
            };
            assert!(there, "{path}: {link} leads nowhere");
            links += 1;
        }
        assert!(links > 0, "{path} has no link");
    }
    // README.md must link to these.
    for page in [
        "dist/ipcmk.1",
        "src/lib.rs",
        "tests/README.md",
        "tests/bench/README.md",
        "tests/cookbook/README.md",
    ] {
        assert!(
            README.1.contains(&format!("]({page})")),
            "no link to {page}"
        );
    }
}

/// Each option and each target of make that the text names exists.
#[test]
fn options_and_targets_exist() {
    let makefile = fs::read_to_string(root().join("Makefile")).expect("a Makefile");
    let mut names = 0;
    for (path, text) in PAGES {
        for span in code_spans(text) {
            if let Some(words) = span.strip_prefix("make ") {
                for word in words.split(' ') {
                    let rule = format!("\n{word}: ");
                    match word.strip_prefix("ARCH=") {
                        Some(name) => _ = board(name),
                        None => assert!(makefile.contains(&rule), "{path}: no {span}"),
                    }
                }
            }
            for word in span.split(' ').filter(|word| word.len() > 1) {
                let Some(name) = word.strip_prefix('-') else {
                    continue;
                };
                let mut forms = TABLE
                    .iter()
                    .flat_map(|row| [&row.standard, &row.keyed].map(|form| (row, form)));
                let is = forms.any(|(row, form)| match name.strip_prefix('-') {
                    Some(long) => row.long == long,
                    None => form.as_ref().and_then(|form| form.short) == name.bytes().next(),
                });
                assert!(is, "{path}: no option {word} ({span})");
                names += 1;
            }
        }
    }
    assert!(names > 10, "{names} options");
}

/// The cells of the first table after a marker, by row.
fn table(text: &'static str, marker: &str) -> Vec<Vec<&'static str>> {
    let (_, table) = text
        .split_once(&format!("<!-- {marker} -->\n"))
        .expect("a marker");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let cells = |row: &'static str| row.split('|').map(str::trim).collect();
    rows.map(cells).collect()
}

/// The cell of a row and a column.
#[track_caller]
fn cell(table: &[Vec<&'static str>], row: &str, column: &str) -> &'static str {
    let column = table[0].iter().position(|cell| *cell == column);
    let row = table.iter().find(|cells| cells[1] == row);
    row.expect("a row")[column.expect("a column")]
}

#[test]
fn the_figures_of_readme_are_those_of_the_bench() {
    let (cost, bench) = (table(README.1, "cost"), table(BENCH.1, "bench"));
    assert_eq!(cost[0][1..4], ["", "ipcmk", "util-linux"]);
    let rows = &cost[2..];
    assert_eq!(rows.len(), 6, "{rows:?}");
    for row in rows {
        for column in ["ipcmk", "util-linux"] {
            let cell = |table| cell(table, row[1], column);
            assert_eq!(cell(&cost), cell(&bench), "{}, {column}", row[1]);
        }
    }
    // A bar that is missed is explained on the page.
    for line in BENCH.1.lines() {
        if let Some(bar) = line.strip_prefix("- FAIL: ") {
            let end = bar.find([',', ':']).expect("it has figures");
            let said = format!("\"{}\" is missed", &bar[..end]);
            assert!(BENCH.1.contains(&said), "{said}");
        }
    }
}

/// A row of tests/boards.txt.
fn board(name: &str) -> &'static Board {
    Board::named(name).unwrap_or_else(|| panic!("boards.txt has no {name}"))
}

/// The table of boards is the one that table.sh prints, from tests/boards.txt and tests/sizes.txt.
#[test]
fn the_boards_are_those_of_the_table() {
    let printed = Command::new(root().join("tests/tools/table.sh"))
        .output()
        .expect("bash starts");
    let printed = String::from_utf8(printed.stdout).expect("text");
    let (_, shown) = README.1.split_once("<!-- boards -->\n").expect("a marker");
    let (shown, _) = shown.split_once("<!-- /boards -->").expect("its end");
    assert_eq!(shown, printed, "`make size-update` writes the table");
    let rows = table(README.1, "boards");
    let names: Vec<&str> = rows[2..].iter().map(|cells| cells[1]).collect();
    let text = ["one", "two", "three", "four", "five", "six", "seven"];
    let count = format!("{} architectures", text[names.len() - 1]);
    assert!(README.1.contains(&count), "README.md does not say {count}");
    for name in names {
        assert_eq!(cell(&rows, name, "oldest kernel"), board(name).oldest);
        let kernels = board(name).kernels.join(", ");
        assert_eq!(cell(&rows, name, "kernels booted"), kernels);
    }
}

/// Figures in the text are those of the program, of its build and of the tables.
#[test]
fn figures_in_the_text_are_right() {
    let limit = board("x86_64").limit;
    let manifest = include_str!("../../Cargo.toml");
    let rust = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .expect("a version")
        .trim_matches('"');
    let calls = cell(&table(README.1, "cost"), "system calls, -Q", "ipcmk");
    for ((path, text), figure) in [
        (README, format!("on x86_64 of at most {} KiB", limit / 1024)),
        (README, format!("Rust {rust} or later")),
        (README, "[Four system calls](#cost) for a queue".to_owned()),
    ] {
        assert!(text.contains(&figure), "{path} does not say {figure:?}");
    }
    assert_eq!(calls, "4");
    assert_eq!(limit % 1024, 0);
}

/// The bytes of all parts add up to the size of the file.
#[test]
fn the_bytes_add_up() {
    let (_, text) = BENCH
        .1
        .split_once("<!-- bytes -->\n```text\n")
        .expect("a marker");
    let (text, _) = text.split_once("```").expect("its end");
    let rows: Vec<(u64, &str)> = text
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(bytes, name)| (bytes.parse().expect("bytes"), name))
        .collect();
    let ((all, name), parts) = rows.split_last().expect("rows");
    assert_eq!(*name, "in all");
    assert!(parts.len() > 5);
    assert_eq!(parts.iter().map(|(bytes, _)| bytes).sum::<u64>(), *all);
    let size = cell(&table(BENCH.1, "bench"), "file size, bytes", "ipcmk");
    assert_eq!(all.to_string(), size);
}
