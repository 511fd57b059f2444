//! The architectures that ipcmk is built for: the table `tests/boards.txt`.

use std::sync::LazyLock;

/// An architecture.
#[derive(Debug, PartialEq, Eq)]
pub struct Board {
    /// Its name in file names and places.
    pub name: &'static str,
    /// Rust's target.
    pub target: &'static str,
    /// Debian's name.
    pub debian: &'static str,
    /// The C compiler for it.
    pub compiler: &'static str,
    /// qemu's user-mode emulator; None where programs run as they are.
    pub emulator: Option<&'static str>,
    /// The most bytes that the file may have.
    pub limit: u64,
    /// The oldest kernel.
    pub oldest: &'static str,
    /// The versions of the kernels that are booted, each with the word that tells two of one
    /// version apart.
    pub kernels: Vec<&'static str>,
}

/// The rows of the table.
static ALL: LazyLock<Vec<Board>> = LazyLock::new(|| {
    let lines = include_str!("../boards.txt").lines();
    let mut rows = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let names = rows.next().expect("boards.txt: a row of names");
    let board = |row: Vec<&'static str>| {
        let column = |name: &str| {
            let column = names.iter().position(|other| *other == name);
            let field = column.and_then(|column| row.get(column));
            *field.unwrap_or_else(|| panic!("boards.txt: {row:?} has no {name}"))
        };
        Board {
            name: column("name"),
            target: column("target"),
            debian: column("debian"),
            compiler: column("compiler"),
            emulator: Some(column("user")).filter(|command| *command != "-"),
            limit: column("limit").parse().expect("boards.txt: a limit"),
            oldest: column("oldest"),
            kernels: column("kernels")
                .split(',')
                .filter_map(|kernel| kernel.split('/').next())
                .collect(),
        }
    };
    rows.map(board).collect()
});

impl Board {
    /// Every architecture.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The architecture of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|board| board.name == name)
    }

    /// The architectures that run under an emulator.
    pub fn emulated() -> impl Iterator<Item = (&'static Self, &'static str)> {
        ALL.iter()
            .filter_map(|board| Some((board, board.emulator?)))
    }
}
