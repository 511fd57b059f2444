//! A table with notes and bars, as plain text and as Markdown.

use std::fmt;
use std::iter;

/// A table, its notes and its bars.
pub struct Report {
    /// Rows: a label, then a cell for each column. The first row is the head.
    rows: Vec<Vec<String>>,
    bars: Vec<Bar>,
    /// Lines below the table: how the figures were measured.
    pub notes: Vec<String>,
}

struct Bar {
    text: String,
    kept: bool,
}

impl Report {
    /// Creates a table with a title above its labels, and these columns.
    pub fn new(title: &str, columns: impl IntoIterator<Item = impl ToString>) -> Self {
        let columns = columns.into_iter().map(|column| column.to_string());
        Self {
            rows: vec![iter::once(title.to_owned()).chain(columns).collect()],
            bars: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a row. Missing cells at its end become `-`.
    pub fn row(&mut self, label: &str, cells: &[impl ToString]) {
        let mut row = vec![label.to_owned()];
        row.extend(cells.iter().map(ToString::to_string));
        row.resize(self.rows[0].len(), "-".to_owned());
        self.rows.push(row);
    }

    /// Adds a bar: `figure` may be `most`, and no more.
    pub fn bar<T: PartialOrd + fmt::Display>(&mut self, what: &str, figure: T, most: T) {
        self.bars.push(Bar {
            kept: figure <= most,
            text: format!("{what}: {figure}, at most {most}"),
        });
    }

    /// Whether every figure keeps its bar.
    pub fn keeps_bars(&self) -> bool {
        self.bars.iter().all(|bar| bar.kept)
    }

    /// The rows, padded to columns, with `between` between the cells.
    fn lines(&self, between: &str) -> Vec<String> {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        };
        let pad = |(column, cell): (usize, &String)| {
            let width = width(column);
            if column == 0 {
                format!("{cell:width$}")
            } else {
                format!("{cell:>width$}")
            }
        };
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row.iter().enumerate().map(pad).collect();
            cells.join(between)
        };
        self.rows.iter().map(line).collect()
    }

    /// The report as plain text.
    pub fn plain(&self) -> String {
        let bar = |bar: &Bar| format!("{}  {}", if bar.kept { "PASS" } else { "FAIL" }, bar.text);
        let bars = self.bars.iter().map(bar).collect();
        joined([self.lines("  "), self.notes.clone(), bars])
    }

    /// The report as Markdown, for tests/bench/README.md.
    pub fn markdown(&self) -> String {
        let mut table: Vec<String> = self
            .lines(" | ")
            .iter()
            .map(|line| format!("| {line} |"))
            .collect();
        table.insert(
            1,
            format!("| --- |{}", " ---: |".repeat(self.rows[0].len() - 1)),
        );
        let bar = |bar: &Bar| format!("- {}: {}", if bar.kept { "pass" } else { "FAIL" }, bar.text);
        let bars = self.bars.iter().map(bar).collect();
        joined([table, self.notes.clone(), bars])
    }
}

/// Joins parts, with an empty line between them.
fn joined(parts: [Vec<String>; 3]) -> String {
    let parts = parts.into_iter().filter(|lines| !lines.is_empty());
    let parts: Vec<String> = parts.map(|lines| lines.join("\n") + "\n").collect();
    parts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_columns_and_verdicts() {
        let mut report = Report::new("", ["a", "b"]);
        report.notes.push("Note.".to_owned());
        report.row("µs", &[10]);
        report.bar("low", 1, 1);
        assert!(report.keeps_bars());
        report.bar("high", 0.6, 0.5);
        assert!(!report.keeps_bars());
        assert_eq!(
            report.plain(),
            "     a  b\nµs  10  -\n\nNote.\n\n\
             PASS  low: 1, at most 1\nFAIL  high: 0.6, at most 0.5\n"
        );
        assert!(
            report
                .markdown()
                .starts_with("|    |  a | b |\n| --- | ---: | ---: |\n| µs | 10 | - |\n\n")
        );
    }

    #[test]
    fn a_table_alone_is_a_report() {
        let mut report = Report::new("", [1]);
        report.row("n", &[2]);
        assert_eq!(report.plain(), "   1\nn  2\n");
    }
}
