//! Parses case files: what the subject is run with, and what must come of it.
//!
//! A case file is UTF-8 text of lines `key: value`. Lines that begin with `#` are comments, blank
//! lines mean nothing. A case begins with `case:` and ends where the next one begins:
//!
//! ```text
//! case: a segment of one page
//! page: -M shmkey: Create shared memory segment
//! run: -M 4096
//! out: Shared memory id: {shm}
//! holds: shm key=random size=4096 mode=644
//! util-linux: same
//! ```
//!
//! Each case runs in new IPC and mount namespaces, with the kernel's default limits and an empty
//! /dev/shm. Nothing needs undoing.
//!
//! # Keys of a case, in any order
//!
//! | key | meaning |
//! | --- | --- |
//! | `case: <title>` | begins a case; the title is unique in its file |
//! | `page: <text>`, `spec: <text>` | the sentence of the manual page or specification that it covers; repeatable |
//! | `given: ...` | a condition, see below; repeatable |
//! | `holds: ...` | an object that the namespace holds after the last run, see below; repeatable |
//! | `posix: ...` | a POSIX object that exists after the last run, see below; repeatable |
//! | `gone: ...` | a given object that the runs remove, in the words of its `given:` line; repeatable, in the order in which they are printed |
//! | `undone: ...` | a POSIX object that the runs create and remove again, as in `posix:`; repeatable. Read by the fault tests alone: a fault may leave it behind |
//! | `util-linux: ...` | how util-linux's ipcmk answers, see below; required |
//! | `not: <place> <reason>` | the case cannot run there; `qemu-user` stands for that of every architecture; repeatable |
//! | `only: 32-bit`, `only: 64-bit` | the case is about a subject whose words have so many bits: what is expected there differs by right; repeatable |
//! | `only: 32-bit kernel`, `only: 64-bit kernel` | the same of the kernel |
//! | `only: pages of 4096`, `only: huge pages of 2097152` | the case is about pages, or huge pages by default, of so many bytes; `only: huge pages` is about any |
//!
//! # Keys of a run
//!
//! `run: <words>` is a command line; a case has one or several, run one after the other in the same
//! namespace. The lines below belong to the `run:` before them:
//!
//! | key | meaning |
//! | --- | --- |
//! | `out: <line>` | the next line of standard output; without any `out` it must be empty |
//! | `out*100: <line>` | a hundred such lines |
//! | `out~ <text>` | standard output contains this text (repeatable, instead of `out:`) |
//! | `err: <line>`, `err~ <text>` | the same of standard error |
//! | `hint: <line>` | a further line of standard error behind an `err:` line. util-linux's ipcmk does not print it |
//! | `status: <n>` | exit status; default 1 if there is an `err:` or `err~`, else 0 |
//! | `calls: <names>` | the system calls from after execve to the end, exactly these in this order |
//!
//! # Words
//!
//! Words are split at blanks. `'...'` is literal; in `"..."` and unquoted,
//! `\n \t \r \\ \' \" \{ \}`, `\` and a blank, and `\xNN` (two hexadecimal digits, any byte) are
//! escapes. `''` is an empty word. Unquoted, `{ab*3}` is `ababab` inside a word, and `{*3}` at the
//! end of a word makes three words of it: `{a*100000}` is one long argument, `-Q{*10000}` is ten
//! thousand short ones. No other character is special; `run:` alone passes no argument.
//!
//! # Expected lines
//!
//! An expected line is everything after the one blank that follows the colon, further blanks
//! included; `out:` alone is an empty line. Each stands for itself and a newline. The escapes of
//! words and `{ab*3}` work. A blank at the end is written `\x20`. In braces, of lower-case letters,
//! digits and hyphens alone (JSON needs no escape):
//!
//! | placeholder | matches |
//! | --- | --- |
//! | `{shm}`, `{msg}`, `{sem}` | the identifier of an object that exists after this run, is not `given`, and was not matched by an earlier placeholder of the case |
//! | `{shm2}` | the identifier that the case's second `{shm}` matched |
//! | `{given-shm}`, `{given-shm2}` | the identifier of the first, of the second `given: shm` |
//! | `{number}` | any decimal number |
//! | `{key}` | the key, as eight hexadecimal digits, of the object of the identifier before it |
//!
//! # `given:`
//!
//! | condition | meaning |
//! | --- | --- |
//! | `sysctl kernel.sem 250 32000 32 1` | a sysctl of the namespace: kernel.shm*, kernel.msg*, kernel.sem*, fs.mqueue.* |
//! | `sysctl vm.overcommit_memory 2` | any other sysctl belongs to the whole machine: such a case runs in the booted kernels only, and alone; its end restores the old value |
//! | `at-exec sysctl fs.file-max 0` | set in each run after exec, before the subject's first instruction; the end of the run restores the old value |
//! | `shm key=0x1234 size=4096 mode=0600` | a segment that root has created; key 0 is private; mode 2600 is locked |
//! | `msg key=0x1234 mode=0600` | a queue; also `qbytes=` |
//! | `sem key=0x1234 nsems=3 mode=0600` | a semaphore set; also `values=` as in `holds:` |
//! | the same with `owner=<uid>[:<gid>]` | with another owner |
//! | `posix ...` | a POSIX object that root has created, as in `posix:` below |
//! | `dev-shm missing` | /dev is empty |
//! | `dev-shm <type> [<options>]` | another file system is mounted on /dev/shm, such as `tmpfs size=4k,nr_inodes=1`. A proc holds no files, so none are compared at the end |
//! | `dev-shm read-only` | /dev/shm is remounted read-only at this point |
//! | `fill shm`, `fill msg`, `fill sem` | private objects of root with mode 600, as many as the kernel creates before ENOSPC; `size=` of the segments and `nsems=` of the sets are 1 by default. Placeholders do not count them |
//! | `user 1000` | the subject runs as this user and group, without capabilities |
//! | `env NAME=VALUE` | a variable (one word, quoted like a word of `run:`); repeatable; otherwise the environment is `PATH=/usr/bin:/bin` |
//! | `env -` | an empty environment, to which later `env` lines add |
//! | `file <name> <line>` | a line, with its newline, of a file in the directory that the runs start in, which is new for each case; repeatable. The name is a word; in the line, escapes and `{ab*3}` work |
//! | `text <name> <text>` | the same without a newline |
//! | `hole <name> <bytes>` | a file of so many zeros, which takes no room |
//! | `directory <name>` | a directory there |
//! | `link <name> <path>` | a symbolic link |
//! | `fifo <name> <file>` | a FIFO, into which a thread writes the bytes of that file, piece by piece |
//! | `mode <name> 0` | the permissions of one of these files; default 644, of a directory 755 |
//! | `stdin closed` | instead of /dev/null |
//! | `stdin file <name>`, `stdin pipe <name>` | one of the files; a pipe, into which a thread writes its bytes, piece by piece |
//! | `stdout closed`, `full`, `broken` | instead of a pipe: no descriptor, /dev/full, a pipe without a reader |
//! | `stdout full-pipe` | a full pipe with O_NONBLOCK; a reader begins to empty it when the subject sleeps. What filled it is not part of the output |
//! | `stdout limit 10` | a file of at most 10 bytes (RLIMIT_FSIZE) |
//! | `stderr closed`, `full`, `broken` | the same of standard error |
//! | `nofile 3` | RLIMIT_NOFILE: the kernel returns EMFILE instead of descriptor 3 |
//! | `memlock 0` | RLIMIT_MEMLOCK: bytes that may be locked |
//! | `fsize 4096` | RLIMIT_FSIZE: bytes of the longest file |
//! | `msgqueue 0` | RLIMIT_MSGQUEUE: bytes of all POSIX queues of a user |
//! | `umask 077` | the umask; default 022 |
//! | `userns` | the subject is root in a user namespace of its own that maps no other user; the IPC namespace belongs to its parent |
//! | `argv0 <word>` | instead of `ipcmk` |
//! | `argc0` | argc is 0: not even the program's name |
//! | `random 0x1 0x2 0x3 0x4` | the 16 bytes at AT_RANDOM, as four numbers of 32 bits in this machine's byte order |
//! | `random none` | there is no AT_RANDOM |
//! | `noproc` | /proc is an empty directory |
//! | `seccomp <system call> [<command>] <ERRNO>` | a seccomp filter makes every such call fail, by whatever number it is made, or every one with this command or flag, such as `msgctl IPC_SET`, `openat O_TMPFILE`, `linkat AT_EMPTY_PATH`; repeatable |
//! | `ipc-alone` | the six calls that Linux 5.1 gave i686 (shmget, msgctl and so on by numbers of their own) fail with ENOSYS, and ipc(2) makes them. On other architectures, which have no ipc(2), the case cannot run |
//! | `unfiltered` | there is no seccomp filter: the case cannot run where the runner itself is under one |
//! | `fail <system call> <ERRNO> [<n>]` | the n-th such call of each run (default 1) is skipped and fails; a run that makes fewer such calls fails the case; repeatable |
//!
//! Sysctls are set, file systems mounted and objects created in the order of their lines. Every
//! other condition holds for all runs.
//!
//! # `holds:`
//!
//! After the last run the namespace must hold exactly the `given` objects, those of `fill` among
//! them, unchanged, and these:
//!
//! | object | fields |
//! | --- | --- |
//! | `shm key=... size=4096 mode=644` | also `nattch=` (default 0), and `page=` for the bytes of a page (default: not compared) |
//! | `msg key=... mode=644` | also `qbytes=` (default: not compared) |
//! | `sem key=... nsems=3 mode=644` | also `values=1,2,3`, or `values=5` for all (default 0). With `values=` its sem_otime is set, without it is 0 |
//!
//! `key=` is a number (0 for a private object); or `random`: not 0, and different from all other
//! keys; or `ftok:<path>:<id>`: what the C library computes from that file. Path and `values=` are
//! quoted like a word of `run:`. `mode=` is octal and includes 1000 for a segment marked for
//! destruction and 2000 for a locked one. `owner=<uid>[:<gid>]` is the user and group, by default
//! those that the subject runs as; the creator is always the user that the subject runs as.
//! `holds: 100 msg ...` stands for a hundred of them. `holds: nothing` says that there are none,
//! and is the default.
//!
//! # `posix:`
//!
//! After the last run there must be exactly the `given: posix` objects, unchanged, and these:
//!
//! | object | meaning |
//! | --- | --- |
//! | `shm x size=4096 mode=644` | the file /dev/shm/x; also `bytes=`, its first bytes, in which escapes and `{ab*3}` work (default: all bytes are zero) |
//! | `sem sem.x value=3 mode=644` | the file /dev/shm/sem.x, with the bytes of a semaphore of glibc for words of the subject's size; also `libc=musl` |
//! | `queue x mode=644` | the queue /x without messages; also `maxmsg=` and `msgsize=` (default 10 and 8192) |
//! | `directory x mode=755` | a directory in /dev/shm |
//! | `link x <path>` | a symbolic link there |
//!
//! Names are words. `mode=` and `owner=` are as in `holds:`. `posix: nothing` says that there are
//! none, and is the default.
//!
//! # `util-linux:`
//!
//! | value | meaning |
//! | --- | --- |
//! | `same` | util-linux gives exactly the same: output, errors, status, objects |
//! | `status` | the same status and objects; texts may differ |
//! | `differs <tag>` | something else: the case fails there if nothing differs; `<tag>` is a row of differences.txt |
//! | `no <feature>` | util-linux lacks this feature: not run there |
//! | `since 2.41 [same, status or differs <tag>]` | as above from that version on; not run on an older one |
//!
//! `calls:` lines are not compared there. A case must use every row of differences.txt,
//! `<tag>: <reason>`.

use std::collections::HashSet;
use std::fmt;
use std::iter;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::files::{NewFile, Stdin};
use crate::namespace::{self, Kind, NewObject, Object, Sysctl};
use crate::only::{Only, Word};
use crate::place::Places;
use crate::posix::{self, What};
use crate::text::{self, Parsed, Pattern, Piece, Which};
use crate::{errno, syscalls};

/// A place in a case file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Where it begins.
    pub position: Position,
    /// Its title.
    pub title: String,
    /// The sentences of the man page or specification that it covers.
    pub covers: Vec<String>,
    /// Its `given` lines, verbatim, for reports.
    pub given: Vec<String>,
    /// The changes to the namespace before the first run, in order.
    pub setup: Vec<Setup>,
    /// How the subject is started.
    pub start: Start,
    /// The command lines.
    pub runs: Vec<Run>,
    /// The objects that the namespace must hold at the end besides the given objects.
    pub holds: Vec<Held>,
    /// The POSIX objects that must exist at the end besides the given ones.
    pub posix: Vec<posix::Wanted>,
    /// The given objects that its runs remove, in the order in which they are printed.
    pub gone: Vec<Setup>,
    /// The POSIX objects that its runs create and remove again.
    pub undone: Vec<posix::Wanted>,
    /// How util-linux's ipcmk answers.
    pub util_linux: UtilLinux,
    /// The places where it cannot run, and why.
    pub not: Vec<(Places, String)>,
    /// What it is about, if not every subject and machine.
    pub only: Vec<Only>,
    /// Whether it needs a runner without a seccomp filter.
    pub unfiltered: bool,
}

impl Case {
    /// The sysctl of the whole machine that it sets, if there is one.
    pub fn machine_sysctl(&self) -> Option<&Sysctl> {
        let in_setup = self.setup.iter().filter_map(|step| match step {
            Setup::Sysctl(sysctl) => Some(sysctl),
            _ => None,
        });
        in_setup
            .chain(&self.start.at_exec)
            .find(|sysctl| !sysctl.is_of_namespace())
    }

    /// Whether its runs remove this object, which was there before.
    pub fn removes(&self, object: &Object) -> bool {
        self.gone.iter().any(|gone| match gone {
            Setup::Object(gone) => (gone.kind, gone.key) == (object.kind, object.key),
            _ => false,
        })
    }

    /// The same of a POSIX object.
    pub fn removes_posix(&self, object: &posix::Object) -> bool {
        self.gone.iter().any(|gone| match gone {
            Setup::Posix(gone) => {
                (&gone.name, gone.what.is_queue()) == (&object.name, object.what.is_queue())
            }
            _ => false,
        })
    }

    /// Whether it reads or creates POSIX objects.
    pub fn is_posix(&self) -> bool {
        let given = |step: &Setup| matches!(step, Setup::Posix(_) | Setup::Mount { .. });
        !self.posix.is_empty() || !self.undone.is_empty() || self.setup.iter().any(given)
    }
}

/// A change before the first run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setup {
    /// Sets a sysctl.
    Sysctl(Sysctl),
    /// Creates an object.
    Object(NewObject),
    /// Creates such objects until ENOSPC.
    Fill(NewObject),
    /// Creates a POSIX object.
    Posix(posix::Wanted),
    /// Mounts a file system on /dev/shm.
    Mount {
        /// Its type.
        kind: String,
        /// Its options.
        options: String,
    },
    /// Makes /dev/shm read-only.
    ReadOnly,
}

/// How the subject is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The user and group; root if there is none.
    pub user: Option<u32>,
    /// The environment: names and values.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// What standard input is.
    pub stdin: Stdin,
    /// Where standard output goes.
    pub stdout: Stream,
    /// Where standard error goes.
    pub stderr: Stream,
    /// `argv[0]`.
    pub argv0: Vec<u8>,
    /// Whether argc is 0, without even `argv[0]`.
    pub argc0: bool,
    /// What AT_RANDOM points to, if not the kernel's bytes.
    pub random: Option<Random>,
    /// Whether /proc is an empty directory.
    pub noproc: bool,
    /// System calls that fail.
    pub faults: Vec<Fault>,
    /// System calls that a seccomp filter refuses.
    pub filters: Vec<Filter>,
    /// Whether a filter leaves ipc(2) alone of the two ways to make a System V call on i686.
    pub ipc_alone: bool,
    /// RLIMIT_NOFILE, if not the runner's own.
    pub nofile: Option<u64>,
    /// RLIMIT_MEMLOCK, if not the runner's own.
    pub memlock: Option<u64>,
    /// RLIMIT_FSIZE, if not the runner's own.
    pub fsize: Option<u64>,
    /// RLIMIT_MSGQUEUE, if not the runner's own.
    pub msgqueue: Option<u64>,
    /// The umask.
    pub umask: u32,
    /// Whether /dev is an empty directory.
    pub nodev: bool,
    /// Whether the subject is in a user namespace of its own.
    pub userns: bool,
    /// The files of its directory, by name, in the order of creation.
    pub files: Vec<(Vec<u8>, NewFile)>,
    /// Permissions of some of these files.
    pub modes: Vec<(Vec<u8>, u32)>,
    /// That directory, once it exists; without one, the runner's working directory.
    pub directory: Option<PathBuf>,
    /// The sysctls that are set after exec.
    pub at_exec: Vec<Sysctl>,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            user: None,
            environment: vec![(b"PATH".into(), b"/usr/bin:/bin".into())],
            stdin: Stdin::Nothing,
            stdout: Stream::Captured,
            stderr: Stream::Captured,
            argv0: b"ipcmk".into(),
            argc0: false,
            random: None,
            noproc: false,
            faults: Vec::new(),
            filters: Vec::new(),
            ipc_alone: false,
            nofile: None,
            memlock: None,
            fsize: None,
            msgqueue: None,
            umask: 0o022,
            nodev: false,
            userns: false,
            files: Vec::new(),
            modes: Vec::new(),
            directory: None,
            at_exec: Vec::new(),
        }
    }
}

/// Where an output of the subject goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Into a pipe that the runner reads.
    Captured,
    /// Nowhere: the descriptor is closed.
    Closed,
    /// Into /dev/full.
    Full,
    /// Into a pipe without a reader.
    Broken,
    /// Into a full pipe with O_NONBLOCK, which the runner reads once the subject sleeps.
    FullPipe,
    /// Into a file that may have this many bytes: RLIMIT_FSIZE.
    Limit(u64),
}

impl Stream {
    /// Whether the runner reads what is written there.
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Captured | Self::FullPipe | Self::Limit(_))
    }
}

/// What a subject finds at AT_RANDOM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Random {
    /// These bytes.
    Numbers([u32; 4]),
    /// No AT_RANDOM entry.
    None,
}

/// A system call that the tracer makes fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub call: &'static str,
    /// Its errno.
    pub errno: i32,
    /// Which such call of a run fails, from 1.
    pub occurrence: usize,
    /// The words of the case's line, for reports.
    pub text: String,
}

/// A system call that a seccomp filter refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The name of the system call.
    pub call: &'static str,
    /// Its command; None is every command.
    pub command: Option<i32>,
    /// Its errno.
    pub errno: i32,
}

/// A command line, and what it must print and return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The line of the `run` key.
    pub line: usize,
    /// The arguments.
    pub words: Vec<Vec<u8>>,
    /// Standard output.
    pub out: Text,
    /// Standard error, as far as util-linux prints it too.
    pub err: Text,
    /// Its further lines, which only our ipcmk prints, each with the number of lines before it that
    /// both print.
    pub hints: Vec<(usize, Pattern)>,
    /// Exit status.
    pub status: i32,
    /// The names of the system calls, if they are compared.
    pub calls: Option<Vec<String>>,
}

impl Run {
    /// The placeholders and plain pieces of all its lines, in the order of comparison.
    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        let lines = self.out.placeholders().chain(self.err.placeholders());
        lines.chain(self.hints.iter().flat_map(|(_, hint)| hint))
    }

    /// Whether a line shows an object that the run made.
    pub fn shows_new(&self) -> bool {
        self.pieces()
            .any(|piece| matches!(piece, Piece::Id(_, Which::New)))
    }
}

/// An expected text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Exactly these lines.
    Lines(Vec<Pattern>),
    /// Each of these somewhere in the output.
    Contains(Vec<Vec<u8>>),
}

impl Text {
    /// Whether nothing is expected.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Lines(lines) if lines.is_empty())
    }

    /// This text with further lines, each behind so many of its own.
    pub fn and(&self, further: &[(usize, Pattern)]) -> Self {
        let Self::Lines(lines) = self else {
            return self.clone();
        };
        let behind = |own: usize| {
            let hints = further.iter().filter(move |(lines, _)| *lines == own);
            hints.map(|(_, hint)| hint.clone())
        };
        let own = lines.iter().enumerate();
        let all = own.flat_map(|(at, line)| iter::once(line.clone()).chain(behind(at + 1)));
        Self::Lines(all.collect())
    }

    fn placeholders(&self) -> impl Iterator<Item = &Piece> {
        let lines = match self {
            Self::Lines(lines) => lines.as_slice(),
            Self::Contains(_) => &[],
        };
        lines.iter().flatten()
    }
}

/// An object that the namespace must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What it is.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// Bytes of a segment, semaphores of a set, msg_qbytes of a queue; None is not compared.
    pub size: Option<u64>,
    /// Permissions.
    pub mode: u32,
    /// Its owner's user, and group; by default those that the subject runs as.
    pub owner: Option<(u32, Option<u32>)>,
    /// Number of attachments: shm_nattch.
    pub attached: u64,
    /// The values of a set's semaphores: one for all, or one for each; empty is 0 for all.
    pub values: Vec<u16>,
    /// Bytes of a page of a segment; None is not compared.
    pub page: Option<u64>,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        match &self.key {
            Key::Random => write!(f, " key=random")?,
            Key::Number(key) => write!(f, " key={key:#x}")?,
            Key::Ftok(path, id) => write!(f, " key=ftok:{}:{id}", text::show(path))?,
        }
        let size = match self.kind {
            Kind::Shm => "size",
            Kind::Msg => "qbytes",
            Kind::Sem => "nsems",
        };
        if let Some(value) = self.size {
            write!(f, " {size}={value}")?;
        }
        write!(f, " mode={:o}", self.mode)?;
        if let Some((user, group)) = self.owner {
            write!(f, " owner={user}")?;
            if let Some(group) = group {
                write!(f, ":{group}")?;
            }
        }
        if self.attached != 0 {
            write!(f, " nattch={}", self.attached)?;
        }
        if !self.values.is_empty() {
            write!(f, " values={}", namespace::show_values(&self.values))?;
        }
        if let Some(page) = self.page {
            write!(f, " page={page}")?;
        }
        Ok(())
    }
}

/// The key of an object that the namespace must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Not 0, and different from all other keys.
    Random,
    /// This one.
    Number(u32),
    /// What ftok(3) makes of this path and id.
    Ftok(Vec<u8>, i32),
}

/// How util-linux's ipcmk answers a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UtilLinux {
    /// It answers so, from that version on.
    Gives(Answer, Version),
    /// It lacks this feature.
    Lacks(String),
}

/// How util-linux's answer compares with what a case expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The same.
    Same,
    /// The same status and objects.
    Status,
    /// Not the same: the tag of a row of differences.txt.
    Differs(String),
}

/// A version of util-linux: major, minor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = text.split('.').map(str::parse);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Ok(Self(major, minor)),
            _ => Err(format!("{text:?} is no version")),
        }
    }
}

/// Reads a case file, for a subject with words of this size: that of a semaphore's bytes.
pub fn parse(file: &Path, content: &str, word: Word) -> Parsed<Vec<Case>> {
    let at = |line: usize, message: String| format!("{}:{line}: {message}", file.display());
    let mut drafts: Vec<Draft> = Vec::new();
    for (line, text) in (1..).zip(content.lines()) {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let result = split_key(text).and_then(|(key, value)| {
            if key == "case:" {
                let title = filled(value)?;
                if drafts.iter().any(|draft| draft.title == title) {
                    return Err(format!("the title {title:?} stands twice"));
                }
                drafts.push(Draft::new(line, title, word));
                return Ok(());
            }
            drafts
                .last_mut()
                .ok_or("this line stands before the first `case:`")?
                .read(line, key, value)
        });
        result.map_err(|message| at(line, message))?;
    }
    drafts
        .into_iter()
        .map(|draft| {
            let line = draft.line;
            draft.finish(file).map_err(|message| at(line, message))
        })
        .collect()
}

/// Splits a line after the first colon or tilde, which stays with the key, and drops the blank that
/// follows.
fn split_key(line: &str) -> Parsed<(&str, &str)> {
    let end = line.find([':', '~']).ok_or("no `key:`")?;
    let (key, value) = line.split_at(end + 1);
    match value.strip_prefix(' ') {
        Some(value) => Ok((key, value)),
        None if value.is_empty() => Ok((key, value)),
        None => Err(format!("no blank after `{key}`")),
    }
}

fn filled(value: &str) -> Parsed<String> {
    let value = value.trim();
    if value.is_empty() {
        Err("nothing after the colon".into())
    } else {
        Ok(value.to_owned())
    }
}

/// A case under construction.
struct Draft {
    line: usize,
    title: String,
    covers: Vec<String>,
    given: Vec<String>,
    setup: Vec<Setup>,
    start: Start,
    runs: Vec<DraftRun>,
    holds: Vec<Held>,
    holds_nothing: bool,
    posix: Vec<posix::Wanted>,
    posix_nothing: bool,
    gone: Vec<String>,
    undone: Vec<posix::Wanted>,
    util_linux: Option<UtilLinux>,
    not: Vec<(Places, String)>,
    only: Vec<Only>,
    unfiltered: bool,
    word: Word,
}

#[derive(Default)]
struct DraftRun {
    line: usize,
    words: Vec<Vec<u8>>,
    out: Option<Text>,
    err: Option<Text>,
    hints: Vec<(usize, Pattern)>,
    status: Option<i32>,
    calls: Option<Vec<String>>,
}

impl Draft {
    fn new(line: usize, title: String, word: Word) -> Self {
        Self {
            line,
            title,
            covers: Vec::new(),
            given: Vec::new(),
            setup: Vec::new(),
            start: Start::default(),
            runs: Vec::new(),
            holds: Vec::new(),
            holds_nothing: false,
            posix: Vec::new(),
            posix_nothing: false,
            gone: Vec::new(),
            undone: Vec::new(),
            util_linux: None,
            not: Vec::new(),
            only: Vec::new(),
            unfiltered: false,
            word,
        }
    }

    fn read(&mut self, line: usize, key: &str, value: &str) -> Parsed<()> {
        match key {
            "page:" | "spec:" => self.covers.push(filled(value)?),
            "given:" => {
                self.given.push(filled(value)?);
                self.given(value)?;
            }
            "run:" => self.runs.push(DraftRun {
                line,
                words: text::words(value)?,
                ..DraftRun::default()
            }),
            "holds:" if value == "nothing" => self.holds_nothing = true,
            "holds:" => {
                let count = value
                    .split_once(' ')
                    .and_then(|(count, object)| Some((count.parse().ok()?, object)));
                let (count, object) = count.unwrap_or((1, value));
                self.holds.extend(iter::repeat_n(held(object)?, count));
            }
            "posix:" if value == "nothing" => self.posix_nothing = true,
            "posix:" => self.posix.push(posix_object(value, self.word)?),
            "gone:" => self.gone.push(filled(value)?),
            "undone:" => self.undone.push(posix_object(value, self.word)?),
            "util-linux:" => set_once(&mut self.util_linux, util_linux(value)?)?,
            "not:" => {
                let (place, reason) = value
                    .split_once(' ')
                    .ok_or("`not:` needs a place and a reason")?;
                self.not.push((place.parse()?, filled(reason)?));
            }
            "only:" => self.only.push(value.parse()?),
            _ if key.starts_with("out*") => {
                let count = key["out*".len()..].strip_suffix(':');
                let count = number(count.ok_or("`out*<n>:` repeats whole lines")?)?;
                let run = self.runs.last_mut();
                let run = run.ok_or("`out*` before the first `run:`")?;
                (0..count).try_for_each(|_: usize| run.read("out:", value))?;
            }
            "out:" | "out~" | "err:" | "err~" | "hint:" | "status:" | "calls:" => {
                self.runs
                    .last_mut()
                    .ok_or_else(|| format!("`{key}` before the first `run:`"))?
                    .read(key, value)?;
            }
            _ => return Err(format!("`{key}` is no key")),
        }
        Ok(())
    }

    fn given(&mut self, value: &str) -> Parsed<()> {
        let (what, rest) = value.split_once(' ').unwrap_or((value, ""));
        let start = &mut self.start;
        match what {
            "sysctl" => self.setup.push(Setup::Sysctl(sysctl(rest)?)),
            "at-exec" => {
                let rest = rest
                    .strip_prefix("sysctl ")
                    .ok_or("only a sysctl can be set at exec")?;
                start.at_exec.push(sysctl(rest)?);
            }
            "shm" | "msg" | "sem" => self.setup.push(Setup::Object(new_object(value)?)),
            "posix" => self
                .setup
                .push(Setup::Posix(posix_object(rest, self.word)?)),
            "dev-shm" => match rest.split_once(' ').unwrap_or((rest, "")) {
                ("missing", "") => start.nodev = true,
                ("read-only", "") => self.setup.push(Setup::ReadOnly),
                (kind, options) => self.setup.push(Setup::Mount {
                    kind: filled(kind)?,
                    options: options.to_owned(),
                }),
            },
            "fill" => self.setup.push(Setup::Fill(filler(rest)?)),
            "user" => set_once(&mut start.user, number(rest)?)?,
            "env" if rest == "-" => start.environment.clear(),
            "env" => {
                let variable = single_word(rest)?;
                let equals = variable
                    .iter()
                    .position(|&byte| byte == b'=')
                    .ok_or("a variable is NAME=VALUE")?;
                let (name, value) = (&variable[..equals], &variable[equals + 1..]);
                start.environment.retain(|(other, _)| other != name);
                start.environment.push((name.into(), value.into()));
            }
            "stdin" => {
                start.stdin = match rest.split_once(' ') {
                    None if rest == "closed" => Stdin::Closed,
                    Some(("file", name)) => Stdin::File(single_word(name)?),
                    Some(("pipe", name)) => Stdin::Pipe(single_word(name)?),
                    _ => return Err(format!("{rest:?} is no input")),
                }
            }
            "file" | "text" => {
                let (name, line) = text::first_word(rest)?;
                let mut content = text::literal(line)?;
                if what == "file" {
                    content.push(b'\n');
                }
                let before = start.files.iter_mut().find(|file| file.0 == name);
                match before {
                    Some((_, NewFile::Regular(before))) => before.extend(content),
                    Some(_) => return Err("that name stands for something else".into()),
                    None => start.files.push((name, NewFile::Regular(content))),
                }
            }
            "directory" | "link" | "fifo" | "hole" => {
                let (name, rest) = text::first_word(rest)?;
                let file = match what {
                    "directory" if rest.is_empty() => NewFile::Directory,
                    "hole" => NewFile::Hole(number(rest)?),
                    "link" => NewFile::Link(single_word(rest)?),
                    "fifo" => NewFile::Fifo(single_word(rest)?),
                    _ => return Err("a directory has a name".into()),
                };
                if start.files.iter().any(|file| file.0 == name) {
                    return Err("that name stands for something else".into());
                }
                start.files.push((name, file));
            }
            "mode" => {
                let (name, mode) = text::first_word(rest)?;
                start.modes.push((name, octal(mode)?));
            }
            "userns" if rest.is_empty() => start.userns = true,
            "memlock" => set_once(&mut start.memlock, number(rest)?)?,
            "fsize" => set_once(&mut start.fsize, number(rest)?)?,
            "msgqueue" => set_once(&mut start.msgqueue, number(rest)?)?,
            "umask" => start.umask = octal(rest)?,
            "stdout" => {
                start.stdout = match rest.split_once(' ') {
                    Some(("limit", bytes)) => Stream::Limit(number(bytes)?),
                    None if rest == "full-pipe" => Stream::FullPipe,
                    _ => stream(rest)?,
                }
            }
            "stderr" => start.stderr = stream(rest)?,
            "argv0" => start.argv0 = single_word(rest)?,
            "argc0" if rest.is_empty() => start.argc0 = true,
            "random" => set_once(&mut start.random, random(rest)?)?,
            "noproc" if rest.is_empty() => start.noproc = true,
            "nofile" => set_once(&mut start.nofile, number(rest)?)?,
            "seccomp" => {
                let words: Vec<&str> = rest.split(' ').collect();
                let (call, command, errno) = match *words {
                    [call, errno] => (call, None, errno),
                    [call, command, errno] => (call, Some(command), errno),
                    _ => return Err("`seccomp` needs a system call and an errno".into()),
                };
                let command = command.map(|name| {
                    syscalls::command_number(call, name)
                        .ok_or_else(|| format!("{name:?} is no command of {call}"))
                });
                start.filters.push(Filter {
                    call: call_name(call)?,
                    command: command.transpose()?,
                    errno: errno_number(errno)?,
                });
            }
            "ipc-alone" if rest.is_empty() => start.ipc_alone = true,
            "unfiltered" if rest.is_empty() => self.unfiltered = true,
            "fail" => start.faults.push(fault(rest)?),
            _ => return Err(format!("`given: {value}` is no condition")),
        }
        Ok(())
    }

    fn finish(self, file: &Path) -> Parsed<Case> {
        if self.runs.is_empty() {
            return Err("a case needs a `run:`".into());
        }
        if self.holds_nothing && !self.holds.is_empty() {
            return Err("it cannot hold nothing and something".into());
        }
        if self.posix_nothing && !self.posix.is_empty() {
            return Err("there cannot be nothing and something".into());
        }
        if self.start.fsize.is_some() && matches!(self.start.stdout, Stream::Limit(_)) {
            return Err("`fsize` and `stdout limit` are the same limit".into());
        }
        if self.start.argc0 && self.runs.iter().any(|run| !run.words.is_empty()) {
            return Err("with `argc0` there can be no arguments".into());
        }
        let start = self.start;
        let is_file = |name: &Vec<u8>| {
            let mut files = start.files.iter();
            files.any(|(other, file)| other == name && matches!(file, NewFile::Regular(_)))
        };
        let read = match &start.stdin {
            Stdin::File(name) | Stdin::Pipe(name) => Some(name),
            Stdin::Nothing | Stdin::Closed => None,
        };
        let fifos = start.files.iter().filter_map(|(_, file)| match file {
            NewFile::Fifo(name) => Some(name),
            _ => None,
        });
        if let Some(name) = read.into_iter().chain(fifos).find(|name| !is_file(name)) {
            return Err(format!("there is no `given: file {}`", text::show(name)));
        }
        let runs = self
            .runs
            .into_iter()
            .map(|run| run.finish(&start))
            .collect::<Parsed<Vec<_>>>()?;
        check_placeholders(&runs, &self.setup)?;
        let gone = |text: &String| {
            let gone = match text.strip_prefix("posix ") {
                Some(object) => Setup::Posix(posix_object(object, self.word)?),
                None => Setup::Object(new_object(text)?),
            };
            if self.setup.contains(&gone) {
                Ok(gone)
            } else {
                Err(format!("there is no `given: {text}`"))
            }
        };
        let gone = self.gone.iter().map(gone).collect::<Parsed<Vec<_>>>()?;
        Ok(Case {
            position: Position {
                file: file.to_owned(),
                line: self.line,
            },
            title: self.title,
            covers: self.covers,
            given: self.given,
            setup: self.setup,
            start,
            runs,
            holds: self.holds,
            posix: self.posix,
            gone,
            undone: self.undone,
            util_linux: self.util_linux.ok_or("a case needs `util-linux:`")?,
            not: self.not,
            only: self.only,
            unfiltered: self.unfiltered,
        })
    }
}

impl DraftRun {
    fn read(&mut self, key: &str, value: &str) -> Parsed<()> {
        match key {
            "out:" => add_line(&mut self.out, value),
            "out~" => add_part(&mut self.out, value),
            "err:" => add_line(&mut self.err, value),
            "hint:" => match &self.err {
                Some(Text::Lines(lines)) => {
                    self.hints.push((lines.len(), text::pattern(value)?));
                    Ok(())
                }
                _ => Err("a `hint:` line stands behind an `err:` line".into()),
            },
            "err~" => add_part(&mut self.err, value),
            "status:" => set_once(&mut self.status, number(value)?),
            _ => set_once(
                &mut self.calls,
                value.split_whitespace().map(str::to_owned).collect(),
            ),
        }
    }

    fn finish(self, start: &Start) -> Parsed<Run> {
        for (name, stream, text) in [
            ("out", start.stdout, &self.out),
            ("err", start.stderr, &self.err),
        ] {
            if !stream.is_read() && text.is_some() {
                return Err(format!("`{name}` lines, but std{name} goes elsewhere"));
            }
        }
        Ok(Run {
            line: self.line,
            words: self.words,
            status: self
                .status
                .unwrap_or(if self.err.is_some() { 1 } else { 0 }),
            out: self.out.unwrap_or(Text::Lines(Vec::new())),
            err: self.err.unwrap_or(Text::Lines(Vec::new())),
            hints: self.hints,
            calls: self.calls,
        })
    }
}

/// Refuses placeholders that can never match: a back reference to a placeholder further on, or the
/// identifier of a given object that does not exist.
fn check_placeholders(runs: &[Run], setup: &[Setup]) -> Parsed<()> {
    let mut seen: Vec<Kind> = Vec::new();
    let given = |kind: Kind| {
        setup
            .iter()
            .filter(|step| matches!(step, Setup::Object(o) if o.kind == kind))
            .count()
    };
    for piece in runs.iter().flat_map(Run::pieces) {
        match *piece {
            Piece::Id(kind, Which::New) => seen.push(kind),
            Piece::Id(kind, Which::Named(n))
                if n > seen.iter().filter(|&&other| other == kind).count() =>
            {
                return Err(format!(
                    "{{{kind}{n}}} refers to a {{{kind}}} that does not stand before it"
                ));
            }
            Piece::Id(kind, Which::Given(n)) if n > given(kind) => {
                return Err(format!(
                    "{{given-{kind}{n}}} refers to a `given: {kind}` that is not there"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

fn set_once<T>(slot: &mut Option<T>, value: T) -> Parsed<()> {
    if slot.replace(value).is_some() {
        Err("the same thing is said twice".into())
    } else {
        Ok(())
    }
}

fn add_line(text: &mut Option<Text>, value: &str) -> Parsed<()> {
    match text.get_or_insert(Text::Lines(Vec::new())) {
        Text::Lines(lines) => lines.push(text::pattern(value)?),
        Text::Contains(_) => return Err("whole lines and parts of lines cannot be mixed".into()),
    }
    Ok(())
}

fn add_part(text: &mut Option<Text>, value: &str) -> Parsed<()> {
    match text.get_or_insert(Text::Contains(Vec::new())) {
        Text::Contains(parts) => match text::pattern(value)?.as_slice() {
            [Piece::Bytes(bytes)] => parts.push(bytes.clone()),
            _ => return Err("a part of a text cannot be empty or have placeholders".into()),
        },
        Text::Lines(_) => return Err("whole lines and parts of lines cannot be mixed".into()),
    }
    Ok(())
}

fn single_word(text: &str) -> Parsed<Vec<u8>> {
    let mut words = text::words(text)?;
    match (words.pop(), words.is_empty()) {
        (Some(word), true) => Ok(word),
        _ => Err(format!("{text:?} is not one word")),
    }
}

/// Reads a decimal or 0x number.
fn number<T: TryFrom<u64>>(text: &str) -> Parsed<T> {
    let value = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    value
        .ok()
        .and_then(|value| T::try_from(value).ok())
        .ok_or_else(|| format!("{text:?} is no number that fits"))
}

fn octal(text: &str) -> Parsed<u32> {
    u32::from_str_radix(text, 8).map_err(|_| format!("{text:?} is no octal number"))
}

fn stream(text: &str) -> Parsed<Stream> {
    match text {
        "closed" => Ok(Stream::Closed),
        "full" => Ok(Stream::Full),
        "broken" => Ok(Stream::Broken),
        _ => Err(format!("{text:?} is no output")),
    }
}

fn sysctl(text: &str) -> Parsed<Sysctl> {
    let (name, value) = text
        .split_once(' ')
        .ok_or("a sysctl needs a name and a value")?;
    Ok(Sysctl {
        name: name.to_owned(),
        value: filled(value)?,
    })
}

fn random(text: &str) -> Parsed<Random> {
    if text == "none" {
        return Ok(Random::None);
    }
    let numbers = text.split(' ').map(number).collect::<Parsed<Vec<u32>>>()?;
    let numbers = numbers
        .try_into()
        .map_err(|_| "`random` needs four numbers of 32 bits, or `none`")?;
    Ok(Random::Numbers(numbers))
}

fn fault(text: &str) -> Parsed<Fault> {
    let words: Vec<&str> = text.split(' ').collect();
    let (call, errno, occurrence) = match *words {
        [call, errno] => (call, errno, 1),
        [call, errno, occurrence] => (call, errno, number(occurrence)?),
        _ => return Err("`fail` needs a system call, an errno, and perhaps which one".into()),
    };
    if occurrence == 0 {
        return Err("occurrences are counted from 1".into());
    }
    Ok(Fault {
        call: call_name(call)?,
        errno: errno_number(errno)?,
        occurrence,
        text: text.to_owned(),
    })
}

fn call_name(name: &str) -> Parsed<&'static str> {
    syscalls::known(name).ok_or_else(|| format!("{name:?} is no system call that the runner knows"))
}

fn errno_number(name: &str) -> Parsed<i32> {
    errno::number(name).ok_or_else(|| format!("{name:?} is no errno that the runner knows"))
}

/// The `name=value` fields of an object.
struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    /// Reads `kind name=value...`.
    fn read(text: &'a str) -> Parsed<(Kind, Self)> {
        let (kind, fields) = text.split_once(' ').unwrap_or((text, ""));
        let kind = Kind::named(kind).ok_or("an object is shm, msg or sem")?;
        Ok((kind, Self::of(fields)?))
    }

    /// Reads `name=value...`.
    fn of(text: &'a str) -> Parsed<Self> {
        let fields = text.split_whitespace().map(|word| {
            word.split_once('=')
                .ok_or_else(|| format!("{word:?} is no name=value"))
        });
        let fields = Self(fields.collect::<Parsed<_>>()?);
        let mut names = HashSet::new();
        match fields.0.iter().find(|field| !names.insert(field.0)) {
            Some((name, _)) => Err(format!("{name}= stands twice")),
            None => Ok(fields),
        }
    }

    fn optional<T>(&mut self, name: &str, read: impl Fn(&str) -> Parsed<T>) -> Parsed<Option<T>> {
        let found = self.0.iter().position(|field| field.0 == name);
        found
            .map(|index| read(self.0.swap_remove(index).1))
            .transpose()
    }

    fn required<T>(&mut self, name: &str, read: impl Fn(&str) -> Parsed<T>) -> Parsed<T> {
        self.optional(name, read)?
            .ok_or_else(|| format!("{name}= is missing"))
    }

    fn end(self) -> Parsed<()> {
        self.0.first().map_or(Ok(()), |(name, _)| {
            Err(format!("{name}= does not belong here"))
        })
    }
}

fn new_object(text: &str) -> Parsed<NewObject> {
    let (kind, mut fields) = Fields::read(text)?;
    let size = match kind {
        Kind::Shm => fields.required("size", number)?,
        Kind::Sem => fields.required("nsems", number)?,
        Kind::Msg => 0,
    };
    let full = |text: &str| match owner(text)? {
        (user, Some(group)) => Ok((user, group)),
        (user, None) => Ok((user, user)),
    };
    let object = NewObject {
        kind,
        key: fields.required("key", number)?,
        size,
        mode: fields.required("mode", octal)?,
        owner: fields.optional("owner", full)?,
        qbytes: match kind {
            Kind::Msg => fields.optional("qbytes", number)?,
            Kind::Shm | Kind::Sem => None,
        },
        values: match kind {
            Kind::Sem => fields.optional("values", |text| {
                let values = values(text)?;
                match values.as_slice() {
                    _ if values.len() as u64 == size => Ok(values),
                    &[value] => Ok(vec![value; size as usize]),
                    _ => Err("one value, or one for each".into()),
                }
            })?,
            Kind::Shm | Kind::Msg => None,
        },
    };
    fields.end()?;
    Ok(object)
}

fn filler(text: &str) -> Parsed<NewObject> {
    let (kind, mut fields) = Fields::read(text)?;
    let size = match kind {
        Kind::Shm => fields.optional("size", number)?.unwrap_or(1),
        Kind::Sem => fields.optional("nsems", number)?.unwrap_or(1),
        Kind::Msg => 0,
    };
    fields.end()?;
    Ok(NewObject {
        kind,
        key: 0,
        size,
        mode: 0o600,
        owner: None,
        qbytes: None,
        values: None,
    })
}

fn held(text: &str) -> Parsed<Held> {
    let (kind, mut fields) = Fields::read(text)?;
    let key = |text: &str| {
        if text == "random" {
            return Ok(Key::Random);
        }
        let Some(file) = text.strip_prefix("ftok:") else {
            return number(text).map(Key::Number);
        };
        let (path, id) = file.rsplit_once(':').ok_or("`ftok:<path>:<id>`")?;
        Ok(Key::Ftok(single_word(path)?, number(id)?))
    };
    let object = Held {
        kind,
        key: fields.required("key", key)?,
        size: match kind {
            Kind::Shm => Some(fields.required("size", number)?),
            Kind::Sem => Some(fields.required("nsems", number)?),
            Kind::Msg => fields.optional("qbytes", number)?,
        },
        mode: fields.required("mode", octal)?,
        owner: fields.optional("owner", owner)?,
        attached: match kind {
            Kind::Shm => fields.optional("nattch", number)?.unwrap_or(0),
            Kind::Msg | Kind::Sem => 0,
        },
        values: match kind {
            Kind::Sem => fields.optional("values", values)?.unwrap_or_default(),
            Kind::Shm | Kind::Msg => Vec::new(),
        },
        page: match kind {
            Kind::Shm => fields.optional("page", number)?,
            Kind::Msg | Kind::Sem => None,
        },
    };
    fields.end()?;
    Ok(object)
}

/// Reads a POSIX object of a `given: posix` or `posix:` line.
fn posix_object(text: &str, word: Word) -> Parsed<posix::Wanted> {
    let (kind, rest) = text.split_once(' ').ok_or("an object has a name")?;
    let (name, rest) = text::first_word(rest)?;
    if kind == "link" {
        return Ok(posix::Wanted {
            name,
            what: What::Link(single_word(rest)?),
            mode: 0o777,
            owner: None,
        });
    }
    let mut fields = Fields::of(rest)?;
    let what = match kind {
        "shm" => What::file(
            fields.required("size", number)?,
            fields.optional("bytes", text::literal)?.unwrap_or_default(),
        ),
        "sem" => {
            let musl = fields.optional("libc", |libc| match libc {
                "musl" => Ok(true),
                _ => Err(format!("{libc:?} is no other C library")),
            })?;
            What::semaphore(fields.required("value", number)?, musl.is_some(), word)
        }
        "queue" => {
            let usual = posix::Queue::USUAL;
            What::Queue(posix::Queue {
                maxmsg: fields.optional("maxmsg", number)?.unwrap_or(usual.maxmsg),
                msgsize: fields.optional("msgsize", number)?.unwrap_or(usual.msgsize),
                ..usual
            })
        }
        "directory" => What::Directory,
        _ => return Err("a POSIX object is shm, sem, queue, directory or link".into()),
    };
    let object = posix::Wanted {
        name,
        what,
        mode: fields.required("mode", octal)?,
        owner: fields.optional("owner", owner)?,
    };
    fields.end()?;
    Ok(object)
}

/// Reads a user, and perhaps a group.
fn owner(text: &str) -> Parsed<(u32, Option<u32>)> {
    match text.split_once(':') {
        None => Ok((number(text)?, None)),
        Some((user, group)) => Ok((number(user)?, Some(number(group)?))),
    }
}

/// Reads the values of semaphores.
fn values(text: &str) -> Parsed<Vec<u16>> {
    let text = String::from_utf8(single_word(text)?).map_err(|error| error.to_string())?;
    text.split(',').map(number).collect()
}

fn util_linux(text: &str) -> Parsed<UtilLinux> {
    if let Some(reason) = text.strip_prefix("no ") {
        return Ok(UtilLinux::Lacks(filled(reason)?));
    }
    let (since, answer) = match text.strip_prefix("since ") {
        Some(rest) => {
            let (version, answer) = rest.split_once(' ').unwrap_or((rest, "same"));
            (version.parse()?, answer)
        }
        None => (Version::default(), text),
    };
    let answer = match answer.split_once(' ') {
        None if answer == "same" => Answer::Same,
        None if answer == "status" => Answer::Status,
        Some(("differs", tag)) if !tag.contains(' ') => Answer::Differs(filled(tag)?),
        _ => return Err(
            "it is same, status, differs <tag>, no <feature>, or since <version> and one of these"
                .into(),
        ),
    };
    Ok(UtilLinux::Gives(answer, since))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Parsed<Vec<Case>> {
        parse(Path::new("x.case"), text, Word::Bits64)
    }

    #[test]
    fn mistakes_name_their_line() {
        let error =
            parse_text("# x\n\ncase: a\nrun: -Q\nutil-linux: same\nruns: -Q\n").unwrap_err();
        assert_eq!(error, "x.case:6: `runs:` is no key");
        let error = parse_text("\ncase: a\nrun: -Q\n").unwrap_err();
        assert_eq!(error, "x.case:2: a case needs `util-linux:`");
    }

    #[test]
    fn mistakes_are_refused() {
        let refused = |lines: &str| {
            assert!(
                parse_text(&format!("case: t\n{lines}\nutil-linux: same\n")).is_err(),
                "{lines}"
            );
        };
        for given in [
            "given:",
            "given: nonsense",
            "given: sysctl kernel.shmmni",
            "given: shm key=1 size=1",
            "given: shm key=1 size=1 mode=9",
            "given: shm key=1 size=1 mode=600 nsems=1",
            "given: shm key=1 key=2 size=1 mode=600",
            "given: shm key=0x100000000 size=1 mode=600",
            "given: user root",
            "given: env NAME",
            "given: env A=1 B=2",
            "given: stdin full",
            "given: stdin pipe b",
            "given: stdin file",
            "given: file",
            "given: file b {shm}",
            "given: fifo f b",
            "given: directory d\ngiven: file d x",
            "given: file d x\ngiven: directory d",
            "given: directory d x",
            "given: link l",
            "given: hole h",
            "given: hole h x",
            "given: mode d",
            "given: memlock x",
            "given: userns now",
            "given: seccomp msgctl SETALL EPERM",
            "given: seccomp msgget IPC_SET EPERM",
            "given: sem key=1 nsems=3 mode=600 values=1,2",
            "given: msg key=1 mode=600 values=1",
            "given: shm key=1 size=1 mode=600 owner=x",
            "holds: sem key=1 nsems=1 mode=600 values=65536",
            "holds: sem key=1 nsems=1 mode=600 page=4096",
            "holds: msg key=ftok:a mode=600",
            "holds: x msg key=1 mode=600",
            "given: stdout somewhere",
            "given: stdout limit",
            "given: stdout limit x",
            "given: stderr full-pipe",
            "given: stderr limit 10",
            "given: at-exec fs.file-max 1",
            "given: at-exec sysctl fs.file-max",
            "given: fill",
            "gone:",
            "gone: msg key=1 mode=600",
            "given: msg key=1 mode=600\ngone: msg key=2 mode=600",
            "given: posix shm x size=1 mode=600\ngone: shm x size=1 mode=600",
            "given: fill all",
            "given: fill msg size=1",
            "given: fill shm key=5",
            "given: seccomp msgget",
            "given: seccomp msggot EPERM",
            "given: seccomp msgget EWRONG",
            "given: nofile",
            "given: nofile 3\ngiven: nofile 4",
            "given: unfiltered now",
            "given: argv0 a b",
            "given: argv0",
            "given: argc0 now",
            "given: random 1 2 3",
            "given: random 1 2 3 0x100000000",
            "given: fail wrote EPIPE",
            "given: fail write EWRONG",
            "given: fail write EPIPE 0",
            "not: native",
            "not: nowhere reason",
            "not: qemu-user",
            "only: 16-bit",
            "only: pages",
            "given: ipc-alone now",
            "holds: shm key=1 size=4096",
            "holds: msg key=1 mode=600 size=1",
            "holds: nothing\nholds: msg key=1 mode=600",
            "posix:",
            "posix: shm x mode=600",
            "posix: shm x size=1",
            "posix: shm size=1 mode=600",
            "posix: sem x mode=600",
            "posix: sem x value=1 mode=600 libc=glob",
            "posix: queue x mode=600 value=1",
            "posix: link x",
            "posix: file x size=1 mode=600",
            "posix: nothing\nposix: queue x mode=600",
            "given: posix shm x size=1 mode=600 bytes=a b",
            "given: dev-shm",
            "given: fsize x",
            "given: fsize 1\ngiven: stdout limit 1",
            "given: umask 8",
            "util-linux: same",
            "page:",
            "out:x",
            "nothing",
        ] {
            refused(&format!("{given}\nrun: -Q"));
        }
        refused("");
        refused("out: before\nrun: -Q");
        for after in [
            "status: x",
            "status: 1\nstatus: 1",
            "status: 300000000000",
            "calls: a\ncalls: b",
            "out: a\nout~ b",
            "err~ a\nerr: b",
            "hint: a",
            "err~ a\nhint: b",
            "err: a\nhint: {shm1}",
            "err: a\nhint: {given-shm}",
            "out~",
            "out~ {shm}",
            "out*x: a",
            "out*2~ a",
            "out: {shm1}",
            "out: {shm}\nout: {shm2}",
            "out: {msg}\nout: {shm1}",
            "out: {given-shm}",
            "given: stdout closed\nout: a",
            "given: argc0",
        ] {
            refused(&format!("run: -Q\n{after}"));
        }
        assert!(parse_text("run: -Q\n").is_err());
        assert!(
            parse_text("case: a\nrun: -Q\nutil-linux: same\ncase: a\nrun: -Q\nutil-linux: same\n")
                .is_err()
        );
        for bad in [
            "",
            "no",
            "differs",
            "differs a b",
            "like",
            "since x",
            "since 2.41 no reason",
        ] {
            assert!(util_linux(bad).is_err(), "{bad}");
        }
    }
}
