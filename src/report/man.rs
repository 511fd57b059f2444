//! The man page: a file of roff, with lines that stand for what is made of the table of options and
//! the table of rules.

use core::fmt::{self, Write};

use super::help::VERSION;
use super::rules::{NOTES, Note, RULES, Rule};
use super::words::Words;
use crate::cli::options::{Grammar, TABLE};
use crate::kernel::errno::Errno;

/// `dist/ipcmk.1`.
pub struct Man;

/// The page without what is made.
const SKELETON: &str = include_str!("ipcmk.1.in");

impl fmt::Display for Man {
    fn fmt(&self, page: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = SKELETON.split('@');
        page.write_str(parts.next().unwrap_or_default())?;
        // Every other part is the name of what stands there.
        while let (Some(name), Some(text)) = (parts.next(), parts.next()) {
            // What is made of a table ends its own line.
            let text = match name {
                "OPTIONS" => options(page, Grammar::Standard).map(|()| text.trim_start()),
                "KEYED_OPTIONS" => options(page, Grammar::Keyed).map(|()| text.trim_start()),
                "REFUSALS" => refusals(page).map(|()| text.trim_start()),
                "VERSION" => page.write_str(version()).map(|()| text),
                _ => Err(fmt::Error),
            }?;
            page.write_str(text)?;
        }
        Ok(())
    }
}

/// Name and version of the package.
fn version() -> &'static str {
    VERSION.trim_end().trim_start_matches("ipcmk from ")
}

/// A heading for each errno, and below it the words of its rules.
fn refusals(page: &mut fmt::Formatter<'_>) -> fmt::Result {
    let hints = || {
        let of_rule = |(rule, note): (&'static Rule, &'static Note)| {
            rule.all_words().map(move |words| (words, note))
        };
        RULES.iter().zip(NOTES).flat_map(of_rule)
    };
    let mut last = None;
    for (place, (words, note)) in hints().enumerate() {
        if last.replace(note.errno) != Some(note.errno) {
            writeln!(page, ".SS {}", heading(note.errno))?;
        }
        // Two rules of one errno can have the same words.
        let is_shown = hints()
            .take(place)
            .any(|(earlier, other)| earlier == words && other.errno == note.errno);
        if !is_shown {
            hint(page, words, note.text)?;
        }
    }
    Ok(())
}

/// glibc's text for an errno.
fn heading(errno: Errno) -> &'static str {
    let mut texts = Errno::TEXTS.iter();
    let row = texts.find(|row| usize::from(row.0) == errno.number());
    row.map_or("Any error, of a POSIX object", |row| row.1)
}

/// A hint, with letters for what it has places for, and the note on it.
fn hint(page: &mut fmt::Formatter<'_>, words: Words, note: &str) -> fmt::Result {
    let mut written = page.write_str(".IP \\(bu 2\n\\fB");
    words.put(&mut |byte| {
        written = written.and_then(|()| match byte {
            b'%' | b'#' => page.write_str("\\fIn\\fB"),
            b'@' => page.write_str("\\fIname\\fB"),
            b'^' => page.write_str("\\fIletter\\fB"),
            b'-' => page.write_str("\\-"),
            _ => page.write_char(char::from(byte)),
        });
    });
    written?;
    page.write_str(if note.is_empty() {
        "\\fR"
    } else {
        "\\fR \\(em"
    })?;
    for word in note.split_whitespace() {
        match word.strip_suffix(',') {
            _ if !word.starts_with('-') => write!(page, " {word}")?,
            Some(option) => option_in(page, option, ",")?,
            None => option_in(page, word, "")?,
        }
    }
    page.write_char('\n')
}

/// A space, an option in bold, and what follows it.
fn option_in(page: &mut fmt::Formatter<'_>, option: &str, rest: &str) -> fmt::Result {
    page.write_str(" \\fB")?;
    dashes(page, option)?;
    write!(page, "\\fR{rest}")
}

/// The options of a grammar, with their paragraphs.
fn options(page: &mut fmt::Formatter<'_>, grammar: Grammar) -> fmt::Result {
    for row in TABLE {
        let Some(form) = row.form(grammar) else {
            continue;
        };
        if form.man.is_empty() {
            continue;
        }
        page.write_str(".TP\n.BR ")?;
        if let Some(letter) = form.short {
            write!(page, "\\-{}", char::from(letter))?;
        }
        if !row.long.is_empty() {
            page.write_str(if form.short.is_some() { " \", \" " } else { "" })?;
            page.write_str("\\-\\-")?;
            dashes(page, row.long)?;
        }
        if !form.metavar.is_empty() {
            let space = if form.metavar.starts_with('[') {
                ""
            } else {
                " "
            };
            write!(page, " \"{space}")?;
            metavar(page, form.metavar)?;
            page.write_str("\"")?;
        }
        page.write_char('\n')?;
        paragraph(page, form.man)?;
        page.write_char('\n')?;
    }
    Ok(())
}

/// A text in roff, in which only words in bold have hyphens that are typed.
fn paragraph(page: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut parts = text.split("\\fB");
    page.write_str(parts.next().unwrap_or_default())?;
    parts.try_for_each(|part| {
        let (bold, rest) = part.split_once("\\fR").ok_or(fmt::Error)?;
        page.write_str("\\fB")?;
        dashes(page, bold)?;
        write!(page, "\\fR{rest}")
    })
}

/// `<size>` as *size*.
fn metavar(page: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|char| match char {
        '<' => page.write_str("\\fI"),
        '>' => page.write_str("\\fR"),
        _ => page.write_char(char),
    })
}

/// Hyphens that can be pasted into a shell.
fn dashes(page: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut parts = text.split('-');
    page.write_str(parts.next().unwrap_or_default())?;
    parts.try_for_each(|part| write!(page, "\\-{part}"))
}

#[cfg(test)]
#[path = "../../tests/unit/man.rs"]
mod tests;
