//! Owners by name, beside the C library's getent(1) and id(1): the same ids of the names of this
//! machine, and of the names in odd files. The files are mounted on /etc in a namespace.

use std::fs;
use std::process::{Command, ExitCode};

use ipcmk_tests::case::Start;
use ipcmk_tests::files::Scratch;
use ipcmk_tests::namespace;
use ipcmk_tests::subject::Subject;
use ipcmk_tests::suite;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

fn main() -> ExitCode {
    suite::run(|privilege| {
        let tests: [(_, fn()); 5] = [
            ("the_names_of_this_machine_have_their_ids", of_this_machine),
            ("odd_lines_are_read_as_by_the_c_library", odd_lines),
            ("a_file_of_10_mib_is_just_read", large),
            ("without_the_files_there_are_no_names", without_files),
            ("a_name_that_looks_like_a_number_is_an_id", like_numbers),
        ];
        let trial = |test| suite::of_root(privilege, test, None);
        tests.into_iter().map(trial).collect()
    })
}

/// Another /etc, in this mount namespace, with these two files.
struct Etc {
    _directory: Scratch,
}

impl Etc {
    fn new(passwd: Option<&str>, group: Option<&str>) -> Self {
        let directory = Scratch::new().expect("a directory");
        for (name, content) in [("passwd", passwd), ("group", group)] {
            if let Some(content) = content {
                fs::write(directory.join(name), content).expect("it is ours");
            }
        }
        let nothing = None::<&str>;
        mount(
            Some(&directory.join("")),
            "/etc",
            nothing,
            MsFlags::MS_BIND,
            nothing,
        )
        .expect("a mount");
        Self {
            _directory: directory,
        }
    }
}

impl Drop for Etc {
    fn drop(&mut self) {
        umount2("/etc", MntFlags::MNT_DETACH).expect("it is mounted");
    }
}

/// The id of a name by getent(1), if it has one.
fn getent(database: &str, name: &str) -> Option<u32> {
    let mut command = Command::new("getent");
    let output = command.args(["-s", "files", database, name]).output();
    let output = output.expect("getent");
    let text = String::from_utf8(output.stdout).expect("it is");
    let mut fields = text.trim_end().split(':');
    // It takes digits for an id, which may have another name.
    let is_it = fields.next() == Some(name);
    let id = fields.nth(1).filter(|_| output.status.success() && is_it)?;
    Some(id.parse().expect("a number"))
}

/// The id of a user by id(1), if there is one.
fn id(name: &str) -> Option<u32> {
    let output = Command::new("id").args(["-u", name]).output().expect("id");
    let text = String::from_utf8(output.stdout).expect("it is");
    output
        .status
        .success()
        .then(|| text.trim_end().parse().expect("a number"))
}

/// The owner that a queue gets from this file of ours, or what is said instead.
fn owner(subject: &Subject, owner: &str) -> Result<(u32, u32), String> {
    let words = ["-Q", "--owner", owner].map(|word| word.as_bytes().to_vec());
    let outcome = subject
        .run(&Start::default(), &words, false)
        .expect("it runs");
    let mut objects = namespace::objects().expect("what the namespace holds");
    for object in &objects {
        namespace::remove(object.kind, object.id).expect("it is ours");
    }
    let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
    match (outcome.status.success(), objects.pop()) {
        (true, Some(object)) if said.is_empty() => Ok(object.owner),
        (false, None) => Err(said),
        _ => panic!("{owner}: {} {said}", outcome.status),
    }
}

/// The file for this machine.
fn native() -> Subject {
    Subject::new(&suite::x86_64(), None).expect("our ipcmk")
}

/// The files of all boards.
fn subjects() -> Vec<Subject> {
    let emulated = suite::emulated().map(|(_, subject)| subject);
    [native()].into_iter().chain(emulated).collect()
}

/// Compares what becomes of these names with what getent(1) says.
fn compare(users: &[&str], groups: &[&str]) {
    for subject in subjects() {
        for user in users {
            let found = owner(&subject, user).map(|(user, _)| user);
            assert_eq!(found.ok(), getent("passwd", user), "{user}");
            assert_eq!(getent("passwd", user), id(user), "{user}");
        }
        for group in groups {
            let found = owner(&subject, &format!("7:{group}"));
            let expected = getent("group", group).map(|group| (7, group));
            assert_eq!(found.ok(), expected, "{group}");
        }
    }
}

/// The names of a file, but not those that look like numbers.
fn names(path: &str) -> Vec<String> {
    let content = fs::read_to_string(path).expect(path);
    let names = content.lines().filter_map(|line| line.split(':').next());
    names.map(str::to_owned).collect()
}

fn of_this_machine() {
    let [users, groups] = ["/etc/passwd", "/etc/group"].map(names);
    let [users, groups] = [&users, &groups].map(|names| names.iter().map(String::as_str).collect());
    let [users, groups]: [Vec<&str>; 2] = [users, groups];
    assert!(users.contains(&"root") && users.len() > 3 && groups.len() > 3);
    compare(&users, &groups);
    compare(&["nosuchname", "roo", "roott", "Root"], &["nosuchname"]);
    let subject = native();
    assert_eq!(owner(&subject, "root:root"), Ok((0, 0)));
}

fn odd_lines() {
    let long = "y".repeat(200_000);
    let passwd = format!(
        "root:x:0:0::/:\n\
         \n\
         short\n\
         two:x\n\
         ends:x:33\n\
         empty:x::34::/:\n\
         word:x:abc:34::/:\n\
         mixed:x:12ab:34::/:\n\
         large:x:99999999999999999999:34::/:\n\
         largest:x:4294967294:34::/:\n\
         many:x:1:1:{long}:/:\n\
         {long}:x:2:2::/:\n\
         behind:x:3:3::/:\n\
         twice:x:4:4::/:\n\
         twice:x:5:5::/:\n\
         later:x::6::/:\n\
         later:x:6:6::/:\n\
         zeros:x:00012:6::/:\n\
         nopassword::7:7::/:\n\
         not:a:line:at:all\n\
         last:x:8:8::/:"
    );
    let group = format!(
        "root:x:0:\n\
         short\n\
         two:x\n\
         empty:x::\n\
         word:x:abc:\n\
         many:x:1:{}\n\
         behind:x:3:\n\
         twice:x:4:\n\
         twice:x:5:\n\
         last:x:8:",
        "someone,".repeat(50_000)
    );
    let _etc = Etc::new(Some(&passwd), Some(&group));
    let users = [
        "root",
        "short",
        "two",
        "ends",
        "empty",
        "word",
        "mixed",
        "large",
        "largest",
        "many",
        "behind",
        "twice",
        "later",
        "zeros",
        "nopassword",
        "not",
        "last",
        "missing",
        "las",
        "lastt",
    ];
    let groups = [
        "root", "short", "two", "empty", "word", "many", "behind", "twice", "last", "missing",
    ];
    compare(&users, &groups);
    let subject = native();
    let said = |name: &str| owner(&subject, name).expect_err(name);
    assert_eq!(said("missing"), "ipcmk: no user 'missing' in /etc/passwd\n");
    assert_eq!(
        said("0:missing"),
        "ipcmk: no group 'missing' in /etc/group\n"
    );
    for name in ["short", "two", "ends", "empty", "word", "mixed", "large"] {
        assert_eq!(
            said(name),
            format!("ipcmk: no id of user '{name}' in /etc/passwd\n")
        );
    }
}

fn large() {
    let filler = "somebody:x:1000:1000:Some Body:/home/somebody:/bin/sh\n";
    let many = filler.repeat((5 << 20) / filler.len());
    // A line longer than any buffer, and a name at both ends and behind it.
    let long = "z".repeat(1 << 20);
    let passwd = format!("first:x:1:1::/:\n{many}wide:x:3:3:{long}:/:\n{many}last:x:2:2::/:\n");
    assert!(passwd.len() > 10 << 20);
    let _etc = Etc::new(Some(&passwd), Some(""));
    compare(&["first", "wide", "last", "missing", "zzz"], &["missing"]);
}

fn without_files() {
    let _etc = Etc::new(None, None);
    compare(&["root"], &["root"]);
    let subject = native();
    let hint =
        "ipcmk: --owner takes <user>[:<group>], each an id or a name in /etc/passwd, /etc/group\n";
    for (name, file) in [("root", "passwd"), ("0:root", "group")] {
        let error = format!("ipcmk: read '/etc/{file}' failed: No such file or directory\n{hint}");
        assert_eq!(owner(&subject, name), Err(error));
    }
    assert_eq!(owner(&subject, "5:6"), Ok((5, 6)));
}

fn like_numbers() {
    let passwd =
        "12:x:34:34::/:\n007:x:35:35::/:\n0x10:x:36:36::/:\n1a:x:37:37::/:\n-1:x:38:38::/:\n";
    let group = "12:x:44:\n0x10:x:46:\n1a:x:47:\n";
    let _etc = Etc::new(Some(passwd), Some(group));
    for subject in subjects() {
        assert_eq!(owner(&subject, "12:12"), Ok((12, 12)));
        assert_eq!(owner(&subject, "007:007"), Ok((7, 7)));
        assert_eq!(owner(&subject, "0x10:0x10"), Ok((36, 46)));
        assert_eq!(owner(&subject, "1a:1a"), Ok((37, 47)));
        assert_eq!(owner(&subject, "-1:0"), Ok((38, 0)));
    }
}
