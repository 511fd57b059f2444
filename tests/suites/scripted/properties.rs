//! Keys and properties: what is set, when, and what is undone.

use std::iter;

use ipcmk::kernel::object::Kind;

use crate::script::{
    AskLimits, BlockSignals, Expected, Get, Lock, NEW, OURS, Operate, Random, Read, Remove,
    SHM_RMID_FORCED, Set, SetValues, Source, Values, Write, error, explain, failed, ok, play,
    silent, tell, try_failures,
};

/// A line with every property of every kind.
const ALL: &str = "-S 3 --noreserve -Q --value 1,2,3 -M 4096 -p 640 --owner 1000:100 --qbytes 5000 --lock \
                   --hugetlb=2M";

/// The calls that carry it out.
fn all() -> Vec<Expected> {
    let owner = (1000, 100);
    let flags = libc::SHM_HUGETLB | libc::SHM_NORESERVE | libc::MAP_HUGE_2MB;
    vec![
        // The values have their memory before there is anything to undo.
        (AskLimits(Kind::Sem), 0),
        (Values(3), 0),
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
        (SetValues(30, vec![1, 2, 3]), 0),
        (Operate(30, [1, -1]), 0),
        (Set(Kind::Sem, 30, owner, 0o640, 0), 0),
        ok("Shared memory id: 10\nMessage queue id: 20\nSemaphore id: 30\n"),
    ]
}

#[test]
fn every_property_is_set_in_order_and_every_failure_is_undone() {
    let tried = try_failures(ALL, &[(0, all())]);
    assert_eq!(tried, 16, "all calls but one can fail");
}

/// What cannot be removed is told, whichever property failed.
#[test]
fn what_a_failed_property_leaves_is_named() {
    let mut script = all();
    script.truncate(13);
    script.extend([
        error(SetValues(30, vec![1, 2, 3]), libc::ERANGE),
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
        (AskLimits(Kind::Sem), 0),
        (Values(3), 0),
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

/// The calls of a set of two with these first values, up to the operation that sets its sem_otime.
fn valued(value: u16) -> Vec<Expected> {
    vec![
        (AskLimits(Kind::Sem), 0),
        (Values(2), 0),
        (BlockSignals, 0),
        (Get(Kind::Sem, 7, 2, NEW | 0o600), 30),
        (SetValues(30, vec![value; 2]), 0),
    ]
}

/// A process of the same user takes the semaphore, or fills it up, whenever it is looked at: the
/// two orders are tried in turn, and no try waits.
#[test]
fn a_set_that_is_used_already_becomes_ready() {
    use libc::{EAGAIN, ERANGE};
    const UP_FIRST: [i16; 2] = [1, -1];
    const DOWN_FIRST: [i16; 2] = [-1, 1];
    let line = "-rk7 -S 2 --value 32767";
    let whole = || [(Set(Kind::Sem, 30, (OURS, OURS), 0o644, 0), 0), ok("30\n")];
    let refused = |order, errno| error(Operate(30, order), errno);
    let in_turn = |times| {
        let both = || [refused(UP_FIRST, ERANGE), refused(DOWN_FIRST, EAGAIN)];
        iter::repeat_with(both).take(times).flatten().collect()
    };
    for refusals in [
        vec![],
        vec![refused(UP_FIRST, ERANGE)],
        vec![refused(UP_FIRST, EAGAIN)],
        vec![refused(UP_FIRST, ERANGE), refused(DOWN_FIRST, EAGAIN)],
        in_turn(60),
    ] {
        let order = [UP_FIRST, DOWN_FIRST][refusals.len() % 2];
        let done = vec![(Operate(30, order), 0)];
        let script = [valued(32767), refusals, done].concat();
        assert_eq!(play(line, script.into_iter().chain(whole())), silent());
    }
    // So many in a row are no accident.
    let refusals = in_turn(64);
    let script = [valued(32767), refusals, vec![(Remove(Kind::Sem, 30), 0)]].concat();
    assert_eq!(
        play(line, script),
        failed("set semaphore values failed", EAGAIN)
    );
}

/// More values than a set can have are not laid out: they could fill the memory.
#[test]
fn more_values_than_semmsl_are_refused_before_there_is_a_set() {
    let script = [(AskLimits(Kind::Sem), 0), (BlockSignals, 0)];
    let most = crate::script::LIMITS.each;
    assert_eq!(
        explain(
            &format!("-k7 -S {} --value 5", most + 1),
            script,
            [(AskLimits(Kind::Sem), 0)]
        ),
        format!(
            "{} semaphores are over {most} (SEMMSL, kernel.sem field 1)",
            most + 1
        )
    );
}

/// The lines of a batch share the memory for values. A set that is not larger than one before it
/// cannot have too many.
#[test]
fn memory_for_values_is_mapped_once() {
    const JOBS: &[u8] = b"-k1 -S 3 --value 5\n-k2 -S 2 --value 6,7\n-k3 -S 5 --value 8\n";
    let set = |key: u32, values: Vec<u16>| {
        let id = key as usize;
        [
            (
                Get(Kind::Sem, key, values.len() as u64, NEW | 0o600),
                i64::from(key),
            ),
            (SetValues(id, values), 0),
            (Operate(id, [1, -1]), 0),
            (Set(Kind::Sem, id, (OURS, OURS), 0o644, 0), 0),
        ]
    };
    let asked = || (AskLimits(Kind::Sem), 0);
    let mut script = vec![
        (Read(Source::User("jobs"), JOBS), 0),
        asked(),
        asked(),
        (Values(5), 0),
        (BlockSignals, 0),
    ];
    script.extend(set(1, vec![5; 3]));
    script.extend(set(2, vec![6, 7]));
    script.extend(set(3, vec![8; 5]));
    script.push(ok("1\n2\n3\n"));
    assert_eq!(play("-r --batch jobs", script), silent());
}
