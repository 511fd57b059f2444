//! Lines to tokens, for src/cli/getopt.rs.

use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use super::{Getopt, Token};
use crate::cli::options::{Argument, Grammar};

/// The tokens of a line whose words are parted by single blanks, each as
/// `token[word]@place`.
fn tokens(line: &str, grammar: Grammar, posixly_correct: bool) -> Vec<String> {
    let words = line.split_terminator(' ').map(str::as_bytes);
    let mut getopt = Getopt::new(words, posixly_correct);
    getopt.restart(grammar);
    let mut tokens = vec![];
    while let Some(token) = getopt.next() {
        let token = match token {
            Token::Option(opt) => format!("{opt:?}"),
            Token::Operand => "operand".into(),
            Token::Wrong(mistake) => format!("{mistake:?}"),
        };
        let word = getopt.word.bytes.escape_ascii();
        tokens.push(format!("{token}[{word}]@{}", getopt.word.at.0));
    }
    tokens
}

fn standard(line: &str) -> String {
    tokens(line, Grammar::Standard, false).join(" ")
}

#[test]
fn letters() {
    assert_eq!(standard("-Q -M 4096"), "Queue[Q]@1 Shmem[4096]@6");
    assert_eq!(standard("-QM4096"), "Queue[Q]@1 Shmem[4096]@3");
    assert_eq!(standard("-Qp 600"), "Queue[Q]@1 Mode[600]@4");
    assert_eq!(standard("-M --"), "Shmem[--]@3");
    assert_eq!(standard("-M -Q"), "Shmem[-Q]@3");
    assert_eq!(standard("-M"), "LetterNeedsArgument[M]@1");
    assert_eq!(
        standard("-QZS3"),
        "Queue[Q]@1 UnknownLetter[Z]@2 Semaphore[3]@4"
    );
    assert_eq!(standard("-"), "operand[-]@0");
    assert_eq!(
        standard("-erJk7"),
        "Existing[e]@1 Raw[r]@2 Json[J]@3 Key[7]@5"
    );
    assert_eq!(standard("-k"), "LetterNeedsArgument[k]@1");
}

#[test]
fn names() {
    assert_eq!(standard("--shmem 1 --shmem=2"), "Shmem[1]@8 Shmem[2]@18");
    assert_eq!(standard("--shmem="), "Shmem[]@8");
    assert_eq!(standard("--sem=a=b"), "Semaphore[a=b]@6");
    assert_eq!(standard("--shmem"), "NameNeedsArgument[shmem]@0");
    assert_eq!(standard("--queue=x"), "NameTakesNone[queue]@0");
    assert_eq!(standard("--q="), "NameTakesNone[queue]@0");
    assert_eq!(standard("--zzz=1"), "UnknownName[zzz=1]@0");
    assert_eq!(standard("--s=1"), "Ambiguous[s=1]@0");
    assert_eq!(standard("--=1"), "Ambiguous[=1]@0");
    assert_eq!(standard("--keye"), "Keyed[keyed]@0");
    assert_eq!(standard("--key"), "NameNeedsArgument[key]@0");
    assert_eq!(standard("--key 7 --key="), "Key[7]@6 Key[]@14");
    assert_eq!(standard("--ke"), "Ambiguous[ke]@0");
    assert_eq!(
        standard("--ftok=/:1 --owner 1:2 --value=0,1 --qbytes 5 --batch=-"),
        "Ftok[/:1]@7 Owner[1:2]@19 Value[0,1]@31 Qbytes[5]@44 Batch[-]@54"
    );
    assert_eq!(
        standard("--existing --raw --json --noreserve --lock"),
        "Existing[existing]@0 Raw[raw]@11 Json[json]@17 Noreserve[noreserve]@24 Lock[lock]@36"
    );
    assert_eq!(standard("--lock=1"), "NameTakesNone[lock]@0");
    assert_eq!(standard("--value"), "NameNeedsArgument[value]@0");
}

/// util-linux's names go first, whatever the order of the letters.
#[test]
fn abbreviations() {
    for (short, opt) in [
        ("n", "Name"),
        ("q", "Queue"),
        ("h", "Help"),
        ("v", "Version"),
        ("no", "Noreserve"),
        ("qb", "Qbytes"),
        ("hu", "Hugetlb"),
        ("va", "Value"),
        ("e", "Existing"),
        ("r", "Raw"),
        ("j", "Json"),
        ("o", "Owner"),
        ("lo", "Lock"),
        ("li", "Libc"),
        ("m", "Mode"),
        ("ma", "Maxmsg"),
        ("ms", "Msgsize"),
        ("f", "Ftok"),
        ("b", "Batch"),
        ("d", "DryRun"),
    ] {
        let told = standard(&format!("--{short} 7"));
        assert!(told.starts_with(&format!("{opt}[")), "{short}: {told}");
    }
    assert_eq!(standard("--remove"), "Remove[remove]@0");
    assert_eq!(standard("--remov"), "UnknownName[remov]@0");
    assert_eq!(standard("--re"), "UnknownName[re]@0");
}

/// The argument that may be missing is never the next word.
#[test]
fn an_argument_may_be_missing() {
    assert_eq!(
        standard("--hugetlb 2M --hugetlb=2M --hu --hu="),
        "Hugetlb[hugetlb]@0 operand[2M]@10 Hugetlb[2M]@23 Hugetlb[hugetlb]@26 Hugetlb[]@36"
    );
    let mut getopt = Getopt::new([&b"--hugetlb"[..], b"--hugetlb=2"].into_iter(), false);
    let mut argument = || getopt.next().map(|_| getopt.word.argument);
    assert_eq!(argument(), Some(Argument::None));
    assert_eq!(argument(), Some(Argument::HugePage));
}

/// The letters of one grammar mean something else, or nothing, in the other.
#[test]
fn grammars() {
    let keyed = |line| tokens(line, Grammar::Keyed, false).join(" ");
    assert_eq!(keyed("-Qp600"), "Queue[p600]@2");
    assert_eq!(keyed("-s 3 -p 5"), "Nsems[3]@3 Size[5]@8");
    assert_eq!(keyed("--si 3 --m 5"), "Size[3]@5 Mode[5]@11");
    assert_eq!(keyed("--s 3"), "Ambiguous[s]@0 operand[3]@4");
    assert_eq!(keyed("-m"), "UnknownLetter[m]@1");
    assert_eq!(keyed("-k"), "LetterNeedsArgument[k]@1");
    assert_eq!(keyed("-erJ"), "Existing[e]@1 Raw[r]@2 Json[J]@3");
    assert_eq!(keyed("--key=7"), "Key[7]@6");
    assert_eq!(keyed("--ke"), "Ambiguous[ke]@0");
    assert_eq!(keyed("--n 3"), "Ambiguous[n]@0 operand[3]@4");
    assert_eq!(keyed("--qbytes 1"), "UnknownName[qbytes]@0 operand[1]@9");
    assert_eq!(keyed("--ftok"), "UnknownName[ftok]@0");
    assert_eq!(keyed("--batch"), "UnknownName[batch]@0");
    assert_eq!(
        keyed("--lock --owner 1 --value 2 --hugetlb"),
        "Lock[lock]@0 Owner[1]@15 Value[2]@25 Hugetlb[hugetlb]@27"
    );
    assert_eq!(standard("-o"), "UnknownLetter[o]@1");
    assert_eq!(standard("--size"), "UnknownName[size]@0");
}

#[test]
fn operands() {
    assert_eq!(standard("x -Q"), "operand[x]@0 Queue[Q]@3");
    assert_eq!(standard("-- -Q --"), "operand[-Q]@3 operand[--]@6");
    assert_eq!(standard("--"), "");
    let posix = |line| tokens(line, Grammar::Standard, true).join(" ");
    assert_eq!(posix("-Q x -Q"), "Queue[Q]@1 operand[x]@3 operand[-Q]@5");
    assert_eq!(posix("-Q -- -Q"), "Queue[Q]@1 operand[-Q]@6");
}
