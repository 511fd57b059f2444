//! What the program says of itself is what its table of options says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use ipcmk::cli::options::TABLE;
use ipcmk::report::help;
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

/// What is set in bold is typed: its hyphens can be pasted into a shell.
#[test]
fn hyphens_of_the_man_page_can_be_typed() {
    let page = include_str!("../../dist/ipcmk.1");
    for line in page.lines() {
        let all_bold = line.starts_with(".B ") || line.starts_with(".BR ");
        let bold = match line.split_once(' ') {
            Some((_, words)) if all_bold => vec![words],
            _ => line.split("\\fB").skip(1).collect(),
        };
        for text in bold {
            let text = text.split("\\fR").next().expect("split gives something");
            let bare = text.replace("\\-", "").contains('-');
            assert!(!bare, "{line}");
        }
    }
}

/// On a console no line of the man page is broken.
#[test]
fn the_man_page_fits_a_console() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/ipcmk.1");
    let mut groff = Command::new("env");
    groff.args(["PATH=/usr/bin:/bin", "groff", "-man", "-Tascii"]);
    let text = output(groff.args(["-P-cbou", "-rLL=78n", page]));
    let text = String::from_utf8(text).expect("ASCII");
    assert!(text.lines().count() > 500);
    for line in text.lines() {
        assert!(line.len() <= 80, "{} columns: {line}", line.len());
    }
}

/// A section of the man page that another one refers to exists.
#[test]
fn sections_of_the_man_page_are_there() {
    let page = include_str!("../../dist/ipcmk.1").replace("\\-", "-");
    let headings: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix(".SH "))
        .collect();
    let words: Vec<&str> = page.split_whitespace().collect();
    let mut references = 0;
    let sees = words.iter().zip(1..).filter(|(word, _)| **word == "see");
    for (_, next) in sees {
        let mut name = Vec::new();
        for word in &words[next..] {
            let bare = word.trim_end_matches([',', ';', '.', ')']);
            if bare.len() < 2 || !bare.bytes().all(|byte| byte.is_ascii_uppercase()) {
                break;
            }
            name.push(bare);
            if bare != *word {
                break;
            }
        }
        if !name.is_empty() {
            assert!(headings.contains(&name.join(" ").as_str()), "see {name:?}");
            references += 1;
        }
    }
    assert!(references > 8, "{references}");
}

/// The files of dist/ that the man page names exist, and it names all that belong to a boot.
#[test]
fn files_of_the_man_page_are_there() {
    let page = include_str!("../../dist/ipcmk.1").replace("\\-", "-");
    let (_, section) = page.split_once("\n.SH FILES\n").expect("the section");
    let (section, _) = section.split_once(".SH ").expect("its end");
    let tags = section.lines().filter_map(|line| line.strip_prefix(".IR "));
    let names = tags.flat_map(|tag| tag.split("\", \"").map(str::trim));
    let named: BTreeSet<String> = names
        .filter(|name| !name.starts_with('/') && !name.starts_with("share"))
        .map(str::to_owned)
        .collect();
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
    let mut there = BTreeSet::new();
    for folder in ["", "initramfs-tools/", "dracut/"] {
        for entry in fs::read_dir(dist.join(folder)).expect("the folder") {
            let entry = entry.expect("the folder");
            if entry.file_type().expect("the folder").is_file() {
                there.insert(format!("{folder}{}", entry.file_name().display()));
            }
        }
    }
    // Beside them the page itself, its example, and what no boot has.
    there.retain(|name| name.contains('/') || name.starts_with("ipcmk."));
    there.remove("ipcmk.1");
    there.remove("ipcmk.conf");
    assert_eq!(named, there);
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
