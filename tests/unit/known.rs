//! The table of names, for src/run/known.rs.

use std::collections::HashMap;
use std::format;
use std::string::String;
use std::vec;

use super::{FILES, FTOK, GROUPS, Known, USERS, find, keyed, places};
use crate::cli::lookup::{Named, by_letter, by_name};
use crate::cli::options::{Grammar, Opt, Opts, TABLE};
use crate::kernel::object::Kind;

/// Whatever names an object, a user or a group is counted: each way to write such an option has one
/// of the letters.
#[test]
fn each_name_has_a_place() {
    let mut ways = 0;
    for grammar in [Grammar::Standard, Grammar::Keyed] {
        let names = |opt: Opt| Opts::OBJECTS.any(opt.bit()) || opt == Opt::Owner;
        let counts = |text: &str| places(format!("-{text} 1\n").as_bytes()) > places(b"-x 1\n");
        for letter in ('!'..='~').map(String::from) {
            if by_letter(grammar, letter.as_bytes()).is_some_and(|spec| names(spec.opt)) {
                assert!(counts(&letter), "-{letter}");
                ways += 1;
            }
        }
        for row in TABLE {
            for end in 1..=row.long.len() {
                let name = &row.long[..end];
                if let Named::One(spec) = by_name(grammar, name.as_bytes())
                    && names(spec.opt)
                {
                    assert!(counts(&format!("-{name}")), "--{name}");
                    ways += 1;
                }
            }
        }
    }
    assert!(ways > 40, "{ways} ways");
}

/// Comments and blank lines name nothing, and no line names more than nine.
#[test]
fn a_line_has_few_names() {
    assert_eq!(places(b""), 1);
    assert_eq!(places(b"# MmQqSso\n\n \t# MQS\r\n#m"), 1);
    assert_eq!(places("-Q ".repeat(10_000).as_bytes()), 16);
    assert_eq!(places("-Q\n".repeat(10_000).as_bytes()), 32_768);
}

/// The table has what a map has, however full it is, and one free place ends each search.
#[test]
fn what_is_known_is_found() {
    let names = ["", "a", "b", "ab", "0", "\0"];
    let scopes = [USERS, GROUPS, FTOK, FILES]
        .into_iter()
        .chain(Kind::ALL.map(|kind| keyed(kind, 0)))
        .chain(Kind::ALL.map(|kind| keyed(kind, u32::MAX)));
    let all: vec::Vec<_> = scopes
        .flat_map(|scope| names.map(|name| (scope, name)))
        .collect();
    let mut table = vec![Known::FREE; 64];
    assert!(all.len() < table.len());
    let mut map = HashMap::new();
    for round in 0..2 {
        for (number, (scope, name)) in (1..).zip(&all) {
            let known = find(&mut table, *scope, name.as_bytes()).expect("a place");
            assert_eq!(known.number, map.get(&(*scope, *name)).copied());
            if round == 0 {
                known.number = Some(number);
                map.insert((*scope, *name), number);
            }
        }
    }
    assert!(find(&mut [], USERS, b"a").is_none());
}
