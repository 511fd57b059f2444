//! Runs one case of a case file in one place, such as this machine or an emulated one, and compares
//! its results with those that the case expects.

use std::collections::HashSet;
use std::fmt::Write;
use std::io;
use std::sync::RwLock;
use std::thread;

use crate::case::{Answer, Case, Setup, UtilLinux, Version};
use crate::check::{self, Objects};
use crate::files;
use crate::namespace::{self, Changed, Kind, NewObject, Object, Privilege};
use crate::only::Only;
use crate::place::Place;
use crate::posix;
use crate::subject::Subject;

/// Runs cases in one place, on one subject.
pub struct Runner {
    /// The place.
    pub place: Place,
    /// The program under test.
    pub subject: Subject,
    /// What the runner may do here.
    pub privilege: Privilege,
    /// The version of util-linux, if the subject is its ipcmk.
    pub util_linux: Version,
}

/// The result of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as expected.
    Passed,
    /// Something is not as expected; the report.
    Failed(String),
    /// The case cannot run here; the reason.
    NotHere(String),
}

/// Locked for writing by a case that sets a sysctl of the whole machine, for reading by all others.
/// A case runs in a thread of its own, so its panic does not poison the lock.
static MACHINE: RwLock<()> = RwLock::new(());

impl Runner {
    /// Runs a case in a namespace of its own.
    pub fn run(&self, case: &Case) -> Verdict {
        if let Some(reason) = self.not_here(case) {
            return Verdict::NotHere(reason);
        }
        let _alone = case.machine_sysctl().map(|_| MACHINE.write());
        let _together = case.machine_sysctl().is_none().then(|| MACHINE.read());
        // unshare(2) changes the calling thread alone; the new thread's namespaces end with it.
        let attempt = thread::scope(|scope| scope.spawn(|| self.attempt(case)).join());
        match attempt {
            Ok(Ok(complaints)) => self.verdict(case, &complaints),
            Ok(Err(error)) => Verdict::Failed(format!(
                "{}the runner could not do it: {error}\n",
                self.heading(case)
            )),
            Err(_) => Verdict::Failed(format!("{}the runner panicked\n", self.heading(case))),
        }
    }

    /// The reason why the case cannot run here, if there is one.
    fn not_here(&self, case: &Case) -> Option<String> {
        if let Some((_, reason)) = case
            .not
            .iter()
            .find(|(places, _)| places.contain(self.place))
        {
            return Some(reason.clone());
        }
        let word = self.subject.word();
        let about = |only: &&Only| !only.holds(word).expect("the figures of a machine");
        if let Some(only) = case.only.iter().find(about) {
            return Some(format!("it is about this only: {only}"));
        }
        let start = &case.start;
        if start.ipc_alone && !cfg!(target_arch = "x86") {
            return Some("only i686 has ipc(2)".into());
        }
        if self.subject.is_emulated() {
            let why = |what: &str| {
                Some(format!(
                    "an emulator's stack, calls and files are not the subject's: no {what}"
                ))
            };
            if start.argc0 {
                return why("argc0");
            }
            if start.random.is_some() {
                return why("random");
            }
            if !start.faults.is_empty() {
                return why("fail");
            }
            if !start.filters.is_empty() {
                return why("seccomp");
            }
            if start.nofile.is_some() {
                return why("nofile");
            }
            if !start.at_exec.is_empty() {
                return why("at-exec");
            }
        }
        if let (Some(sysctl), false) = (case.machine_sysctl(), self.place.is_booted()) {
            return Some(format!("{} belongs to the whole machine", sysctl.name));
        }
        if case.unfiltered && is_filtered() {
            return Some("the runner itself is under a seccomp filter".into());
        }
        if let (Some(user), Privilege::UserNamespace) = (start.user, self.privilege) {
            return Some(format!("only root can become user {user}"));
        }
        match &case.util_linux {
            _ if self.place != Place::UtilLinux => None,
            UtilLinux::Lacks(reason) => Some(format!("util-linux has no {reason}")),
            UtilLinux::Gives(_, since) if self.util_linux < *since => Some(format!(
                "util-linux here is {}, not {since}",
                self.util_linux
            )),
            UtilLinux::Gives(..) => None,
        }
    }

    /// How the subject's answer relates to what the case expects: only util-linux may differ.
    fn answer<'a>(&self, case: &'a Case) -> &'a Answer {
        match &case.util_linux {
            UtilLinux::Gives(answer, _) if self.place == Place::UtilLinux => answer,
            _ => &Answer::Same,
        }
    }

    /// The result of a case with these complaints; util-linux passes where it differs as expected.
    fn verdict(&self, case: &Case, complaints: &str) -> Verdict {
        match self.answer(case) {
            Answer::Differs(tag) if complaints.is_empty() => Verdict::Failed(format!(
                "{}util-linux gives exactly what the case expects, so the difference {tag:?} is none\n",
                self.heading(case)
            )),
            Answer::Differs(_) => Verdict::Passed,
            _ if complaints.is_empty() => Verdict::Passed,
            _ => Verdict::Failed(self.heading(case) + complaints),
        }
    }

    /// The first lines of a report on a case: its file, line and title, and what it is given.
    pub fn heading(&self, case: &Case) -> String {
        let mut heading = format!("{}: {} ({})\n", case.position, case.title, self.place);
        for given in &case.given {
            let _ = writeln!(heading, "  given: {given}");
        }
        heading
    }

    /// Runs a case in new namespaces. Returns a text about everything that is not as expected.
    fn attempt(&self, case: &Case) -> io::Result<String> {
        // POSIX queues count against RLIMIT_MSGQUEUE, which all threads share.
        let _turn = case.is_posix().then(posix::Turn::take).transpose()?;
        namespace::unshare()?;
        let (case, _files) = &files::settle(case)?;
        let (mut objects, changed) = set_up(&case.setup)?;
        let window = posix::Window::open()?;
        let posix_before = window.objects()?;
        let mut complaints = String::new();
        // The System V objects after the last run.
        let mut held = Vec::new();
        let texts_matter = *self.answer(case) != Answer::Status;
        for (further_runs, run) in (0..case.runs.len()).rev().zip(&case.runs) {
            let calls = run
                .calls
                .as_deref()
                .filter(|_| self.place != Place::UtilLinux);
            let outcome = self.subject.run(&case.start, &run.words, calls.is_some())?;
            // Listing a full namespace is slow: list only what is compared.
            if further_runs == 0 || run.shows_new() {
                held = namespace::objects()?;
            }
            let mut results = Vec::new();
            if texts_matter {
                results.push(objects.check_text("out", &run.out, &outcome.stdout, &held));
                let err = match self.place {
                    Place::UtilLinux => run.err.clone(),
                    _ => run.err.and(&run.hints),
                };
                results.push(objects.check_text("err", &err, &outcome.stderr, &held));
            }
            results.push(check::check_status(run.status, outcome.status));
            if let (Some(expected), Some(got)) = (calls, &outcome.calls) {
                results.push(check::check_calls(expected, got));
            }
            results.extend(
                outcome
                    .unreached
                    .iter()
                    .map(|fault| Err(format!("fail {fault}: the run did not get there\n"))),
            );
            let wrong: Vec<String> = results.into_iter().filter_map(Result::err).collect();
            if !wrong.is_empty() {
                let shell = abbreviate(self.subject.shell_line(&case.start, &run.words));
                let _ = writeln!(
                    complaints,
                    "{}:{}: $ {shell}",
                    case.position.file.display(),
                    run.line
                );
                complaints.extend(wrong.iter().map(|wrong| format!("  {wrong}")));
            }
        }
        if let Err(wrong) = check::check_holds(case, objects.before(), &held) {
            complaints.push_str(&format!("  {wrong}"));
        }
        let posix_after = window.objects()?;
        if let Err(wrong) = check::check_posix(case, &posix_before, &posix_after) {
            complaints.push_str(&format!("  {wrong}"));
        }
        posix::remove_queues(&posix_after)?;
        if !changed.is_empty() {
            // The kernel destroys a namespace some time after its last process exits. Until then
            // its segments could hold huge pages, which the next case needs.
            for object in held {
                namespace::remove(object.kind, object.id)?;
            }
        }
        Ok(complaints)
    }
}

/// Whether this process, and so every subject, is under a seccomp filter.
fn is_filtered() -> bool {
    // SAFETY: the call takes no pointer. It returns -1 on a kernel without CONFIG_SECCOMP.
    unsafe { libc::prctl(libc::PR_GET_SECCOMP) > 0 }
}

/// Creates the objects that a case is given, and sets its sysctls. Those of the whole machine get
/// their values back when the returned `Changed` are dropped.
pub fn set_up(setup: &[Setup]) -> io::Result<(Objects, Vec<Changed>)> {
    let mut changed = Vec::new();
    let (mut given, mut filling) = (Vec::new(), HashSet::new());
    for step in setup {
        match step {
            Setup::Sysctl(sysctl) if sysctl.is_of_namespace() => sysctl.set()?,
            // Dropped in this order: the last change is undone first, since setting one sysctl may
            // change another.
            Setup::Sysctl(sysctl) => changed.insert(0, sysctl.set_for_now()?),
            Setup::Object(object) => {
                let id = object.create().map_err(|error| {
                    io::Error::new(error.kind(), format!("given {}: {error}", object.kind))
                })?;
                given.push((object.kind, id));
            }
            Setup::Fill(object) => fill(object, &mut filling)?,
            Setup::Posix(object) => object.create()?,
            Setup::Mount { kind, options } => namespace::mount_dev_shm(kind, options)?,
            Setup::ReadOnly => namespace::close_dev_shm()?,
        }
    }
    let held = namespace::objects()?;
    let find = |&(kind, id): &(_, i32)| {
        held.iter()
            .find(|object| object.kind == kind && object.id == id)
            .cloned()
    };
    let gone = || io::Error::other("a given object is gone at once");
    let given: Vec<Object> = given
        .iter()
        .map(find)
        .collect::<Option<_>>()
        .ok_or_else(gone)?;
    let mut filled = held.clone();
    filled.retain(|object| filling.contains(&(object.kind, object.id)));
    if filled.len() != filling.len() {
        return Err(gone());
    }
    Ok((Objects::new(given, filled), changed))
}

/// Creates objects until the kernel refuses one with ENOSPC.
fn fill(object: &NewObject, made: &mut HashSet<(Kind, i32)>) -> io::Result<()> {
    loop {
        match object.create() {
            Ok(id) => made.insert((object.kind, id)),
            Err(error) if error.raw_os_error() == Some(libc::ENOSPC) => return Ok(()),
            Err(error) => {
                let message = format!("given fill {}: {error}", object.kind);
                return Err(io::Error::new(error.kind(), message));
            }
        };
    }
}

/// Cuts a command line that is too long for a report.
fn abbreviate(line: String) -> String {
    const LIMIT: usize = 2_000;
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{} [... {} bytes in all]", &line[..end], line.len()),
        None => line,
    }
}
