//! Bytes of the user's in a message: whether they are UTF-8, and what of them could forge a line or
//! move a terminal.

/// Whether bytes are UTF-8. `core::str::from_utf8` is faster, and six times as large.
pub fn is_utf8(mut bytes: &[u8]) -> bool {
    while let [first, rest @ ..] = bytes {
        bytes = rest;
        let length = first.leading_ones();
        if length == 0 {
            continue;
        }
        let mut code = u32::from(*first) & (0x7f >> length);
        for _ in 1..length {
            match bytes {
                [next @ 0x80..0xc0, rest @ ..] => {
                    code = code << 6 | u32::from(*next) & 0x3f;
                    bytes = rest;
                }
                _ => return false,
            }
        }
        // Refuses surrogates and overlong forms.
        let is_shortest = |code: char| u32::try_from(code.len_utf8()) == Ok(length);
        if length == 1 || !char::from_u32(code).is_some_and(is_shortest) {
            return false;
        }
    }
    true
}

/// Whether a terminal shows bytes and does nothing else: none of them is a control character, of
/// ASCII or of ISO 8859, the latter alone or as UTF-8.
pub fn is_harmless(bytes: &[u8]) -> bool {
    /// Begins a control character of ISO 8859 as UTF-8.
    const CONTROL: u8 = 0xc2;
    let is_text = is_utf8(bytes);
    let mut last = CONTROL;
    bytes.iter().all(|&byte| {
        let is_character = is_text && last != CONTROL;
        last = byte;
        match byte {
            0x80..0xa0 => is_character,
            _ => !byte.is_ascii_control(),
        }
    })
}

/// What stands behind a backslash for a byte: a letter or the byte itself. None for others.
pub const fn escape(byte: u8) -> Option<u8> {
    match byte {
        0x07 => Some(b'a'),
        0x08 => Some(b'b'),
        b'\t' => Some(b't'),
        b'\n' => Some(b'n'),
        0x0b => Some(b'v'),
        0x0c => Some(b'f'),
        b'\r' => Some(b'r'),
        b' ' | b'\\' => Some(byte),
        _ => None,
    }
}
