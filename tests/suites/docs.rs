//! What the program says of itself is what its table of options says.

use std::process::Command;

use ipcmk::cli::batch::{MAX_BYTES, MAX_OBJECTS};
use ipcmk::cli::options::TABLE;
use ipcmk::report::{help, man};
use ipcmk::run::memory::{BatchRoom, LineRoom};
use ipcmk_tests::suite;

fn output(command: &mut Command) -> Vec<u8> {
    let output = command.env_clear().output().expect("it starts");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{command:?}: {output:?}"
    );
    output.stdout
}

/// What both files print for this argument.
#[track_caller]
fn both_say(argument: &str, expected: &[u8]) {
    let mut emulated = Command::new("qemu-aarch64");
    emulated.arg(suite::aarch64());
    for mut command in [Command::new(suite::x86_64()), emulated] {
        let said = output(command.arg(argument));
        let (said, expected) = (
            String::from_utf8_lossy(&said),
            String::from_utf8_lossy(expected),
        );
        assert_eq!(said, expected, "{command:?}");
    }
}

#[test]
fn help_is_the_text_made_of_the_table() {
    both_say("--help", help::HELP.as_bytes());
    both_say("-h", help::HELP.as_bytes());
}

#[test]
fn the_version_is_that_of_the_package() {
    let manifest = include_str!("../../Cargo.toml");
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = "));
    let version = version.expect("a version").trim_matches('"');
    both_say(
        "--version",
        format!("ipcmk from ipcmk {version}\n").as_bytes(),
    );
    both_say("-V", format!("ipcmk from ipcmk {version}\n").as_bytes());
}

/// Each option in each of its forms has a line that begins with it and says something of it, unless
/// its form in the other grammar says it all.
#[test]
fn every_option_is_in_the_help() {
    let help = help::HELP;
    for row in TABLE {
        let mut lines = 0;
        for form in [&row.standard, &row.keyed].into_iter().flatten() {
            let letter = form.short.map(|letter| format!("-{}", char::from(letter)));
            let long = (!row.long.is_empty()).then(|| format!("--{}", row.long));
            let names: Vec<String> = letter.into_iter().chain(long).collect();
            let names = names.join(", ");
            // What may be missing follows the name at once.
            let argument = match form.metavar {
                "" => String::new(),
                metavar if metavar.starts_with('[') => metavar.to_owned(),
                metavar => format!(" {metavar}"),
            };
            let described = help.lines().any(|line| {
                let text = line.trim_start().strip_prefix(&names);
                let text = text.and_then(|text| text.strip_prefix(&argument));
                text.is_some_and(|text| text.starts_with(' ') && text.trim() == form.help)
            });
            if !form.help.is_empty() {
                assert!(described, "no line of the help text is that of {names}");
                lines += 1;
            }
        }
        assert!(lines > 0, "the help text does not describe {:?}", row.opt);
    }
}

/// Whoever reads it on a console or a serial line sees whole lines.
#[test]
fn help_fits_a_console() {
    let help = help::HELP;
    assert!(help.is_ascii());
    for line in help.lines() {
        assert!(line.len() <= 80, "{} columns: {line}", line.len());
        assert_eq!(line.trim_end(), line, "blanks at the end");
    }
}

#[test]
fn the_man_page_is_the_one_made_of_the_table() {
    let page = include_str!("../../dist/ipcmk.1");
    assert_eq!(man::Man.to_string(), page, "dist/ipcmk.1: `make docs`");
}

/// Each name of an option begins a paragraph of the man page, in each grammar that has it.
#[test]
fn every_option_is_in_the_man_page() {
    // As a reader sees it: the macros of man(7) and its escapes taken away.
    let page = include_str!("../../dist/ipcmk.1");
    let tags: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix(".BR "))
        .map(|tag| tag.replace("\\-", "-").replace(['"', ','], " "))
        .collect();
    let count = |name: &str| {
        let has = |tag: &&String| tag.split_whitespace().any(|word| word == name);
        tags.iter().filter(has).count()
    };
    for row in TABLE {
        let forms: Vec<_> = [&row.standard, &row.keyed].into_iter().flatten().collect();
        let described = forms.iter().filter(|form| !form.man.is_empty()).count();
        assert!(described > 0, "{:?} has no paragraph", row.opt);
        if !row.long.is_empty() {
            let long = format!("--{}", row.long);
            assert!(
                count(&long) >= described,
                "{long} has {} paragraphs",
                count(&long)
            );
        }
        for form in forms.iter().filter(|form| !form.man.is_empty()) {
            if let Some(letter) = form.short {
                let letter = format!("-{}", char::from(letter));
                assert!(count(&letter) > 0, "{letter} has no paragraph");
            }
        }
    }
}

/// Runs lines of the shell, in which `ipcmk` is the file under test, in namespaces of its own, where
/// /etc has these files alone, and a queue may be large.
fn in_a_namespace(lines: &str) -> std::process::Output {
    // SAFETY: takes nothing.
    let is_root = unsafe { libc::geteuid() } == 0;
    // A user namespace that anybody can have knows one user.
    let lines = if is_root {
        lines.to_owned()
    } else {
        lines.replace("--owner 33:33", "--owner 0:0")
    };
    Command::new("unshare")
        .args(if is_root {
            [].iter()
        } else {
            ["--map-root-user"].iter()
        })
        .args(["--ipc", "--mount", "sh", "-c"])
        .arg(format!(
            "mount -t tmpfs tmpfs /dev/shm && mount -t tmpfs tmpfs /etc && echo >/etc/passwd && echo >/etc/myapp.conf || exit\n\
             echo 4194304 >/proc/sys/kernel/msgmnb || exit\n\
             ipcmk() {{ '{}' \"$@\"; }}\n{lines}",
            suite::x86_64().display()
        ))
        .output()
        .expect("unshare starts")
}

/// The command lines of the README, with the documents that some have behind them.
fn examples() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let mut lines = readme.lines();
    let mut examples = Vec::new();
    while let Some(line) = lines.next() {
        if !line.starts_with("ipcmk ") {
            continue;
        }
        let mut example = line.to_owned();
        if line.ends_with("<<END") {
            for line in lines.by_ref() {
                example.extend(["\n", line]);
                if line == "END" {
                    break;
                }
            }
        }
        examples.push(example);
    }
    examples
}

/// Each example of the README works, and prints what stands behind it; an id apart, since each has
/// a namespace of its own here.
#[test]
fn the_examples_of_the_readme_work() {
    let examples = examples();
    for example in &examples {
        let output = in_a_namespace(example);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && output.stderr.is_empty() && !said.is_empty(),
            "{example}: {output:?}"
        );
        if let Some((_, expected)) = example
            .rsplit_once("  ")
            .filter(|(_, said)| said.contains("id:") || said.contains("name:"))
        {
            let words = |text: &str| text.trim().trim_end_matches(char::is_numeric).to_owned();
            assert_eq!(words(&said), words(expected), "{example}");
        }
    }
    assert!(examples.len() >= 13, "{} examples", examples.len());
    assert!(examples.iter().any(|example| example.ends_with("\nEND")));
}

/// The JSON that it shows is what a run prints, but for the key, which depends on the file.
#[test]
fn the_json_of_the_readme_is_as_it_says() {
    let readme = include_str!("../../README.md");
    let (_, shown) = readme.split_once("```json\n").expect("a block of JSON");
    let (shown, _) = shown.split_once("```").expect("its end");
    let output = in_a_namespace(
        "ipcmk --ftok /etc/passwd:0x41 -S 3 -p 660 >/etc/out\n\
         ipcmk --ftok /etc/passwd:0x41 -J -e -M 4096 -S 3 -p 660",
    );
    let said = String::from_utf8_lossy(&output.stdout);
    let without_keys = |text: &str| {
        let mut parts = text.split("\"0x41");
        let mut bare = parts
            .next()
            .expect("there is always a first part")
            .to_owned();
        for part in parts {
            bare.extend(["\"#", &part[6..]]);
        }
        bare
    };
    assert_eq!(without_keys(&said), without_keys(shown), "{output:?}");
    assert!(without_keys(shown).contains("\"#\","));
}

/// So are the figures of the room for a batch.
#[test]
fn the_room_of_the_readme_is_as_large_as_it_says() {
    let readme = include_str!("../../README.md");
    let mebibytes = size_of::<BatchRoom>() as f64 / f64::from(1 << 20);
    for figure in [
        format!("{},{:03} objects", MAX_OBJECTS / 1000, MAX_OBJECTS % 1000),
        format!("{} KiB of lines", MAX_BYTES >> 10),
        format!("room of {mebibytes:.1} MiB of address space"),
        format!(
            "takes {} KiB in the same way",
            size_of::<LineRoom>().next_multiple_of(4096) / 1024
        ),
    ] {
        assert!(
            readme.contains(&figure),
            "the README does not say {figure:?}"
        );
    }
}

/// So do its errors: `$ ` and a line, then what it prints on standard error.
#[test]
fn the_errors_of_the_readme_are_as_it_says() {
    let readme = include_str!("../../README.md");
    let (_, block) = readme.split_once("```text\n$ ").expect("a block of errors");
    let (block, _) = block.split_once("```").expect("its end");
    for example in block.split("$ ") {
        let (line, expected) = example.split_once('\n').expect("a line and its error");
        let output = in_a_namespace(line);
        assert_eq!(String::from_utf8_lossy(&output.stderr), expected, "{line}");
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(output.stdout.is_empty(), "{line}");
    }
}

/// A text with `%` for each of its numbers, whether they are figures or places for them.
fn without_figures(text: &str) -> String {
    let mut bare = String::new();
    for c in text.replace("0x", "").chars() {
        match c {
            '0'..='9' | '#' | '%' if bare.ends_with('%') => {}
            '0'..='9' | '#' | '%' => bare.push('%'),
            _ => bare.push(c),
        }
    }
    bare
}

/// Each line of advice is in the README's table of refusals, and nothing else is.
#[test]
fn the_readme_shows_every_line_of_advice() {
    let readme = include_str!("../../README.md");
    let (_, table) = readme
        .split_once("| refusal | second line")
        .expect("a table of refusals");
    let (table, _) = table.split_once("\n\n").expect("its end");
    let shown: Vec<String> = table
        .split('`')
        .skip(1)
        .step_by(2)
        .map(without_figures)
        .collect();

    let source = include_str!("../../src/report/words.rs");
    let (_, texts) = source.split_once("// Why it failed.").expect("their place");
    let (texts, _) = texts.split_once("\n}").expect("its end");
    // A place for a text that no refusal has is empty.
    let texts: Vec<String> = texts
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| !text.is_empty())
        .map(|text| without_figures(&text.replace("'@'", "'/x'")))
        .collect();
    assert!(texts.len() > 20, "{texts:?}");

    for text in &texts {
        // One of them is another with something behind it.
        let is_shown = |text: &str| shown.iter().any(|shown| shown == text);
        let parts = text
            .split_once("), or a")
            .map_or(vec![text.clone()], |(text, rest)| {
                vec![format!("{text})"), format!(", or a{rest}")]
            });
        for part in parts {
            assert!(is_shown(&part), "the README has no {part:?}");
        }
    }
    for shown in shown.iter().filter(|shown| shown.contains(' ')) {
        let is_said = texts.iter().any(|text| text.contains(shown.as_str()));
        assert!(is_said, "the program never says {shown:?}");
    }
}
