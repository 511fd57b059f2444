//! Checks a run of --remove: what it printed is gone, what an error line names is there, nothing
//! else is touched, and the exit status says so.

use super::attempt::Observed;
use super::fault::{Fault, Target};
use super::verdict::{After, Ending, Scene, Verdict, ending, exit_status, hears, words};
use crate::case::{Case, Setup, Text};
use crate::check::Objects;
use crate::namespace::{Kind, Object};
use crate::posix;
use crate::text::{self, Pattern, Piece, Which};

/// What became of an object that the case removes.
struct Fate {
    /// The object, for reports.
    name: String,
    /// The line that it is printed with.
    line: Vec<u8>,
    /// Whether it is there, as it was before.
    is_there: bool,
    /// Whether "another process" removed it meanwhile: see `tell_truly`.
    by_another: bool,
    /// Whether an error line names it.
    is_named: bool,
}

impl Fate {
    /// Whether the run removed it.
    fn is_removed(&self) -> bool {
        !self.is_there && !self.by_another
    }
}

/// Checks a run by its output and by the objects that exist now. `expected` is the only exit status
/// that is right, if there is one.
pub fn judge(
    scene: &Scene<'_>,
    observed: &Observed,
    faults: &[Fault],
    after: After<'_>,
    expected: Option<i32>,
) -> Verdict {
    let ending = ending(observed, faults);
    let mut complaints: Vec<String> = exit_status(ending, observed, expected)
        .into_iter()
        .collect();
    let changed = others(scene, observed, after, &mut complaints);
    let fates = match fates(scene, observed, after) {
        Ok(fates) => fates,
        Err(what) => return Verdict::of(ending, changed, vec![what]),
    };
    let hears = hears(scene, observed, faults);
    let output = output(scene.case, &fates);
    let is_printed = observed.stdout == output;
    let are_all_there = fates.iter().all(|fate| fate.is_there);
    // A mistake, or a call before the first removal that failed.
    let is_untouched = are_all_there && observed.stdout.is_empty();
    let is_write_refused = lines(&observed.stderr).any(|line| line.starts_with(WRITE_ERROR));
    let is_any_named = lines(&observed.stderr).any(|line| named(line).is_some());
    let mut verdict = Verdict::of(ending, changed, Vec::new());
    if !output.starts_with(&observed.stdout) {
        complaints.push(format!(
            "out: what is gone is\n{}  got\n{}",
            text::show(&output),
            text::show(&observed.stdout)
        ));
    }
    for fate in &fates {
        let name = &fate.name;
        if fate.is_named && !fate.is_there {
            complaints.push(format!(
                "it says that it did not remove {name}, which is gone"
            ));
        }
        if !fate.is_there || ending == Ending::Killed {
            continue;
        }
        if fate.is_named {
            verdict.named += 1;
        } else if ending == Ending::Success {
            verdict.lost += 1;
            complaints.push(format!("NOT REMOVED, and no error: {name}"));
        } else if is_untouched && !is_any_named {
        } else if hears {
            verdict.lost += 1;
            complaints.push(format!("NOT REMOVED, and not named: {name}"));
        } else {
            verdict.untold += 1;
        }
    }
    // A run whose exit fails has no status: what it wrote says how it went.
    let is_success = match ending {
        Ending::Success => true,
        Ending::Refused => hears && observed.stderr.is_empty(),
        Ending::Failure | Ending::Early | Ending::Killed | Ending::Wrong => false,
    };
    match ending {
        Ending::Success | Ending::Refused if is_success => {
            if !is_printed {
                complaints.push("out: success, and not all was printed".to_owned());
            }
            if !observed.stderr.is_empty() {
                complaints.push(format!("err: {}", text::show(&observed.stderr)));
            }
        }
        Ending::Early if !is_untouched => complaints.push("it did more than it may".to_owned()),
        Ending::Failure | Ending::Refused if hears => {
            complaints.extend(words(&observed.stderr));
            if !is_printed && !is_untouched && !is_write_refused {
                complaints.push("out: not all was printed, and no error line says it".to_owned());
            }
            if is_printed && is_write_refused {
                complaints.push("err: a write error, and all was printed".to_owned());
            }
            if is_printed && !is_any_named && !is_untouched && !has_other_reason(scene) {
                complaints.push("err: no reason for the exit status".to_owned());
            }
        }
        Ending::Success
        | Ending::Failure
        | Ending::Refused
        | Ending::Early
        | Ending::Killed
        | Ending::Wrong => {}
    }
    verdict.complaints = complaints;
    verdict
}

/// What the error line begins with if the output cannot be written.
const WRITE_ERROR: &[u8] = b"ipcmk: write error: ";

/// Whether the case itself has an object that cannot be removed.
fn has_other_reason(scene: &Scene<'_>) -> bool {
    scene.case.runs[0].status != 0
}

/// Complains of given objects that the case does not remove and that are gone or changed, and of
/// new ones. Returns how many given ones there are.
fn others(
    scene: &Scene<'_>,
    observed: &Observed,
    after: After<'_>,
    complaints: &mut Vec<String>,
) -> usize {
    let case = scene.case;
    let by_another = |target| observed.gone.contains(&target);
    let is_same = |object: &&Object| {
        case.removes(object)
            || after.held.contains(object)
            || by_another(Target::SystemV(object.kind, object.id))
    };
    let gone = scene.given.before().filter(|object| !is_same(object));
    let mut changed: Vec<String> = gone.map(Object::to_string).collect();
    let is_same = |object: &&posix::Object| {
        case.removes_posix(object)
            || after.posix.contains(object)
            || by_another(Target::Posix(object.what.is_queue(), object.name.clone()))
    };
    let gone = scene.posix.iter().filter(|object| !is_same(object));
    changed.extend(gone.map(posix::Object::to_string));
    for object in &changed {
        complaints.push(format!("a given object is gone or changed: {object}"));
    }
    let new = after.held.iter().filter(|object| !scene.given.hold(object));
    let new = new.map(Object::to_string);
    let files = after.posix.iter();
    let files = files.filter(|object| !scene.posix.contains(object));
    for object in new.chain(files.map(posix::Object::to_string)) {
        complaints.push(format!("new or changed: {object}"));
    }
    changed.len()
}

/// What became of each object that the case removes.
fn fates(scene: &Scene<'_>, observed: &Observed, after: After<'_>) -> Result<Vec<Fate>, String> {
    let case = scene.case;
    let named: Vec<Named> = lines(&observed.stderr).filter_map(named).collect();
    let fate = |(gone, line): (&Setup, &Pattern)| {
        let mut fate = Fate {
            name: String::new(),
            line: rendered(line, scene.given)?,
            is_there: false,
            by_another: false,
            is_named: false,
        };
        let target = match gone {
            Setup::Object(gone) => {
                let this = |object: &&Object| (object.kind, object.key) == (gone.kind, gone.key);
                let object = scene.given.before().find(this);
                let object = object.ok_or("an object that is not given")?;
                fate.name = object.to_string();
                fate.is_there = after.held.contains(object);
                fate.is_named = named.contains(&Named::SystemV(gone.kind, gone.key));
                Target::SystemV(object.kind, object.id)
            }
            Setup::Posix(gone) => {
                let target = Target::Posix(gone.what.is_queue(), gone.name.clone());
                let object = scene.posix.iter().find(|object| target.is(object));
                let object = object.ok_or("an object that is not given")?;
                fate.name = object.to_string();
                fate.is_there = after.posix.contains(object);
                fate.is_named = named.contains(&Named::posix(gone));
                target
            }
            _ => return Err("only objects can be gone".to_owned()),
        };
        fate.by_another = observed.gone.contains(&target);
        Ok(fate)
    };
    case.gone.iter().zip(objects(case)).map(fate).collect()
}

/// The lines of a case's output that print objects: all but the brackets of JSON.
pub fn objects(case: &Case) -> impl Iterator<Item = &Pattern> {
    let lines = match &case.runs[0].out {
        Text::Lines(lines) => lines.as_slice(),
        Text::Contains(_) => &[],
    };
    lines.iter().filter(|line| !is_bracket(line))
}

/// Whether a line has a bracket of JSON.
fn is_bracket(line: &Pattern) -> bool {
    matches!(line.as_slice(), [Piece::Bytes(bytes)] if BRACKETS.contains(&bytes.as_slice()))
}

/// The first and the last line of JSON.
const BRACKETS: [&[u8]; 2] = [b"{\"ipcmk\": [", b"]}"];

/// A line as it must be, without the comma behind an object in JSON.
fn rendered(line: &Pattern, given: &Objects) -> Result<Vec<u8>, String> {
    let piece = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => Some(bytes.clone()),
        Piece::Id(kind, Which::Given(n)) => Some(given.given(*kind, *n)?.to_string().into()),
        Piece::Id(..) | Piece::Number | Piece::Key => None,
    };
    let pieces: Option<Vec<_>> = line.iter().map(piece).collect();
    let mut line = pieces.ok_or("a removal prints given objects")?.concat();
    if line.ends_with(b"},") {
        line.pop();
    }
    Ok(line)
}

/// The whole output of a run that removed these objects.
fn output(case: &Case, fates: &[Fate]) -> Vec<u8> {
    let Text::Lines(lines) = &case.runs[0].out else {
        return Vec::new();
    };
    let is_json = lines.first().is_some_and(is_bracket);
    let removed = fates.iter().filter(|fate| fate.is_removed());
    let removed: Vec<_> = removed.map(|fate| fate.line.as_slice()).collect();
    let lines = removed.join(if is_json { &b",\n"[..] } else { b"\n" });
    let end: &[u8] = if lines.is_empty() { b"" } else { b"\n" };
    if is_json {
        [BRACKETS[0], b"\n", &lines, end, BRACKETS[1], b"\n"].concat()
    } else {
        [&lines, end].concat()
    }
}

/// An object, as an error line names it.
#[derive(PartialEq, Eq)]
enum Named {
    /// System V: its kind and key.
    SystemV(Kind, u32),
    /// POSIX: its kind, in the program's words, and its name without a slash.
    Posix(&'static str, Vec<u8>),
}

/// The kinds of POSIX objects in the program's words: shared memory, queue, semaphore.
const KINDS: [&str; 3] = ["shared memory", "message queue", "semaphore"];

impl Named {
    /// As the program names a given object. A semaphore of musl is told from shared memory by its
    /// bytes, which the cases do not give to shared memory.
    fn posix(object: &posix::Wanted) -> Self {
        let [shm, queue, semaphore] = KINDS;
        let name = &object.name;
        match (&object.what, name.strip_prefix(b"sem.")) {
            (posix::What::Queue(_), _) => Self::Posix(queue, name.clone()),
            (_, Some(name)) => Self::Posix(semaphore, name.into()),
            (posix::What::File { content, .. }, None) if !content.is_empty() => {
                Self::Posix(semaphore, name.clone())
            }
            _ => Self::Posix(shm, name.clone()),
        }
    }
}

/// The object that an error line names as one that could not be removed.
fn named(line: &[u8]) -> Option<Named> {
    let mut line = str::from_utf8(line).ok()?.strip_prefix("ipcmk: ")?;
    if let Some((_, rest)) = line
        .strip_prefix("line ")
        .and_then(|rest| rest.split_once(": "))
    {
        line = rest;
    }
    let (object, _) = line.strip_prefix("remove ")?.split_once(" failed: ")?;
    if let Some(object) = object.strip_prefix("POSIX ") {
        let (kind, name) = object.strip_suffix('\'')?.split_once(" '")?;
        let kind = KINDS.into_iter().find(|words| *words == kind)?;
        let name = name.strip_prefix('/').unwrap_or(name);
        return Some(Named::Posix(kind, name.into()));
    }
    let (kind, key) = object.split_once(" with key 0x")?;
    let kind = Kind::in_words(kind)?;
    Some(Named::SystemV(kind, u32::from_str_radix(key, 16).ok()?))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n')
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::path::Path;
    use std::process::ExitStatus;

    use super::super::fault::What;
    use super::super::stdout::Stdout;
    use super::*;
    use crate::case;
    use crate::tracer::Syscall;

    const CASE: &str = "case: a\ngiven: msg key=5 mode=600\ngiven: msg key=6 mode=600\n\
        given: posix sem sem.x value=1 mode=600\ngone: msg key=5 mode=600\n\
        gone: posix sem sem.x value=1 mode=600\nrun: -Q -s -n x -k 5 --remove\n\
        out: Message queue id: {given-msg}\nout: POSIX semaphore name: x\n\
        util-linux: no --remove\n";

    const BOTH: &str = "Message queue id: 3\nPOSIX semaphore name: x\n";
    const QUEUE: &str = "Message queue id: 3\n";
    const REFUSED: &str =
        "ipcmk: remove POSIX semaphore 'x' failed: Operation not permitted\nipcmk: a hint\n";

    fn queue(id: i32, key: u32) -> Object {
        Object {
            mode: 0o600,
            size: 16384,
            ..Object::example(Kind::Msg, id, key)
        }
    }

    fn semaphore() -> posix::Object {
        posix::Object {
            name: "sem.x".into(),
            what: posix::What::semaphore(1, false, crate::only::Word::Bits64),
            mode: 0o600,
            owner: (0, 0),
            inode: 1,
            changed: (0, 0),
        }
    }

    /// The objects that are there after a run: the queue that is removed, the other one, the
    /// semaphore.
    #[derive(Clone, Copy)]
    struct Left(bool, bool, bool);

    const NONE: Left = Left(false, true, false);
    const ALL: Left = Left(true, true, true);

    fn judged(
        case: &str,
        (status, stdout, stderr): (i32, &str, &str),
        left: Left,
        gone: &[Target],
        faults: &[(Fault, usize)],
    ) -> Verdict {
        let cases = case::parse(Path::new("x.case"), case, crate::only::Word::Bits64).unwrap();
        let given = Objects::new(vec![queue(3, 5), queue(4, 6)], Vec::new());
        let call = |name, result| Syscall {
            name,
            args: [2, 0, 0, 0, 0, 0],
            result: Some(result),
        };
        let observed = Observed {
            stdout: stdout.into(),
            stderr: stderr.into(),
            status: ExitStatus::from_raw(status),
            calls: vec![
                call("rt_sigprocmask", 0),
                call("write", -1),
                call("exit_group", -1),
            ],
            met: (0..).zip(faults.iter().map(|row| row.1)).collect(),
            removals: Vec::new(),
            others: Vec::new(),
            gone: gone.into(),
        };
        let scene = Scene {
            case: &cases[0],
            stdout: &Stdout::Pipe,
            given: &given,
            posix: &[semaphore()],
            reference: None,
        };
        let held: Vec<_> = [(left.0, queue(3, 5)), (left.1, queue(4, 6))]
            .into_iter()
            .filter_map(|(is_there, object)| is_there.then_some(object))
            .collect();
        let after = After {
            held: &held,
            posix: if left.2 { &[semaphore()] } else { &[] },
        };
        let faults: Vec<_> = faults.iter().map(|row| row.0).collect();
        judge(&scene, &observed, &faults, after, None)
    }

    #[track_caller]
    fn right(run: (i32, &str, &str), left: Left, gone: &[Target]) {
        let verdict = judged(CASE, run, left, gone, &[]);
        assert!(verdict.complaints.is_empty(), "{verdict:?}");
    }

    #[track_caller]
    fn wrong(run: (i32, &str, &str), left: Left, what: &str) {
        let verdict = judged(CASE, run, left, &[], &[]);
        let complaints = verdict.complaints.concat();
        assert!(complaints.contains(what), "{verdict:?}");
    }

    const EXIT_0: i32 = 0;
    const EXIT_1: i32 = 1 << 8;

    #[test]
    fn success_removes_and_prints_all() {
        right((EXIT_0, BOTH, ""), NONE, &[]);
        wrong((EXIT_0, QUEUE, ""), NONE, "not all was printed");
        wrong((EXIT_0, BOTH, "ipcmk: x\n"), NONE, "err:");
        wrong(
            (EXIT_0, BOTH, ""),
            Left(false, true, true),
            "out: what is gone",
        );
        wrong((EXIT_0, QUEUE, ""), Left(false, true, true), "no error");
        wrong(
            (EXIT_0, BOTH, ""),
            Left(false, false, false),
            "is gone or changed",
        );
        wrong((EXIT_1, BOTH, ""), NONE, "no error line");
        wrong((EXIT_1, BOTH, "ipcmk: x\n"), NONE, "no reason");
    }

    #[test]
    fn what_another_process_removes_is_not_printed() {
        let gone = [Target::Posix(false, "sem.x".into())];
        right((EXIT_0, QUEUE, ""), NONE, &gone);
        let verdict = judged(CASE, (EXIT_0, BOTH, ""), NONE, &gone, &[]);
        assert!(!verdict.complaints.is_empty());
    }

    #[test]
    fn what_is_left_is_named() {
        let left = Left(false, true, true);
        right((EXIT_1, QUEUE, REFUSED), left, &[]);
        wrong((EXIT_1, QUEUE, "ipcmk: x\n"), left, "not named");
        wrong((EXIT_1, BOTH, REFUSED), NONE, "which is gone");
        let other = REFUSED.replace("'x'", "'y'");
        wrong((EXIT_1, QUEUE, &other), left, "not named");
        // A musl semaphore's name is printed alike, in a batch too.
        let in_batch = REFUSED.replace("remove", "line 2: remove");
        right((EXIT_1, QUEUE, &in_batch), left, &[]);
        let key = "ipcmk: remove message queue with key 0x5 failed: x\n";
        let left = Left(true, true, false);
        right((EXIT_1, "POSIX semaphore name: x\n", key), left, &[]);
        wrong(
            (EXIT_1, "POSIX semaphore name: x\n", REFUSED),
            left,
            "not named",
        );
    }

    #[test]
    fn what_cannot_be_printed_stays_removed() {
        let error = "ipcmk: write error: Broken pipe\n";
        right((EXIT_1, "Messa", error), NONE, &[]);
        right((EXIT_1, "", error), NONE, &[]);
        right(
            (EXIT_1, "", &[REFUSED, error].concat()),
            Left(false, true, true),
            &[],
        );
        wrong(
            (EXIT_1, "Messa", "ipcmk: x\n"),
            NONE,
            "no error line says it",
        );
        wrong((EXIT_1, "x", error), NONE, "out: what is gone");
        wrong((EXIT_1, BOTH, error), NONE, "all was printed");
        wrong((EXIT_1, "", error), Left(false, true, true), "not named");
    }

    #[test]
    fn an_error_before_the_first_removal_leaves_all() {
        right((EXIT_1, "", "ipcmk: x\n"), ALL, &[]);
        wrong(
            (EXIT_1, "", "ipcmk: x\n"),
            Left(false, true, true),
            "not named",
        );
        wrong((EXIT_1, "", ""), ALL, "no error line");
    }

    #[test]
    fn json_has_commas_between_what_is_gone() {
        let objects = [
            r#"{"kind": "queue", "id": 3, "removed": true}"#,
            r#"{"kind": "posix-semaphore", "name": "x", "removed": true}"#,
        ];
        let [queue, semaphore] = objects.map(|object| object.replace("3", "{given-msg}"));
        let begin = CASE.split("out:").next().unwrap();
        let case = format!(
            "{begin}out: {{\"ipcmk\": [\nout: {queue},\nout: {semaphore}\nout: ]}}\n\
             util-linux: no --remove\n"
        );
        let run = |objects: &str| format!("{{\"ipcmk\": [\n{objects}]}}\n");
        let verdict = |status, out: &str, err, left| {
            judged(&case, (status, &run(out), err), left, &[], &[]).complaints
        };
        let [queue, semaphore] = objects;
        let both = format!("{queue},\n{semaphore}\n");
        assert!(verdict(EXIT_0, &both, "", NONE).is_empty());
        assert!(!verdict(EXIT_0, &format!("{queue}\n{semaphore}\n"), "", NONE).is_empty());
        let left = Left(false, true, true);
        assert!(verdict(EXIT_1, &format!("{queue}\n"), REFUSED, left).is_empty());
        assert!(!verdict(EXIT_1, &format!("{queue},\n"), REFUSED, left).is_empty());
        let errors = ["5", "x"].map(|_| REFUSED.to_owned()).concat()
            + "ipcmk: remove message queue with key 0x5 failed: x\n";
        assert!(verdict(EXIT_1, "", &errors, ALL).is_empty());
    }

    #[test]
    fn deaths() {
        let kill = (Fault::once(1, What::SignalBefore(libc::SIGKILL)), 1);
        let killed = |out, left| {
            let run = (libc::SIGKILL, out, "");
            judged(CASE, run, left, &[], &[kill]).complaints
        };
        assert!(killed("", Left(false, true, true)).is_empty());
        assert!(killed("Mess", NONE).is_empty());
        assert!(!killed(BOTH, Left(false, true, true)).is_empty());
        let mute = (Fault::once(1, What::Errno(libc::EIO)), 1);
        let silent = judged(
            CASE,
            (EXIT_1, QUEUE, ""),
            Left(false, true, true),
            &[],
            &[mute],
        );
        assert!(silent.complaints.is_empty(), "{silent:?}");
        assert_eq!(silent.untold, 1);
    }
}
