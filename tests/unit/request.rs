//! What a request tells of the options that it was given, for src/cli/request.rs.

use std::vec::Vec;

use super::{Output, Request};
use crate::cli::mistake::{Position, Word};
use crate::cli::number::Bad;
use crate::cli::options::{Argument, Opt, Opts, TABLE};
use crate::kernel::abi::{SHM_HUGETLB, SHM_NORESERVE};
use crate::kernel::port::Owner;

/// A request that was given these options.
fn given<'a>(options: &[(Opt, Argument, &'a str)]) -> Request<'a> {
    let mut request = Request::new();
    for &(opt, argument, text) in options {
        let word = Word {
            bytes: text.as_bytes(),
            at: Position::START,
            argument,
        };
        request.give(opt, word).expect(text);
    }
    request
}

const SHM: (Opt, Argument, &str) = (Opt::Shmem, Argument::Size, "4K");
const QUEUE: (Opt, Argument, &str) = (Opt::Queue, Argument::None, "");
const SEM: (Opt, Argument, &str) = (Opt::Semaphore, Argument::Elements, "3");
const POSIX_SHM: (Opt, Argument, &str) = (Opt::PosixShmem, Argument::Size, "4K");
const POSIX_QUEUE: (Opt, Argument, &str) = (Opt::PosixMqueue, Argument::None, "");
const POSIX_SEM: (Opt, Argument, &str) = (Opt::PosixSemaphore, Argument::None, "");

#[test]
fn nothing_is_given_at_first() {
    let request = Request::new();
    assert_eq!(request, Request::default());
    assert_eq!(request.given(), Opts::NONE);
    assert_eq!(request.objects(), 0);
    assert_eq!((request.key(), request.mode()), (None, 0o644));
    assert_eq!(request.output(), Output::Words);
    assert_eq!((request.shm_flags(), request.ftok()), (0, None));
    assert_eq!(
        request.owner,
        Owner {
            uid: Owner::SAME,
            gid: Owner::SAME
        }
    );
    assert_eq!(request.values().count(), 0);
    for row in TABLE {
        assert_eq!(request.get(row.opt), None, "{:?}", row.opt);
    }
}

/// Each option has a place of its own, and some of them one for a number.
#[test]
fn options_are_kept_apart() {
    let mut sets = Opts::NONE;
    for row in TABLE {
        assert!(!sets.any(row.opt.bit()), "{:?}", row.opt);
        sets = sets | row.opt.bit();
        let has_number = row.opt.place() < Opt::NUMBERS;
        let mut request = Request::new();
        for number in [7, 8] {
            request.set(row.opt, number);
            assert_eq!(request.given(), row.opt.bit());
            for other in TABLE {
                let number = if has_number { number } else { 0 };
                let number = (other.opt == row.opt).then_some(number);
                assert_eq!(request.get(other.opt), number, "{:?}", other.opt);
            }
        }
        request.clear();
        assert_eq!(request.given(), Opts::NONE);
        assert_eq!(request.get(row.opt), None);
    }
    assert_eq!(usize::try_from(sets.count()), Ok(TABLE.len()));
}

/// What has a number in some grammar has a place for it.
#[test]
fn every_number_is_kept() {
    for row in TABLE {
        for form in [row.standard, row.keyed].into_iter().flatten() {
            let is_number = !matches!(
                form.argument,
                Argument::None
                    | Argument::Name
                    | Argument::File
                    | Argument::Unread
                    | Argument::Owner
            );
            assert!(
                !is_number || row.opt.place() < Opt::NUMBERS,
                "{:?}",
                row.opt
            );
        }
    }
}

#[test]
fn what_is_out_of_range_changes_nothing() {
    let mut request = given(&[SEM]);
    let before = request.clone();
    let word = |text: &'static str| Word {
        bytes: text.as_bytes(),
        at: Position::START,
        argument: Argument::Elements,
    };
    assert_eq!(
        request.give(Opt::Semaphore, word("0")).err(),
        Some(Bad::Range)
    );
    assert_eq!(
        request.give(Opt::Semaphore, word("x")).err(),
        Some(Bad::Invalid)
    );
    assert_eq!(request, before);
}

#[test]
fn options_find_what_they_apply_to() {
    let all = [
        Opts::SHM,
        Opts::QUEUE,
        Opts::SEM,
        Opts::SYSV,
        Opts::NAMED,
        Opt::PosixShmem.bit(),
        Opts::POSIX_QUEUE,
        Opts::POSIX_SEM,
        Opts::POSIX,
    ];
    let key = (Opt::Key, Argument::Key, "7");
    let ftok = (Opt::Ftok, Argument::Ftok, "/");
    for (options, suits) in [
        (&[SHM][..], &[Opts::SHM, Opts::SYSV][..]),
        (&[QUEUE], &[Opts::QUEUE, Opts::SYSV]),
        (&[SEM], &[Opts::SEM, Opts::SYSV]),
        (&[SHM, SEM], &[Opts::SHM, Opts::SEM, Opts::SYSV]),
        (&[QUEUE, key], &[Opts::QUEUE, Opts::SYSV, Opts::NAMED]),
        (&[ftok], &[Opts::NAMED]),
        // Whoever knows the name can use it.
        (
            &[POSIX_SHM],
            &[Opt::PosixShmem.bit(), Opts::POSIX, Opts::NAMED],
        ),
        (
            &[POSIX_QUEUE],
            &[Opts::POSIX_QUEUE, Opts::POSIX, Opts::NAMED],
        ),
        (&[POSIX_SEM], &[Opts::POSIX_SEM, Opts::POSIX, Opts::NAMED]),
        (
            &[POSIX_SEM, QUEUE],
            &[
                Opts::POSIX_SEM,
                Opts::POSIX,
                Opts::NAMED,
                Opts::QUEUE,
                Opts::SYSV,
            ],
        ),
        (&[(Opt::Name, Argument::Name, "x")], &[]),
    ] {
        let request = given(options);
        for applies in all {
            let is_expected = suits.contains(&applies);
            assert_eq!(request.has(applies), is_expected, "{options:?} {applies:?}");
        }
    }
}

#[test]
fn outputs() {
    let raw = (Opt::Raw, Argument::None, "");
    let json = (Opt::Json, Argument::None, "");
    let keyed = (Opt::Keyed, Argument::None, "");
    assert_eq!(given(&[raw]).output(), Output::Raw);
    assert_eq!(given(&[keyed]).output(), Output::Raw);
    assert_eq!(given(&[json]).output(), Output::Json);
    assert_eq!(given(&[raw, json, keyed]).output(), Output::Json);

    // Of another request nothing but that is taken over, and nothing is taken back.
    for (other, output) in [
        (given(&[]), Output::Words),
        (given(&[raw, SHM]), Output::Raw),
        (given(&[json]), Output::Json),
        (given(&[raw, json]), Output::Json),
    ] {
        let mut request = given(&[QUEUE]);
        request.print_as(&other);
        assert_eq!(request.output(), output);
        assert!(!request.has(Opt::Shmem));
    }
    let mut request = given(&[raw]);
    request.print_as(&given(&[]));
    assert_eq!(request.output(), Output::Raw);
}

#[test]
fn texts_are_kept_by_their_kind() {
    let request = given(&[
        (Opt::Name, Argument::Name, "n"),
        (Opt::Ftok, Argument::Ftok, "/a:b:0x10"),
        (Opt::Value, Argument::Values, "1,22,333"),
        (Opt::Owner, Argument::Owner, "1000:100"),
        SEM,
    ]);
    assert_eq!(request.name, b"n");
    assert_eq!(request.ftok(), Some((&b"/a:b"[..], 16)));
    assert_eq!(request.values().collect::<Vec<_>>(), [1, 22, 333]);
    assert_eq!(request.get(Opt::Value), Some(3));
    assert_eq!(request.owner_parts(), [&b"1000"[..], b"100"]);

    let request = given(&[(Opt::Ftok, Argument::Ftok, "/a:b")]);
    assert_eq!(request.ftok(), Some((&b"/a:b"[..], 1)));
}

#[test]
fn flags_of_segments() {
    let noreserve = (Opt::Noreserve, Argument::None, "");
    for (options, flags) in [
        (&[noreserve][..], SHM_NORESERVE),
        // Of the kernel's default size.
        (&[(Opt::Hugetlb, Argument::None, "")], SHM_HUGETLB),
        (
            &[(Opt::Hugetlb, Argument::HugePage, "2")],
            SHM_HUGETLB | 1 << 26,
        ),
        (
            &[(Opt::Hugetlb, Argument::HugePage, "8E"), noreserve],
            SHM_HUGETLB | SHM_NORESERVE | 63 << 26,
        ),
        (
            &[
                (Opt::Hugetlb, Argument::HugePage, "1G"),
                (Opt::Hugetlb, Argument::None, ""),
            ],
            SHM_HUGETLB,
        ),
    ] {
        assert_eq!(given(options).shm_flags(), flags, "{options:?}");
    }
}
