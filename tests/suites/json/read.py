"""Reads JSON texts as strictly as Python can, and writes what they say, for ../json.rs.

Standard input: each text behind a line with the number of its bytes. Standard output: a line of fields with tabs between
them for each object, and a line `.` behind those of each text.
"""

import json
import sys
from urllib.parse import quote_from_bytes


TEXTS = ("kind", "key", "mode")
NUMBERS = ("id", "size", "nsems", "qbytes", "maxmsg", "msgsize", "created")
BYTES = ("path", "name")


def once(pairs):
    """An object whose names all differ."""
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def refused(constant):
    raise ValueError(f"{constant} is no JSON")


def field(value):
    """A string as it is, anything else as JSON has it."""
    return value if isinstance(value, str) else json.dumps(value)


def number(value):
    """Anything as JSON has it, so that a string is not taken for a number."""
    return json.dumps(value)


def any_bytes(value):
    """A string, or an array of bytes."""
    if isinstance(value, str):
        return "s" + quote_from_bytes(value.encode(), safe="")
    assert all(type(byte) is int for byte in value), value
    return "a" + ",".join(map(str, value))


while size := sys.stdin.buffer.readline():
    text = sys.stdin.buffer.read(int(size))
    parsed = json.loads(text.decode("utf-8", "strict"), object_pairs_hook=once, parse_constant=refused)
    assert list(parsed) == ["ipcmk"], parsed
    for item in parsed["ipcmk"]:
        assert set(item) <= {*TEXTS, *NUMBERS, *BYTES}, item
        texts = [field(item[name]) if name in item else "-" for name in TEXTS]
        numbers = [number(item[name]) if name in item else "-" for name in NUMBERS]
        strings = [any_bytes(item[name]) if name in item else "-" for name in BYTES]
        print(*texts, *numbers, *strings, sep="\t")
    print(".")
