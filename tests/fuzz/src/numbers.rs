//! Reads any bytes as a number.

use ipcmk::cli::number;
use ipcmk::cli::options::Argument;

use crate::model;

/// Reads the text up to its first NUL as a number of each kind.
pub fn run(data: &[u8]) {
    let text = data.split(|&byte| byte == 0).next().unwrap_or_default();
    let shown = || text.escape_ascii().to_string();
    assert_eq!(number::size(text), model::size(text), "size {:?}", shown());

    let mode = number::read(Argument::Mode, text);
    assert_eq!(mode, model::mode(text).map(u64::from), "mode {:?}", shown());
    let nsems = number::read(Argument::Elements, text);
    assert_eq!(
        nsems,
        model::nsems(text).map(u64::from),
        "nsems {:?}",
        shown()
    );
    let count = number::read(Argument::Count, text);
    assert_eq!(count, model::count(text), "count {:?}", shown());
    let libc = number::read(Argument::Libc, text).ok();
    let place = ["glibc", "musl"]
        .iter()
        .position(|name| name.as_bytes() == text);
    let place = place.map(|place| place as u64);
    assert_eq!(libc, place, "libc {:?}", shown());
    let key = number::read(Argument::Key, text);
    assert_eq!(key, model::key(text).map(u64::from), "key {:?}", shown());
    let owner = number::read(Argument::Owner, text).is_ok();
    assert_eq!(owner, model::is_owner(text), "owner {:?}", shown());
    let values = number::read(Argument::Values, text).ok();
    assert_eq!(values, model::values(text), "values {:?}", shown());
    let id = number::read(Argument::Ftok, text);
    let (path, expected) = model::ftok(text);
    assert_eq!(id, expected, "ftok id {:?}", shown());
    assert_eq!(number::split_ftok(text).0, path, "path of {:?}", shown());
    let log = number::read(Argument::HugePage, text).ok();
    let size = model::size(text).ok();
    let power = size.filter(|size| size.is_power_of_two() && *size > 1);
    assert_eq!(
        log,
        power.map(|size| size.ilog2().into()),
        "huge page {:?}",
        shown()
    );

    let mut rest = text;
    let taken = number::take(&mut rest).map(|number| (number, rest));
    // The kernel writes no minus, and its meaning is not specified.
    if !text.contains(&b'-') {
        assert_eq!(taken, model::take(text), "at the start of {:?}", shown());
    }
}
