//! The library on a kernel that follows a script: whatever fails, at whatever moment, what this run
//! created is removed again, and nothing else is.

mod batch;
mod hints;
mod json;
mod owners;
mod posix;
mod properties;
mod removal;
mod script;

use ipcmk::kernel::errno::Errno;
use ipcmk::kernel::object::{Id, Kind};
use ipcmk::kernel::port::{
    Attributes, Fd, File, Identity, Input, Kernel, Limits, Owner, Properties, Space, State,
};
use ipcmk::kernel::posix::Path;

use script::{
    AskFilter, BlockSignals, Expected, Get, Memory, NEW, Random, Remove, SHM_RMID_FORCED, Wait,
    Write, error, failed, ok, play, run_on, silent, tell,
};
use syscalls::Sysno;

/// A line with one object of each kind, and the calls that create them.
const THREE: &str = "-S 3 -Q -M 4096 -p 600";

/// What is then printed.
const THREE_LINES: &str = "Shared memory id: 10\nMessage queue id: 20\nSemaphore id: 30\n";

fn three() -> Vec<Expected> {
    vec![
        (BlockSignals, 0),
        (Random, 0x11),
        (SHM_RMID_FORCED, 0),
        (Get(Kind::Shm, 0x11, 4096, NEW | 0o600), 10),
        (Random, 0x22),
        (Get(Kind::Queue, 0x22, 0, NEW | 0o600), 20),
        (Random, 0x33),
        (Get(Kind::Sem, 0x33, 3, NEW | 0o600), 30),
    ]
}

/// The removal of the first `made` of them, the last one first.
fn undo(made: usize) -> Vec<Expected> {
    let removals = [
        (Remove(Kind::Sem, 30), 0),
        (Remove(Kind::Queue, 20), 0),
        (Remove(Kind::Shm, 10), 0),
    ];
    removals[3 - made..].to_vec()
}

/// Where in [`three`] the objects are created, and the words for a failure there.
const CREATIONS: [(usize, &str); 3] = [
    (3, "create share memory failed"),
    (5, "create message queue failed"),
    (7, "create semaphore failed"),
];

#[test]
fn all_lines_go_out_in_one_write_after_the_last_creation() {
    let script = three().into_iter().chain([ok(THREE_LINES)]);
    assert_eq!(play(THREE, script), silent());
}

#[test]
fn the_lines_are_util_linux_s_to_the_byte() {
    for (line, call, words) in [
        (
            "-M 1",
            Get(Kind::Shm, 7, 1, NEW | 0o644),
            "Shared memory id: ",
        ),
        (
            "-Q",
            Get(Kind::Queue, 7, 0, NEW | 0o644),
            "Message queue id: ",
        ),
        ("-S 1", Get(Kind::Sem, 7, 1, NEW | 0o644), "Semaphore id: "),
    ] {
        for id in [0, 1, 9, 10, 32768, 1_000_000_000, i32::MAX] {
            let mut script = vec![(BlockSignals, 0), (Random, 7)];
            script.extend((line == "-M 1").then_some((SHM_RMID_FORCED, 0)));
            script.extend([(call.clone(), id.into()), ok(&format!("{words}{id}\n"))]);
            assert_eq!(play(line, script), silent());
        }
    }
}

#[test]
fn what_was_created_before_a_failure_is_removed_in_reverse() {
    for (made, (at, words)) in CREATIONS.into_iter().enumerate() {
        for errno in [
            libc::EPERM,
            libc::ENOMEM,
            libc::EACCES,
            libc::EINVAL,
            libc::ENFILE,
            libc::ENOSPC,
            libc::ENOSYS,
        ] {
            let mut script = three();
            script.truncate(at + 1);
            script[at].1 = -i64::from(errno);
            script.extend(undo(made));
            assert_eq!(play(THREE, script), failed(words, errno));
        }
    }
}

#[test]
fn a_key_that_cannot_be_had_is_a_failure_like_any_other() {
    for (made, (at, _)) in CREATIONS.into_iter().enumerate() {
        // The random number before the creation; a segment's is one call further away.
        let at = if made == 0 { at - 2 } else { at - 1 };
        let mut script = three();
        script.truncate(at);
        script.push(error(Random, libc::EAGAIN));
        script.extend(undo(made));
        assert_eq!(
            play(THREE, script),
            failed("get random key failed", libc::EAGAIN)
        );
    }
}

#[test]
fn ids_that_cannot_be_written_are_taken_back() {
    for errno in [
        libc::EIO,
        libc::EBADF,
        libc::EPIPE,
        libc::ENOSPC,
        libc::EFBIG,
    ] {
        let mut script = three();
        script.push(error(Write(THREE_LINES.to_owned()), errno));
        script.extend(undo(3));
        assert_eq!(play(THREE, script), failed("write error", errno));
    }
    let mut script = three();
    script.push((Write(THREE_LINES.to_owned()), 0));
    script.extend(undo(3));
    assert_eq!(
        play(THREE, script),
        failed("write error", libc::EIO),
        "nothing is taken at all"
    );
}

#[test]
fn a_short_write_is_continued_wherever_it_ends() {
    for written in 1..THREE_LINES.len() {
        let first = (Write(THREE_LINES.to_owned()), written as i64);
        let rest = &THREE_LINES[written..];

        let script = three().into_iter().chain([first.clone(), ok(rest)]);
        assert_eq!(play(THREE, script), silent(), "{written} bytes first");

        let failure = [first, error(Write(rest.to_owned()), libc::ENOSPC)];
        let script = three().into_iter().chain(failure).chain(undo(3));
        assert_eq!(
            play(THREE, script),
            failed("write error", libc::ENOSPC),
            "{written} bytes first"
        );
    }
}

#[test]
fn one_byte_at_a_time_and_interrupts_between_them() {
    let mut script = three();
    for start in 0..THREE_LINES.len() {
        let rest = THREE_LINES[start..].to_owned();
        script.extend([error(Write(rest.clone()), libc::EINTR), (Write(rest), 1)]);
    }
    assert_eq!(play(THREE, script), silent());
}

/// A kernel on which every creation finds its key in use, and every search finds nothing.
struct Crowded {
    calls: u32,
    random: fn(u32) -> u32,
    told: Vec<u8>,
    memory: Memory,
}

impl Kernel for Crowded {
    fn block_signals(&mut self) -> Result<(), Errno> {
        Ok(())
    }

    fn ipc_get(&mut self, _: Kind, _: u64, _: u32, flags: u32) -> Result<Id, Errno> {
        self.calls += 1;
        Err(if flags == 0 {
            Errno::ENOENT
        } else {
            Errno::EEXIST
        })
    }

    fn ipc_set(&mut self, _: Kind, _: Id, _: Properties) -> Result<(), Errno> {
        panic!("there is no object");
    }

    fn sem_setall(&mut self, _: Id, _: &[u16]) -> Result<(), Errno> {
        panic!("there is no set");
    }

    fn semop(&mut self, _: Id, _: [i16; 2]) -> Result<(), Errno> {
        panic!("there is no set");
    }

    fn shm_lock(&mut self, _: Id) -> Result<(), Errno> {
        panic!("there is no segment");
    }

    fn ipc_stat(&mut self, _: Kind, _: Id) -> Result<State, Errno> {
        panic!("there is no object");
    }

    fn ipc_rmid(&mut self, _: Kind, _: Id) -> Result<(), Errno> {
        panic!("there is nothing to remove");
    }

    fn open_tmpfile(&mut self, _: u32) -> Result<Fd, Errno> {
        Ok(Fd(3))
    }

    fn open_new(&mut self, _: &Path) -> Result<Fd, Errno> {
        panic!("files need no other name");
    }

    fn mq_create(&mut self, _: &Path, _: u32, _: Option<Attributes>) -> Result<Fd, Errno> {
        panic!("no queue is named");
    }

    fn ftruncate(&mut self, _: Fd, _: u64) -> Result<(), Errno> {
        Ok(())
    }

    fn fallocate(&mut self, _: Fd, _: u64) -> Result<(), Errno> {
        panic!("no pages are allocated")
    }

    fn fchown(&mut self, _: Fd, _: Owner) -> Result<(), Errno> {
        panic!("no owner is given");
    }

    fn fchmod(&mut self, _: Fd, _: u32) -> Result<(), Errno> {
        panic!("there is no queue");
    }

    fn umask(&mut self) -> Result<u32, Errno> {
        panic!("no mode is cut");
    }

    fn linkat(&mut self, _: Fd, _: &Path) -> Result<(), Errno> {
        self.calls += 1;
        Err(Errno::EEXIST)
    }

    fn linkat_path(&mut self, _: &Path, _: &Path) -> Result<(), Errno> {
        panic!("files have no other name");
    }

    fn is_same(&mut self, _: Fd, _: &Path) -> Result<bool, Errno> {
        panic!("files have no other name");
    }

    fn close(&mut self, _: Fd) -> Result<(), Errno> {
        Ok(())
    }

    fn unlink(&mut self, _: Kind, _: &Path) -> Result<(), Errno> {
        panic!("there is nothing to remove");
    }

    fn mq_open(&mut self, _: &Path) -> Result<Fd, Errno> {
        panic!("there is none");
    }

    fn statx(&mut self, _: Option<Fd>, _: &Path) -> Result<State, Errno> {
        Err(Errno::ENOENT)
    }

    fn statfs(&mut self) -> Result<Space, Errno> {
        panic!("there is space");
    }

    fn random(&mut self) -> Result<u32, Errno> {
        self.calls += 1;
        Ok((self.random)(self.calls))
    }

    fn read<'b>(&mut self, _: File<'_>, _: &'b mut [u8]) -> Result<&'b [u8], Errno> {
        Ok(b"0")
    }

    fn identify(&mut self, _: &[u8]) -> Result<Identity, Errno> {
        panic!("no file is named");
    }

    fn read_whole<'a>(&mut self, _: Input<'_>) -> Result<&'a [u8], Errno> {
        panic!("there is no batch");
    }

    fn mmap_bytes<'a>(&mut self, count: usize) -> Result<&'a mut [u8], Errno> {
        self.mmap(count, 0)
    }

    fn mmap<'a, T: Copy + 'a>(&mut self, count: usize, value: T) -> Result<&'a mut [T], Errno> {
        // SAFETY: the one run on this kernel is over when it is dropped.
        Ok(unsafe { self.memory.map(count, value) })
    }

    fn mq_getattr(&mut self, _: Fd) -> Result<Attributes, Errno> {
        Err(Errno::ENOSYS)
    }

    fn prlimit(&mut self, _: usize) -> Result<u64, Errno> {
        panic!("no limit is reached");
    }

    fn ipc_info(&mut self, _: Kind) -> Result<Limits, Errno> {
        Err(Errno::ENOSYS)
    }

    fn is_filtered(&mut self) -> bool {
        false
    }

    fn ppoll(&mut self, _: Fd) -> Result<(), Errno> {
        panic!("there is room to write");
    }

    fn probe(&mut self, _: Sysno, _: usize) -> Option<Errno> {
        None
    }

    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<usize, Errno> {
        if fd == Fd(3) {
            return Ok(bytes.len());
        }
        assert_eq!(fd, Fd::ERR);
        self.told.extend_from_slice(bytes);
        Ok(bytes.len())
    }
}

#[test]
fn it_gives_up_in_the_end() {
    // More than any real crowd asks for, and far less than anybody notices.
    const CALLS: std::ops::Range<u32> = 16..10_000;
    for (line, random) in [
        ("-Q", (|calls| calls) as fn(u32) -> u32),
        ("-Q", |_| 0),
        ("-S 0x7 -o 7", |_| panic!("no random key is wanted")),
        ("-k 7 -e -Q --qbytes 1", |_| {
            panic!("no random key is wanted")
        }),
        ("-e -m 1 -n x", |_| panic!("no random key is wanted")),
        ("-e -s --name x", |_| panic!("no random key is wanted")),
    ] {
        let kernel = || Crowded {
            calls: 0,
            random,
            told: Vec::new(),
            memory: Memory::default(),
        };
        let look = |kernel: &mut Crowded| (kernel.calls, kernel.told.clone());
        let (status, (calls, told)) = run_on(line, kernel, look);
        assert_eq!(status, 1, "{line}");
        assert!(CALLS.contains(&calls), "{line}: {calls} calls");
        let told = String::from_utf8(told).expect("UTF-8");
        assert!(told.contains(" failed: File exists\n"), "{line}: {told}");
    }
}

#[test]
fn without_an_object_o_creates_one() {
    let script = [
        (BlockSignals, 0),
        error(Get(Kind::Sem, 7, 3, 0), libc::ENOENT),
        (Get(Kind::Sem, 7, 3, NEW | 0o666), 5),
        error(Write("5\n".to_owned()), libc::EPIPE),
        (Remove(Kind::Sem, 5), 0),
    ];
    assert_eq!(
        play("-S 1 -o 7 -s 3", script),
        failed("write error", libc::EPIPE)
    );
}

/// Another process creates the object between our search and our creation; it is found after all.
/// Or removes it again, and it is ours.
#[test]
fn o_wins_the_race_or_joins_it() {
    let lost = [
        (BlockSignals, 0),
        error(Get(Kind::Sem, 7, 3, 0), libc::ENOENT),
        error(Get(Kind::Sem, 7, 3, NEW | 0o666), libc::EEXIST),
    ];
    let found = [(Get(Kind::Sem, 7, 3, 0), 5), ok("5\n")];
    assert_eq!(
        play("-S 1 -o 7 -s 3", lost.clone().into_iter().chain(found)),
        silent()
    );
    let gone = [
        error(Get(Kind::Sem, 7, 3, 0), libc::ENOENT),
        (Get(Kind::Sem, 7, 3, NEW | 0o666), 6),
        ok("6\n"),
    ];
    assert_eq!(
        play("-S 1 -o 7 -s 3", lost.into_iter().chain(gone)),
        silent()
    );
}

#[test]
fn what_cannot_be_removed_is_told_and_the_rest_is_removed() {
    for stuck in 0..3 {
        let mut script = three();
        script.push(error(Write(THREE_LINES.to_owned()), libc::EPIPE));
        script.extend(undo(3));
        let at = script.len() - 3 + stuck;
        script[at].1 = -i64::from(libc::EPERM);
        let object = [
            "semaphore id 30",
            "message queue id 20",
            "shared memory id 10",
        ][stuck];
        let left = format!("{object} is left behind: Operation not permitted");
        assert_eq!(tell(THREE, script), ["write error: Broken pipe", &left]);
    }
}

/// Whatever cannot be removed is told, each object in a line of its own.
#[test]
fn all_that_is_left_is_named() {
    let mut script = three();
    script.push(error(Write(THREE_LINES.to_owned()), libc::EPIPE));
    script.extend(
        undo(3)
            .into_iter()
            .map(|(call, _)| error(call, libc::EPERM)),
    );
    assert_eq!(
        tell(THREE, script),
        [
            "write error: Broken pipe",
            "shared memory id 10 is left behind: Operation not permitted",
            "message queue id 20 is left behind: Operation not permitted",
            "semaphore id 30 is left behind: Operation not permitted",
        ]
    );
}

/// An object that another process has removed meanwhile is gone: that is no failure.
#[test]
fn what_is_gone_already_is_not_left() {
    for errno in [libc::EINVAL, libc::EIDRM] {
        let mut script = three();
        script.push(error(Write(THREE_LINES.to_owned()), libc::EPIPE));
        script.extend(undo(3).into_iter().map(|(call, _)| error(call, errno)));
        assert_eq!(tell(THREE, script), ["write error: Broken pipe"]);
    }
    // That there is no such file, no call on an id says.
    let mut script = three();
    script.push(error(Write(THREE_LINES.to_owned()), libc::EPIPE));
    script.extend(
        undo(3)
            .into_iter()
            .map(|(call, _)| error(call, libc::ENOENT)),
    );
    assert_eq!(tell(THREE, script).len(), 4);
}

/// A descriptor that does not block is waited for, again and again; a signal or a failure of the
/// waiting ends it.
#[test]
fn a_full_pipe_is_waited_for() {
    let full = || error(Write(THREE_LINES.to_owned()), libc::EAGAIN);
    let mut script = three();
    script.extend([full(), (Wait, 0), full(), (Wait, 0), ok(THREE_LINES)]);
    assert_eq!(play(THREE, script), silent());

    for errno in [libc::EINTR, libc::EMFILE, libc::ENOSYS] {
        let mut script = three();
        script.extend([full(), (Wait, 0), full(), error(Wait, errno)]);
        script.extend(undo(3));
        script.extend((errno == libc::ENOSYS).then_some((AskFilter, 0)));
        assert_eq!(tell(THREE, script), [failed("write error", errno).1]);
    }
}
