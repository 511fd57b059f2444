//! The man page that is shipped is the one that the tables make, and it has every hint.

use std::collections::BTreeSet;
use std::string::{String, ToString};

use super::{NOTES, RULES, heading};

const SHIPPED: &str = include_str!("../../dist/ipcmk.1");

#[test]
fn the_shipped_page_is_rendered() {
    assert!(
        SHIPPED == super::Man.to_string(),
        "write it anew: make docs"
    );
}

#[test]
fn nothing_is_left_to_fill_in() {
    assert!(!SHIPPED.contains('@'));
}

/// Below each errno's heading the page shows the words of each of its rules, and no others.
#[test]
fn refusals_are_those_of_the_rules() {
    let mut expected = BTreeSet::new();
    for (rule, note) in RULES.iter().zip(NOTES) {
        for words in rule.all_words() {
            let mut text = String::new();
            words.put(&mut |byte| match byte {
                b'%' | b'#' => text.push('n'),
                b'@' => text.push_str("name"),
                b'^' => text.push_str("letter"),
                _ => text.push(byte.into()),
            });
            expected.insert((heading(note.errno).to_string(), text));
        }
    }

    let (_, refusals) = SHIPPED.split_once(".SH REFUSALS\n").expect("a section");
    let (refusals, _) = refusals.split_once(".SH ").expect("its end");
    let mut shown = BTreeSet::new();
    let mut errno = "";
    for line in refusals.lines() {
        if let Some(text) = line.strip_prefix(".SS ") {
            errno = text;
        }
        if let Some(line) = line.strip_prefix("\\fB") {
            let (words, _) = line.split_once("\\fR").expect("the end of the words");
            let words = words
                .replace("\\fI", "")
                .replace("\\fB", "")
                .replace("\\-", "-");
            assert!(
                shown.insert((errno.to_string(), words)),
                "shown twice: {line}"
            );
        }
    }
    assert_eq!(shown, expected);
    assert!(shown.len() > 60, "{}", shown.len());
}
