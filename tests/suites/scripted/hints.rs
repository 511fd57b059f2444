//! Why the kernel refused: what is asked for that, and what is said.

use ipcmk::kernel::object::Kind;

use crate::script::{
    AskFilter, AskLimit, AskLimits, BlockSignals, Expected, Get, Lock, NEW, OURS, Read, Remove,
    SHM_RMID_FORCED, Set, SetValue, Source, error, explain,
};

/// Each refusal that has a measured cause, the calls that measure it, and the line that tells it.
#[test]
fn a_refusal_is_explained() {
    use libc::{EACCES, EEXIST, EINVAL, EMFILE, ENFILE, ENOENT, ENOMEM, ENOSPC, ENOSYS, EPERM};
    let shm = |amount| Get(Kind::Shm, 7, amount, NEW | 0o666);
    let sem = |amount| Get(Kind::Sem, 7, amount, NEW | 0o666);
    let limits = |kind| (AskLimits(kind), 0);
    let filtered = |yes| (AskFilter, yes);
    let segment = |amount: u64, errno, causes: &[Expected]| {
        let script = vec![(SHM_RMID_FORCED, 0), error(shm(amount), errno)];
        (format!("--keyed -M 7 -p {amount}"), script, causes.to_vec())
    };
    let set = |amount: u64, errno, causes: &[Expected]| {
        let script = vec![error(sem(amount), errno)];
        (format!("--keyed -S 7 -s {amount}"), script, causes.to_vec())
    };
    let overcommit = |policy| Read(Source::System("/proc/sys/vm/overcommit_memory"), policy);
    let cases = [
        (
            segment(100, ENOSPC, &[limits(Kind::Shm)]),
            "not disk space: 50 of 50 segments in use (SHMMNI, kernel.shmmni); see ipcs -m, ipcrm",
        ),
        (
            segment(101, ENOSPC, &[limits(Kind::Shm)]),
            "not disk space: 90 of 100 pages in use, 11 more asked for (SHMALL, kernel.shmall); see ipcs -m, ipcrm",
        ),
        (
            segment(u64::MAX, ENOSPC, &[limits(Kind::Shm)]),
            "not disk space: 90 of 100 pages in use, 1844674407370955161 more asked for (SHMALL, kernel.shmall); see ipcs -m, ipcrm",
        ),
        (
            set(100, ENOSPC, &[limits(Kind::Sem)]),
            "not disk space: 50 of 50 sets in use (SEMMNI, kernel.sem field 4); see ipcs -s, ipcrm",
        ),
        (
            set(101, ENOSPC, &[limits(Kind::Sem)]),
            "not disk space: 90 of 100 semaphores in use, 11 more asked for (SEMMNS, kernel.sem field 2); see ipcs -s, ipcrm",
        ),
        (
            segment(1001, EINVAL, &[limits(Kind::Shm)]),
            "1001 bytes are over 1000 (SHMMAX, kernel.shmmax)",
        ),
        (
            set(1001, EINVAL, &[limits(Kind::Sem)]),
            "1001 semaphores are over 1000 (SEMMSL, kernel.sem field 1)",
        ),
        (
            segment(0, EINVAL, &[limits(Kind::Shm)]),
            "a segment has at least 1 byte (SHMMIN)",
        ),
        // Nothing explains it.
        (segment(1000, EINVAL, &[limits(Kind::Shm)]), ""),
        (
            segment(1, EINVAL, &[error(AskLimits(Kind::Shm), EPERM)]),
            "",
        ),
        (
            segment(1, EEXIST, &[(Get(Kind::Shm, 7, 1, 0), 5)]),
            "segment 5 has key 0x7: -e returns it, ipcrm -m 5 removes it",
        ),
        (
            set(3, EEXIST, &[(Get(Kind::Sem, 7, 3, 0), 5)]),
            "set 5 has key 0x7: -e returns it, ipcrm -s 5 removes it",
        ),
        // It is too small for -o too.
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
        (
            segment(1, ENOSYS, &[filtered(0)]),
            "this kernel has no System V IPC (CONFIG_SYSVIPC)",
        ),
        (
            segment(1, ENOSYS, &[filtered(1)]),
            "this kernel has no System V IPC (CONFIG_SYSVIPC), or a seccomp filter hides it",
        ),
        (
            segment(1, EPERM, &[filtered(1)]),
            "a seccomp filter forbids this call",
        ),
        (
            segment(1, EPERM, &[filtered(0)]),
            "a security module forbids this call",
        ),
        (
            set(1, EACCES, &[filtered(0)]),
            "a security module forbids this call",
        ),
        (
            set(1, EACCES, &[filtered(1)]),
            "a seccomp filter forbids this call",
        ),
        (
            set(1, ENOMEM, &[]),
            "kernel memory is short, or over the cgroup's memory.max",
        ),
        (
            segment(1, ENOMEM, &[error(overcommit(b""), ENOENT)]),
            "more than the kernel commits itself to (vm.overcommit_memory)",
        ),
        (
            segment(1, EMFILE, &[]),
            "no file descriptor is left (RLIMIT_NOFILE)",
        ),
        (
            segment(1, ENFILE, &[]),
            "the system's table of open files is full (fs.file-max)",
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

/// What each property can be refused for. What has been made by then is removed first.
#[test]
fn a_refused_property_is_explained() {
    use libc::{EACCES, EINVAL, EIO, ENOMEM, EPERM, ERANGE};
    let made = |kind, amount, flags| (Get(kind, 7, amount, NEW | flags), 5);
    let set = |kind, owner, qbytes| Set(kind, 5, owner, 0o644, qbytes);
    let locked = |errno| {
        let script = vec![
            (SHM_RMID_FORCED, 0),
            made(Kind::Shm, 100, 0),
            error(Lock(5), errno),
            (Remove(Kind::Shm, 5), 0),
        ];
        ("-k 7 -M 100 --lock", script)
    };
    let queue = |qbytes, errno| {
        let script = vec![
            made(Kind::Queue, 0, 0),
            error(set(Kind::Queue, (OURS, OURS), qbytes), errno),
            (Remove(Kind::Queue, 5), 0),
        ];
        let line = if qbytes > 1000 {
            "-k 7 -Q --qbytes 1001"
        } else {
            "-k 7 -Q --qbytes 1000"
        };
        (line, script)
    };
    let owned = |errno| {
        let script = vec![
            made(Kind::Sem, 3, 0o600),
            error(set(Kind::Sem, (9, OURS), 0), errno),
            (Remove(Kind::Sem, 5), 0),
        ];
        ("-k 7 -S 3 --owner 9", script)
    };
    let valued = |errno| {
        let script = vec![
            made(Kind::Sem, 3, 0o600),
            error(SetValue(5, 0, 9), errno),
            (Remove(Kind::Sem, 5), 0),
        ];
        ("-k 7 -S 3 --value 9", script)
    };
    let security_module = "a security module forbids this call";
    let filter = "a seccomp filter forbids this call";
    let cases = [
        (
            locked(EPERM),
            vec![(AskLimit(libc::RLIMIT_MEMLOCK), 0)],
            "--lock needs CAP_IPC_LOCK or an RLIMIT_MEMLOCK over 0",
        ),
        (
            locked(EPERM),
            vec![(AskLimit(libc::RLIMIT_MEMLOCK), 4096), (AskFilter, 0)],
            security_module,
        ),
        (
            locked(EPERM),
            vec![error(AskLimit(libc::RLIMIT_MEMLOCK), EPERM), (AskFilter, 1)],
            filter,
        ),
        (
            locked(ENOMEM),
            vec![(AskLimit(libc::RLIMIT_MEMLOCK), 50)],
            "100 bytes more would be over 50 (RLIMIT_MEMLOCK)",
        ),
        (
            locked(ENOMEM),
            vec![error(AskLimit(libc::RLIMIT_MEMLOCK), EPERM)],
            "",
        ),
        (locked(EIO), vec![], ""),
        (
            queue(1001, EPERM),
            vec![(AskLimits(Kind::Queue), 0)],
            "1001 bytes are over 1000 (MSGMNB, kernel.msgmnb), which needs CAP_SYS_RESOURCE",
        ),
        (
            queue(1000, EPERM),
            vec![(AskLimits(Kind::Queue), 0), (AskFilter, 0)],
            security_module,
        ),
        (
            queue(1001, EPERM),
            vec![error(AskLimits(Kind::Queue), EPERM), (AskFilter, 1)],
            filter,
        ),
        (
            owned(EINVAL),
            vec![],
            "this user namespace does not map that owner",
        ),
        (owned(EPERM), vec![(AskFilter, 0)], security_module),
        (owned(EPERM), vec![(AskFilter, 1)], filter),
        (valued(EACCES), vec![(AskFilter, 0)], security_module),
        (valued(ERANGE), vec![], ""),
        (valued(EINVAL), vec![], ""),
    ];
    for ((line, script), causes, hint) in cases {
        let script = [(BlockSignals, 0)].into_iter().chain(script);
        assert_eq!(explain(line, script, causes), hint, "{line}");
    }
}

/// A segment of huge pages can be refused for more reasons than others.
#[test]
fn a_refused_segment_of_huge_pages_is_explained() {
    use libc::{EINVAL, ENOENT, ENOMEM, EPERM};
    const MIB: u64 = 1 << 20;
    let huge = libc::SHM_HUGETLB;
    let of_2_mib = huge | libc::MAP_HUGE_2MB;
    let of_1_gib = huge | libc::MAP_HUGE_1GB;
    let look = |errno| error(Get(Kind::Shm, 7, 5 * MIB, 0), errno);
    let limits = (AskLimits(Kind::Shm), 0);
    let unknown = "too few free huge pages of that size (vm.nr_hugepages)";
    let figures = "1 of 5 huge pages of that size are free, 3 more asked for (vm.nr_hugepages)";
    for (option, flags, errno, causes, hint) in [
        (
            "--hugetlb",
            huge,
            EPERM,
            vec![look(ENOENT)],
            "huge pages need CAP_IPC_LOCK, or the group of vm.hugetlb_shm_group",
        ),
        // The call itself is refused, whatever it asks for.
        (
            "--hugetlb",
            huge,
            EPERM,
            vec![look(EPERM), (AskFilter, 1)],
            "a seccomp filter forbids this call",
        ),
        ("--hugetlb", huge, ENOMEM, vec![meminfo(MEMINFO)], figures),
        (
            "--hugetlb=2M",
            of_2_mib,
            ENOMEM,
            vec![meminfo(MEMINFO)],
            figures,
        ),
        // The kernel tells of those of its default size alone.
        (
            "--hugetlb=1G",
            of_1_gib,
            ENOMEM,
            vec![meminfo(MEMINFO)],
            unknown,
        ),
        (
            "--hugetlb",
            huge,
            ENOMEM,
            vec![error(meminfo(b"").0, ENOENT)],
            unknown,
        ),
        // A kernel without huge pages.
        (
            "--hugetlb",
            huge,
            ENOMEM,
            vec![meminfo(b"MemTotal:           1000 kB\n")],
            unknown,
        ),
        (
            "--hugetlb=1G",
            of_1_gib,
            EINVAL,
            vec![error(limits.0.clone(), EPERM)],
            "this kernel has no huge pages of that size",
        ),
        (
            "--hugetlb=1G",
            of_1_gib,
            EINVAL,
            vec![limits.clone()],
            "5242880 bytes are over 1000 (SHMMAX, kernel.shmmax)",
        ),
    ] {
        let mut script = vec![(BlockSignals, 0), (SHM_RMID_FORCED, 0)];
        script.push(error(
            Get(Kind::Shm, 7, 5 * MIB, NEW | 0o644 | flags),
            errno,
        ));
        let line = format!("-k 7 -M 5M {option}");
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
            "200K",
            vec![overcommit(b"2\n"), meminfo(MEMINFO)],
            "600 of 700 kB committed, 200 more asked for (CommitLimit, vm.overcommit_ratio)",
        ),
        (
            "1025K",
            vec![overcommit(b"0\n"), meminfo(MEMINFO)],
            "1025 kB asked for, 1024 of memory and swap (vm.overcommit_memory)",
        ),
        (
            "1024K",
            vec![overcommit(b"0\n"), meminfo(MEMINFO)],
            "kernel memory is short, or over the cgroup's memory.max",
        ),
        (
            "1025K",
            vec![overcommit(b"1\n"), meminfo(MEMINFO)],
            "kernel memory is short, or over the cgroup's memory.max",
        ),
        (
            "1025K",
            vec![overcommit(b"no number")],
            "more than the kernel commits itself to (vm.overcommit_memory)",
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
