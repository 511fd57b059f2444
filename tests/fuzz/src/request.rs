//! Any request, spelled as a command line in one of its many ways, is read as that request.

use arbitrary::{Result, Unstructured};
use ipcmk::options::{Grammar, Opt, Row, TABLE};
use ipcmk::request::{Action, Key, Mode, Nsems, Qbytes, Request};
use ipcmk_tests::reading;

/// The bytes choose the request and its spelling.
pub fn run(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    let posixly_correct = flip(&mut choices);
    let made = if flip(&mut choices) {
        keyed(&mut choices)
    } else {
        standard(&mut choices, posixly_correct)
    };
    // Choices that run out are 0 or empty; only an empty range is an error.
    let (request, line) = made.expect("no range is empty");
    let words: Vec<&[u8]> = line.iter().map(Vec::as_slice).collect();
    let (result, read) = reading::read(words.iter().copied(), posixly_correct);
    let shown = || line.iter().map(|word| word.escape_ascii().to_string());
    let shown = || shown().collect::<Vec<_>>();
    assert_eq!(result, Ok(Action::Create), "{:?}: {request:?}", shown());
    assert_eq!(read, request, "{:?}", shown());
    if let Err(what) = reading::check(&words, posixly_correct) {
        panic!("{:?}: {what}", shown());
    }
}

/// Words of a command line.
type Words = Vec<Vec<u8>>;

/// A choice of two; false where nothing is left to choose by.
fn flip(choices: &mut Unstructured<'_>) -> bool {
    choices.arbitrary().unwrap_or(false)
}

/// An option to be spelled, with its argument, if it takes one.
struct Item {
    opt: Opt,
    argument: Option<Vec<u8>>,
}

impl Item {
    fn flag(opt: Opt) -> Self {
        let argument = None;
        Self { opt, argument }
    }

    fn with(opt: Opt, argument: Vec<u8>) -> Self {
        let argument = Some(argument);
        Self { opt, argument }
    }

    fn row(&self) -> &'static Row {
        let is_it = |row: &&Row| row.opt == self.opt;
        TABLE.iter().find(is_it).expect("the table is whole")
    }
}

/// A request of the standard grammar, and a line for it.
fn standard<'a>(
    choices: &mut Unstructured<'a>,
    posixly_correct: bool,
) -> Result<(Request<'a>, Words)> {
    let mut request = Request::standard();
    let mut items = Vec::new();
    // One bit each; none of the six is at least a queue.
    let wanted = match choices.int_in_range(0..=0b11_1111)? {
        0 => 0b100,
        wanted => wanted,
    };
    let wants = |bit: u8| wanted & (1 << bit) != 0;
    if wants(0) {
        let bytes = bytes(choices)?;
        request.shm = Some(bytes);
        items.push(Item::with(Opt::Shmem, size(bytes, choices)?));
    }
    if wants(1) {
        let bytes = bytes(choices)?;
        request.posix_shm = Some(bytes);
        items.push(Item::with(Opt::PosixShmem, size(bytes, choices)?));
    }
    if wants(2) {
        request.queue = true;
        items.push(Item::flag(Opt::Queue));
    }
    if wants(3) {
        request.posix_queue = true;
        items.push(Item::flag(Opt::PosixMqueue));
    }
    if wants(4) {
        let number = choices.int_in_range(1..=0x7fff_ffff)?;
        request.sem = Nsems::new(number);
        items.push(Item::with(Opt::Semaphore, decimal(number, choices)?));
    }
    if wants(5) {
        request.posix_sem = true;
        items.push(Item::flag(Opt::PosixSemaphore));
    }
    if request.wants_posix() || flip(choices) {
        let name = name(choices)?;
        request.name = Some(name);
        items.push(Item::with(Opt::Name, name.to_vec()));
    }
    let mut operand = None;
    if wanted == 0b1 && flip(choices) {
        let bits = choices.int_in_range(0..=0o777)?;
        request.mode = Mode::new(bits).expect("in range");
        operand = Some(octal(bits, choices)?);
    } else if flip(choices) {
        items.push(mode(&mut request, choices)?);
    }
    shuffle_and_repeat(&mut items, choices)?;
    let mut line = Line::new(Grammar::Standard);
    let place = match operand {
        Some(_) if posixly_correct => items.len(),
        _ => choices.int_in_range(0..=items.len())?,
    };
    let (before, behind) = items.split_at(place);
    line.spell(before, choices)?;
    if let Some(text) = operand {
        let is_marked = behind.is_empty() && flip(choices);
        line.words.extend(is_marked.then(|| b"--".to_vec()));
        line.words.push(text);
        line.is_open = false;
    }
    line.spell(behind, choices)?;
    Ok((request, line.words))
}

/// A request of the keyed grammar, and a line for it.
fn keyed<'a>(choices: &mut Unstructured<'a>) -> Result<(Request<'a>, Words)> {
    let mut request = Request::keyed();
    let mut items = Vec::new();
    let key = choices.arbitrary()?;
    request.key = Key::Chosen(key);
    let text = key_text(key, choices)?;
    // A mark that the standard grammar does not take: see grammar.rs.
    let mut refused_by_standard = text == b"private";
    let is_marked = refused_by_standard || text.starts_with(b"0x") || text.starts_with(b"0X");
    let resource = *choices.choose(&[Opt::Shmem, Opt::Queue, Opt::Semaphore])?;
    items.push(Item::with(resource, text));
    if resource == Opt::Shmem {
        let bytes = bytes(choices)?;
        request.shm = Some(bytes);
        items.push(Item::with(Opt::Size, size(bytes, choices)?));
    } else if resource == Opt::Queue {
        let bytes = choices.int_in_range(0..=0x7fff_ffff)?;
        request.queue = true;
        request.qbytes = Qbytes::new(bytes);
        items.push(Item::with(Opt::Size, size(bytes, choices)?));
        refused_by_standard |= is_marked;
    } else {
        request.sem = Some(Nsems::ONE);
        refused_by_standard |= is_marked;
        if flip(choices) {
            let number = choices.int_in_range(1..=0x7fff_ffff)?;
            request.sem = Nsems::new(number);
            items.push(Item::with(Opt::Nsems, decimal(number, choices)?));
        }
        if flip(choices) {
            // Ignored, whatever it says.
            items.push(Item::with(Opt::Size, name(choices)?.to_vec()));
        }
    }
    if flip(choices) {
        let key = choices.arbitrary()?;
        request.key = Key::Chosen(key);
        request.existing = true;
        items.push(Item::with(Opt::Optkey, key_text(key, choices)?));
        refused_by_standard = true;
    }
    if flip(choices) {
        items.push(mode(&mut request, choices)?);
    }
    shuffle_and_repeat(&mut items, choices)?;
    let mut line = Line::new(Grammar::Keyed);
    if !refused_by_standard || flip(choices) {
        line.spell(&[Item::flag(Opt::Keyed)], choices)?;
    }
    line.spell(&items, choices)?;
    Ok((request, line.words))
}

/// Puts options into any order, and other arguments before the last one of some.
fn shuffle_and_repeat(items: &mut Vec<Item>, choices: &mut Unstructured<'_>) -> Result<()> {
    for last in (1..items.len()).rev() {
        items.swap(last, choices.int_in_range(0..=last)?);
    }
    while flip(choices) && flip(choices) {
        let place = choices.choose_index(items.len())?;
        let Item { opt, ref argument } = items[place];
        // A number that is good for any option.
        let other = || {
            if opt == Opt::Name {
                b"other"
            } else {
                &b"1"[..]
            }
        };
        let earlier = match argument {
            Some(_) => Item::with(opt, other().to_vec()),
            None => Item::flag(opt),
        };
        items.insert(choices.int_in_range(0..=place)?, earlier);
    }
    Ok(())
}

/// A line that grows.
struct Line {
    grammar: Grammar,
    words: Words,
    /// The last word is a cluster that takes another letter.
    is_open: bool,
}

impl Line {
    const fn new(grammar: Grammar) -> Self {
        Self {
            grammar,
            words: Vec::new(),
            is_open: false,
        }
    }

    fn spell(&mut self, items: &[Item], choices: &mut Unstructured<'_>) -> Result<()> {
        for item in items {
            let row = item.row();
            let form = row.form(self.grammar).expect("an option of this grammar");
            match form.short {
                Some(letter) if row.long.is_empty() || flip(choices) => {
                    self.put_letter(letter, item, choices);
                }
                _ => self.put_name(row, item, choices)?,
            }
        }
        Ok(())
    }

    fn put_letter(&mut self, letter: u8, item: &Item, choices: &mut Unstructured<'_>) {
        match self.words.last_mut() {
            Some(cluster) if self.is_open && flip(choices) => cluster.push(letter),
            _ => self.words.push(vec![b'-', letter]),
        }
        self.is_open = item.argument.is_none();
        if let Some(argument) = &item.argument {
            let is_attached = !argument.is_empty() && flip(choices);
            self.put_argument(argument, is_attached);
        }
    }

    fn put_name(&mut self, row: &Row, item: &Item, choices: &mut Unstructured<'_>) -> Result<()> {
        let length = choices.int_in_range(self.shortest(row)..=row.long.len())?;
        let mut word = [b"--", &row.long.as_bytes()[..length]].concat();
        let is_attached = item.argument.is_some() && flip(choices);
        word.extend(is_attached.then_some(b'='));
        self.words.push(word);
        self.is_open = false;
        if let Some(argument) = &item.argument {
            self.put_argument(argument, is_attached);
        }
        Ok(())
    }

    fn put_argument(&mut self, argument: &[u8], is_attached: bool) {
        match self.words.last_mut() {
            Some(word) if is_attached => word.extend(argument),
            _ => self.words.push(argument.to_vec()),
        }
    }

    /// The length of the shortest abbreviation of an option's name. That of one of ours begins no
    /// name of util-linux's.
    fn shortest(&self, row: &Row) -> usize {
        let is_rival = |other: &&Row| {
            other.opt != row.opt
                && other.form(self.grammar).is_some()
                && (other.util_linux || !row.util_linux)
        };
        let rivals = TABLE.iter().filter(is_rival);
        let same = |other: &Row| {
            let pairs = row.long.bytes().zip(other.long.bytes());
            pairs.take_while(|(one, other)| one == other).count()
        };
        let shared = rivals.map(same).max().unwrap_or(0);
        (shared + 1).min(row.long.len())
    }
}

/// Any bytes that an argument can hold.
fn name<'a>(choices: &mut Unstructured<'a>) -> Result<&'a [u8]> {
    let length = choices.int_in_range(0..=20)?.min(choices.len());
    let bytes = choices.bytes(length)?;
    Ok(bytes.split(|&byte| byte == 0).next().unwrap_or_default())
}

/// A mode option, noted in the request.
fn mode(request: &mut Request<'_>, choices: &mut Unstructured<'_>) -> Result<Item> {
    let bits = choices.int_in_range(0..=0o777)?;
    request.mode = Mode::new(bits).expect("in range");
    let text = if flip(choices) && flip(choices) {
        // A negative number of 64 bits: strtoul(3) takes it.
        format!("-{:o}", bits.wrapping_neg()).into_bytes()
    } else {
        octal(bits, choices)?
    };
    Ok(Item::with(Opt::Mode, text))
}

/// What may stand before a number of the C library's.
fn lead(choices: &mut Unstructured<'_>) -> Result<&'static str> {
    choices
        .choose(&["", "", "", "+", " ", "\t\n\x0b\x0c\r ", " +"])
        .copied()
}

fn zeros(choices: &mut Unstructured<'_>) -> Result<&'static str> {
    choices
        .choose(&["", "", "0", "00000000000000000000000"])
        .copied()
}

fn octal(number: u64, choices: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(format!("{}{}{number:o}", lead(choices)?, zeros(choices)?).into_bytes())
}

fn decimal(number: u64, choices: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(format!("{}{}{number}", lead(choices)?, zeros(choices)?).into_bytes())
}

/// A number whose prefix says its base.
fn prefixed(number: u64, choices: &mut Unstructured<'_>) -> Result<String> {
    Ok(match choices.int_in_range(0..=3)? {
        0 => format!("{number}"),
        1 => format!("0{}{number:o}", zeros(choices)?),
        2 => format!("0x{}{number:x}", zeros(choices)?),
        _ => format!("0X{}{number:X}", zeros(choices)?),
    })
}

fn key_text(key: u32, choices: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    if key == 0 && flip(choices) {
        return Ok(b"private".to_vec());
    }
    Ok(prefixed(key.into(), choices)?.into_bytes())
}

/// The suffixes of a size whose units 64 bits hold.
const LETTERS: &str = "KMGTPE";

/// A letter, and the bytes in its unit of 1024 or of 1000.
fn unit(base: u64, choices: &mut Unstructured<'_>) -> Result<(char, u64)> {
    let power = choices.choose_index(LETTERS.len())?;
    let letter = LETTERS.as_bytes()[power].into();
    Ok((letter, base.pow(power as u32 + 1)))
}

/// A number of bytes: any, or a few units, or half of one more.
fn bytes(choices: &mut Unstructured<'_>) -> Result<u64> {
    let base = match choices.int_in_range(0..=2)? {
        0 => return choices.arbitrary(),
        1 => 1000,
        _ => 1024,
    };
    let (_, unit) = unit(base, choices)?;
    let halves = choices.int_in_range(0..=u64::MAX / (unit / 2))?;
    Ok(halves * (unit / 2))
}

fn size(bytes: u64, choices: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let lead = lead(choices)?;
    let base = *choices.choose(&[1024, 1000])?;
    let (letter, unit) = unit(base, choices)?;
    let fraction = match bytes % unit {
        0 => *choices.choose(&[
            "",
            "",
            ".",
            ".0",
            "..",
            ".0.00",
            ".000000000000000000000000",
        ])?,
        half if half == unit / 2 => *choices.choose(&[".5", "..5", ".50"])?,
        _ => return Ok(format!("{lead}{}", prefixed(bytes, choices)?).into_bytes()),
    };
    let whole = prefixed(bytes / unit, choices)?;
    if fraction.is_empty() && letter == 'E' && whole.to_ascii_lowercase().starts_with("0x") {
        // It would be a digit.
        return Ok(format!("{lead}{bytes}").into_bytes());
    }
    let letter = if flip(choices) {
        letter.to_ascii_lowercase()
    } else {
        letter
    };
    let end = *match base {
        1024 => choices.choose(&["", "iB", "ib"])?,
        _ => choices.choose(&["B", "b"])?,
    };
    Ok(format!("{lead}{whole}{fraction}{letter}{end}").into_bytes())
}
