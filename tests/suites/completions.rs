//! The completions of dist/, each in its shell: it offers what the table of options has.
//!
//! A line is typed up to the cursor. In bash and zsh a Tab inserts all that is offered, and the line
//! runs: there `ipcmk` is a function that records its arguments. fish prints what it offers.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::{Command, ExitCode};

use ipcmk::cli::options::{Argument, Form, Grammar, Opt, Row, TABLE};
use ipcmk::report::completions::Shell;
use ipcmk_tests::files::Scratch;
use ipcmk_tests::suite;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

fn main() -> ExitCode {
    suite::main(&[
        ("bash_offers_the_options", || options(Shell::Bash)),
        ("zsh_offers_the_options", || options(Shell::Zsh)),
        ("fish_offers_the_options", || options(Shell::Fish)),
        ("bash_offers_arguments", || arguments(Shell::Bash, "")),
        ("bash_offers_arguments_where_no_colon_breaks_words", || {
            arguments(Shell::Bash, "COMP_WORDBREAKS=${COMP_WORDBREAKS//:}");
        }),
        ("zsh_offers_arguments", || arguments(Shell::Zsh, "")),
        ("fish_offers_arguments", || arguments(Shell::Fish, "")),
        ("zsh_shows_the_help", || help(Shell::Zsh)),
        ("fish_shows_the_help", || help(Shell::Fish)),
    ])
}

/// The names in /etc/passwd.
const USERS: [&str; 3] = ["daemon", "root", "www-data"];

/// The names in /etc/group.
const GROUPS: [&str; 3] = ["root", "shadow", "staff"];

/// The files in the directory where a shell runs. One has the name of a number.
const FILES: [&str; 4] = ["66", "fa", "fb", "my file"];

/// A shell, in a directory of its own, and on a machine with these users and groups.
struct Session {
    shell: Shell,
    scratch: Scratch,
    home: Scratch,
}

impl Session {
    fn new(shell: Shell) -> Self {
        let [scratch, home] = [(), ()].map(|()| Scratch::new().expect("a directory"));
        for name in FILES {
            File::create(scratch.join(name)).expect("it is ours");
        }
        for (name, names) in [("passwd", USERS), ("group", GROUPS)] {
            let (ours, theirs) = (home.join(name), format!("/etc/{name}"));
            let line = |name| format!("{name}:x:7:7::/:\n");
            fs::write(&ours, names.map(line).concat()).expect("it is ours");
            let none = None::<&str>;
            mount(Some(&ours), theirs.as_str(), none, MsFlags::MS_BIND, none).expect("a mount");
        }
        Self {
            shell,
            scratch,
            home,
        }
    }

    /// Runs the shell with a text as its standard input, in bash and zsh as if it was typed. Returns
    /// what it prints.
    fn run(&self, input: &str) -> String {
        let file = self.home.join("input");
        fs::write(&file, input).expect("it is ours");
        // Without a terminal of ours. bash edits lines without any, zsh only on one.
        let mut command = Command::new("setsid");
        command.arg("--wait").args(match self.shell {
            Shell::Bash => ["bash", "--norc", "--noprofile", "-i"],
            Shell::Zsh => ["script", "--quiet", "--command=zsh -f -i", "/dev/null"],
            Shell::Fish => ["fish", "--no-config", "-c", "source /dev/stdin"],
        });
        let output = command
            .current_dir(self.scratch.join(""))
            .env_clear()
            .env("HOME", self.home.join(""))
            .env("INPUTRC", "/dev/null")
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", "/usr/bin:/bin")
            .env("SHELL", "/bin/sh")
            .env("TERM", "dumb")
            .stdin(File::open(&file).expect("it was written"))
            .output()
            .expect("setsid starts");
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success(), "{command:?}: {stdout}{stderr}");
        stdout + &stderr
    }

    /// Compares what is offered at the end of each line with what is expected there. `setup` is typed
    /// before the lines.
    #[track_caller]
    fn check(&self, setup: &str, expected: &[(String, BTreeSet<String>)]) {
        let mut wrong = Vec::new();
        // A terminal holds only some thousand bytes that are typed ahead.
        for expected in expected.chunks(50) {
            let lines: Vec<&str> = expected.iter().map(|(line, _)| line.as_str()).collect();
            let recorded = match self.shell {
                Shell::Bash => self.typed(BASH, setup, &lines),
                Shell::Zsh => self.typed(ZSH, setup, &lines),
                Shell::Fish => self.run(&fish(&lines, "string replace -r '\\t.*' ''")),
            };
            let recorded: Vec<&str> = recorded.split_terminator("@\n").collect();
            assert_eq!(recorded.len(), lines.len(), "{lines:?}: {recorded:?}");
            for ((line, expected), words) in expected.iter().zip(recorded) {
                let offered = match self.shell {
                    Shell::Bash | Shell::Zsh => inserted(line, &words.lines().collect::<Vec<_>>()),
                    Shell::Fish => begun(line, words),
                };
                if offered != *expected {
                    wrong.push(format!("{line:?}: {offered:?}, not {expected:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Has zsh list what is offered at the end of a line. Returns what its terminal shows.
    fn listed(&self, line: &str) -> String {
        let script = self.home.join("setup");
        fs::write(&script, format!("dist='{DIST}'\nrecord=/dev/null\n{ZSH}")).expect("it is ours");
        self.run(&format!(". '{}'\n{line}\x18\nexit\n", script.display()))
    }

    /// Types these lines, and after each of them a Tab. Returns the arguments with which they ran.
    fn typed(&self, shell: &str, setup: &str, lines: &[&str]) -> String {
        let record = self.home.join("record");
        fs::write(&record, "").expect("it is ours");
        let script = self.home.join("setup");
        let text = format!(
            "dist='{DIST}'\nrecord='{}'\n{shell}{setup}\n",
            record.display()
        );
        fs::write(&script, text).expect("it is ours");
        let typed: String = lines.iter().map(|line| format!("{line}\t\n")).collect();
        let shown = self.run(&format!(". '{}'\n{typed}exit\n", script.display()));
        let recorded = fs::read_to_string(record).expect("it is ours");
        assert!(!recorded.is_empty(), "{shown}");
        recorded
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for file in ["/etc/passwd", "/etc/group"] {
            umount2(file, MntFlags::MNT_DETACH).expect("it is mounted");
        }
    }
}

/// The words of a line, without the command. The last one is at the cursor.
fn typed_words(line: &str) -> Vec<String> {
    let line = line.replace("\\ ", "\0");
    let words = line.split(' ').skip(1);
    words.map(|word| word.replace('\0', " ")).collect()
}

/// The words that go on as the one at the end of a line begins. fish 4 offers others behind these.
fn begun(line: &str, words: &str) -> BTreeSet<String> {
    let typed = typed_words(line);
    let last = typed.last().expect("a word at the cursor");
    let words = words.lines().filter(|word| word.starts_with(last));
    words.map(str::to_owned).collect()
}

/// What was offered at the end of a line that has become these words.
#[track_caller]
fn inserted(line: &str, words: &[&str]) -> BTreeSet<String> {
    let typed = typed_words(line);
    let (last, before) = typed.split_last().expect("a word at the cursor");
    let kept = words.get(..before.len());
    assert!(
        kept.is_some_and(|kept| kept == before),
        "{line:?}: {words:?}"
    );
    let offered = words.iter().skip(before.len());
    // To bash a word can begin behind a = or :, and what stands before that is there once.
    let breaks = last.match_indices(['=', ':']).map(|(place, _)| place + 1);
    let starts: Vec<&str> = [0]
        .into_iter()
        .chain(breaks)
        .map(|end| &last[..end])
        .collect();
    let whole = |word: &&str| {
        let mut whole = starts.iter().map(|start| format!("{start}{word}"));
        whole
            .find(|whole| whole.starts_with(last))
            .unwrap_or_else(|| format!("{word}?"))
    };
    // A word for which nothing is offered stays as it is.
    offered.map(whole).filter(|word| word != last).collect()
}

/// Where the completions are.
const DIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/completions");

/// What bash is told first. A Tab inserts all that is offered.
const BASH: &str = r#"
bind 'set bell-style none' 'Tab: insert-completions'
. "$dist/ipcmk.bash"
ipcmk() { printf '%s\n' "$@" @ >>"$record"; }
ipcmk-static() { ipcmk "$@"; }
"#;

/// The same for zsh. ^X lists what is offered.
const ZSH: &str = r#"
stty columns 200 rows 200
fpath=("$dist" $fpath)
autoload -Uz compinit
compinit -u -D
zstyle ':completion:all:*' completer _all_matches _complete
zstyle ':completion:all:*' insert true
zle -C all complete-word _generic
bindkey '^I' all '^X' list-choices
ipcmk() { printf '%s\n' "$@" @ >>"$record" }
ipcmk-static() { ipcmk "$@" }
"#;

/// A script for fish that prints what is offered at the end of each line, through a filter.
fn fish(lines: &[&str], filter: &str) -> String {
    let mut script = format!("source '{DIST}/ipcmk.fish'\n");
    for line in lines {
        let line = line.replace('\\', "\\\\");
        script += &format!("complete -C '{line}' | {filter}\necho @\n");
    }
    script
}

fn set<const N: usize>(words: [&str; N]) -> BTreeSet<String> {
    words.map(str::to_owned).into()
}

/// The names of an option in one of its forms, with their dashes.
fn names(row: &Row, form: Form) -> impl Iterator<Item = String> + use<> {
    let short = form.short.map(|letter| format!("-{}", char::from(letter)));
    let long = (!row.long.is_empty()).then(|| format!("--{}", row.long));
    short.into_iter().chain(long)
}

/// The options that a line of a grammar can have behind its first word.
fn rows(grammar: Grammar) -> impl Iterator<Item = (&'static Row, Form)> {
    let is_there = move |row: &&Row| match row.opt {
        Opt::Keyed => false,
        // It is in the keyed grammar's table only to be refused.
        Opt::Key => grammar == Grammar::Standard,
        _ => true,
    };
    let rows = TABLE.iter().filter(is_there);
    rows.filter_map(move |row| Some((row, row.form(grammar)?)))
}

fn options(shell: Shell) {
    let all = |grammar| {
        rows(grammar)
            .flat_map(|(row, form)| names(row, form))
            .collect()
    };
    let mut first: BTreeSet<String> = all(Grammar::Standard);
    let mut keyed: BTreeSet<String> = all(Grammar::Keyed);
    assert!(first.len() > 40 && keyed.len() > 25);
    first.insert("--keyed".to_owned());
    let expected = [
        ("ipcmk -", first),
        ("ipcmk -M 4096 --lo", set(["--lock"])),
        ("ipcmk -r --ke", set(["--key"])),
        ("ipcmk --si", set([])),
        ("ipcmk --keyed -", keyed.clone()),
        ("ipcmk --keyed --ke", set([])),
        ("ipcmk --keyed --po", set([])),
        ("ipcmk --keyed -r --si", set(["--size"])),
        // What only the keyed grammar has says as much as --keyed.
        ("ipcmk -M 0x10 -o 0x10 --si", set(["--size"])),
        ("ipcmk --nsems=3 --si", set(["--size"])),
        ("ipcmk --size 3 --ns", set(["--nsems"])),
        ("ipcmk-static --lo", set(["--lock"])),
        ("ipcmk-static --keyed --si", set(["--size"])),
        ("ipcmk -- --lo", set([])),
    ];
    let mut expected = expected
        .map(|(line, words)| (line.to_owned(), words))
        .to_vec();
    // A second -J is of no use: zsh does not offer it.
    if shell == Shell::Zsh {
        keyed = &keyed - &set(["-J", "--json"]);
    }
    // To the others each -- ends the options, an argument too.
    if shell == Shell::Bash {
        expected.push(("ipcmk -n -- --lo".to_owned(), set(["--lock"])));
    }
    expected.push(("ipcmk --keyed -J -".to_owned(), keyed));
    Session::new(shell).check("", &expected);
}

fn arguments(shell: Shell, setup: &str) {
    let mut expected = Vec::new();
    for (grammar, command) in [
        (Grammar::Standard, "ipcmk"),
        (Grammar::Keyed, "ipcmk --keyed"),
    ] {
        // A cluster can end with an option that has an argument.
        let letters = |has_argument| {
            let forms = rows(grammar).map(|(_, form)| form);
            let with = forms.filter(move |form| (form.argument != Argument::None) == has_argument);
            with.filter_map(|form| form.short.map(char::from))
        };
        let flags: String = letters(false).collect();
        for letter in letters(true) {
            expected.push((format!("{command} -{flags}{letter} "), set([])));
        }
        for (row, form) in rows(grammar) {
            let offered = match row.opt {
                Opt::Batch | Opt::Ftok => set(FILES),
                Opt::Libc => set(["glibc", "musl"]),
                Opt::Owner => set(USERS),
                _ => set([]),
            };
            for name in names(row, form) {
                let is_long = name.starts_with("--");
                let behind = |end: &str| {
                    let words = offered.iter().filter(|word| word.starts_with(end));
                    words.cloned().collect::<BTreeSet<_>>()
                };
                for end in ["", "6", "r"] {
                    if is_long && form.argument != Argument::None {
                        let words = behind(end)
                            .iter()
                            .map(|word| format!("{name}={word}"))
                            .collect();
                        expected.push((format!("{command} {name}={end}"), words));
                    }
                    if !matches!(form.argument, Argument::None | Argument::HugePage) {
                        expected.push((format!("{command} {name} {end}"), behind(end)));
                    }
                }
                if !is_long && form.argument != Argument::None {
                    expected.push((format!("{command} {name}6"), set([])));
                }
            }
        }
    }
    assert!(expected.len() > 150);
    let others = [
        ("ipcmk 6", set([])),
        ("ipcmk f", set([])),
        ("ipcmk -M 4096 6", set([])),
        ("ipcmk -Jk 6", set([])),
        ("ipcmk --raw=", set([])),
        ("ipcmk -s -n x --libc m", set(["musl"])),
        ("ipcmk --ftok my", set(["my file"])),
        ("ipcmk --batch my\\ f", set(["my file"])),
        ("ipcmk --batch=f", set(["--batch=fa", "--batch=fb"])),
        ("ipcmk --owner da", set(["daemon"])),
        ("ipcmk --owner 0:s", set(["0:shadow", "0:staff"])),
        (
            "ipcmk --owner daemon:",
            set(["daemon:root", "daemon:shadow", "daemon:staff"]),
        ),
        (
            "ipcmk --owner=daemon:s",
            set(["--owner=daemon:shadow", "--owner=daemon:staff"]),
        ),
        ("ipcmk --keyed -Q 7 --owner root:r", set(["root:root"])),
        ("ipcmk --owner daemon:games --lo", set(["--lock"])),
        ("ipcmk-static --libc g", set(["glibc"])),
    ];
    expected.extend(others.map(|(line, words)| (line.to_owned(), words)));
    Session::new(shell).check(setup, &expected);
}

fn help(shell: Shell) {
    let session = Session::new(shell);
    for (grammar, line) in [
        (Grammar::Standard, "ipcmk -"),
        (Grammar::Keyed, "ipcmk --keyed -"),
    ] {
        let shown = match shell {
            Shell::Bash => panic!("it shows none"),
            Shell::Zsh => session.listed(line),
            Shell::Fish => session.run(&fish(&[line], "cat")),
        };
        let mut described = 0;
        for (row, form) in rows(grammar) {
            for name in names(row, form) {
                let is_shown = shown.lines().any(|line| match shell {
                    Shell::Bash | Shell::Zsh => {
                        line.split(' ').any(|word| word == name)
                            && line.contains(&format!("-- {}", form.help))
                    }
                    Shell::Fish => line.split_once('\t').is_some_and(|(word, text)| {
                        word == name && (form.help.is_empty() || text == form.help)
                    }),
                });
                assert!(is_shown, "{name}: {shown}");
                described += usize::from(!form.help.is_empty());
            }
        }
        assert!(described > 3, "{described}");
    }
}
