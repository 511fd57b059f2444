//! Keys that collide, under qemu: with its `-seed` every process has the same bytes at AT_RANDOM.
//! On x86_64 the case files set these bytes through a tracer.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use ipcmk_tests::namespace::{self, Kind, Object};
use ipcmk_tests::suite;

fn main() -> ExitCode {
    suite::main(&[(
        "a_key_in_use_is_followed_by_another",
        a_key_in_use_is_followed_by_another,
    )])
}

/// An emulated process with the AT_RANDOM of this seed.
fn seeded(seed: u32) -> Command {
    let mut command = Command::new("qemu-aarch64");
    command.arg("-seed").arg(seed.to_string()).env_clear();
    command
}

/// Creates a queue. Returns the names of its system calls and the printed id.
fn queue(seed: u32) -> (Vec<String>, i32) {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("collision-strace");
    let mut command = seeded(seed);
    command
        .arg("-strace")
        .arg("-D")
        .arg(&log)
        .arg(suite::aarch64())
        .arg("-Q");
    let output = command.output().expect("qemu-aarch64 starts");
    assert!(output.status.success(), "{command:?}: {output:?}");
    let line = String::from_utf8(output.stdout).expect("it prints ASCII");
    let id = line
        .strip_prefix("Message queue id: ")
        .expect(&line)
        .trim_end();
    let log = fs::read_to_string(&log).expect("qemu's log");
    let call = |line: &str| Some(line.split_once(' ')?.1.split_once('(')?.0.to_owned());
    (
        log.lines().filter_map(call).collect(),
        id.parse().expect(&line),
    )
}

/// The numbers that a C program finds at AT_RANDOM.
fn at_random(seed: u32) -> Vec<u32> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("at_random");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/at_random.c");
    let compiled = Command::new("aarch64-linux-gnu-gcc")
        .args(["-static", "-o"])
        .args([&program, &source])
        .status();
    assert!(compiled.is_ok_and(|status| status.success()));
    let output = seeded(seed)
        .arg(program)
        .output()
        .expect("qemu-aarch64 starts");
    let text = String::from_utf8(output.stdout).expect("it prints ASCII");
    text.lines().map(|line| line.parse().expect(line)).collect()
}

/// Creates `queues` queues one after the other in a new namespace. Returns their keys in that
/// order.
fn keys(seed: u32, queues: usize) -> Vec<u32> {
    namespace::unshare().expect("a namespace");
    let mut known: Vec<Object> = Vec::new();
    for already in 0..queues {
        let (calls, id) = queue(seed);
        // Each key in use costs one call. AT_RANDOM has four keys; the fifth is from getrandom(2),
        // and not in use.
        let mut expected = vec!["rt_sigprocmask"];
        for attempt in 0..=already.min(4) {
            expected.extend((attempt == 4).then_some("getrandom"));
            expected.push("msgget");
        }
        expected.extend(["write", "exit_group"]);
        assert_eq!(calls, expected, "queue {already} of seed {seed}");
        let mut objects = namespace::objects().expect("what the namespace holds");
        objects.retain(|object| !known.contains(object));
        match objects.as_slice() {
            [new] if new.kind == Kind::Msg && new.id == id => known.push(new.clone()),
            _ => panic!("not one new queue with id {id}: {objects:?}"),
        }
    }
    known.iter().map(|queue| queue.key).collect()
}

fn a_key_in_use_is_followed_by_another() {
    const QUEUES: usize = 7;
    for seed in [1, 2] {
        let keys = keys(seed, QUEUES);
        let distinct = keys.iter().collect::<HashSet<_>>();
        assert_eq!(distinct.len(), QUEUES, "seed {seed}: {keys:x?}");
        assert!(!keys.contains(&0), "seed {seed}: {keys:x?}");
        assert_eq!(
            keys[..4],
            at_random(seed),
            "seed {seed}: the first four are the kernel's"
        );
        let again = self::keys(seed, QUEUES);
        assert_eq!(keys[..4], again[..4], "seed {seed}");
        assert_ne!(
            keys[4..],
            again[4..],
            "seed {seed}: these are not of the seed's making"
        );
    }
}
