//! Checks that any request, in one of the many spellings of its command line, is read as that
//! request.

use arbitrary::{Result, Unstructured};
use ipcmk::cli::number;
use ipcmk::cli::options::{Grammar, Opt, Row, TABLE};
use ipcmk::cli::request::{Action, Output, Request};
use ipcmk_tests::reading;

/// The bytes choose the request and its spelling.
pub fn run(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    let posixly_correct = flip(&mut choices);
    let (action, made) = if flip(&mut choices) {
        (Action::Create, keyed(&mut choices, posixly_correct))
    } else if flip(&mut choices) && flip(&mut choices) {
        (Action::Batch, batch(&mut choices))
    } else {
        (Action::Create, standard(&mut choices, posixly_correct))
    };
    // When the bytes are used up, choices are 0 or empty; only an empty range is an error.
    let (request, line) = made.expect("no range is empty");
    let words: Vec<&[u8]> = line.iter().map(Vec::as_slice).collect();
    let (result, read) = reading::read(words.iter().copied(), posixly_correct);
    let shown = || line.iter().map(|word| word.escape_ascii().to_string());
    let shown = || shown().collect::<Vec<_>>();
    assert_eq!(result, Ok(action), "{:?}: {request:?}", shown());
    assert_eq!(Wanted::of(&read), request, "{:?}", shown());
    if let Err(what) = reading::check(&words, posixly_correct) {
        panic!("{:?}: {what}", shown());
    }
}

/// The content of a request.
#[derive(Debug, PartialEq, Eq)]
struct Wanted<'a> {
    /// The options with numbers.
    numbers: Vec<(Opt, u64)>,
    /// The options without.
    flags: Vec<Opt>,
    /// The name of POSIX objects, or the file of a batch.
    name: &'a [u8],
    ftok: Option<(&'a [u8], u64)>,
    mode: u32,
    output: Output,
    owner: (u32, u32),
    values: Vec<u64>,
}

/// The options whose number matters.
const NUMBERS: [Opt; 9] = [
    Opt::Shmem,
    Opt::PosixShmem,
    Opt::Semaphore,
    Opt::Key,
    Opt::Qbytes,
    Opt::Maxmsg,
    Opt::Msgsize,
    Opt::Libc,
    Opt::Hugetlb,
];
/// The options that are only present or absent.
const FLAGS: [Opt; 10] = [
    Opt::Queue,
    Opt::PosixMqueue,
    Opt::PosixSemaphore,
    Opt::Existing,
    Opt::Allocate,
    Opt::Noreserve,
    Opt::Lock,
    Opt::DryRun,
    Opt::Remove,
    Opt::Batch,
];

impl<'a> Wanted<'a> {
    const fn new(mode: u32, output: Output) -> Self {
        Self {
            numbers: Vec::new(),
            flags: Vec::new(),
            name: b"",
            ftok: None,
            mode,
            output,
            owner: (u32::MAX, u32::MAX),
            values: Vec::new(),
        }
    }

    fn of(request: &Request<'a>) -> Self {
        let has = |opt: Opt| request.has(opt);
        Self {
            numbers: NUMBERS
                .into_iter()
                .filter_map(|opt| Some((opt, request.get(opt)?)))
                .collect(),
            flags: FLAGS.into_iter().filter(|opt| has(*opt)).collect(),
            name: if has(Opt::Batch) {
                request.batch
            } else if has(Opt::Name) {
                request.name
            } else {
                b""
            },
            ftok: request.ftok(),
            mode: request.mode(),
            output: request.output(),
            owner: if has(Opt::Owner) {
                let id = |part| str::from_utf8(part).ok()?.parse().ok();
                let [user, group] = request.owner_parts().map(id);
                (user.unwrap_or(u32::MAX), group.unwrap_or(u32::MAX))
            } else {
                (u32::MAX, u32::MAX)
            },
            values: if has(Opt::Value) {
                request.values().collect()
            } else {
                Vec::new()
            },
        }
    }

    /// Sorts both lists as [`Self::of`] does.
    fn sorted(mut self) -> Self {
        let place = |opts: &[Opt], opt| opts.iter().position(|one| *one == opt);
        self.numbers.sort_by_key(|(opt, _)| place(&NUMBERS, *opt));
        self.flags.sort_by_key(|opt| place(&FLAGS, *opt));
        self
    }
}

/// Chooses properties, which only our ipcmk has, in both grammars, for objects of these kinds.
fn properties(
    wanted: &mut Wanted<'_>,
    resources: &[Opt],
    nsems: u64,
    items: &mut Vec<Item>,
    choices: &mut Unstructured<'_>,
) -> Result<()> {
    if flip(choices) {
        let uid = choices.int_in_range(0..=u32::MAX - 1)?;
        wanted.owner = (uid, u32::MAX);
        let mut text = format!("{}{uid}", zeros(choices)?);
        if flip(choices) {
            wanted.owner.1 = choices.int_in_range(0..=u32::MAX - 1)?;
            text = format!("{text}:{}{}", zeros(choices)?, wanted.owner.1);
        }
        items.push(Item::with(Opt::Owner, text.into_bytes()));
    }
    formats(wanted, items, choices);
    if resources.contains(&Opt::Shmem) {
        for opt in [Opt::Noreserve, Opt::Lock] {
            if flip(choices) {
                wanted.flags.push(opt);
                items.push(Item::flag(opt));
            }
        }
        if flip(choices) {
            // Without a size the kernel's default applies, and there is no logarithm.
            let log = choices.int_in_range(0..=63)?;
            wanted.numbers.push((Opt::Hugetlb, log));
            items.push(match log {
                0 => Item::flag(Opt::Hugetlb),
                _ => Item::with(Opt::Hugetlb, size(1 << log, choices)?),
            });
        }
    }
    let [in_set, posix] =
        [Opt::Semaphore, Opt::PosixSemaphore].map(|resource| resources.contains(&resource));
    if (in_set || posix) && flip(choices) {
        // A POSIX semaphore has one value, which can be larger.
        let many = if !posix && nsems <= 8 && flip(choices) {
            nsems
        } else {
            1
        };
        let most = if in_set { 32767 } else { 0x7fff_ffff };
        let mut values = Vec::new();
        for _ in 0..many {
            let value = choices.int_in_range(0..=most)?;
            wanted.values.push(value);
            values.push(format!("{}{value}", zeros(choices)?));
        }
        items.push(Item::with(Opt::Value, values.join(",").into_bytes()));
    }
    if resources.contains(&Opt::PosixShmem) && flip(choices) {
        wanted.flags.push(Opt::Allocate);
        items.push(Item::flag(Opt::Allocate));
    }
    intent(wanted, items, choices);
    Ok(())
}

/// Chooses whether objects are removed, and whether the line is only checked.
fn intent(wanted: &mut Wanted<'_>, items: &mut Vec<Item>, choices: &mut Unstructured<'_>) {
    for opt in [Opt::DryRun, Opt::Remove] {
        if flip(choices) {
            wanted.flags.push(opt);
            items.push(Item::flag(opt));
        }
    }
}

/// Chooses the format of the output.
fn formats(wanted: &mut Wanted<'_>, items: &mut Vec<Item>, choices: &mut Unstructured<'_>) {
    for (opt, output) in [(Opt::Raw, Output::Raw), (Opt::Json, Output::Json)] {
        if flip(choices) {
            items.push(Item::flag(opt));
            wanted.output = output;
        }
    }
}

/// Chooses a request for a batch, and its command line.
fn batch<'a>(choices: &mut Unstructured<'a>) -> Result<(Wanted<'a>, Words)> {
    let mut request = Wanted::new(0o644, Output::Words);
    let file = name(choices)?;
    request.name = file;
    request.flags.push(Opt::Batch);
    let mut items = vec![Item::with(Opt::Batch, file.to_vec())];
    formats(&mut request, &mut items, choices);
    intent(&mut request, &mut items, choices);
    shuffle_and_repeat(&mut items, choices)?;
    let mut line = Line::new(Grammar::Standard);
    line.spell(&items, choices)?;
    Ok((request.sorted(), line.words))
}

/// Words of a command line.
type Words = Vec<Vec<u8>>;

/// Chooses true or false; false when the bytes are used up.
fn flip(choices: &mut Unstructured<'_>) -> bool {
    choices.arbitrary().unwrap_or(false)
}

/// An option to be spelled, with its argument if it takes one.
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

/// Chooses a request of the standard grammar, and its command line.
fn standard<'a>(
    choices: &mut Unstructured<'a>,
    posixly_correct: bool,
) -> Result<(Wanted<'a>, Words)> {
    let mut request = Wanted::new(0o644, Output::Words);
    let mut items = Vec::new();
    // One bit for each of six objects; none of them becomes a queue.
    let wanted = match choices.int_in_range(0..=0b11_1111)? {
        0 => 0b100,
        wanted => wanted,
    };
    let wants = |bit: u8| wanted & (1 << bit) != 0;
    let mut nsems = 0;
    if wants(0) {
        let bytes = bytes(choices)?;
        request.numbers.push((Opt::Shmem, bytes));
        items.push(Item::with(Opt::Shmem, size(bytes, choices)?));
    }
    if wants(1) {
        let bytes = bytes(choices)?;
        request.numbers.push((Opt::PosixShmem, bytes));
        items.push(Item::with(Opt::PosixShmem, size(bytes, choices)?));
    }
    if wants(2) {
        request.flags.push(Opt::Queue);
        items.push(Item::flag(Opt::Queue));
    }
    if wants(3) {
        request.flags.push(Opt::PosixMqueue);
        items.push(Item::flag(Opt::PosixMqueue));
    }
    if wants(4) {
        nsems = many(choices)?;
        let number = nsems;
        request.numbers.push((Opt::Semaphore, number));
        items.push(Item::with(Opt::Semaphore, decimal(number, choices)?));
    }
    if wants(5) {
        request.flags.push(Opt::PosixSemaphore);
        items.push(Item::flag(Opt::PosixSemaphore));
    }
    if wanted & 0b10_1010 != 0 || flip(choices) {
        // Only POSIX objects use it.
        let name = name(choices)?;
        request.name = name;
        items.push(Item::with(Opt::Name, name.to_vec()));
    }
    let resources = [
        Opt::Shmem,
        Opt::PosixShmem,
        Opt::Queue,
        Opt::PosixMqueue,
        Opt::Semaphore,
        Opt::PosixSemaphore,
    ];
    let resources = resources.into_iter().zip(0..);
    let resources = resources.filter(|(_, bit)| wants(*bit));
    let resources: Vec<Opt> = resources.map(|(resource, _)| resource).collect();
    let is_posix = wanted & 0b10_1010 != 0;
    let mut has_key = false;
    if wanted & 0b01_0101 != 0 {
        match choices.int_in_range(0..=2)? {
            0 => {}
            1 => {
                let key: u32 = choices.arbitrary()?;
                request.numbers.push((Opt::Key, key.into()));
                items.push(Item::with(Opt::Key, key_text(key, choices)?));
                has_key = true;
            }
            _ => {
                items.push(ftok(&mut request, choices)?);
                has_key = true;
            }
        }
    }
    if (has_key || is_posix) && flip(choices) {
        request.flags.push(Opt::Existing);
        items.push(Item::flag(Opt::Existing));
    }
    for (opt, bit) in [(Opt::Qbytes, 2), (Opt::Msgsize, 3)] {
        if wants(bit) && flip(choices) {
            let bytes = choices.int_in_range(0..=0x7fff_ffff)?;
            request.numbers.push((opt, bytes));
            items.push(Item::with(opt, size(bytes, choices)?));
        }
    }
    if wants(3) && flip(choices) {
        let messages = choices.int_in_range(0..=0x7fff_ffff)?;
        request.numbers.push((Opt::Maxmsg, messages));
        items.push(Item::with(Opt::Maxmsg, decimal(messages, choices)?));
    }
    if wants(5) && flip(choices) {
        // With musl, a semaphore would be the file of shared memory of that name.
        let names: &[(u64, &str)] = if wants(1) {
            &[(0, "glibc")]
        } else {
            &[(0, "glibc"), (1, "musl")]
        };
        let (place, name) = *choices.choose(names)?;
        request.numbers.push((Opt::Libc, place));
        items.push(Item::with(Opt::Libc, name.into()));
    }
    properties(&mut request, &resources, nsems, &mut items, choices)?;
    let mut operand = None;
    if wanted == 0b1 && flip(choices) {
        let bits: u64 = choices.int_in_range(0..=0o777)?;
        request.mode = bits as u32;
        let width = choices.int_in_range(3..=4)?;
        operand = Some(format!("{bits:0width$o}").into_bytes());
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
    Ok((request.sorted(), line.words))
}

/// Chooses a request of the keyed grammar, and its command line.
fn keyed<'a>(choices: &mut Unstructured<'a>, posixly_correct: bool) -> Result<(Wanted<'a>, Words)> {
    let mut request = Wanted::new(0o666, Output::Raw);
    let mut items = Vec::new();
    let mut key: u32 = choices.arbitrary()?;
    let text = key_text(key, choices)?;
    let mut nsems = 1;
    let resource = *choices.choose(&[Opt::Shmem, Opt::Queue, Opt::Semaphore])?;
    items.push(Item::with(resource, text));
    if resource == Opt::Shmem {
        let bytes = bytes(choices)?;
        request.numbers.push((Opt::Shmem, bytes));
        items.push(Item::with(Opt::Size, size(bytes, choices)?));
    } else if resource == Opt::Queue {
        let bytes = choices.int_in_range(0..=0x7fff_ffff)?;
        request.flags.push(Opt::Queue);
        request.numbers.push((Opt::Qbytes, bytes));
        items.push(Item::with(Opt::Size, size(bytes, choices)?));
    } else {
        if flip(choices) {
            let number = many(choices)?;
            nsems = number;
            items.push(Item::with(Opt::Nsems, decimal(number, choices)?));
        }
        if flip(choices) {
            // Ignored, whatever its argument.
            items.push(Item::with(Opt::Size, name(choices)?.to_vec()));
        }
        request.numbers.push((Opt::Semaphore, nsems));
    }
    properties(&mut request, &[resource], nsems, &mut items, choices)?;
    let mut is_existing = flip(choices);
    if is_existing {
        items.push(Item::flag(Opt::Existing));
    }
    if flip(choices) {
        key = choices.arbitrary()?;
        is_existing = true;
        items.push(Item::with(Opt::Optkey, key_text(key, choices)?));
    }
    request.flags.extend(is_existing.then_some(Opt::Existing));
    request.numbers.push((Opt::Key, key.into()));
    if flip(choices) {
        items.push(mode(&mut request, choices)?);
    }
    shuffle_and_repeat(&mut items, choices)?;
    let mut line = Line::new(Grammar::Keyed);
    line.spell(&items, choices)?;
    let words: Vec<&[u8]> = line.words.iter().map(Vec::as_slice).collect();
    if !reading::is_by_keys(&words, posixly_correct) || flip(choices) {
        let mut keyed = Line::new(Grammar::Keyed);
        keyed.spell(&[Item::flag(Opt::Keyed)], choices)?;
        line.words.splice(..0, keyed.words);
    }
    Ok((request.sorted(), line.words))
}

/// Shuffles options, and inserts other arguments before the last occurrence of some.
fn shuffle_and_repeat(items: &mut Vec<Item>, choices: &mut Unstructured<'_>) -> Result<()> {
    for last in (1..items.len()).rev() {
        items.swap(last, choices.int_in_range(0..=last)?);
    }
    while flip(choices) && flip(choices) {
        let place = choices.choose_index(items.len())?;
        let Item { opt, ref argument } = items[place];
        // A number that any option with a number accepts.
        let other = || match opt {
            Opt::Name => &b"other"[..],
            Opt::Libc => &b"musl"[..],
            Opt::Hugetlb => &b"2"[..],
            _ => &b"1"[..],
        };
        let earlier = match argument {
            Some(_) => Item::with(opt, other().to_vec()),
            None => Item::flag(opt),
        };
        items.insert(choices.int_in_range(0..=place)?, earlier);
    }
    Ok(())
}

/// A line under construction.
struct Line {
    grammar: Grammar,
    words: Words,
    /// Whether the last word is a cluster to which a letter can be appended.
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
        // An optional argument cannot be a separate word.
        let must_be = item.opt == Opt::Hugetlb;
        let is_attached = item.argument.is_some() && (must_be || flip(choices));
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

    /// The length of the shortest abbreviation of an option's name. An abbreviation of a name of
    /// ours is no prefix of a name of util-linux's. --remove has none.
    fn shortest(&self, row: &Row) -> usize {
        if row.opt == Opt::Remove {
            return row.long.len();
        }
        // The standard grammar, which has --key, reads it too.
        let grammar = match row.opt {
            Opt::Keyed => Grammar::Standard,
            _ => self.grammar,
        };
        let is_rival = |other: &&Row| {
            other.opt != row.opt
                && other.opt != Opt::Remove
                && other.form(grammar).is_some()
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

/// Chooses a number of semaphores, often a small one.
fn many(choices: &mut Unstructured<'_>) -> Result<u64> {
    let most = *choices.choose(&[0x7fff_ffff, 8])?;
    choices.int_in_range(1..=most)
}

/// Chooses any bytes that an argument can have.
fn name<'a>(choices: &mut Unstructured<'a>) -> Result<&'a [u8]> {
    let length = choices.int_in_range(0..=20)?.min(choices.len());
    let bytes = choices.bytes(length)?;
    Ok(bytes.split(|&byte| byte == 0).next().unwrap_or_default())
}

/// Chooses a file for ftok(3), and adds it to the request.
fn ftok<'a>(request: &mut Wanted<'a>, choices: &mut Unstructured<'a>) -> Result<Item> {
    let path = name(choices)?;
    let id: u8 = choices.arbitrary()?;
    request.ftok = Some((path, id.into()));
    let mut text = path.to_vec();
    // The default id is 1, unless the path ends like an id.
    let (_, end) = number::split_ftok(path);
    if id != 1 || !end.is_empty() || flip(choices) {
        text.push(b':');
        text.extend(prefixed(id.into(), choices)?.into_bytes());
    }
    Ok(Item::with(Opt::Ftok, text))
}

/// Chooses a mode option, and adds it to the request.
fn mode(request: &mut Wanted<'_>, choices: &mut Unstructured<'_>) -> Result<Item> {
    let bits: u64 = choices.int_in_range(0..=0o777)?;
    request.mode = bits as u32;
    let text = if flip(choices) && flip(choices) {
        // A negative number of 64 bits, which strtoul(3) accepts.
        format!("-{:o}", bits.wrapping_neg()).into_bytes()
    } else {
        octal(bits, choices)?
    };
    Ok(Item::with(Opt::Mode, text))
}

/// Characters that the C library accepts before a number.
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

/// Formats a number with a prefix for its base.
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
    if let signed @ ..0 = key.cast_signed()
        && flip(choices)
    {
        return Ok(signed.to_string().into_bytes());
    }
    Ok(prefixed(key.into(), choices)?.into_bytes())
}

/// The suffixes of a size whose units fit into 64 bits.
const LETTERS: &str = "KMGTPE";

/// Chooses a letter, and the bytes in its unit of 1024 or of 1000.
fn unit(base: u64, choices: &mut Unstructured<'_>) -> Result<(char, u64)> {
    let power = choices.choose_index(LETTERS.len())?;
    let letter = LETTERS.as_bytes()[power].into();
    Ok((letter, base.pow(power as u32 + 1)))
}

/// Chooses a number of bytes: any, or a few units, or half a unit more.
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
