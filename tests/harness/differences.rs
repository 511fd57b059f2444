//! Checks the list of deliberate differences from util-linux.

use std::path::Path;

use crate::case::{Answer, Case, UtilLinux};
use crate::text::Parsed;

/// Compares the list with the tags of all cases: each tag needs a row, each row a case.
pub fn check(file: &Path, content: &str, cases: &[Case]) -> Parsed<()> {
    let mut tags: Vec<&str> = Vec::new();
    for (line, text) in (1..).zip(content.lines()) {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let at = |message: &str| format!("{}:{line}: {message}", file.display());
        let (tag, reason) = text
            .split_once(": ")
            .ok_or_else(|| at("no `tag: reason`"))?;
        if tag.contains(' ') || reason.trim().is_empty() {
            return Err(at("a tag is one word, and a reason follows it"));
        }
        if tags.contains(&tag) {
            return Err(at("this tag stands twice"));
        }
        if !cases.iter().any(|case| tag_of(case) == Some(tag)) {
            return Err(at("no case differs by this tag"));
        }
        tags.push(tag);
    }
    let unknown = |case: &&Case| tag_of(case).is_some_and(|tag| !tags.contains(&tag));
    match cases.iter().find(unknown) {
        Some(case) => Err(format!(
            "{}: its tag has no row in {}",
            case.position,
            file.display()
        )),
        None => Ok(()),
    }
}

fn tag_of(case: &Case) -> Option<&str> {
    match &case.util_linux {
        UtilLinux::Gives(Answer::Differs(tag), _) => Some(tag),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case;

    #[test]
    fn rows_and_tags_must_agree() {
        let text = "case: a\nrun: -Q\nutil-linux: differs operands\n";
        let cases = case::parse(Path::new("x.case"), text, crate::only::Word::Bits64).unwrap();
        let check = |list: &str| check(Path::new("list"), list, &cases);
        assert_eq!(
            check("# comment\n\noperands: a word too many is an error here\n"),
            Ok(())
        );
        assert_eq!(
            check(""),
            Err("x.case:1: its tag has no row in list".into())
        );
        assert_eq!(
            check("operands: a\nother: b\n"),
            Err("list:2: no case differs by this tag".into())
        );
        for bad in [
            "operands",
            "operands: ",
            "two words: a",
            "operands: a\noperands: b",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
