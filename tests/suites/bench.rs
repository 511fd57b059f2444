//! `make bench` works: its part on many objects, with one round of few objects. No time is judged.

use std::fs;
use std::path::Path;
use std::process::Command;

use ipcmk_tests::suite;

/// What it measures: a row of each table with all kinds, and a panel of the plot.
const ACTIONS: [&str; 9] = [
    "create queues, random keys",
    "create queues",
    "remove queues",
    "create sets with values",
    "remove sets with values",
    "create segments",
    "remove segments",
    "create POSIX shared memory",
    "remove POSIX shared memory",
];

/// It fails where ipcmk and the C program print different texts, or where an object is missing.
#[test]
fn the_growth_bench_works() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    if target.exists() {
        fs::remove_dir_all(&target).expect("what an earlier run has left");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--once", "growth"])
        .env("CARGO_TARGET_DIR", &target)
        .env("IPCMK_X86_64", suite::x86_64())
        .output()
        .expect("the bench starts");
    assert!(output.status.success(), "{output:?}");
    let text = fs::read_to_string(target.join("growth.md")).expect("its tables");
    let plot = fs::read_to_string(target.join("growth.svg")).expect("its plot");
    for action in ACTIONS {
        let rows: Vec<&str> = text
            .lines()
            .filter(|line| {
                let label = line
                    .strip_prefix("| ")
                    .and_then(|line| line.split(" |").next());
                label.is_some_and(|label| label.trim_end() == action)
            })
            .collect();
        assert_eq!(
            rows.len(),
            3,
            "{action}: time, user time, page faults: {text}"
        );
        let cells: Vec<&str> = rows[0].split('|').skip(2).map(str::trim).collect();
        let is_measured = |cell: &&str| cell.contains(" = ");
        let measured = cells.iter().filter(|cell| is_measured(cell)).count();
        assert_eq!(measured, 4, "1 to 1000 objects: {}", rows[0]);
        assert!(
            plot.contains(&format!("\n{action}\n")),
            "{action} in the plot"
        );
    }
}
