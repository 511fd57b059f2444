//! Runs the targets on the inputs in `corpus`: those that libFuzzer found worth keeping, and those
//! that once failed.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use ipcmk::cli::options::{Grammar, TABLE};
use ipcmk_fuzz::TARGETS;

/// The directory of the targets.
fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_kept_input_passes() {
    for (name, run) in TARGETS {
        let directory = here().join("corpus").join(name);
        let files = fs::read_dir(&directory).expect("a directory for each target");
        let mut count = 0;
        for file in files {
            let path = file.expect("a file").path();
            let data = fs::read(&path).expect("a file");
            assert!(catch_unwind(|| run(&data)).is_ok(), "{}", path.display());
            count += 1;
        }
        println!("{name}: {count} inputs");
        assert!(count > 10, "no corpus in {}", directory.display());
    }
}

#[test]
fn the_dictionary_knows_every_option() {
    let text = fs::read_to_string(here().join("dictionary.txt")).expect("a file");
    for row in TABLE {
        let forms = [Grammar::Standard, Grammar::Keyed].map(|grammar| row.form(grammar));
        let letters = forms.iter().flatten().filter_map(|form| form.short);
        for letter in letters {
            let entry = format!("\"-{}\"", char::from(letter));
            assert!(text.contains(&entry), "no {entry} in dictionary.txt");
        }
        let entry = format!("\"--{}\"", row.long);
        assert!(
            row.long.is_empty() || text.contains(&entry),
            "no {entry} in dictionary.txt"
        );
    }
}
