#!/usr/bin/env python3
"""Breaks the product, one mistake at a time, and says which test notices.

    mutants.py                  tries every mutant of tests/mutants.txt
    mutants.py NAME...          tries these
    mutants.py --check          only finds the place of each mutant in src/: no build, no test

Prints a line a mutant, and keeps them in target/mutants/results:

    <name>  caught by <suite>: <first test that fails> (<how many fail>)
    <name>  NOT CAUGHT

The exit status is 1 if a mutant is not caught, and 2, before anything is built, if a mutant's place is not found in
src/ exactly once: such a row proves nothing, and must be put right in tests/mutants.txt.

Each mutant is made in a copy of the tree below target/mutants, and the real file is built from it. The unit tests, the
scripted kernel, the native cases and the modelled kernel run first, in this order, until one fails. What all of these let pass goes through
the other suites, for which aarch64's file is built from the mutant too. Each suite must pass on the unchanged tree
before its word is taken. A suite that does not end in time counts as one that fails. The cases run by a runner of the
unchanged tree.
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
AARCH64 = TREE / "target/cross/aarch64-unknown-linux-gnu/release/ipcmk"

CARGO = ["cargo", "test", "--quiet", "--no-fail-fast"]


def integration(name):
    return [*CARGO, "--package", "ipcmk-tests", "--test", name]


def cases(*arguments, paths=("tests/cases",)):
    return [RUNNER, *arguments, "--place", "native", "--subject", X86_64, *paths]


BUILD = ["cargo", "build", "--quiet", "--release", "--bin", "ipcmk"]
FAST = {
    "unit": [*CARGO, "--lib"],
    "scripted": integration("scripted"),
    "cases": cases(),
    "model": integration("model"),
}
# The quickest first. Not those whose subject is not the product, selftest and planted, nor elf, which judges builds.
SLOW = {
    **{
        name: integration(name)
        for name in ("docs", "numbers", "collision", "cookbook", "posix_load", "ftok", "load", "posix", "json", "sizes")
        + ("observer", "exhaustive", "differential")
    },
    "fuzz-corpus": [*CARGO, "--package", "ipcmk-fuzz"],
    "faults": cases("--faults", "some", paths=["tests/cases/faults.case", "tests/cases/faults-native.case"]),
    **{name: integration(name) for name in ("stack", "valgrind")},
}

# Seconds: many times as long as any suite takes. A mutant may never end.
LIMIT = 1200

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("POSIXLY_CORRECT", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET")
    and not name.startswith(("IPCMK_", "MAKE", "MFLAGS"))
} | {
    "LC_ALL": "C",
    "RUST_BACKTRACE": "0",
    "CARGO_TERM_COLOR": "never",
    "CARGO_TARGET_DIR": str(WORK / "target"),
    "IPCMK_X86_64": str(X86_64),
    "IPCMK_AARCH64": str(AARCH64),
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
        """The files that change, with their new texts. What is wrong with the row is a ValueError."""
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
    """Matches this source however it is broken into lines, and with comments between its tokens."""
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
    """The mutants. A `#` begins a comment; a line of its own is a name, `- ` source, and `+ ` its replacement."""
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
    """Brings the copy up to date. A file that is the same keeps its time, so that cargo builds no more than it must;
    one that is not, the last run's mutant too, gets a new one."""
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
    # What suites look for in target/ of their own tree.
    (TREE / "target").mkdir(exist_ok=True)
    for name in ("musl", "util-linux-2.41"):
        link = TREE / "target" / name
        if not link.is_symlink():
            link.symlink_to(ROOT / "target" / name)


def run(command):
    """Runs a command in the copy; None if it succeeds, else what it printed."""
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
            return f"test that it ends within {LIMIT} s ... FAILED\n"
        raise
    return None if process.returncode == 0 else output.decode(errors="replace")


def judge(suite, command, log):
    """What a suite says of the tree: None if it passes, else the first test that fails."""
    is_cargo = command[0] == "cargo"
    output = run([*command, "--no-run"]) if is_cargo else None
    if output is not None:
        log.write_text(output)
        return "the build: " + first_error(output)
    output = run(command)
    if output is None:
        return None
    log.write_text(output)
    # libtest's and libtest-mimic's `failures:` at the end of the output, whose tests are indented by four.
    failures = re.findall(r"^    (\S.*)$", output.rpartition("\nfailures:\n")[2], re.MULTILINE)
    failures = failures or re.findall(r"^test (.*?) +\.\.\. FAILED$", output, re.MULTILINE)
    others = re.findall(r"^(?:FAILED: .*|.*SIG[A-Z]+: .*)$", output, re.MULTILINE)
    if not failures and not others:
        return f"{suite}: it fails, see {log}"
    return f"{suite}: {(failures or others)[0]}" + (f" ({len(failures)} fail)" if failures else "")


def first_error(output):
    """The compiler's first error, or the linker's."""
    undefined = re.search(r"undefined reference to `([^']*)'", output) or re.search(r"\b(?:ERROR|BUG): .*", output)
    error = undefined or re.search(r"^error.*$", output, re.MULTILINE)
    return error[0] if error else "it fails"


def build(log):
    """Builds the real file; the answer is as that of `judge`."""
    output = run(BUILD)
    if output is None:
        return None
    log.write_text(output)
    return "the build: " + first_error(output)


def build_aarch64():
    output = run(["tests/tools/cross.sh", *BUILD[1:]])
    return None if output is None else "the build for aarch64: " + first_error(output)


class Tree:
    """The copy, in which one mutant stands at a time."""

    def __init__(self):
        self.spoilt = []
        (WORK / "logs").mkdir(parents=True, exist_ok=True)
        copy_tree()

    def change(self, changed):
        for path in self.spoilt:
            (TREE / path.relative_to(ROOT)).write_bytes(path.read_bytes())
        self.spoilt = list(changed)
        for path, text in changed.items():
            (TREE / path.relative_to(ROOT)).write_text(text, "utf-8")

    def expect_clean(self, suites, with_aarch64):
        """Every suite passes on the unchanged tree."""
        self.change({})
        log = WORK / "logs/unchanged"
        steps = [build(log)] + ([build_aarch64()] if with_aarch64 else [])
        for complaint in [step for step in steps if step]:
            fail([f"the unchanged tree does not build: {complaint}, see {log}"])
        complaints = [judge(suite, command, log.with_name(f"unchanged.{suite}")) for suite, command in suites.items()]
        if any(complaints):
            fail([f"the unchanged tree fails {complaint}" for complaint in complaints if complaint])


def caught(tree, mutant, changed, suites, with_aarch64):
    """Which of the suites catches a mutant first; None if none does."""
    tree.change(changed)
    logs = WORK / "logs"
    complaint = build(logs / f"{mutant.name}.build") or (build_aarch64() if with_aarch64 else None)
    for suite, command in suites.items():
        complaint = complaint or judge(suite, command, logs / f"{mutant.name}.{suite}")
    return complaint


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

    # Ends the suite that runs, too. What a handler catches here is not ignored in a subject, even if the caller ignores it.
    for name in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(name, lambda *_: sys.exit(2))
    subprocess.run(["make", "--no-print-directory", "runner-x86_64"], cwd=ROOT, check=True)
    tree = Tree()
    tree.expect_clean(FAST, with_aarch64=False)
    results = {}
    with (WORK / "results").open("w") as file:

        def tell(mutant, complaint):
            results[mutant.name] = complaint
            line = f"{mutant.name}  " + (f"caught by {complaint}" if complaint else "NOT CAUGHT")
            print(line, flush=True)
            print(line, file=file, flush=True)

        left = []
        for mutant, changed in planned:
            complaint = caught(tree, mutant, changed, FAST, with_aarch64=False)
            if complaint:
                tell(mutant, complaint)
            else:
                print(f"{mutant.name}  to the other suites", flush=True)
                left.append((mutant, changed))
        if left:
            tree.expect_clean(SLOW, with_aarch64=True)
        for mutant, changed in left:
            tell(mutant, caught(tree, mutant, changed, SLOW, with_aarch64=True))
    tree.change({})
    missed = [name for name, complaint in results.items() if not complaint]
    print(f"{len(results)} mutants, {len(results) - len(missed)} caught, {len(missed)} not caught")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
