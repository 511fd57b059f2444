//! Why the kernel refused: what is asked for that, and what is said.

use ipcmk::kernel::object::Kind;

use crate::script::{
    AskFilter, AskLimits, BlockSignals, Expected, Get, Lock, NEW, OURS, Read, Refuse, Remove,
    SHM_RMID_FORCED, Set, SetValues, Source, Values, error, explain,
};
use syscalls::Sysno;

/// Each refusal that has a measured cause, the calls that measure it, and the line that tells it.
#[test]
fn a_refusal_is_explained() {
    use libc::{EEXIST, EINVAL, ENOENT, ENOSPC, EPERM};
    let shm = |amount| Get(Kind::Shm, 7, amount, NEW | 0o666);
    let sem = |amount| Get(Kind::Sem, 7, amount, NEW | 0o666);
    let limits = |kind| (AskLimits(kind), 0);
    let segment = |amount: u64, errno, causes: &[Expected]| {
        let script = vec![(SHM_RMID_FORCED, 0), error(shm(amount), errno)];
        (format!("--keyed -M 7 -p {amount}"), script, causes.to_vec())
    };
    let set = |amount: u64, errno, causes: &[Expected]| {
        let script = vec![error(sem(amount), errno)];
        (format!("--keyed -S 7 -s {amount}"), script, causes.to_vec())
    };
    let cases = [
        (
            segment(u64::MAX, ENOSPC, &[limits(Kind::Shm)]),
            "not disk space: 90 of 100 pages in use, 1844674407370955161 more asked for (SHMALL, kernel.shmall); see ipcs -m, ipcrm",
        ),
        // No limit explains it.
        (segment(1000, EINVAL, &[limits(Kind::Shm)]), ""),
        (
            segment(1, EINVAL, &[error(AskLimits(Kind::Shm), EPERM)]),
            "",
        ),
        // It is too small for -o too: the largest size that finds it is its own.
        (
            set(
                3,
                EEXIST,
                &[
                    error(Get(Kind::Sem, 7, 3, 0), EINVAL),
                    (Get(Kind::Sem, 7, 2, 0), 5),
                ],
            ),
            "set 5 has 2 semaphores",
        ),
        // It is gone again.
        (
            set(
                3,
                EEXIST,
                &[
                    error(Get(Kind::Sem, 7, 3, 0), ENOENT),
                    error(Get(Kind::Sem, 7, 2, 0), ENOENT),
                    error(Get(Kind::Sem, 7, 1, 0), ENOENT),
                ],
            ),
            "",
        ),
    ];
    for ((line, script, causes), hint) in cases {
        let script = [(BlockSignals, 0)].into_iter().chain(script);
        assert_eq!(explain(&line, script, causes), hint, "{line}");
    }
}

/// Of /proc/meminfo what is looked at, in the kernel's layout.
const MEMINFO: &[u8] = b"MemTotal:           1000 kB\nMemFree:             500 kB\nSwapTotal:            24 kB\n\
    CommitLimit:         700 kB\nCommitted_AS:        600 kB\nHugePages_Total:       5\nHugePages_Free:        3\n\
    HugePages_Rsvd:        2\nHugePages_Surp:        0\nHugepagesize:       2048 kB\n";

/// Read in it.
const fn meminfo(content: &'static [u8]) -> Expected {
    (Read(Source::System("/proc/meminfo"), content), 0)
}

/// A refused property that no limit explains. What was made before is removed first.
#[test]
fn a_refused_property_is_explained() {
    use libc::{EACCES, EINVAL, EIO, EPERM, ERANGE};
    let made = |kind, amount, flags| (Get(kind, 7, amount, NEW | flags), 5);
    let locked = |errno| {
        let script = vec![
            (BlockSignals, 0),
            (SHM_RMID_FORCED, 0),
            made(Kind::Shm, 100, 0),
            error(Lock(5), errno),
            (Remove(Kind::Shm, 5), 0),
        ];
        ("-k 7 -M 100 --lock", script)
    };
    let queue = |errno| {
        let script = vec![
            (BlockSignals, 0),
            made(Kind::Queue, 0, 0),
            error(Set(Kind::Queue, 5, (OURS, OURS), 0o644, 1001), errno),
            (Remove(Kind::Queue, 5), 0),
        ];
        ("-k 7 -Q --qbytes 1001", script)
    };
    let valued = |errno| {
        let script = vec![
            (AskLimits(Kind::Sem), 0),
            (Values(3), 0),
            (BlockSignals, 0),
            made(Kind::Sem, 3, 0o600),
            error(SetValues(5, vec![9; 3]), errno),
            (Remove(Kind::Sem, 5), 0),
        ];
        ("-k 7 -S 3 --value 9", script)
    };
    for ((line, script), causes, hint) in [
        (locked(EIO), vec![], ""),
        (
            queue(EPERM),
            vec![(AskFilter, 1), error(Refuse(Sysno::msgctl), EPERM)],
            "a seccomp filter forbids this call",
        ),
        // The kernel's own check of the owner is refused with EPERM too.
        (queue(EPERM), vec![], ""),
        (
            locked(EACCES),
            vec![],
            "a security module forbids this call",
        ),
        (
            locked(EACCES),
            vec![(AskFilter, 1)],
            "a security module forbids this call, or a seccomp filter",
        ),
        (valued(ERANGE), vec![], ""),
        (valued(EINVAL), vec![], ""),
    ] {
        assert_eq!(explain(line, script, causes), hint, "{line}");
    }
}

/// A segment of huge pages can be refused for more reasons than others.
#[test]
fn a_refused_segment_of_huge_pages_is_explained() {
    use libc::{EINVAL, ENOMEM, ENOSYS, EPERM};
    const MIB: u64 = 1 << 20;
    let huge = libc::SHM_HUGETLB;
    for (size, option, flags, errno, causes, hint) in [
        // The call itself is refused, whatever it asks for.
        (
            5,
            "--hugetlb",
            huge,
            EPERM,
            vec![(AskFilter, 1), error(Refuse(Sysno::shmget), EPERM)],
            "a seccomp filter forbids this call",
        ),
        // No process has a filter.
        (
            5,
            "--hugetlb",
            huge,
            EPERM,
            vec![(AskFilter, 0)],
            "huge pages need CAP_IPC_LOCK, or the group of vm.hugetlb_shm_group",
        ),
        // One that a kernel without huge pages gives is no filter's.
        (5, "--hugetlb", huge, ENOSYS, vec![], ""),
        (
            5,
            "--hugetlb",
            huge,
            ENOMEM,
            vec![meminfo(MEMINFO)],
            "1 of 5 huge pages are free, 3 asked for (vm.nr_hugepages, vm.nr_overcommit_hugepages)",
        ),
        // Enough are free.
        (
            2,
            "--hugetlb",
            huge,
            ENOMEM,
            vec![meminfo(MEMINFO)],
            "too few huge pages are free to this process (vm.nr_hugepages, vm.nr_overcommit_hugepages)",
        ),
        // A kernel without huge pages.
        (
            5,
            "--hugetlb",
            huge,
            ENOMEM,
            vec![meminfo(b"MemTotal:           1000 kB\n")],
            "too few huge pages are free to this process (vm.nr_hugepages, vm.nr_overcommit_hugepages)",
        ),
        (
            5,
            "--hugetlb=1G",
            huge | libc::MAP_HUGE_1GB,
            EINVAL,
            vec![error(AskLimits(Kind::Shm), EPERM)],
            "",
        ),
    ] {
        let mut script = vec![(BlockSignals, 0), (SHM_RMID_FORCED, 0)];
        script.push(error(
            Get(Kind::Shm, 7, size * MIB, NEW | 0o644 | flags),
            errno,
        ));
        let line = format!("-k 7 -M {size}M {option}");
        assert_eq!(explain(&line, script, causes), hint, "{line}");
    }
}

/// By what the kernel was told of how much it may promise.
#[test]
fn a_refused_amount_of_memory_is_explained() {
    let overcommit = |policy| {
        (
            Read(Source::System("/proc/sys/vm/overcommit_memory"), policy),
            0,
        )
    };
    for (size, causes, hint) in [
        (
            "1025K",
            vec![overcommit(b"0\n"), meminfo(MEMINFO)],
            "1025 kB asked for, 1024 of memory and swap (vm.overcommit_memory)",
        ),
        (
            "1024K",
            vec![overcommit(b"0\n"), meminfo(MEMINFO)],
            "kernel memory is short or over the cgroup's memory.max",
        ),
        (
            "1025K",
            vec![overcommit(b"1\n"), meminfo(MEMINFO)],
            "kernel memory is short or over the cgroup's memory.max",
        ),
        (
            "1025K",
            vec![overcommit(b"no number")],
            "kernel memory is short or over what vm.overcommit_memory allows",
        ),
        (
            "101K",
            vec![overcommit(b"2\n"), meminfo(MEMINFO)],
            "600 of 700 kB committed, 101 more asked for (CommitLimit, vm.overcommit_ratio)",
        ),
        // That much could still be committed.
        (
            "100K",
            vec![overcommit(b"2\n"), meminfo(MEMINFO)],
            "kernel memory is short or over what vm.overcommit_memory allows",
        ),
    ] {
        let bytes: u64 = size.trim_end_matches('K').parse().expect("a number");
        let refused = Get(Kind::Shm, 7, bytes * 1024, NEW | 0o644);
        let mut script = vec![(BlockSignals, 0), (SHM_RMID_FORCED, 0)];
        script.push(error(refused, libc::ENOMEM));
        let line = format!("-k 7 -M {size}");
        assert_eq!(explain(&line, script, causes), hint, "{line}");
    }
}
