//! Checks a run: after exit 0 exactly the printed objects exist; after exit 1 none that the run
//! created, except those that standard error names as left behind.

use std::os::unix::process::ExitStatusExt;

use super::attempt::Observed;
use super::fault::{Fault, Target, What, describe, is_write};
use super::stdout::Stdout;
use crate::case::{Case, Text};
use crate::check::{self, Objects};
use crate::namespace::{Kind, Object};
use crate::posix;
use crate::text::{self, Piece};

/// What a run is checked against.
pub struct Scene<'a> {
    /// The case, which has the output and objects of a successful run.
    pub case: &'a Case,
    /// Its standard output.
    pub stdout: &'a Stdout,
    /// The objects before the run.
    pub given: &'a Objects,
    /// The POSIX objects before the run.
    pub posix: &'a [posix::Object],
    /// The whole output, if the case has only parts of it.
    pub reference: Option<&'a [u8]>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Exit status 0.
    Success,
    /// Exit status 1.
    Failure,
    /// By SIGILL or SIGTRAP: exit_group(2) failed.
    Refused,
    /// By a signal before it had blocked signals.
    Early,
    /// By SIGKILL.
    Killed,
    /// In a way that is not allowed.
    Wrong,
}

/// The result of the check of a run.
#[derive(Debug)]
pub struct Verdict {
    /// How it ended.
    pub ending: Ending,
    /// Objects that it left, or did not remove, and named on standard error.
    pub named: usize,
    /// The same where standard error took no error line.
    pub untold: usize,
    /// Objects that SIGKILL left behind.
    pub orphaned: usize,
    /// The same without an error line, although standard error took them.
    pub lost: usize,
    /// POSIX objects that it left and that are not complete.
    pub half_made: usize,
    /// Queues that SIGKILL left before their fchown and fchmod: of mode 0, or with less than their
    /// mode.
    pub closed: usize,
    /// Objects from before the run that it removed or changed.
    pub changed: usize,
    /// All that is wrong.
    pub complaints: Vec<String>,
}

/// The objects after a run.
#[derive(Clone, Copy)]
pub struct After<'a> {
    /// The System V objects.
    pub held: &'a [Object],
    /// The POSIX objects.
    pub posix: &'a [posix::Object],
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
    let held = after.held;
    let ending = ending(observed, faults);
    let mut complaints: Vec<String> = exit_status(ending, observed, expected)
        .into_iter()
        .collect();
    let gone = scene.given.before().filter(|object| !held.contains(object));
    let mut changed: Vec<String> = gone.map(Object::to_string).collect();
    let gone = scene
        .posix
        .iter()
        .filter(|object| !after.posix.contains(object));
    changed.extend(gone.map(posix::Object::to_string));
    for object in &changed {
        complaints.push(format!("a given object is gone or changed: {object}"));
    }

    let printed = printed(&out(scene, observed, faults), &observed.stdout);
    let names = left_behind(&observed.stderr);
    let hears = hears(scene, observed, faults);
    let whole = whole(scene, observed, faults, after);
    let mut verdict = Verdict::of(ending, changed.len(), Vec::new());
    for object in held.iter().filter(|object| !scene.given.hold(object)) {
        let this = (object.kind, object.id);
        let is_printed = printed.contains(&this);
        let refused = observed.is_refused(faults, &Target::SystemV(this.0, this.1));
        let told = match ending {
            Ending::Success | Ending::Killed => is_printed,
            Ending::Refused => is_printed && whole.is_empty(),
            Ending::Failure | Ending::Early | Ending::Wrong => false,
        };
        if told {
        } else if names.contains(&this) {
            verdict.named += 1;
        } else if ending == Ending::Killed {
            verdict.orphaned += 1;
        } else if refused && !hears {
            verdict.untold += 1;
        } else {
            verdict.lost += 1;
            complaints.push(format!("LOST: {object}"));
        }
    }
    verdict.judge_posix(scene, observed, faults, after.posix, &mut complaints);
    for (kind, id) in names {
        if !held
            .iter()
            .any(|object| (object.kind, object.id) == (kind, id))
        {
            complaints.push(format!(
                "it says that {kind} {id} is left, which is not there"
            ));
        }
        if scene
            .given
            .before()
            .any(|object| (object.kind, object.id) == (kind, id))
        {
            complaints.push(format!("it says that it left {kind} {id}, which it found"));
        }
    }
    match ending {
        Ending::Success => {
            if scene.case.runs[0].status != 0 {
                complaints.push("success, which the case says there is none of".to_owned());
            }
            complaints.extend(whole);
        }
        // All ids were written, so the exit status would have been 0.
        Ending::Refused if whole.is_empty() => {}
        Ending::Refused | Ending::Failure if hears => complaints.extend(words(&observed.stderr)),
        Ending::Refused | Ending::Failure | Ending::Early | Ending::Killed | Ending::Wrong => {}
    }
    verdict.complaints = complaints;
    verdict
}

/// What is wrong with the end of a run. `expected` is the only exit status that is right, if there
/// is one.
pub fn exit_status(ending: Ending, observed: &Observed, expected: Option<i32>) -> Option<String> {
    match (expected, observed.status.code()) {
        _ if ending == Ending::Wrong => Some(format!("it ended by {}", observed.status)),
        (Some(expected), Some(code)) if code != expected => {
            Some(format!("exit status {code} instead of {expected}"))
        }
        _ => None,
    }
}

impl Verdict {
    /// One of a run that left no object of its own.
    pub fn of(ending: Ending, changed: usize, complaints: Vec<String>) -> Self {
        Self {
            ending,
            named: 0,
            untold: 0,
            orphaned: 0,
            lost: 0,
            half_made: 0,
            closed: 0,
            changed,
            complaints,
        }
    }

    /// The same for POSIX objects, which must also be complete at any time.
    fn judge_posix(
        &mut self,
        scene: &Scene<'_>,
        observed: &Observed,
        faults: &[Fault],
        held: &[posix::Object],
        complaints: &mut Vec<String>,
    ) {
        let user = scene.case.start.user.unwrap_or(0);
        let names = posix_left_behind(&observed.stderr);
        let hears = hears(scene, observed, faults);
        let printed = is_printed(scene, observed, faults);
        for (target, name) in &names {
            if !held
                .iter()
                .any(|object| target.iter().any(|target| target.is(object)))
            {
                complaints.push(format!("it says that {name} is left, which is not there"));
            }
            let found = |object: &posix::Object| target.iter().any(|target| target.is(object));
            if scene.posix.iter().any(found) {
                complaints.push(format!("it says that it left {name}, which it found"));
            }
        }
        let others = |object: &posix::Object| observed.others.iter().any(|other| other.is(object));
        for object in held {
            if scene.posix.contains(object) || others(object) {
                continue;
            }
            let mut made = scene.case.posix.iter().chain(&scene.case.undone);
            let is_whole = made.any(|wanted| wanted.is(object, user));
            // A queue that its creator has not finished has no mode bits, so that no other user can
            // open it; or, if it gets no other owner, it lacks some of its mode, which the umask
            // has removed. No program looks for a file under another name.
            let mut made = scene.case.posix.iter().chain(&scene.case.undone);
            let lacks_mode = made.any(|wanted| {
                wanted.what.is_queue()
                    && wanted.owner.is_none()
                    && (&wanted.name, &wanted.what) == (&object.name, &object.what)
                    && object.mode & !wanted.mode == 0
            });
            let is_other = !object.what.is_queue() && object.name.starts_with(OTHER.as_bytes());
            let is_closed = object.what.is_queue() && object.mode == 0 || lacks_mode || is_other;
            let target = Target::Posix(object.what.is_queue(), object.name.clone());
            let named = names.iter().any(|row| row.0.contains(&target));
            let killed = self.ending == Ending::Killed;
            if !is_whole && !is_closed {
                self.half_made += 1;
                complaints.push(format!("HALF-MADE: {object}"));
            }
            match self.ending {
                Ending::Success if is_whole => {}
                Ending::Killed | Ending::Refused if is_whole && printed => {}
                _ if named => self.named += 1,
                _ if killed && is_whole => self.orphaned += 1,
                _ if killed && is_closed => self.closed += 1,
                _ if observed.is_refused(faults, &target) && !hears => self.untold += 1,
                _ => {
                    self.lost += 1;
                    complaints.push(format!("LOST: {object}"));
                }
            }
        }
    }
}

/// Whether the whole output was written.
fn is_printed(scene: &Scene<'_>, observed: &Observed, faults: &[Fault]) -> bool {
    let out = out(scene, observed, faults);
    let Text::Lines(patterns) = &out else {
        return false;
    };
    let lines: Vec<&[u8]> = observed.stdout.split(|&byte| byte == b'\n').collect();
    let is_line = |(pattern, line): (&text::Pattern, &&[u8])| text::match_line(pattern, line);
    lines.len() == patterns.len() + 1
        && patterns
            .iter()
            .zip(&lines)
            .all(|row| is_line(row).is_some())
}

/// How a run ended.
pub fn ending(observed: &Observed, faults: &[Fault]) -> Ending {
    match (observed.status.code(), observed.status.signal()) {
        (Some(0), _) => Ending::Success,
        (Some(1), _) => Ending::Failure,
        (_, Some(libc::SIGILL | libc::SIGTRAP))
            if observed.met_any(faults, |fault, call| {
                matches!(fault.what, What::Errno(_)) && call.name == "exit_group"
            }) =>
        {
            Ending::Refused
        }
        (_, Some(signal)) => {
            let sent = faults.iter().any(|fault| {
                matches!(fault.what, What::SignalAtStart(number) | What::SignalBefore(number)
                    | What::SignalAfter(number) if number == signal)
            });
            let blocks = |call: &&crate::tracer::Syscall| {
                call.name == "rt_sigprocmask" && call.result == Some(0)
            };
            match signal {
                _ if !sent => Ending::Wrong,
                libc::SIGKILL => Ending::Killed,
                _ if observed.calls.iter().any(|call| blocks(&call)) => Ending::Wrong,
                _ => Ending::Early,
            }
        }
        _ => Ending::Wrong,
    }
}

/// The objects whose ids were written in whole lines. The expected lines have their kinds.
fn printed(expected: &Text, stdout: &[u8]) -> Vec<(Kind, i32)> {
    let Text::Lines(patterns) = expected else {
        return Vec::new();
    };
    let mut lines: Vec<&[u8]> = stdout.split(|&byte| byte == b'\n').collect();
    // What follows the last newline is not a line.
    lines.pop();
    patterns
        .iter()
        .zip(lines)
        .filter_map(|(pattern, line)| text::match_line(pattern, line))
        .flatten()
        .map(|shown| (shown.kind, shown.id))
        .collect()
}

/// What a successful run would also have: nothing if the output and the objects are exactly those
/// that the case expects.
fn whole(
    scene: &Scene<'_>,
    observed: &Observed,
    faults: &[Fault],
    after: After<'_>,
) -> Vec<String> {
    let run = &scene.case.runs[0];
    let mut objects = scene.given.clone();
    let out = out(scene, observed, faults);
    // An object that "another process" has created meanwhile was found by the run, in place of its
    // own.
    let others = |object: &posix::Object| observed.others.iter().any(|other| other.is(object));
    let mut case = scene.case.clone();
    let found: Vec<&posix::Object> = after
        .posix
        .iter()
        .filter(|&object| others(object))
        .collect();
    case.posix.retain(|wanted| {
        let is_found = |object: &&posix::Object| {
            object.name == wanted.name && object.what.is_queue() == wanted.what.is_queue()
        };
        !found.iter().any(is_found)
    });
    let before = scene.posix.iter().chain(found).cloned().collect::<Vec<_>>();
    let held = after.held;
    let mut complaints = vec![
        objects.check_text("out", &out, &observed.stdout, held),
        check::check_holds(scene.case, scene.given.before(), held),
        check::check_posix(&case, &before, after.posix),
    ];
    if !scene.stdout.closed()[2] {
        complaints.push(objects.check_text("err", &run.err, &observed.stderr, held));
    }
    if scene
        .reference
        .is_some_and(|reference| reference != observed.stdout)
    {
        complaints.push(Err("out: not what it is without a fault\n".to_owned()));
    }
    complaints.into_iter().filter_map(Result::err).collect()
}

/// The expected output: that of the case; in JSON, null for each property that could not be read.
/// (No case for faults finds more than one System V object.)
fn out(scene: &Scene<'_>, observed: &Observed, faults: &[Fault]) -> Text {
    let expected = &scene.case.runs[0].out;
    let is_met = |is: &dyn Fn(&str) -> bool| {
        observed.met_any(faults, |fault, call| {
            matches!(fault.what, What::Errno(_)) && is(&describe(call))
        })
    };
    let mut out = expected.clone();
    if is_met(&|call| call.ends_with("IPC_STAT")) {
        out = without_state(&out, |line, _| line.ends_with(b"\"created\": false}"));
    }
    if is_met(&|call| call.ends_with("MSG_INFO")) {
        let is_shown = contains(&observed.stdout, b"\"qbytes\": null");
        out = without_state(&out, |_, field| is_shown && field == "\"qbytes\"");
    }
    // A queue that was found was created by "another process".
    let found = !observed.others.is_empty();
    if found || is_met(&|call| ["statx", "mq_open", "mq_getsetattr", "close"].contains(&call)) {
        let lines: Vec<&[u8]> = observed.stdout.split(|&byte| byte == b'\n').collect();
        let is_null = |line: &[u8], field: &str| {
            let null = format!("{field}: null");
            let name = line.split(|&byte| byte == b',').take(2).collect::<Vec<_>>();
            let name = name.join(&b',');
            let mut lines = lines.iter();
            line.starts_with(b"{\"kind\": \"posix-")
                && lines.any(|line| line.starts_with(&name) && contains(line, null.as_bytes()))
        };
        out = without_state(&out, is_null);
    }
    out
}

/// Whether these bytes are somewhere in a line.
fn contains(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}

/// The properties in JSON that are read.
const STATE: [&str; 6] = [
    "\"mode\"",
    "\"size\"",
    "\"nsems\"",
    "\"qbytes\"",
    "\"maxmsg\"",
    "\"msgsize\"",
];

/// Replaces properties in JSON by null, for the objects of which `is_null` is true.
fn without_state(out: &Text, is_null: impl Fn(&[u8], &str) -> bool) -> Text {
    let Text::Lines(lines) = out else {
        return out.clone();
    };
    let piece = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let fields = text.split(", ").map(|field| match field.split_once(": ") {
                Some((name, _)) if STATE.contains(&name) && is_null(bytes, name) => {
                    format!("{name}: null")
                }
                _ => field.to_owned(),
            });
            Piece::Bytes(fields.collect::<Vec<_>>().join(", ").into())
        }
        other => other.clone(),
    };
    let line = |line: &Vec<Piece>| line.iter().map(piece).collect();
    Text::Lines(lines.iter().map(line).collect())
}

/// Whether standard error takes what the program writes.
pub fn hears(scene: &Scene<'_>, observed: &Observed, faults: &[Fault]) -> bool {
    let refused = observed.met_any(faults, |fault, call| {
        matches!(fault.what, What::Errno(_) | What::Length(0)) && is_write(call, 2)
    });
    !refused && !scene.stdout.closed()[2]
}

/// What is wrong with standard error after a failure: it must be an error line, then lines that
/// explain it.
pub fn words(stderr: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(stderr);
    let wrong = |what: &str| Some(format!("err: {what}: {}", text::show(stderr)));
    if !text.starts_with("ipcmk: ") {
        return wrong("no error line");
    }
    if !text.ends_with('\n') {
        return wrong("no newline at the end");
    }
    let fits = |line: &str| line.starts_with("ipcmk: ") || line.starts_with("Try 'ipcmk --help'");
    if !text.lines().all(fits) {
        return wrong("a line that is not one of the program's");
    }
    None
}

/// The POSIX objects that standard error names as left behind: the objects that a line may mean,
/// and its name.
fn posix_left_behind(stderr: &[u8]) -> Vec<(Vec<Target>, String)> {
    let line = |line: &[u8]| {
        // Names are UTF-8 in the cases for faults.
        let line = str::from_utf8(line).ok()?;
        if let Some(line) = line.strip_prefix("ipcmk: /dev/shm/") {
            let (name, _) = line.split_once(" is left behind: ")?;
            return Some((vec![Target::Posix(false, name.into())], name.to_owned()));
        }
        let (object, _) = line
            .strip_prefix("ipcmk: POSIX ")?
            .split_once("' is left behind: ")?;
        let (kind, name) = object.split_once(" '")?;
        let targets = Target::posix(kind, name)?;
        Some((targets, format!("POSIX {kind} {name}")))
    };
    stderr
        .split(|&byte| byte == b'\n')
        .filter_map(line)
        .collect()
}

/// What the names of files begin with that have not their own name yet.
const OTHER: &str = ".ipcmk-";

/// The System V objects that standard error names as left behind.
fn left_behind(stderr: &[u8]) -> Vec<(Kind, i32)> {
    let text = String::from_utf8_lossy(stderr);
    text.lines()
        .filter_map(|line| {
            let (object, _) = line
                .strip_prefix("ipcmk: ")?
                .split_once(" is left behind: ")?;
            let (kind, id) = object.rsplit_once(" id ")?;
            Some((Kind::in_words(kind)?, id.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case;
    use crate::tracer::Syscall;
    use std::path::Path;
    use std::process::ExitStatus;

    const LINES: &str = "case: a\ngiven: sem key=9 nsems=4096 mode=644\nrun: -Q\n\
        out: Message queue id: {msg}\nholds: msg key=random mode=644\nutil-linux: same\n";

    fn call(name: &'static str, args: [u64; 3], result: i64) -> Syscall {
        let [first, second, third] = args;
        Syscall {
            name,
            args: [first, second, third, 0, 0, 0],
            result: Some(result),
        }
    }

    /// A run: raw wait status, standard output and error.
    fn observed(status: i32, stdout: &str, stderr: &str) -> Observed {
        Observed {
            stdout: stdout.into(),
            stderr: stderr.into(),
            status: ExitStatus::from_raw(status),
            calls: vec![
                call("rt_sigprocmask", [0; 3], 0),
                call("msgctl", [3, 0, 0], -1),
                call("write", [2, 0, 0], -1),
                call("exit_group", [0; 3], -1),
            ],
            met: Vec::new(),
            removals: vec![(1, Target::SystemV(Kind::Msg, 3))],
            others: Vec::new(),
            gone: Vec::new(),
        }
    }

    const EXIT_0: i32 = 0;
    const EXIT_1: i32 = 1 << 8;

    fn judged(observed: &Observed, faults: &[Fault], held: &[Object], expected: i32) -> Verdict {
        let cases = case::parse(Path::new("x.case"), LINES, crate::only::Word::Bits64).unwrap();
        let given = Objects::new(vec![Object::example(Kind::Sem, 1, 9)], Vec::new());
        let scene = Scene {
            case: &cases[0],
            stdout: &Stdout::Pipe,
            given: &given,
            posix: &[],
            reference: None,
        };
        let after = After { held, posix: &[] };
        judge(&scene, observed, faults, after, Some(expected))
    }

    fn plain(observed: &Observed, held: &[Object], expected: i32) -> Verdict {
        judged(observed, &[], held, expected)
    }

    fn given() -> Object {
        Object::example(Kind::Sem, 1, 9)
    }

    fn queue() -> Object {
        Object::example(Kind::Msg, 3, 77)
    }

    #[test]
    fn success_is_exactly_what_was_printed() {
        let line = "Message queue id: 3\n";
        let good = observed(EXIT_0, line, "");
        let both = [given(), queue()];
        let right = plain(&good, &both, 0);
        assert!(right.complaints.is_empty(), "{right:?}");
        assert_eq!((right.ending, right.lost), (Ending::Success, 0));
        let wrong = |verdict: Verdict| assert!(!verdict.complaints.is_empty(), "{verdict:?}");
        wrong(plain(&good, &both, 1));
        wrong(plain(&good, &[given()], 0));
        wrong(plain(&good, &[queue()], 0));
        wrong(plain(&observed(EXIT_0, line, "ipcmk: x\n"), &both, 0));
        for text in ["", "Message queue id: 3", "Message queue id: 4\n", "3\n"] {
            let verdict = plain(&observed(EXIT_0, text, ""), &both, 0);
            assert_eq!(verdict.lost, 1, "{text:?}");
            wrong(verdict);
        }
        let three = [given(), queue(), Object::example(Kind::Shm, 5, 78)];
        assert_eq!(plain(&good, &three, 0).lost, 1);
    }

    #[test]
    fn failure_leaves_nothing() {
        let good = observed(EXIT_1, "Message que", "ipcmk: write error: Broken pipe\n");
        let right = plain(&good, &[given()], 1);
        assert!(right.complaints.is_empty(), "{right:?}");
        assert_eq!(plain(&good, &[given(), queue()], 1).lost, 1);
        // Printing the id does not excuse it.
        let printed = observed(EXIT_1, "Message queue id: 3\n", "ipcmk: x\n");
        assert_eq!(plain(&printed, &[given(), queue()], 1).lost, 1);
        let changed = Object {
            mode: 0o600,
            ..given()
        };
        assert_eq!(plain(&good, &[], 1).complaints.len(), 1);
        assert!(!plain(&good, &[changed], 1).complaints.is_empty());
        for text in ["", "x\n", "ipcmk: x", "ipcmk: x\ny\n"] {
            let verdict = plain(&observed(EXIT_1, "", text), &[given()], 1);
            assert_eq!(verdict.complaints.len(), 1, "{text:?}");
        }
    }

    #[test]
    fn what_is_left_must_be_named() {
        let named = "ipcmk: write error: Broken pipe\n\
            ipcmk: message queue id 3 is left behind: Operation not permitted\n";
        let both = [given(), queue()];
        let verdict = plain(&observed(EXIT_1, "", named), &both, 1);
        assert!(verdict.complaints.is_empty(), "{verdict:?}");
        assert_eq!((verdict.named, verdict.lost), (1, 0));
        let absent = plain(&observed(EXIT_1, "", named), &[given()], 1);
        assert_eq!(absent.complaints.len(), 1);
        let other = named.replace("queue id 3", "queue id 4");
        assert_eq!(plain(&observed(EXIT_1, "", &other), &both, 1).lost, 1);
        let found = "ipcmk: x\nipcmk: semaphore id 1 is left behind: x\n";
        let found = plain(&observed(EXIT_1, "", found), &[given()], 1);
        assert_eq!(found.complaints.len(), 1);
    }

    const POSIX: &str = "case: a\ngiven: posix shm old size=1 mode=600\nrun: -s -q -n /x --owner 5:6\n\
        out: POSIX message queue name: /x\nout: POSIX semaphore name: /x\n\
        posix: queue x mode=644 owner=5:6\nposix: sem sem.x value=0 mode=644 owner=5:6\nutil-linux: same\n";

    fn file(name: &str, what: posix::What) -> posix::Object {
        posix::Object {
            name: name.into(),
            what,
            mode: 0o644,
            owner: (5, 6),
            inode: 1,
            changed: (0, 0),
        }
    }

    fn semaphore() -> posix::Object {
        file(
            "sem.x",
            posix::What::semaphore(0, false, crate::only::Word::Bits64),
        )
    }

    fn posix_queue() -> posix::Object {
        file("x", posix::What::Queue(posix::Queue::USUAL))
    }

    fn old() -> posix::Object {
        file("old", posix::What::file(1, Vec::new()))
    }

    /// Judges a run of the POSIX case; the expected exit status is its own.
    fn posix_judged(
        observed: &Observed,
        faults: &[Fault],
        held: &[posix::Object],
    ) -> (Verdict, [usize; 5]) {
        let cases = case::parse(Path::new("x.case"), POSIX, crate::only::Word::Bits64).unwrap();
        let scene = Scene {
            case: &cases[0],
            stdout: &Stdout::Pipe,
            given: &Objects::default(),
            posix: &[old()],
            reference: None,
        };
        let after = After {
            held: &[],
            posix: held,
        };
        let verdict = judge(&scene, observed, faults, after, None);
        let counts = [
            verdict.lost,
            verdict.half_made,
            verdict.closed,
            verdict.orphaned,
            verdict.changed,
        ];
        (verdict, counts)
    }

    #[test]
    fn posix_objects_are_whole_or_gone() {
        let lines = "POSIX message queue name: /x\nPOSIX semaphore name: /x\n";
        let good = observed(EXIT_0, lines, "");
        let judge = |observed: &Observed, held: &[posix::Object]| posix_judged(observed, &[], held);
        let whole = [old(), semaphore(), posix_queue()];
        let (verdict, counts) = judge(&good, &whole);
        assert!(verdict.complaints.is_empty(), "{verdict:?}");
        assert_eq!(counts, [0; 5]);
        let wrong = |held: &[posix::Object], expected: [usize; 5]| {
            let (verdict, counts) = judge(&good, held);
            assert!(!verdict.complaints.is_empty(), "{verdict:?}");
            assert_eq!(counts, expected, "{verdict:?}");
        };
        wrong(&[old(), semaphore()], [0; 5]);
        wrong(&[semaphore(), posix_queue()], [0, 0, 0, 0, 1]);
        let empty = file("sem.x", posix::What::file(0, Vec::new()));
        wrong(&[old(), empty, posix_queue()], [1, 1, 0, 0, 0]);
        let written = file("sem.x", posix::What::file(32, b"POSIX".into()));
        wrong(&[old(), written, posix_queue()], [1, 1, 0, 0, 0]);

        let failed = observed(EXIT_1, lines, "ipcmk: x\n");
        let (verdict, _) = judge(&failed, &[old()]);
        assert!(verdict.complaints.is_empty(), "{verdict:?}");
        let (verdict, counts) = judge(&failed, &whole);
        assert_eq!((verdict.complaints.len(), counts[0]), (2, 2));
        let unlinked = Target::Posix(false, b"sem.x".into());
        let text = "ipcmk: x\nipcmk: POSIX semaphore '/x' is left behind: Permission denied\n";
        let named = observed(EXIT_1, "", text);
        let (verdict, counts) = judge(&named, &[old(), semaphore()]);
        assert!(verdict.complaints.is_empty(), "{verdict:?}");
        assert_eq!((verdict.named, counts), (1, [0; 5]));
        assert_eq!(judge(&named, &[old()]).0.complaints.len(), 1);

        let faults = [
            Fault::removals(1, libc::EPERM),
            Fault::once(2, What::Errno(libc::EIO)),
        ];
        let mut silent = observed(EXIT_1, "", "");
        silent.met = vec![(0, 1), (1, 2)];
        silent.removals = vec![(1, unlinked)];
        let (verdict, counts) = posix_judged(&silent, &faults, &[old(), semaphore()]);
        assert_eq!((verdict.untold, counts), (1, [0; 5]), "{verdict:?}");
        let (_, counts) = posix_judged(&silent, &faults, &[old(), posix_queue()]);
        assert_eq!(counts, [1, 0, 0, 0, 0]);
    }

    #[test]
    fn what_sigkill_leaves_is_whole_or_closed() {
        let kill = [Fault::once(3, What::SignalBefore(libc::SIGKILL))];
        let mut killed = observed(libc::SIGKILL, "", "");
        killed.met = vec![(0, 3)];
        let counts = |held: &[posix::Object]| posix_judged(&killed, &kill, held).1;
        assert_eq!(counts(&[old()]), [0; 5]);
        assert_eq!(counts(&[old(), semaphore()]), [0, 0, 0, 1, 0]);
        let closed = posix::Object {
            mode: 0,
            owner: (0, 0),
            ..posix_queue()
        };
        assert_eq!(counts(&[old(), closed.clone()]), [0, 0, 1, 0, 0]);
        let open = posix::Object {
            owner: (0, 0),
            ..posix_queue()
        };
        assert_eq!(counts(&[old(), open]), [1, 1, 0, 0, 0]);
        let closed_file = posix::Object {
            mode: 0,
            ..semaphore()
        };
        assert_eq!(counts(&[old(), closed_file]), [1, 1, 0, 0, 0]);
        // A queue of mode 0 is not a success.
        let lines = "POSIX message queue name: /x\nPOSIX semaphore name: /x\n";
        let (verdict, counts) = posix_judged(
            &observed(EXIT_0, lines, ""),
            &[],
            &[old(), semaphore(), closed],
        );
        assert!(counts[0] == 1 && !verdict.complaints.is_empty());
    }

    #[test]
    fn a_queue_that_somebody_else_made_is_his() {
        let mut good = observed(
            EXIT_0,
            "POSIX message queue name: /x\nPOSIX semaphore name: /x\n",
            "",
        );
        good.others = vec![Target::Posix(true, b"x".into())];
        let theirs = posix::Object {
            mode: 0o600,
            owner: (0, 0),
            ..posix_queue()
        };
        let (verdict, counts) = posix_judged(&good, &[], &[old(), semaphore(), theirs.clone()]);
        assert!(verdict.complaints.is_empty(), "{verdict:?}");
        assert_eq!(counts, [0; 5]);
        let mut failed = observed(EXIT_1, "", "ipcmk: x\n");
        failed.others.clone_from(&good.others);
        assert!(
            posix_judged(&failed, &[], &[old(), theirs])
                .0
                .complaints
                .is_empty()
        );
    }

    #[test]
    fn json_of_what_could_not_be_looked_at_has_nulls() {
        let line = r#"{"kind": "semaphore", "id": {given-sem}, "mode": "0600", "nsems": 2, "created": false},"#;
        let new = line.replace("false", "true");
        let lines =
            |lines: [&str; 2]| Text::Lines(lines.map(|line| text::pattern(line).unwrap()).into());
        let last = line.trim_end_matches(',');
        let nulls = last.replace("\"0600\"", "null").replace("2,", "null,");
        let found = |line: &[u8], _: &str| line.ends_with(b"\"created\": false}");
        assert_eq!(
            without_state(&lines([&new, last]), found),
            lines([&new, &nulls])
        );
    }

    #[test]
    fn who_cannot_be_heard_need_not_speak() {
        let faults = [
            Fault::removals(1, libc::EPERM),
            Fault::once(2, What::Errno(libc::EIO)),
        ];
        let mut silent = observed(EXIT_1, "", "");
        silent.met = vec![(0, 1), (1, 2)];
        let verdict = judged(&silent, &faults, &[given(), queue()], 1);
        assert!(verdict.complaints.is_empty(), "{verdict:?}");
        assert_eq!((verdict.untold, verdict.lost), (1, 0));
        // The removal did not fail.
        silent.met = vec![(1, 2)];
        assert_eq!(judged(&silent, &faults, &[given(), queue()], 1).lost, 1);
    }

    #[test]
    fn deaths() {
        let signal = |signal, what: &[What], met| {
            let faults: Vec<_> = what.iter().map(|&what| Fault::once(3, what)).collect();
            let mut observed = observed(signal, "Message queue id: 3\n", "");
            observed.met = met;
            judged(&observed, &faults, &[given(), queue()], 0)
        };
        let kill = What::SignalBefore(libc::SIGKILL);
        let printed = signal(libc::SIGKILL, &[kill], vec![(0, 3)]);
        assert_eq!((printed.ending, printed.orphaned), (Ending::Killed, 0));
        assert_eq!(signal(libc::SIGKILL, &[], vec![]).ending, Ending::Wrong);
        let term = signal(
            libc::SIGTERM,
            &[What::SignalAfter(libc::SIGTERM)],
            vec![(0, 2)],
        );
        assert_eq!((term.ending, term.lost), (Ending::Wrong, 1));
        let trap = signal(libc::SIGILL, &[What::Errno(libc::EPERM)], vec![(0, 3)]);
        assert_eq!((trap.ending, trap.lost), (Ending::Refused, 0));
        assert!(trap.complaints.is_empty(), "{trap:?}");
        assert_eq!(signal(libc::SIGILL, &[], vec![]).ending, Ending::Wrong);

        let mut early = observed(libc::SIGTERM, "", "");
        early.calls[0].result = Some(-1);
        let faults = [Fault::once(0, What::SignalAtStart(libc::SIGTERM))];
        let verdict = judged(&early, &faults, &[given()], 0);
        assert_eq!(verdict.ending, Ending::Early);
        assert!(verdict.complaints.is_empty(), "{verdict:?}");
        assert_eq!(judged(&early, &faults, &[given(), queue()], 0).lost, 1);
    }
}
