//! Completions for bash, zsh and fish: a script for each shell, with lines that stand for what is
//! made of the table of options.
//!
//! An option offers files, names or words as its argument, as far as the table knows any, and
//! nothing where a number, a mode, a key or a name of the user's is wanted.

use core::fmt::{self, Write};

use crate::cli::options::{Argument, Form, Grammar, Opt, Row, TABLE};

/// A shell. Its completions are what it displays as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// `dist/completions/ipcmk.bash`.
    Bash,
    /// `dist/completions/_ipcmk`.
    Zsh,
    /// `dist/completions/ipcmk.fish`.
    Fish,
}

impl Shell {
    /// Every shell.
    pub const ALL: [Self; 3] = [Self::Bash, Self::Zsh, Self::Fish];

    /// The file of its completions, in `dist/completions`.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Bash => "ipcmk.bash",
            Self::Zsh => "_ipcmk",
            Self::Fish => "ipcmk.fish",
        }
    }

    /// The script without what is made.
    const fn skeleton(self) -> &'static str {
        match self {
            Self::Bash => include_str!("completions/ipcmk.bash.in"),
            Self::Zsh => include_str!("completions/_ipcmk.in"),
            Self::Fish => include_str!("completions/ipcmk.fish.in"),
        }
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, script: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.skeleton().lines() {
            match line {
                "@STANDARD@" => self.options(script, offered(Grammar::Standard))?,
                "@KEYED@" => self.options(script, offered(Grammar::Keyed))?,
                "@FIRST@" => self.options(script, first())?,
                "@ARGUMENTS@" => bash_arguments(script)?,
                _ => match line.split_once("@KEYED_ONLY@") {
                    Some((before, after)) => {
                        script.write_str(before)?;
                        keyed_only(script)?;
                        writeln!(script, "{after}")?;
                    }
                    None => writeln!(script, "{line}")?,
                },
            }
        }
        Ok(())
    }
}

impl Shell {
    fn options(
        self,
        script: &mut fmt::Formatter<'_>,
        mut options: impl Iterator<Item = Offered> + Clone,
    ) -> fmt::Result {
        match self {
            Self::Bash => bash(script, options),
            Self::Zsh => options.try_for_each(|option| zsh(script, &option)),
            Self::Fish => options.try_for_each(|option| fish(script, &option)),
        }
    }
}

/// An option that is offered.
#[derive(Clone, Copy)]
struct Offered {
    row: &'static Row,
    form: Form,
    description: &'static str,
    /// What must hold, as fish is told.
    condition: &'static str,
}

/// The options of a grammar, but [`first`].
fn offered(grammar: Grammar) -> impl Iterator<Item = Offered> + Clone {
    let condition = match grammar {
        Grammar::Standard => "not __ipcmk_keyed",
        Grammar::Keyed => "__ipcmk_keyed",
    };
    // The keyed grammar has --key in its table only to refuse it.
    let is_offered = move |row: &&'static Row| {
        row.opt != Opt::Keyed && (row.opt != Opt::Key || grammar == Grammar::Standard)
    };
    let rows = TABLE.iter().filter(is_offered);
    rows.filter_map(move |row| Offered::new(row, grammar, condition))
}

/// What is offered as the first argument only.
fn first() -> impl Iterator<Item = Offered> + Clone {
    let rows = TABLE.iter().filter(|row| row.opt == Opt::Keyed);
    rows.filter_map(|row| Offered::new(row, Grammar::Standard, "__ipcmk_first"))
}

/// The line of the help text. A form without one has the first sentence of its paragraph in the man
/// page, and without that the line of the other grammar.
fn description(row: &Row, form: &Form) -> &'static str {
    match (form.help, form.man.split_once('.'), row.standard) {
        ("", Some((sentence, _)), _) => sentence,
        ("", None, Some(standard)) => standard.help,
        (help, ..) => help,
    }
}

/// What an option offers as its argument.
enum Argued {
    /// It has no argument.
    No,
    /// Nothing, and the argument may be missing.
    Maybe,
    /// Nothing.
    Nothing,
    /// Files.
    Files,
    /// Users, and after a colon groups.
    Owners,
    /// These words.
    Words(&'static str),
}

/// The words that `Argument::Libc` can be.
const LIBCS: &str = "glibc musl";

impl Offered {
    fn new(row: &'static Row, grammar: Grammar, condition: &'static str) -> Option<Self> {
        let form = row.form(grammar)?;
        Some(Self {
            row,
            form,
            description: description(row, &form),
            condition,
        })
    }

    const fn argued(&self) -> Argued {
        match self.form.argument {
            Argument::None => Argued::No,
            Argument::HugePage => Argued::Maybe,
            Argument::File | Argument::Ftok => Argued::Files,
            Argument::Owner => Argued::Owners,
            Argument::Libc => Argued::Words(LIBCS),
            Argument::Name
            | Argument::Unread
            | Argument::Size
            | Argument::Qbytes
            | Argument::Elements
            | Argument::Count
            | Argument::Mode
            | Argument::Key
            | Argument::Values => Argued::Nothing,
        }
    }

    /// Whether the word behind it is its argument.
    const fn takes_a_word(&self) -> bool {
        !matches!(self.argued(), Argued::No | Argued::Maybe)
    }

    fn short(&self) -> Option<char> {
        self.form.short.map(char::from)
    }

    const fn long(&self) -> Option<&'static str> {
        if self.row.long.is_empty() {
            None
        } else {
            Some(self.row.long)
        }
    }

    /// Its description, which stands in quotes and, for zsh, in brackets.
    fn description(&self) -> Result<&'static str, fmt::Error> {
        let is_plain = |byte| !matches!(byte, b'\'' | b'\\' | b'[' | b']');
        if !self.description.is_empty() && self.description.bytes().all(is_plain) {
            Ok(self.description)
        } else {
            Err(fmt::Error)
        }
    }
}

/// A regular expression, or a pattern: the options by which a line is in the keyed grammar, --keyed
/// itself and what the standard one does not have.
fn keyed_only(script: &mut fmt::Formatter<'_>) -> fmt::Result {
    script.write_str("--keyed")?;
    for option in offered(Grammar::Keyed).filter(|option| option.row.standard.is_none()) {
        let in_standard = |letter| offered(Grammar::Standard).any(|o| o.short() == Some(letter));
        if let Some(letter) = option.short().filter(|letter| !in_standard(*letter)) {
            write!(script, "|-{letter}")?;
        }
        if let Some(long) = option.long() {
            write!(script, "|--{long}")?;
        }
    }
    Ok(())
}

/// For bash: four lists.
fn bash(
    script: &mut fmt::Formatter<'_>,
    options: impl Iterator<Item = Offered> + Clone,
) -> fmt::Result {
    script.write_str("        options='")?;
    for option in options.clone() {
        if let Some(letter) = option.short() {
            write!(script, " -{letter}")?;
        }
        if let Some(long) = option.long() {
            write!(script, " --{long}")?;
        }
    }
    script.write_str("'\n        arguments='")?;
    for option in options.clone().filter(Offered::takes_a_word) {
        if let Some(long) = option.long() {
            write!(script, " --{long}")?;
        }
    }
    for (name, takes_a_word) in [("flags", false), ("letters", true)] {
        write!(script, "'\n        {name}='")?;
        let options = options.clone();
        options
            .filter(|option| option.takes_a_word() == takes_a_word)
            .filter_map(|option| option.short())
            .try_for_each(|letter| script.write_char(letter))?;
    }
    script.write_str("'\n")
}

/// For bash: what is offered behind the options that offer anything. None of them has a letter.
fn bash_arguments(script: &mut fmt::Formatter<'_>) -> fmt::Result {
    for option in offered(Grammar::Standard) {
        let (long, short) = (option.long(), option.short());
        match (option.argued(), long, short) {
            (Argued::No | Argued::Maybe | Argued::Nothing, ..) => {}
            (Argued::Files, Some(long), None) => {
                writeln!(script, "        --{long}) compopt -o default ;;")?;
            }
            (Argued::Owners, Some(long), None) => {
                writeln!(script, "        --{long}) _ipcmk_owner \"$value\" ;;")?;
            }
            (Argued::Words(words), Some(long), None) => writeln!(
                script,
                "        --{long}) mapfile -t COMPREPLY < <(compgen -W '{words}' -- \"$value\") ;;"
            )?,
            _ => return Err(fmt::Error),
        }
    }
    Ok(())
}

/// For zsh: a specification for _arguments.
fn zsh(script: &mut fmt::Formatter<'_>, option: &Offered) -> fmt::Result {
    let (short_end, long_end) = match option.argued() {
        Argued::No => ("", ""),
        Argued::Maybe => ("-", "=-"),
        Argued::Nothing | Argued::Files | Argued::Owners | Argued::Words(_) => ("+", "="),
    };
    script.write_str("            '")?;
    match (option.short(), option.long()) {
        (Some(letter), Some(long)) => {
            // What is not offered behind it: anything, or its other name.
            if matches!(option.row.opt, Opt::Help | Opt::Version) {
                script.write_str("(- *)")?;
            } else {
                write!(script, "(-{letter} --{long})")?;
            }
            write!(script, "'{{-{letter}{short_end},--{long}{long_end}}}'")?;
        }
        (Some(letter), None) => write!(script, "-{letter}{short_end}")?,
        (None, Some(long)) => write!(script, "--{long}{long_end}")?,
        (None, None) => return Err(fmt::Error),
    }
    write!(script, "[{}]", option.description()?)?;
    let name = option.form.metavar.split(['<', '>']).nth(1);
    let name = name.unwrap_or_default();
    match option.argued() {
        Argued::No => {}
        Argued::Maybe => write!(script, "::{name}: ")?,
        Argued::Nothing => write!(script, ":{name}: ")?,
        Argued::Files => write!(script, ":{name}:_files")?,
        Argued::Owners => write!(script, ":{name}:_ipcmk_owner")?,
        Argued::Words(words) => write!(script, ":{name}:({words})")?,
    }
    script.write_str("'\n")
}

/// For fish: a command that adds it.
fn fish(script: &mut fmt::Formatter<'_>, option: &Offered) -> fmt::Result {
    let condition = option.condition;
    write!(script, "    complete -c $command -n '{condition}'")?;
    if let Some(letter) = option.short() {
        write!(script, " -s {letter}")?;
    }
    if let Some(long) = option.long() {
        write!(script, " -l {long}")?;
    }
    match option.argued() {
        Argued::No | Argued::Maybe => {}
        Argued::Nothing => script.write_str(" -x")?,
        Argued::Files => script.write_str(" -r -F")?,
        Argued::Owners => script.write_str(" -x -a '(__ipcmk_owner)'")?,
        Argued::Words(words) => write!(script, " -x -a '{words}'")?,
    }
    writeln!(script, " -d '{}'", option.description()?)
}

#[cfg(test)]
#[path = "../../tests/unit/completions.rs"]
mod tests;
