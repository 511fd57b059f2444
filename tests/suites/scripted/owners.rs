//! Owners by name: what is looked up, how often, and what is said of a file that does not help.

use ipcmk::kernel::object::Kind;

use crate::batch::jobs;
use crate::script::{
    BlockSignals, Expected, Get, NEW, OURS, Read, Set, Source, error, failed, ok, play, silent,
    tell,
};

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";

fn file(path: &'static str, content: &str) -> Expected {
    (
        Read(Source::User(path), content.to_owned().leak().as_bytes()),
        0,
    )
}

/// What creates a set with this owner, and its id on standard output.
fn set(owner: (u32, u32)) -> [Expected; 3] {
    [
        (Get(Kind::Sem, 7, 1, NEW | 0o600), 5),
        (Set(Kind::Sem, 5, owner, 0o644, 0), 0),
        ok("Semaphore id: 5\n"),
    ]
}

/// The id of a name is found wherever its line stands, and however long the lines are.
#[test]
fn a_name_has_the_id_of_its_line() {
    let long = "y".repeat(100_000);
    for (content, id) in [
        ("bob:x:33:34:::\n".to_owned(), 33),
        // The last line lacks its LF.
        ("root:x:0:0\nbob:x:33:".to_owned(), 33),
        (
            "bobby:x:1:\nbo:x:2:\nbob :x:3:\nBOB:x:4:\nbob::5:\n".to_owned(),
            5,
        ),
        ("x:bob:1:\n:bob:2\n\n\nbob:::\nbob:x:6:\n".to_owned(), 6),
        (format!("{long}:x:1:\nbob:{long}:7:\n"), 7),
        (format!("x:x:1:{long}\nbob:x:8:{long}\n"), 8),
        ("bob:x:0000004294967294:\n".to_owned(), 4_294_967_294),
        // The first line counts.
        ("bob:x:9:\nbob:x:10:\n".to_owned(), 9),
    ] {
        let script = [file(PASSWD, &content), (BlockSignals, 0)];
        let script = script.into_iter().chain(set((id, OURS)));
        assert_eq!(play("-S 1 -k 7 --owner bob", script), silent());
        let script = [file(GROUP, &content), (BlockSignals, 0)];
        let script = script.into_iter().chain(set((1, id)));
        assert_eq!(play("-S 1 -k 7 --owner 1:bob", script), silent());
    }
}

#[test]
fn a_user_and_a_group_are_looked_up_in_their_files() {
    let script = [
        file(PASSWD, "bob:x:3:4:\n"),
        file(GROUP, "bob:x:5:\n"),
        (BlockSignals, 0),
    ];
    let script = script.into_iter().chain(set((3, 5)));
    assert_eq!(play("-S 1 -k 7 --owner bob:bob", script), silent());
    // Digits are an id, whatever the files say; the last --owner counts.
    let script = [(BlockSignals, 0)].into_iter().chain(set((12, 13)));
    assert_eq!(
        play("-S 1 -k 7 --owner bob --owner 12:13", script),
        silent()
    );
}

#[test]
fn a_name_that_is_not_there_is_told() {
    for (content, what) in [
        ("", "no user 'bob' in /etc/passwd"),
        ("root:x:0:0:::\nbobby:x:1:", "no user 'bob' in /etc/passwd"),
        ("bob\n", "no id of user 'bob' in /etc/passwd"),
        ("bob:x\nx:x:1\n", "no id of user 'bob' in /etc/passwd"),
        // The C library takes no line that ends with the id of a user.
        ("bob:x:33", "no id of user 'bob' in /etc/passwd"),
        ("bob:x:33\n", "no id of user 'bob' in /etc/passwd"),
        ("bob:x:\n", "no id of user 'bob' in /etc/passwd"),
        ("bob:x:y:\n", "no id of user 'bob' in /etc/passwd"),
        ("bob:x:-1:\n", "no id of user 'bob' in /etc/passwd"),
        ("bob:x:4294967295:\n", "no id of user 'bob' in /etc/passwd"),
        (
            "bob:x:99999999999999999999999999:\n",
            "no id of user 'bob' in /etc/passwd",
        ),
    ] {
        let script = [file(PASSWD, content), (BlockSignals, 0)];
        assert_eq!(tell("-Q --owner bob:x", script), [what], "{content:?}");
        let script = [file(GROUP, content), (BlockSignals, 0)];
        let what = what.replace("user", "group").replace("passwd", "group");
        assert_eq!(tell("-Q --owner 1:bob", script), [what], "{content:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    for errno in [libc::ENOENT, libc::EACCES, libc::EIO] {
        let script = [
            error(Read(Source::User(PASSWD), b""), errno),
            (BlockSignals, 0),
        ];
        let told = play("-Q --owner bob", script);
        assert_eq!(told, failed("read '/etc/passwd' failed", errno));
    }
    let script = [
        error(Read(Source::User(GROUP), b""), libc::ENOENT),
        (BlockSignals, 0),
    ];
    assert_eq!(
        tell("-Q --owner 0:wheel", script),
        [
            "read '/etc/group' failed: No such file or directory",
            "--owner takes <user>[:<group>], each an id or a name in /etc/passwd, /etc/group"
        ]
    );
}

/// Each file is read once, before signals are blocked.
#[test]
fn a_batch_reads_each_file_once() {
    let lines = "-S 1 -k 1 --owner bob\n-S 1 -k 2 --owner al:bob\n-S 1 -k 3 --owner bob:bob\n-S 1 -k 4 --owner al -r\n";
    let passwd = "al:x:2:2\nbob:x:3:3\n";
    let mut script = jobs(lines);
    script.extend([
        file(PASSWD, passwd),
        file(GROUP, "bob:x:4:\n"),
        (BlockSignals, 0),
    ]);
    for (key, owner) in [(1_u8, (3, OURS)), (2, (2, 4)), (3, (3, 4)), (4, (2, OURS))] {
        let id = usize::from(key);
        let key = u32::from(key);
        script.push((Get(Kind::Sem, key, 1, NEW | 0o600), i64::from(key)));
        script.push((Set(Kind::Sem, id, owner, 0o644, 0), 0));
    }
    script.push(ok("Semaphore id: 1\nSemaphore id: 2\nSemaphore id: 3\n4\n"));
    assert_eq!(play("--batch jobs", script), silent());

    // However often it is on the lines.
    let mut lines = String::new();
    for key in 1..=2_500 {
        lines += &format!("-Q -k {key} --owner al:al\n");
    }
    lines += "-Q --owner bob\n-Q --owner bob\n-Z\n";
    let mut script = jobs(&lines);
    script.extend([
        file(PASSWD, passwd),
        file(GROUP, "al:x:2:\n"),
        (BlockSignals, 0),
    ]);
    assert_eq!(
        tell("--batch jobs", script),
        ["line 2503: invalid option -- 'Z'"]
    );

    // Of the line that is wrong.
    let mut script = jobs("-Q\n-Q --owner bob\n-Q --owner eve\n");
    script.extend([file(PASSWD, passwd), (BlockSignals, 0)]);
    assert_eq!(
        tell("--batch jobs", script),
        ["line 3: no user 'eve' in /etc/passwd"]
    );
}
