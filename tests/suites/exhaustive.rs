//! Command lines that no person would write: all lines of one to four words out of a nasty
//! vocabulary through the grammar.

use std::panic::catch_unwind;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use ipcmk::cli::options::Grammar;
use ipcmk_tests::reading::{WORDS, check};
use ipcmk_tests::suite::{self, reproduce};

fn main() -> ExitCode {
    suite::main(&[("every_line_of_four_words_is_read_sanely", every_line)])
}

/// Longest lines that are all tried.
const LONGEST: usize = 4;

/// Every how manieth line is also read in the presence of POSIXLY_CORRECT.
const POSIXLY_STEP: usize = 4;

/// All lines of up to [`LONGEST`] words.
fn every_line() {
    let lines: usize = (1..=LONGEST as u32)
        .map(|words| WORDS.len().pow(words))
        .sum();
    let (standard, keyed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    suite::try_all(&Vec::from_iter(0..lines), |&number| {
        let words = line(number);
        let posixly_correct = number % POSIXLY_STEP == 0;
        let checked = catch_unwind(|| check(&words, posixly_correct));
        let grammar = checked
            .unwrap_or_else(|_| Err("panics".to_owned()))
            .map_err(|what| {
                let line = reproduce(Path::new("ipcmk"), &words);
                format!("{line}\n  POSIXLY_CORRECT: {posixly_correct}: {what}")
            })?;
        match grammar {
            None => 0,
            Some(Grammar::Standard) => standard.fetch_add(1, Ordering::Relaxed),
            Some(Grammar::Keyed) => keyed.fetch_add(1, Ordering::Relaxed),
        };
        Ok(())
    });
    let (standard, keyed) = (standard.into_inner(), keyed.into_inner());
    println!("{lines} lines: {standard} accepted, and {keyed} by keys");
    assert!(
        standard > 5_000 && keyed > 500,
        "the vocabulary says nothing"
    );
}

/// The line of this number: those of one word first, then those of two, ...
fn line(mut number: usize) -> Vec<&'static [u8]> {
    let mut length = 1;
    while number >= WORDS.len().pow(length) {
        number -= WORDS.len().pow(length);
        length += 1;
    }
    (0..length)
        .map(|place| WORDS[number / WORDS.len().pow(place) % WORDS.len()])
        .collect()
}
