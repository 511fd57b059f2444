"""Uses a semaphore that another program initialises, as the documentation of sysv_ipc has it; says
what wait.c says."""

import sys
import time

import sysv_ipc

key = int(sys.argv[1], 0)
try:
    sysv_ipc.Semaphore(key, sysv_ipc.IPC_CREX)
    sys.exit("there should be a set")
except sysv_ipc.ExistentialError:
    semaphore = sysv_ipc.Semaphore(key)
is_told = False
while not semaphore.o_time:
    if not is_told:
        print("waiting", flush=True)
        is_told = True
    time.sleep(0.001)
semaphore.block = False
semaphore.acquire()
print(semaphore.value)
