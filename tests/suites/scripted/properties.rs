//! Keys and properties: what is set, when, and what is undone.

use ipcmk::kernel::object::Kind;

use crate::script::{
    BlockSignals, Expected, Get, Lock, NEW, Random, Remove, SHM_RMID_FORCED, Set, SetValue, Write,
    error, failed, ok, play, silent, tell, try_failures,
};

/// A line with every property of every kind.
const ALL: &str = "-S 3 --noreserve -Q --value 1,2,3 -M 4096 -p 640 --owner 1000:100 --qbytes 5000 --lock \
                   --hugetlb=2M";

/// The calls that carry it out.
fn all() -> Vec<Expected> {
    let owner = (1000, 100);
    let flags = libc::SHM_HUGETLB | libc::SHM_NORESERVE | libc::MAP_HUGE_2MB;
    vec![
        (BlockSignals, 0),
        (Random, 0x11),
        (SHM_RMID_FORCED, 0),
        // Of no use to others until its owner and mode are set, which comes last.
        (Get(Kind::Shm, 0x11, 4096, NEW | flags), 10),
        (Lock(10), 0),
        (Set(Kind::Shm, 10, owner, 0o640, 0), 0),
        (Random, 0x22),
        (Get(Kind::Queue, 0x22, 0, NEW), 20),
        (Set(Kind::Queue, 20, owner, 0o640, 5000), 0),
        (Random, 0x33),
        // To set values takes permission.
        (Get(Kind::Sem, 0x33, 3, NEW | 0o600), 30),
        (SetValue(30, 0, 1), 0),
        (SetValue(30, 1, 2), 0),
        (SetValue(30, 2, 3), 0),
        (Set(Kind::Sem, 30, owner, 0o640, 0), 0),
        ok("Shared memory id: 10\nMessage queue id: 20\nSemaphore id: 30\n"),
    ]
}

#[test]
fn every_property_is_set_in_order_and_every_failure_is_undone() {
    let tried = try_failures(ALL, &[(0, all())]);
    assert_eq!(tried, 15, "all calls but one can fail");
}

/// What cannot be removed is told, whichever property failed.
#[test]
fn what_a_failed_property_leaves_is_named() {
    let mut script = all();
    script.truncate(13);
    script.extend([
        error(SetValue(30, 2, 3), libc::ERANGE),
        (Remove(Kind::Sem, 30), 0),
        error(Remove(Kind::Queue, 20), libc::EPERM),
        (Remove(Kind::Shm, 10), 0),
    ]);
    assert_eq!(
        tell(ALL, script),
        [
            "set semaphore values failed: Numerical result out of range",
            "message queue id 20 is left behind: Operation not permitted",
        ]
    );
}

/// Another process is quicker to create it: it is found, and stays unchanged.
#[test]
fn e_that_loses_the_race_changes_nothing() {
    let script = [
        (BlockSignals, 0),
        error(Get(Kind::Sem, 7, 3, 0), libc::ENOENT),
        error(Get(Kind::Sem, 7, 3, NEW | 0o600), libc::EEXIST),
        (Get(Kind::Sem, 7, 3, 0), 5),
        ok("Semaphore id: 5\n"),
    ];
    assert_eq!(play("-ek7 -S 3 --value 1", script), silent());
}

/// Whether the ids can be written or not: a property does not change what is undone.
#[test]
fn a_short_write_after_properties_is_continued_or_undone() {
    let mut script = all();
    let Some((Write(lines), _)) = script.pop() else {
        panic!("it ends with a write");
    };
    script.push((Write(lines.clone()), 10));
    script.push(error(Write(lines[10..].into()), libc::ENOSPC));
    script.extend([
        (Remove(Kind::Sem, 30), 0),
        (Remove(Kind::Queue, 20), 0),
        (Remove(Kind::Shm, 10), 0),
    ]);
    assert_eq!(play(ALL, script), failed("write error", libc::ENOSPC));
}
