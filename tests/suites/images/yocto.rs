//! The recipe for Yocto. bitbake is not run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use super::{root, run};

/// The packages of Cargo.lock: version, checksum, and what they depend on.
fn locked() -> BTreeMap<String, (String, String, Vec<String>)> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let package = |block: &str| {
        let value = |name: &str| {
            let line = block
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""));
            line.and_then(|line| line.strip_suffix('"'))
                .unwrap_or_default()
                .to_owned()
        };
        let needs = block
            .split_once("dependencies = [\n")
            .map_or("", |(_, rest)| rest);
        let needs = needs.lines().take_while(|line| *line != "]");
        let needs = needs.map(|line| line.trim_matches([' ', '"', ',']).to_owned());
        (
            value("name"),
            (value("version"), value("checksum"), needs.collect()),
        )
    };
    lock.split("[[package]]\n").skip(1).map(package).collect()
}

pub fn crates() {
    let locked = locked();
    let mut needed = BTreeSet::new();
    let mut next = vec!["ipcmk".to_owned()];
    while let Some(name) = next.pop() {
        for need in &locked[&name].2 {
            if needed.insert(need.clone()) {
                next.push(need.clone());
            }
        }
    }
    // What `bitbake -c update_crates` would write.
    let of = |line: fn(&str, &str, &str) -> String| {
        let lines = needed
            .iter()
            .map(|name| line(name, &locked[name].0, &locked[name].1));
        lines.collect::<String>()
    };
    let expected = format!(
        "# The crates of Cargo.lock, as `bitbake -c update_crates ipcmk` writes them.\n\n\
         SRC_URI += \"\\\n{}\"\n\n{}",
        of(|name, version, _| {
            format!("    crate://crates.io/{name}/{version};name={name}-{version} \\\n")
        }),
        of(|name, version, sum| format!("SRC_URI[{name}-{version}.sha256sum] = \"{sum}\"\n")),
    );
    assert!(needed.contains("syscalls"));
    let path = root().join("dist/yocto/ipcmk-crates.inc");
    let held = fs::read_to_string(path).expect("a file");
    assert_eq!(held, expected, "to be written:\n{expected}");
}

pub fn license() {
    // The recipe's name has the version.
    let name = format!("dist/yocto/ipcmk_{}.bb", locked()["ipcmk"].0);
    let recipe = fs::read_to_string(root().join(&name)).expect(&name);
    for file in ["LICENSE", "dist/copyright"] {
        let sums = run(Command::new("md5sum").arg(root().join(file)));
        let sum = sums.split(' ').next().expect("a sum");
        let line = format!("file://{file};md5={sum}");
        assert!(recipe.contains(&line), "{line}");
    }
}
