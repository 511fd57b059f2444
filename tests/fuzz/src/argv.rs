//! Reads any bytes as a command line.

use ipcmk::cli::options::Grammar;
use ipcmk_tests::reading;

use crate::getopt;

/// The first byte says whether POSIXLY_CORRECT is set; NULs separate the following bytes into
/// words.
pub fn run(data: &[u8]) {
    let Some((first, text)) = data.split_first() else {
        return;
    };
    let posixly_correct = first % 2 == 1;
    let words = words(text);
    if let Err(what) = reading::check(&words, posixly_correct) {
        panic!("{what}");
    }
    for grammar in [Grammar::Standard, Grammar::Keyed] {
        let ours = getopt::ours(&words, grammar, posixly_correct);
        let glibc = getopt::glibc(text, grammar, posixly_correct);
        assert_eq!(ours, glibc, "{grammar:?}: our tokens, and glibc's");
    }
}

/// The words of a line, which are separated by NULs; an empty text has no words.
pub fn words(text: &[u8]) -> Vec<&[u8]> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split(|&byte| byte == 0).collect()
}
