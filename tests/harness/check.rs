//! Compares what a case expects with what its runs did.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitStatus;

use crate::case::{Case, Held, Key, Text};
use crate::namespace::{self, Kind, Object};
use crate::posix;
use crate::text::{self, Shown, Which};

/// The objects of a case, with which placeholders are compared.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// The given ones, in the order of their creation.
    given: Vec<Object>,
    /// Those of `fill`.
    filling: Vec<Object>,
    /// Those that placeholders have matched so far, in order.
    named: Vec<(Kind, i32)>,
}

impl Objects {
    /// Begins with the given objects, in the order of their creation, and those of `fill`.
    pub fn new(given: Vec<Object>, filling: Vec<Object>) -> Self {
        Self {
            given,
            filling,
            named: Vec::new(),
        }
    }

    /// The objects before the first run.
    pub fn before(&self) -> impl Iterator<Item = &Object> {
        self.given.iter().chain(&self.filling)
    }

    /// The identifier of the n-th given object of a kind, from 1.
    pub fn given(&self, kind: Kind, n: usize) -> Option<i32> {
        let mut given = self.given.iter().filter(|object| object.kind == kind);
        given.nth(n.checked_sub(1)?).map(|object| object.id)
    }

    /// Whether this object existed before the first run, and has not changed.
    pub fn hold(&self, object: &Object) -> bool {
        self.before().any(|before| before == object)
    }

    /// Compares an identifier with the placeholder of its line; `held` are the objects after the
    /// run.
    fn judge(&mut self, shown: &Shown, held: &[Object]) -> Result<(), String> {
        let Shown {
            kind, which, id, ..
        } = *shown;
        let refuse = |why: &str| Err(format!("{id} stands for {{{kind}}}, but {why}"));
        if let Some(key) = shown.key {
            let this = |object: &&Object| object.kind == kind && object.id == id;
            match held.iter().find(this) {
                Some(object) if object.key == key => {}
                Some(object) => return refuse(&format!("its key is {:#x}", object.key)),
                None => return refuse("there is no such object"),
            }
        }
        match which {
            Which::Named(n) => {
                let mut named = self.named.iter().filter(|named| named.0 == kind);
                match named.nth(n - 1) {
                    Some(&(_, named)) if named == id => Ok(()),
                    _ => refuse("it is not the one named before"),
                }
            }
            Which::Given(n) => {
                if self.given(kind, n) == Some(id) {
                    Ok(())
                } else {
                    refuse("it is not the given one")
                }
            }
            Which::New => {
                if !held
                    .iter()
                    .any(|object| object.kind == kind && object.id == id)
                {
                    return refuse("there is no such object");
                }
                if self
                    .before()
                    .any(|given| given.kind == kind && given.id == id)
                {
                    return refuse("it is a given object");
                }
                if self.named.contains(&(kind, id)) {
                    return refuse("it was named before");
                }
                self.named.push((kind, id));
                Ok(())
            }
        }
    }

    /// Compares an output with what is expected of it.
    pub fn check_text(
        &mut self,
        name: &str,
        expected: &Text,
        got: &[u8],
        held: &[Object],
    ) -> Result<(), String> {
        match expected {
            Text::Contains(parts) => {
                let has = |part: &&Vec<u8>| {
                    got.windows(part.len())
                        .any(|window| window == part.as_slice())
                };
                match parts.iter().find(|part| !has(part)) {
                    None => Ok(()),
                    Some(part) => Err(format!(
                        "{name}: expected somewhere\n    {}\n{}",
                        text::show(part),
                        show_got(got)
                    )),
                }
            }
            Text::Lines(patterns) => {
                let mut message = format!("{name}: expected\n");
                for pattern in patterns {
                    let _ = writeln!(message, "    {}", text::show_pattern(pattern));
                }
                if patterns.is_empty() {
                    message.push_str("    nothing\n");
                }
                message.push_str(&show_got(got));
                let (lines, rest) = lines(got);
                if lines.len() != patterns.len() || !rest.is_empty() {
                    return Err(message);
                }
                for (pattern, line) in patterns.iter().zip(lines) {
                    let Some(shown) = text::match_line(pattern, line) else {
                        return Err(message);
                    };
                    for shown in shown {
                        self.judge(&shown, held)
                            .map_err(|why| format!("{message}  ({why})\n"))?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// Splits a text into whole lines, and what follows the last newline.
fn lines(text: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
    let rest = lines.pop().unwrap_or_default();
    (lines, rest)
}

fn show_got(got: &[u8]) -> String {
    let mut message = String::from("  got\n");
    let (lines, rest) = lines(got);
    for line in &lines {
        let _ = writeln!(message, "    {}", text::show(line));
    }
    if !rest.is_empty() {
        let _ = writeln!(message, "    {} (no newline)", text::show(rest));
    } else if lines.is_empty() {
        message.push_str("    nothing\n");
    }
    message
}

/// Compares an exit status with the expected one.
pub fn check_status(expected: i32, got: ExitStatus) -> Result<(), String> {
    if got.code() == Some(expected) {
        Ok(())
    } else {
        Err(format!("status: expected {expected}, got {got}\n"))
    }
}

/// Compares the names of system calls.
pub fn check_calls(expected: &[String], got: &[String]) -> Result<(), String> {
    if expected == got {
        return Ok(());
    }
    Err(format!(
        "calls: expected\n    {}\n  got\n    {}\n",
        expected.join(" "),
        got.join(" ")
    ))
}

/// Compares the objects after the last run with those before the first and the case's `gone` and
/// `holds` lines.
pub fn check_holds<'a>(
    case: &Case,
    before: impl Iterator<Item = &'a Object>,
    got: &[Object],
) -> Result<(), String> {
    // Sets, since a full namespace holds tens of thousands of objects.
    let there: HashSet<&Object> = got.iter().collect();
    let before: Vec<&Object> = before.filter(|object| !case.removes(object)).collect();
    let given: HashSet<&Object> = before.iter().copied().collect();
    let mut left: Vec<&Object> = got
        .iter()
        .filter(|object| !given.contains(object))
        .collect();
    let mut missing: Vec<String> = before
        .iter()
        .filter(|object| !there.contains(*object))
        .map(|object| format!("{object}, given"))
        .collect();
    let mut times: HashMap<u32, usize> = HashMap::new();
    for object in got {
        *times.entry(object.key).or_default() += 1;
    }
    // Keys that the case names come first, so that `random` cannot match their objects.
    let (said, random): (Vec<&Held>, Vec<&Held>) =
        case.holds.iter().partition(|held| held.key != Key::Random);
    let user = case.start.user.unwrap_or(0);
    for held in said.into_iter().chain(random) {
        let made = match &held.key {
            Key::Number(key) => Some(*key),
            Key::Ftok(path, id) => {
                let directory = case.start.directory.as_deref().unwrap_or(Path::new(""));
                let path = directory.join(OsStr::from_bytes(path));
                namespace::ftok(&path, *id).ok()
            }
            Key::Random => None,
        };
        let owner = match held.owner {
            None => (user, user),
            Some((owner, group)) => (owner, group.unwrap_or(user)),
        };
        let all = |values: &[u16]| match held.values.as_slice() {
            [] => values.iter().all(|&value| value == 0),
            [all] => values.iter().all(|value| value == all),
            each => values == each,
        };
        let key = |object: &Object| match &held.key {
            Key::Number(_) | Key::Ftok(..) => Some(object.key) == made,
            Key::Random => object.key != 0 && times[&object.key] == 1,
        };
        let page = |object: &Object| {
            held.page
                .is_none_or(|page| namespace::page_size(object.id).is_ok_and(|bytes| bytes == page))
        };
        let fits = |object: &&Object| {
            object.kind == held.kind
                && object.mode == held.mode
                && held.size.is_none_or(|size| object.size == size)
                && object.owner == owner
                && object.creator == (user, user)
                && object.attached == held.attached
                && key(object)
                && all(&object.values)
                && object.is_ready != held.values.is_empty()
                && page(object)
        };
        match left.iter().position(fits) {
            Some(index) => drop(left.remove(index)),
            None => missing.push(held.to_string()),
        }
    }
    differences("holds", &missing, &left)
}

/// Compares the POSIX objects after the last run with those before the first and the case's `gone`
/// and `posix` lines.
pub fn check_posix(
    case: &Case,
    before: &[posix::Object],
    got: &[posix::Object],
) -> Result<(), String> {
    let before: Vec<&posix::Object> = before
        .iter()
        .filter(|object| !case.removes_posix(object))
        .collect();
    let mut left: Vec<&posix::Object> = got
        .iter()
        .filter(|object| !before.contains(object))
        .collect();
    let gone = before.iter().filter(|object| !got.contains(object));
    let mut missing: Vec<String> = gone.map(|object| format!("{object}, given")).collect();
    let user = case.start.user.unwrap_or(0);
    for wanted in &case.posix {
        match left.iter().position(|object| wanted.is(object, user)) {
            Some(index) => drop(left.remove(index)),
            None => missing.push(wanted.to_string()),
        }
    }
    differences("posix", &missing, &left)
}

/// Reports what is missing and what is left over; nothing if there is neither.
fn differences(
    name: &str,
    missing: &[String],
    left: &[impl std::fmt::Display],
) -> Result<(), String> {
    if missing.is_empty() && left.is_empty() {
        return Ok(());
    }
    let missing = missing.iter().map(|missing| format!("missing: {missing}"));
    let extra = left.iter().map(|extra| format!("not expected: {extra}"));
    let lines: Vec<String> = missing.chain(extra).collect();
    let mut message = format!("{name}:\n");
    for line in lines.iter().take(MOST_SHOWN) {
        let _ = writeln!(message, "    {line}");
    }
    if lines.len() > MOST_SHOWN {
        let _ = writeln!(message, "    and {} more", lines.len() - MOST_SHOWN);
    }
    Err(message)
}

/// Most objects that a report shows, of those that are missing or left over.
const MOST_SHOWN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case;
    use std::path::Path;

    fn case(lines: &str) -> Case {
        let text = format!("case: a\n{lines}\nutil-linux: same\n");
        case::parse(Path::new("x.case"), &text, crate::only::Word::Bits64)
            .expect(lines)
            .remove(0)
    }

    fn check_out(objects: &mut Objects, expected: &str, got: &str, held: &[Object]) -> bool {
        let case = case(&format!("run: -Q\n{expected}"));
        objects
            .check_text("out", &case.runs[0].out, got.as_bytes(), held)
            .is_ok()
    }

    #[test]
    fn texts_must_match_to_the_byte() {
        let fits =
            |expected: &str, got: &str| check_out(&mut Objects::default(), expected, got, &[]);
        assert!(fits("", ""));
        assert!(!fits("", "x\n"));
        assert!(!fits("", "\n"));
        assert!(fits("out: a\nout: b", "a\nb\n"));
        for other in [
            "a\nb", "a\n", "b\na\n", "a\nb\n\n", "a\nb\nc", "a \nb\n", "",
        ] {
            assert!(!fits("out: a\nout: b", other), "{other:?}");
        }
        assert!(fits("out:", "\n"));
        assert!(!fits("out:", ""));
        assert!(fits("out~ b\nout~ a", "xa\nbx\n"));
        assert!(!fits("out~ b\nout~ c", "xa\nbx\n"));
    }

    #[test]
    fn identifiers_must_be_those_of_the_right_objects() {
        let held = [
            Object::example(Kind::Shm, 1, 5),
            Object::example(Kind::Shm, 2, 6),
            Object::example(Kind::Msg, 3, 7),
        ];
        let objects = || Objects::new(vec![held[0].clone()], vec![held[2].clone()]);
        let fits = |expected: &str, got: &str| check_out(&mut objects(), expected, got, &held);
        assert!(fits("out: {shm}", "2\n"));
        assert!(!fits("out: {shm}", "1\n"), "given");
        assert!(!fits("out: {msg}", "3\n"), "filling");
        assert!(!fits("out: {shm}", "3\n"), "another kind");
        assert!(!fits("out: {shm}", "4\n"), "not there");
        assert!(fits("out: {shm}\nout: {shm1}", "2\n2\n"));
        assert!(!fits("out: {shm}\nout: {shm}", "2\n2\n"), "named before");
        assert!(!fits("out: {shm}\nout: {shm1}", "2\n1\n"));
        let given = "given: shm key=5 size=1 mode=600\nout: ";
        assert!(fits(&format!("{given}{{given-shm}}"), "1\n"));
        assert!(!fits(&format!("{given}{{given-shm}}"), "2\n"));
        assert!(fits("out: {number}", "77\n"));
        assert!(fits("out: {shm} {key}", "2 00000006\n"));
        assert!(!fits("out: {shm} {key}", "2 00000005\n"), "another key");
        let given = format!("{given}{{given-shm}} {{key}}");
        assert!(fits(&given, "1 00000005\n"));
        assert!(!fits(&given, "1 00000006\n"));
    }

    #[test]
    fn objects_must_be_exactly_these() {
        let given = [Object::example(Kind::Sem, 0, 9)];
        let new = Object::example(Kind::Shm, 1, 5);
        let check = |lines: &str, got: &[Object]| {
            check_holds(&case(&format!("run: -Q\n{lines}")), given.iter(), got).is_ok()
        };
        let with = |object: &Object| [given[0].clone(), object.clone()];
        assert!(check("", &given));
        assert!(check("holds: nothing", &given));
        assert!(!check("", &[]), "a given object is gone");
        assert!(!check("", &with(&new)), "one too many");
        let exact = "holds: shm key=5 size=4096 mode=644";
        assert!(check(exact, &with(&new)));
        assert!(check(
            "holds: shm key=random size=4096 mode=644",
            &with(&new)
        ));
        assert!(!check(exact, &given), "one too few");
        for wrong in [
            "holds: shm key=6 size=4096 mode=644",
            "holds: shm key=5 size=4095 mode=644",
            "holds: shm key=5 size=4096 mode=640",
            "holds: shm key=5 size=4096 mode=644 owner=1",
            "holds: shm key=5 size=4096 mode=644 owner=0:1",
            "holds: shm key=ftok:/no/such/file:5 size=4096 mode=644",
            "holds: shm key=5 size=4096 mode=644 nattch=1",
            "holds: msg key=5 mode=644",
            "given: user 1000\nholds: shm key=5 size=4096 mode=644 owner=0",
        ] {
            assert!(!check(wrong, &with(&new)), "{wrong}");
        }
        let random = "holds: shm key=random size=4096 mode=644";
        assert!(
            !check(random, &with(&Object::example(Kind::Shm, 1, 0))),
            "0 is not random"
        );
        assert!(
            !check(random, &with(&Object::example(Kind::Shm, 1, 9))),
            "another object's key is not random"
        );
        assert!(
            !check(
                random,
                &[
                    Object {
                        mode: 0o600,
                        ..given[0].clone()
                    },
                    new.clone()
                ]
            ),
            "a given object changed"
        );
        let queue = with(&Object::example(Kind::Msg, 1, 5));
        assert!(check("holds: msg key=5 mode=644", &queue));
        assert!(check("holds: msg key=5 mode=644 qbytes=4096", &queue));
        assert!(!check("holds: msg key=5 mode=644 qbytes=1", &queue));
        let set_that = |is_ready, values: &[u16]| {
            with(&Object {
                size: 3,
                values: values.into(),
                is_ready,
                ..Object::example(Kind::Sem, 1, 5)
            })
        };
        let set = |values: &[u16]| set_that(false, values);
        let held = "holds: sem key=5 nsems=3 mode=644";
        assert!(check(held, &set(&[0; 3])));
        assert!(!check(held, &set(&[0, 0, 1])), "fresh values are 0");
        assert!(!check(held, &set_that(true, &[0; 3])), "no semop was due");
        let valued = format!("{held} values=7");
        assert!(!check(&valued, &set(&[7; 3])), "its sem_otime is 0");
        for (values, got, fits) in [
            ("7", [7, 7, 7], true),
            ("7", [7, 7, 0], false),
            ("1,2,3", [1, 2, 3], true),
            ("1,2,3", [1, 2, 4], false),
            ("1,2", [1, 2, 0], false),
        ] {
            let held = format!("{held} values={values}");
            assert_eq!(check(&held, &set_that(true, &got)), fits);
        }
        let group = with(&Object {
            owner: (5, 6),
            ..Object::example(Kind::Sem, 1, 5)
        });
        for (owner, fits) in [("5:6", true), ("5", false), ("6:6", false)] {
            let line = format!("holds: sem key=5 nsems=4096 mode=644 owner={owner}");
            assert_eq!(check(&line, &group), fits, "{owner}");
        }
        let two = [
            given[0].clone(),
            new.clone(),
            Object::example(Kind::Shm, 2, 77),
        ];
        assert!(
            check(&format!("{random}\n{exact}"), &two),
            "said keys come first"
        );
        assert!(!check(exact, &two));
    }
}
