//! The crate, and the workflow that tests the sources elsewhere.

use serde_json::Value;

use super::{Command, Copy, read, root, run, shell, suite, version};

/// What crates.io gets builds and installs, and gives the file that the tests run. `cargo package`
/// has nothing to warn of.
pub fn krate() {
    let copy = Copy::new();
    let name = format!("ipcmk-{}", version());
    let said = run(&mut copy.command("cargo package --no-verify --offline 2>&1"));
    assert!(said.contains("Packaged"), "{said}");
    assert!(!said.contains("warning"), "{said}");
    let line = format!(
        "mkdir ../crate
        tar -C ../crate -xzf target/package/{name}.crate
        for file in LICENSE README.md dist/copyright dist/ipcmk.1; do cmp $file ../crate/{name}/$file; done
        cd ../crate/{name}
        if ls tests Makefile 2>/dev/null; then exit 1; fi
        cargo install --locked --offline --root ../there --path . 2>&1"
    );
    run(&mut copy.command(&line));
    assert!(read(&copy.root.join("../crate/there/bin/ipcmk")) == read(&suite::x86_64()));
}

const WORKFLOW: &str = ".github/workflows/ipcmk.yml";

/// It runs the two commands of README.md, and on a tag `make release`. It may write only there, and
/// runs no action but actions/checkout.
pub fn workflow() {
    let rules = "{extends: default, rules: {line-length: {max: 100}}}";
    run(Command::new("yamllint")
        .args(["--strict", "--config-data", rules, WORKFLOW])
        .current_dir(root()));
    let script = "import json, yaml; print(json.dumps(yaml.load(open('.github/workflows/ipcmk.yml'), yaml.BaseLoader)))";
    let json = run(shell("python3 -c \"$SCRIPT\"")
        .env("SCRIPT", script)
        .current_dir(root()));
    let workflow: Value = serde_json::from_str(&json).expect("JSON");
    let events = workflow["on"].as_object().expect("events");
    assert!(
        events.contains_key("push") && events.contains_key("pull_request"),
        "{json}"
    );
    assert_eq!(
        workflow["permissions"].to_string(),
        r#"{"contents":"read"}"#
    );

    let jobs = workflow["jobs"].as_object().expect("jobs");
    assert_eq!(jobs.keys().collect::<Vec<_>>(), ["release", "test"]);
    let commands = |job: &str| -> Vec<String> {
        let steps = jobs[job]["steps"].as_array().expect("steps");
        for uses in steps.iter().filter_map(|step| step["uses"].as_str()) {
            assert!(uses.starts_with("actions/checkout@"), "{uses}");
        }
        let runs = steps.iter().filter_map(|step| step["run"].as_str());
        runs.map(|run| run.trim_end().to_owned()).collect()
    };
    let readme = String::from_utf8(read(&root().join("README.md"))).expect("text");
    let test = commands("test");
    for command in ["cargo run --release -- -M 4096", "make test"] {
        assert!(readme.contains(command), "README.md: {command}");
        assert!(test.iter().any(|run| run == command), "{test:?}");
    }
    assert!(
        jobs["test"]["permissions"].is_null() && jobs["test"]["if"].is_null(),
        "{json}"
    );
    let release = &jobs["release"];
    assert_eq!(release["needs"], "test");
    assert_eq!(release["if"], "startsWith(github.ref, 'refs/tags/v')");
    assert_eq!(
        release["permissions"].to_string(),
        r#"{"contents":"write"}"#
    );
    assert!(
        commands("release").iter().any(|run| run == "make release"),
        "{json}"
    );
}
