//! Splits argv into tokens, as GNU getopt_long(3) does.
//!
//! In the standard grammar, that of util-linux, `-QM 4096 --mode=600 x` is four tokens: the option
//! [`Opt::Queue`]; the option [`Opt::Shmem`], whose `word` is `4096`; the option [`Opt::Mode`],
//! whose `word` is `600`; and the operand `x`. What cannot be read is a token too, with its
//! [`Mistake`]. `-QM` is a cluster: letters of options behind one dash.

use super::argv::Argv;
use super::lookup::{self, Named, Spec};
use super::mistake::{Mistake, Position, Word};
use super::number::split_at;
use super::options::{Argument, Grammar, Opt};

/// A token of a command line. Its text is [`Getopt::word`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// An option.
    Option(Opt),
    /// An operand: a word that belongs to no option.
    Operand,
    /// An error. The tokens after it can still be read.
    Wrong(Mistake),
}

/// Iterates over the tokens of a command line, from left to right. Options may follow operands,
/// unless POSIXLY_CORRECT is set; all words after `--` are operands.
pub struct Getopt<'a, A> {
    /// The word of the token that was read last: the argument of an option, the operand, or what is
    /// wrong.
    pub word: Word<'a>,
    /// The option that was read last.
    pub spec: &'static Spec,
    /// Whether it is written as a letter, not as a long name.
    pub is_letter: bool,
    /// The whole line, to read it again.
    line: A,
    /// The words that are not read yet.
    arguments: A,
    /// Where the next of them begins.
    next: Position,
    /// The letters of the current cluster that are not read yet.
    cluster: &'a [u8],
    /// The grammar in which the line is read.
    pub grammar: Grammar,
    /// Whether the first operand ends the options.
    posixly_correct: bool,
    /// Whether `--`, or that first operand, was read.
    only_operands: bool,
}

impl<'a, A: Argv<'a>> Getopt<'a, A> {
    /// Reads `line`, without the program's name, in the standard grammar.
    pub fn new(line: A, posixly_correct: bool) -> Self {
        Self {
            word: Word::END,
            spec: Spec::NONE,
            is_letter: false,
            arguments: line.clone(),
            line,
            next: Position::START,
            cluster: b"",
            grammar: Grammar::Standard,
            posixly_correct,
            only_operands: false,
        }
    }

    /// Starts again at the first word, in this grammar. `word` and `spec` stay as they are.
    pub fn restart(&mut self, grammar: Grammar) {
        self.grammar = grammar;
        self.word = Word::END;
        self.arguments = self.line.clone();
        self.next = Position::START;
        self.cluster = b"";
        self.only_operands = false;
    }

    /// Reads the line again up to the `nth` token, from 1, that equals `sought`, or the last one if
    /// there are fewer, and sets `word` to its word. If there is none, `word` stays as it is.
    pub fn find(&mut self, sought: Token, nth: usize) {
        self.restart(self.grammar);
        let mut found = self.word;
        let mut times = 0;
        while times < nth
            && let Some(token) = self.next()
        {
            if token == sought {
                times += 1;
                found = self.word;
            }
        }
        self.word = found;
    }

    /// Sets `word` to the next word of the line. Returns false at its end.
    fn advance(&mut self) -> bool {
        let Some(bytes) = self.arguments.next() else {
            return false;
        };
        self.word.bytes = bytes;
        self.word.at = self.next;
        self.next.0 += bytes.len() + 1;
        true
    }

    /// Reads the first letter of a cluster. If its option takes an argument, that is the rest of
    /// the cluster, or the next word where the rest is empty.
    fn letter(&mut self, cluster: &'a [u8]) -> Token {
        let (letter, rest) = cluster.split_at_checked(1).unwrap_or_default();
        self.cluster = rest;
        self.word.bytes = letter;
        // Past the dash or the letter before.
        self.word.at.0 += 1;
        let Some(spec) = lookup::by_letter(self.grammar, letter) else {
            return Token::Wrong(Mistake::UnknownLetter);
        };
        self.spec = spec;
        self.is_letter = true;
        self.word.argument = spec.argument;
        if self.word.argument != Argument::None {
            if rest.is_empty() {
                return self.separate(spec.opt, Mistake::LetterNeedsArgument);
            }
            self.cluster = b"";
            self.word.bytes = rest;
            // Past the letter.
            self.word.at.0 += 1;
        }
        Token::Option(spec.opt)
    }

    /// Reads a long option; `text` is the word without its dashes.
    fn long(&mut self, text: &'a [u8]) -> Token {
        self.word.bytes = text;
        let (name, value) = split_name(text);
        let spec = match lookup::by_name(self.grammar, name) {
            Named::One(spec) => spec,
            Named::Unknown => return Token::Wrong(Mistake::UnknownName),
            Named::Several => return Token::Wrong(Mistake::Ambiguous),
        };
        self.spec = spec;
        self.is_letter = false;
        // Messages name the option in full.
        self.word.bytes = spec.long();
        self.word.argument = spec.argument;
        match (value.split_first(), self.word.argument) {
            (None, Argument::None) => {}
            // The argument of --hugetlb is optional: the next word is never its argument.
            (None, Argument::HugePage) => self.word.argument = Argument::None,
            (Some(_), Argument::None) => return Token::Wrong(Mistake::NameTakesNone),
            (None, _) => return self.separate(spec.opt, Mistake::NameNeedsArgument),
            (Some((_equals, value)), _) => {
                self.word.bytes = value;
                // Past the two dashes, the name and the `=`.
                self.word.at.0 += name.len() + 3;
            }
        }
        Token::Option(spec.opt)
    }

    /// Reads the next word as the argument of an option, even if it begins with a dash.
    fn separate(&mut self, opt: Opt, missing: Mistake) -> Token {
        if self.advance() {
            Token::Option(opt)
        } else {
            Token::Wrong(missing)
        }
    }
}

/// Splits a long option into its name and the rest: nothing, or `=` and a value.
#[must_use]
pub fn split_name(text: &[u8]) -> (&[u8], &[u8]) {
    split_at(text, b'=')
}

impl<'a, A: Argv<'a>> Iterator for Getopt<'a, A> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if !self.cluster.is_empty() {
            return Some(self.letter(self.cluster));
        }
        if !self.advance() {
            return None;
        }
        if self.only_operands {
            return Some(Token::Operand);
        }
        if self.word.bytes == b"--" {
            self.only_operands = true;
            return self.advance().then_some(Token::Operand);
        }
        match self.word.bytes {
            [b'-', b'-', text @ ..] => Some(self.long(text)),
            [b'-', cluster @ ..] if !cluster.is_empty() => Some(self.letter(cluster)),
            _ => {
                self.only_operands = self.posixly_correct;
                Some(Token::Operand)
            }
        }
    }
}

#[cfg(test)]
#[path = "../../tests/unit/getopt.rs"]
mod tests;
