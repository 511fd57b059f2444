//! The completions that are shipped are those that the table makes, and their words are read.

use std::string::ToString;

use super::{LIBCS, Shell};
use crate::cli::number;

#[test]
fn the_shipped_completions_are_rendered() {
    for shell in Shell::ALL {
        let shipped = match shell {
            Shell::Bash => include_str!("../../dist/completions/ipcmk.bash"),
            Shell::Zsh => include_str!("../../dist/completions/_ipcmk"),
            Shell::Fish => include_str!("../../dist/completions/ipcmk.fish"),
        };
        assert!(
            shipped == shell.to_string(),
            "write {} anew: make docs",
            shell.file()
        );
    }
}

#[test]
fn the_words_for_a_c_library_are_read() {
    let numbers = LIBCS.split(' ').map(|word| number::libc(word.as_bytes()));
    assert!(numbers.eq([Ok(0), Ok(1)]));
}
