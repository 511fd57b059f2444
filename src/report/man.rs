//! The man page, in man(7), with its options out of the table.

use core::fmt::{self, Write};

use super::help::VERSION;
use crate::cli::options::{Grammar, TABLE};

/// `dist/ipcmk.1`.
pub struct Man;

impl fmt::Display for Man {
    fn fmt(&self, page: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = VERSION.trim_end().trim_start_matches("ipcmk from ");
        writeln!(page, ".TH IPCMK 1 {DATE} \"{version}\" \"User Commands\"")?;
        page.write_str(HEAD)?;
        options(page, Grammar::Standard)?;
        page.write_str(KEYED)?;
        options(page, Grammar::Keyed)?;
        page.write_str(TAIL)
    }
}

/// Date of the page's last change.
const DATE: &str = "2026-11-28";

fn options(page: &mut fmt::Formatter<'_>, grammar: Grammar) -> fmt::Result {
    for row in TABLE {
        let Some(form) = row.form(grammar) else {
            continue;
        };
        if form.man.is_empty() {
            continue;
        }
        page.write_str(".TP\n.BR ")?;
        if let Some(letter) = form.short {
            write!(page, "\\-{}", char::from(letter))?;
        }
        if !row.long.is_empty() {
            page.write_str(if form.short.is_some() { " \", \" " } else { "" })?;
            page.write_str("\\-\\-")?;
            dashes(page, row.long)?;
        }
        if !form.metavar.is_empty() {
            let space = if form.metavar.starts_with('[') {
                ""
            } else {
                " "
            };
            write!(page, " \"{space}")?;
            metavar(page, form.metavar)?;
            page.write_str("\"")?;
        }
        writeln!(page, "\n{}", form.man)?;
    }
    Ok(())
}

/// `<size>` as *size*.
fn metavar(page: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|char| match char {
        '<' => page.write_str("\\fI"),
        '>' => page.write_str("\\fR"),
        _ => page.write_char(char),
    })
}

/// Hyphens that can be pasted into a shell.
fn dashes(page: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut parts = text.split('-');
    page.write_str(parts.next().unwrap_or_default())?;
    parts.try_for_each(|part| write!(page, "\\-{part}"))
}

const HEAD: &str = r#".SH NAME
ipcmk \- create System V and POSIX IPC objects
.SH SYNOPSIS
.nf
\fBipcmk\fR [\fB\-M\fR \fIsize\fR] [\fB\-Q\fR] [\fB\-S\fR \fInumber\fR] [\fB\-p\fR \fImode\fR] [\fIoptions\fR]
\fBipcmk \-M\fR \fIsize\fR [\fImode\fR]
\fBipcmk\fR [\fB\-m\fR \fIsize\fR] [\fB\-q\fR] [\fB\-s\fR] \fB\-n\fR \fIname\fR [\fB\-p\fR \fImode\fR] [\fIoptions\fR]
\fBipcmk \-\-keyed\fR {\fB\-M\fR|\fB\-Q\fR} \fIkey\fR [\fB\-o\fR \fIkey\fR] \fB\-p\fR \fIsize\fR [\fB\-\-mode\fR \fImode\fR]
\fBipcmk \-\-keyed \-S\fR \fIkey\fR [\fB\-o\fR \fIkey\fR] [\fB\-s\fR \fInsems\fR] [\fB\-\-mode\fR \fImode\fR]
\fBipcmk \-\-batch\fR \fIfile\fR [\fB\-r\fR|\fB\-J\fR]
.fi
.SH DESCRIPTION
.B ipcmk
creates System V shared memory segments, message queues and semaphore sets, and
prints their identifiers, and POSIX shared memory, message queues and named
semaphores, and prints their names. It is one static file without a C library, meant for
an initramfs, for rescue images, containers and small boards, and takes the
command lines of util\-linux's tool of this name.
.PP
Several resources on one line are created together, or not at all. Each System V object
gets a random key that no other object of its kind has, so that
.B ipcs
shows it and
.B ipcrm
takes it.
.SH OPTIONS
"#;

const KEYED: &str = r#".SH OPTIONS WITH KEYS
After
.B \-\-keyed
the resource's argument is its key, and its size stands apart. Exactly one of
.BR \-M ,
.B \-Q
and
.BR \-S .
An existing object with that key is an error, without
.BR \-o .
Key 0, or
.BR private ,
is IPC_PRIVATE: always a new object, which nobody can find by a key.
Of the options above,
.BR \-e ,
.BR \-r ,
.BR \-J ,
.BR \-\-owner ,
.BR \-\-value ,
.BR \-\-hugetlb ,
.B \-\-noreserve
and
.B \-\-lock
are the same here.
"#;

const TAIL: &str = r#".SH HOW A LINE IS READ
Options follow the manners of GNU
.BR getopt_long (3):
clusters
.RB ( \-Qp600 ),
attached values,
.BR \-\-mode=600 ,
unambiguous abbreviations
.RB ( "\-\-sem 3" ),
options behind operands,
.BR \-\- ,
and POSIXLY_CORRECT. Of a repeated option the last one stands.
.PP
The first of the two lists reads first, so that each line of util\-linux's tool means what it means there.
A line that it refuses is read by keys if it carries the mark of a key: the
value of
.BR \-M ,
.B \-Q
or
.B \-S
written 0x... or
.BR private ,
or
.BR \-o ,
or
.B \-s
with a value. Scripts that use keys say
.BR \-\-keyed ,
since
.B "\-M 0x1234 \-p 512"
is a segment of 4660 bytes with mode 0512, as in util\-linux. Where both lists
refuse a line that carries the mark, the error that lies further along is shown.
.SH NUMBERS
.TP
.I size
Decimal, octal with a leading 0, hexadecimal with a leading 0x; with a suffix
K, M, G, T, P, E, Z or Y, in either case, alone or with iB for powers of 1024, with B for powers
of 1000; with a suffix also a fraction after a point:
.BR 1.5MiB .
.TP
.IR number ", " nsems
Decimal, 1 to 2147483647.
.TP
.I mode
Octal, 0 to 0777.
.TP
.I key
Decimal, octal with a leading 0, hexadecimal with a leading 0x, 0 to
0xffffffff, or
.BR private ,
which is 0.
.SH OUTPUT
A line for each object, in this order:
.PP
.nf
Shared memory id: 42
POSIX shared memory name: /x
Message queue id: 42
POSIX message queue name: /x
Semaphore id: 42
POSIX semaphore name: /x
.fi
.PP
With keys, or
.BR \-r ,
the bare identifier or name. A name is printed as it was given. The lines go out in one write after the last
creation. Nothing else is printed on success.
.PP
With
.BR \-J ,
an object "ipcmk" that is an array, with an object a line: "kind" (shmem, queue or
semaphore, or posix\-shmem, posix\-mqueue or posix\-semaphore), "id", "key" (a string of hexadecimal
digits), "path" (with
.BR \-\-ftok ),
or "name"; "mode" (a string of octal digits), "size" of shared memory in bytes or "nsems" of a set,
and "created": false for an object that was found. Mode and size of such a one are
its own, as is the mode of every POSIX object; they are null where they may not be read. A path or
a name is a string, or the array of its bytes if it is not UTF\-8 or has a quote, a backslash or a control byte in it.
.B \-J
goes before
.BR \-r .
.SH POSIX OBJECTS
Shared memory is the file
.IR /dev/shm/name ,
a semaphore
.I /dev/shm/sem.name
with the bytes of glibc's sem_t, or, with
.BR "\-\-libc musl" ,
.I /dev/shm/name
with those of musl's; of a queue only the kernel knows. shm_open(3), mq_open(3) and sem_open(3) find them.
A name may have one slash at its start (several, unless it is a queue's), and none elsewhere; it is not empty, "." or "..", and has at most 255
bytes, that of glibc's semaphore 251. One name does for one object of each kind, but for musl, whose
semaphores are where shared memory is: both cannot be on one line. The umask applies.
.PP
An existing object is an error without
.BR \-e ,
and is never changed. Shared memory or a semaphore that is smaller than what is asked for is an error with
.B \-e
too. The attributes of a queue are not compared. What is found may be of a run that is not over yet, and be removed again.
.PP
A file is made whole without a name (O_TMPFILE), then linked into place: nobody sees it before, and not even
SIGKILL leaves a part of it. Without /proc that takes CAP_DAC_READ_SEARCH, or Linux 6.10. A queue is made by one
call; with
.B \-\-owner
it has mode 0 until the owner has it, and SIGKILL in that moment leaves it like that.
.PP
As with the C libraries, the pages of shared memory are taken as they are used: /dev/shm may be smaller than
the object.
.SH PROPERTIES
.BR \-\-owner ,
.BR \-\-value ,
.B \-\-qbytes
and
.B \-\-lock
go on before a process of another user can use the object: it is created with mode 0
(semaphores 0600), and its owner, mode and msg_qbytes are set last, in one call. (Of POSIX objects: see above.) If
one of them is refused, the object is removed again. A process of the same user, or with
CAP_IPC_OWNER, is kept out by no mode.
.PP
An object that is found stays as it is: of it these options, and
.B \-p
and those of a queue, say nothing. An option that applies to nothing on the
line is an error, but for
.BR \-n .
.SH BATCHES
A file of
.B \-\-batch
has a line of arguments a line, in either list of options. Words are parted by
blanks; there is no quoting. A word that begins with # begins a comment. All lines
are read and checked before the first object is created, and a signal may end the run
till then. Then all objects are created, or none is: an error names its line. The
output is that of the lines, in their order, or, with
.B \-r
or
.B \-J
beside
.BR \-\-batch ,
all in that form. At most 4096 objects, 524288 bytes of lines, and 3801088 bytes of
output, which only JSON with hundreds of long paths that are arrays comes to.
.SH EXIT STATUS
.TP
0
The objects exist, and their identifiers or names are on standard output.
.TP
1
An error, said in one line on standard error, often with a second one that says
why. Nothing that this run created exists any more; what it found is as it was.
.SH REFUSALS
When the kernel refuses, a second line names the cause, in figures that are
measured at that moment. No privilege is needed for that, and no /proc except
for the figures of memory and of POSIX queues.
.TP
.B No space left on device
Of a creation, never that of a disk. /dev/shm has no more inodes or pages; there are fs.mqueue.queues_max POSIX queues. Or as many segments, queues or sets as SHMMNI, MSGMNI or
SEMMNI allow are in use, or as many pages of segments as SHMALL, or as many
semaphores as SEMMNS. Or that was so for a moment only.
.TP
.B Invalid argument
A segment over SHMMAX, over the largest file, or of no bytes; a set over SEMMSL;
an object found by
.B \-e
or
.B \-o
that is smaller than what is asked for; huge pages of a size that the kernel has not;
an owner that this user namespace does not map; a name that is none; a POSIX queue whose
.B \-\-maxmsg
or
.B \-\-msgsize
is 0, or over fs.mqueue.msg_max or fs.mqueue.msgsize_max; what
.B \-e
finds in /dev/shm is not a regular file.
.TP
.B File exists
The key belongs to an object: its identifier, and what can be done. Or the name belongs to one.
.TP
.BR "Operation not permitted" ", " "Permission denied"
A queue over MSGMNB without CAP_SYS_RESOURCE; huge pages, or a locked segment under
an RLIMIT_MEMLOCK of 0, without CAP_IPC_LOCK; another owner of a POSIX object without CAP_CHOWN, or without the CAP_FOWNER that a queue or
fs.protected_hardlinks wants; /dev/shm, if this
user may not write there; a queue's name with a slash too many; else a seccomp filter or a security module.
.TP
.BR "No such file or directory" ", " "Operation not supported" ", " "Read\-only file system"
There is no /dev/shm, it is no tmpfs, or nobody may write there; or a file cannot be linked into place without /proc.
.TP
.B Function not implemented
The kernel has no System V IPC (CONFIG_SYSVIPC), or no POSIX queues (CONFIG_POSIX_MQUEUE), or a seccomp filter says so.
.TP
.B Cannot allocate memory
A segment larger than what the kernel commits itself to
(vm.overcommit_memory), or than its free huge pages; a locked segment over
RLIMIT_MEMLOCK; room for a batch, for JSON or POSIX objects over RLIMIT_AS; else memory for the kernel's own tables.
.TP
.B File too large
A batch of more than 524288 bytes, or POSIX shared memory or a semaphore over RLIMIT_FSIZE.
.TP
.BR "Too many open files" ", " "Too many open files in system"
RLIMIT_NOFILE or fs.file\-max: POSIX objects take a descriptor while they are made;
.B \-M
opens a file of /proc before it creates, and to wait for a full pipe takes a
descriptor. Or POSIX queues over RLIMIT_MSGQUEUE.
.SH DIFFERENCES FROM UTIL\-LINUX
Lines that util\-linux's tool accepts and that mean something else here:
.TP
.B ipcmk \-M 4096 600
An operand is the mode of
.BR \-M ,
where that is the line's only resource, and an error elsewhere. (There it is
ignored, and the mode is 0644 without a word.)
.TP
.B ipcmk \-Q \-p 4644
Mode bits over 0777, and negative modes, are an error. (There they reach the
kernel as flags, of which one asks for huge pages.) So
.B "\-M 0x1000 \-p 1777"
is a line of keys here.
.TP
.B ipcmk \-M 15.9E
A size over 64 bits is an error. (There this one wraps to 0.)
.TP
.B ipcmk \-S 0 \-S 3
A number of semaphores under 1 is an error where it stands. (There a later one
makes it void.)
.TP
.B ipcmk \-M 0b11
A binary number is an error. (There it depends on the C library.)
.TP
.B ipcmk \-M 1,5M
A decimal comma is an error. (There some locales have it.)
.TP
.B ipcmk \-m 4096 \-n /x
An existing POSIX object is an error without
.BR \-e ,
and stays as it is with it. (There it is truncated or extended in place, and reported as new.)
.TP
.B ipcmk \-m 4096 \-M 8192 \-n /x
Each has its own size. (There both have the last one.)
.TP
.B ipcmk \-s \-n .
Names "." and ".." are errors. (There it depends on the C library.)
.TP
.B ipcmk \-Q >&\-
An identifier that cannot be written is an error, and the object is removed. A
pipe that nobody reads is such an error, not a death by SIGPIPE.
.TP
.B ipcmk \-Q \-S 99999
Where one object of a line is refused, those before it are removed again.
.PP
A line that the first list refuses and that carries the mark of a key creates an
object with that key. With kernel.shm_rmid_forced=1,
.B \-M
is an error.
.PP
A new object never shares its key: creation is exclusive (IPC_EXCL), and another
key is tried when one is taken. There a collision prints a stranger's object.
.SH NOTES
With kernel.shm_rmid_forced=1 the kernel destroys a segment as its creator
exits.
.B \-M
looks before it creates, and fails. Where there is no /proc, or a sandbox keeps
it, it cannot look.
.PP
SIGKILL can leave objects behind, and so can a sandbox that kills, or one that
forbids the removal of what it let be created; in this last case a further line
names each object.
.PP
An object with properties gets its owner anew, if none is given from the process's
effective ids: in a user namespace that does not map them, that is refused, or is
whoever the overflow id stands for.
.PP
An error that these calls hardly ever return is shown by its number.
.PP
Signals are blocked from the start to the end, so that none comes between an
object and its identifier. If standard output is a pipe that is full, the program
waits for room. Where that pipe does
not block (O_NONBLOCK), SIGINT, SIGTERM and SIGHUP end the waiting, unless they
are ignored, and the objects are removed. A blocking write to a full pipe can be
ended by SIGKILL only, or by its reader.
.PP
An error that a file system tells only as a file is closed goes unnoticed.
.PP
System V calls ignore the umask. A POSIX object that is removed again after a failure is removed by its name: what
another process has put there meanwhile goes with it. A process with CAP_CHOWN and without CAP_FOWNER may give such
an object away and then have no right to remove it: a further line names it.
.SH EXAMPLES
.TP
.B ipcmk \-M 4096
A segment of one page.
.TP
.B ipcmk \-M 64K \-Q \-S 3 \-p 600
A segment, a queue and a set of three semaphores, for their owner alone.
.TP
.B ipcmk \-\-keyed \-Q 0x1234 \-p 16384
A queue with key 0x1234.
.TP
.B ipcmk \-S 3 \-k 0x51 \-\-value 1,0,5 \-\-owner 33:33
A set with key 0x51 and first values, for another user.
.TP
.B ipcmk \-M 64K \-\-ftok /etc/passwd:7 \-e
The segment that programs find by ftok(3), which is created if there is none.
.TP
.B id=$(ipcmk \-\-keyed \-M 0x1234 \-o 0x1234 \-p 1M)
The segment with that key, which is created if there is none.
.TP
.B ipcmk \-m 1M \-q \-\-maxmsg 8 \-s \-\-value 1 \-n /myapp
POSIX shared memory, a queue of eight messages and a semaphore that one process may have, all called /myapp.
.SH SEE ALSO
.BR ipcs (1),
.BR ipcrm (1),
.BR shmget (2),
.BR msgget (2),
.BR semget (2),
.BR ftok (3),
.BR sysvipc (7),
.BR shm_overview (7),
.BR mq_overview (7),
.BR sem_overview (7)
"#;

#[cfg(test)]
#[path = "../../tests/unit/man.rs"]
mod tests;
