#!/usr/bin/env python3
"""Boots a machine whose init opens a shell, types commands there, and prints a JSON list: for each
command its exit status and what it wrote to the console.

    console.py <prompt> <command>... -- <emulator and its options>

The prompt is that of the shell. Each command is one line of it.
"""

import json
import re
import sys

import pexpect

# Seconds without an answer after which a machine is taken to be dead. Nothing waits that long.
DEAD = 900

prompt, *words = sys.argv[1:]
commands, emulator = words[: words.index("--")], words[words.index("--") + 1 :]
machine = pexpect.spawn(emulator[0], emulator[1:], timeout=DEAD, encoding="utf-8")
try:
    machine.expect_exact(prompt)
    results = []
    for command in commands:
        # What the shell echoes has the quotes, what it runs prints the words without them.
        machine.sendline(f"echo BE''GIN; {command}; echo EN''D $?")
        machine.expect(re.compile(r"BEGIN\r*\n(.*)END (\d+)\r*\n", re.DOTALL))
        output, status = machine.match.groups()
        results.append([int(status), output.replace("\r", "")])
    print(json.dumps(results))
except (pexpect.EOF, pexpect.TIMEOUT) as error:
    sys.exit(f"console.py: {type(error).__name__}; the console ends:\n{machine.before}")
finally:
    machine.close(force=True)
