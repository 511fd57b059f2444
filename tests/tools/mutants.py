#!/usr/bin/env python3
"""Breaks the program, one mistake at a time, and prints which test notices.

    mutants.py                  tries every mutant of tests/mutants.txt
    mutants.py NAME...          tries these
    mutants.py --check          only finds the place of each mutant in src/: no build, no test

Prints a line for each mutant, and writes the lines to target/mutants/results:

    <name>  caught by <suite>: <first test that fails> (<how many fail>)
    <name>  NOT CAUGHT

The exit status is 1 if a mutant is not caught, and 2, before anything is built, if a mutant's
source is not found in src/ exactly once: such a row proves nothing, and must be corrected in
tests/mutants.txt.

Each mutant is built in a copy of the tree below target/mutants. The unit tests and the scripted
kernel run first; then the native cases, on the binary that is built from the mutant; then the
modelled kernel, until one fails. If all of these pass, the other suites run, with an aarch64 binary
of the mutant too. Each suite must first pass on the unchanged tree. A suite that does not end in
time counts as failed. The runner of the cases is built from the unchanged tree.
"""

import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests/mutants.txt"
WORK = ROOT / "target/mutants"
TREE = WORK / "tree"
RUNNER = ROOT / "target/tests/cases-x86_64"
X86_64 = WORK / "target/release/ipcmk"
# The other boards: the file of each, and its emulator.
ROWS = [row.split() for row in (ROOT / "tests/boards.txt").read_text("utf-8").splitlines() if row[:1] != "#"]
CROSS = {
    row["name"]: (TREE / f"target/cross/{row['target']}/release/ipcmk", row["user"])
    for row in (dict(zip(ROWS[0], row)) for row in ROWS[1:])
    if row["user"] != "-"
}

CARGO = ["cargo", "test", "--quiet", "--no-fail-fast"]


def integration(name):
    return [*CARGO, "--package", "ipcmk-tests", "--test", name]


def cases(*arguments, paths=("tests/cases",)):
    return [RUNNER, *arguments, "--place", "native", "--subject", X86_64, *paths]


BUILD = ["build", "--quiet", "--release", "--bin", "ipcmk"]
FAST = {
    "unit": [*CARGO, "--lib"],
    "scripted": integration("scripted"),
    "the build": ["cargo", *BUILD],
    "cases": cases(),
    "model": integration("model"),
}
# The quickest first. Without selftest and planted, which do not test the product, and elf, which
# tests builds.
SLOW = {
    "the build": ["cargo", *BUILD],
    **{f"the build for {board}": ["tests/tools/cross.sh", board, *BUILD] for board in CROSS},
    **{
        name: integration(name)
        for name in ("docs", "numbers", "collision", "cookbook", "posix_load", "removal", "ftok", "load", "posix", "json", "sizes")
        + ("ready", "other_name", "owners", "observer", "exhaustive", "differential")
    },
    "fuzz-corpus": [*CARGO, "--package", "ipcmk-fuzz"],
    "faults": cases("--faults", "some", paths=["tests/cases/faults.case", "tests/cases/faults-native.case"]),
    **{
        f"cases on {board}": [RUNNER, "--place", f"qemu-user-{board}", "--subject", file, "--through", emulator, "tests/cases"]
        for board, (file, emulator) in CROSS.items()
    },
    **{name: integration(name) for name in ("stack", "valgrind")},
}

# Seconds: many times the duration of any suite. A mutant may never end.
LIMIT = 1200

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("POSIXLY_CORRECT", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET")
    and not name.startswith(("IPCMK_", "MAKE", "MFLAGS"))
} | {
    # A mutant is built once: it is tested sooner than it is optimized.
    "CARGO_PROFILE_TEST_OPT_LEVEL": "0",
    "LC_ALL": "C",
    "RUST_BACKTRACE": "0",
    "CARGO_TERM_COLOR": "never",
    # Debug information takes half of the time of a build.
    "CARGO_PROFILE_DEV_DEBUG": "0",
    "CARGO_TARGET_DIR": str(WORK / "target"),
    "IPCMK_X86_64": str(X86_64),
    # The copy has no compiler of its own: see rust.sh.
    "CROSS_RUSTC": f"rustc {ROOT}/target/rust/rustc",
    **{f"IPCMK_{board.upper()}": str(file) for board, (file, _) in CROSS.items()},
}


class Mutant:
    """A row of the table: a name, and pairs of source and replacement."""

    def __init__(self, name):
        self.name = name
        self.edits = []

    def add(self, sign, text):
        if sign == "-" and (not self.edits or self.edits[-1][1] is not None):
            self.edits.append([text, None])
        elif sign == "-":
            self.edits[-1][0] += "\n" + text
        elif self.edits and self.edits[-1][1] is None:
            self.edits[-1][1] = text
        elif self.edits:
            self.edits[-1][1] += "\n" + text

    def apply(self, sources):
        """Returns the files that change, with their new texts. ValueError for a wrong row."""
        changed = {}
        for source, replacement in self.edits:
            pattern = pattern_of(source)
            found = [
                (path, match)
                for path, text in sources.items()
                for match in pattern.finditer(changed.get(path, text))
            ]
            if len(found) != 1:
                places = ", ".join(str(path.relative_to(ROOT)) for path, _ in found) or "nowhere in src/"
                raise ValueError(f"{self.name}: `{source}` is {places}, and must be in one place")
            [(path, match)] = found
            text = changed.get(path, sources[path])
            changed[path] = text[: match.start()] + replacement + text[match.end() :]
        if all(sources[path] == text for path, text in changed.items()):
            raise ValueError(f"{self.name}: changes nothing")
        return changed


def pattern_of(source):
    """Returns a pattern of this source with any line breaks and comments between its tokens."""
    gap = r"(?:\s|//[^\n]*\n)"
    tokens = re.findall(r"\w+|[^\w\s]", source)
    pattern = before = ""
    for token in tokens:
        words = bool(re.match(r"\w", token) and re.search(r"\w\Z", before))
        pattern += (gap + ("+" if words else "*") if before else "") + re.escape(token)
        before = token
    start, end = (r"(?<!\w)" if re.match(r"\w", tokens[0]) else ""), (r"(?!\w)" if re.match(r"\w", tokens[-1]) else "")
    return re.compile(start + pattern + end)


def read_table():
    """Reads the mutants. `#` begins a comment; a row is a line with its name, then lines of source
    that begin with `- `, and lines of its replacement that begin with `+ `."""
    mutants = []
    for number, line in enumerate(TABLE.read_text("utf-8").splitlines(), 1):
        sign, text = line[:1], line[1:].strip()
        if not line or sign == "#":
            continue
        if sign not in "-+":
            mutants.append(Mutant(line.strip()))
        elif mutants:
            mutants[-1].add(sign, text)
    names = [mutant.name for mutant in mutants]
    errors = [f"{name}: is there twice" for name in sorted(set(names)) if names.count(name) > 1]
    errors += [
        f"{mutant.name}: lacks a line of source or its replacement"
        for mutant in mutants
        if not mutant.edits or not all(source and new is not None for source, new in mutant.edits)
    ]
    if errors or not mutants:
        fail(errors or ["no mutant"])
    return mutants


def fail(errors):
    for error in errors:
        print(f"mutants: {error}", file=sys.stderr)
    sys.exit(2)


def copy_tree():
    """Updates the copy. An equal file keeps its mtime, so that cargo does not build it again; one
    that differs, such as the mutant of the last run, gets a new one."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    files = {pathlib.Path(name) for name in os.fsdecode(listed).split("\0") if name and (ROOT / name).is_file()}
    for old in [path for path in TREE.rglob("*") if path.is_file() and not path.is_relative_to(TREE / "target")]:
        if old.relative_to(TREE) not in files:
            old.unlink()
    for name in files:
        new, copy = ROOT / name, TREE / name
        if not copy.is_file() or copy.read_bytes() != new.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(new.read_bytes())
        copy.chmod(new.stat().st_mode)
    # Suites look for these in target/ of their own tree.
    (TREE / "target").mkdir(exist_ok=True)
    for name in ("musl", "util-linux-2.41"):
        link = TREE / "target" / name
        if not link.is_symlink():
            link.symlink_to(ROOT / "target" / name)


def run(command):
    """Runs a command in the copy. Returns None if it succeeds, else its output."""
    process = subprocess.Popen(
        command,
        cwd=TREE,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=LIMIT)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            return f"FAILED: it has not ended within {LIMIT} s\n"
        raise
    return None if process.returncode == 0 else output.decode(errors="replace")


def judge(suite, command, log):
    """Runs a suite on the tree. Returns None if it passes, else the first test that fails."""
    is_built_first = command[: len(CARGO)] == CARGO
    output = run([*command, "--no-run"]) if is_built_first else None
    is_build = output is not None or "build" in command
    output = output or run(command)
    if output is None:
        return None
    log.write_text(output)
    if is_build:
        return f"{suite if 'build' in command else 'the build'}: {first_error(output)}"
    # The last list of libtest or libtest-mimic; otherwise, the error that ended the suite.
    _, heading, names = output.rpartition("\nfailures:\n")
    failures = re.findall(r"^    (\S.*)$", names, re.MULTILINE) if heading else []
    others = re.search(r"^FAILED: .*|panicked at .*(?=:$)|\(signal: .*", output, re.MULTILINE)
    if failures:
        return f"{suite}: {failures[0]} ({len(failures)} fail)"
    return f"{suite}: {others[0] if others else f'it fails, see {log}'}"


def first_error(output):
    """Returns the compiler's first error, or the linker's."""
    undefined = re.search(r"undefined reference to `([^']*)'", output) or re.search(r"\b(?:ERROR|BUG): .*", output)
    error = undefined or re.search(r"^error.*$", output, re.MULTILINE)
    return error[0] if error else "it fails"


class Tree:
    """The copy of the tree, with at most one mutant at a time."""

    def __init__(self, sources):
        self.sources = sources
        self.spoilt = []
        (WORK / "logs").mkdir(parents=True, exist_ok=True)
        copy_tree()

    def change(self, changed):
        for path in self.spoilt:
            (TREE / path.relative_to(ROOT)).write_text(self.sources[path], "utf-8")
        self.spoilt = list(changed)
        for path, text in changed.items():
            (TREE / path.relative_to(ROOT)).write_text(text, "utf-8")

    def judge(self, name, changed, suites):
        """Runs these suites on the tree with these files changed, until one fails. Returns the
        first failure, or None."""
        self.change(changed)
        for suite, command in suites.items():
            complaint = judge(suite, command, WORK / "logs" / f"{name}.{suite.replace(' ', '-')}")
            if complaint:
                return complaint
        return None

    def expect_clean(self, suites):
        """Exits unless every suite passes on the unchanged tree."""
        complaint = self.judge("unchanged", {}, suites)
        if complaint:
            fail([f"the unchanged tree does not pass {complaint}"])


def main():
    parser = argparse.ArgumentParser(description="Breaks the product, one mistake at a time.")
    parser.add_argument("--check", action="store_true", help="only find the place of each mutant in src/")
    parser.add_argument("names", nargs="*", metavar="NAME", help="the mutants to try, instead of all")
    options = parser.parse_args()

    mutants = read_table()
    unknown = set(options.names) - {mutant.name for mutant in mutants}
    if unknown:
        fail([f"{name}: no such mutant" for name in sorted(unknown)])
    sources = {path: path.read_text("utf-8") for path in sorted((ROOT / "src").rglob("*")) if path.is_file()}
    planned, errors = [], []
    for mutant in mutants:
        try:
            changed = mutant.apply(sources)
        except ValueError as error:
            errors.append(error)
        else:
            if not options.names or mutant.name in options.names:
                planned.append((mutant, changed))
    if errors:
        fail(errors)
    if options.check:
        print(f"{len(mutants)} mutants, each in one place")
        return 0

    # The exit ends the running suite too. A signal with a handler here is reset by exec, so no
    # subject inherits it as ignored, even if the caller of this script ignores it.
    for name in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(name, lambda *_: sys.exit(2))
    subprocess.run(["make", "--no-print-directory", "runner-x86_64"], cwd=ROOT, check=True)
    tree = Tree(sources)
    tree.expect_clean(FAST)
    results = {}
    with (WORK / "results").open("w") as file:

        def tell(mutant, complaint):
            results[mutant.name] = complaint
            line = f"{mutant.name}  " + (f"caught by {complaint}" if complaint else "NOT CAUGHT")
            print(line, flush=True)
            print(line, file=file, flush=True)

        left = []
        for mutant, changed in planned:
            complaint = tree.judge(mutant.name, changed, FAST)
            if complaint:
                tell(mutant, complaint)
            else:
                print(f"{mutant.name}  to the other suites", flush=True)
                left.append((mutant, changed))
        if left:
            tree.expect_clean(SLOW)
        for mutant, changed in left:
            tell(mutant, tree.judge(mutant.name, changed, SLOW))
    tree.change({})
    missed = [name for name, complaint in results.items() if not complaint]
    print(f"{len(results)} mutants, {len(results) - len(missed)} caught, {len(missed)} not caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
