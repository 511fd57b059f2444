# Completion of ipcmk for fish. `make docs` makes it from the table of options.

# Whether the line is in the keyed grammar.
function __ipcmk_keyed
    string match -qr -- '^(--keyed|--size|--nsems|-o)(=|$)' (commandline -opc)
end

# Whether the word at the cursor is the first argument.
function __ipcmk_first
    test (count (commandline -opc)) = 1
end

# Prints the users in /etc/passwd, and after a colon the groups in /etc/group.
function __ipcmk_owner
    set -l word (string replace -r '^--owner=' '' -- (commandline -ct))
    if string match -q '*:*' -- $word
        set -l user (string replace -r ':.*' '' -- $word)
        printf '%s\n' $user:(string replace -r ':.*' '' </etc/group)
    else
        string replace -r ':.*' '' </etc/passwd
    end
end

for command in ipcmk ipcmk-static
    complete -c $command -f
    complete -c $command -n '__ipcmk_first' -l keyed -d '-M, -Q and -S take keys (first argument only)'
    complete -c $command -n 'not __ipcmk_keyed' -s M -l shmem -x -d 'shared memory segment of <size> bytes'
    complete -c $command -n 'not __ipcmk_keyed' -s m -l posix-shmem -x -d 'POSIX shared memory of <size> bytes'
    complete -c $command -n 'not __ipcmk_keyed' -s S -l semaphore -x -d 'set of <number> semaphores'
    complete -c $command -n 'not __ipcmk_keyed' -s s -l posix-semaphore -d 'POSIX semaphore'
    complete -c $command -n 'not __ipcmk_keyed' -s Q -l queue -d 'message queue'
    complete -c $command -n 'not __ipcmk_keyed' -s q -l posix-mqueue -d 'POSIX message queue'
    complete -c $command -n 'not __ipcmk_keyed' -s p -l mode -x -d 'permissions, octal (default 0644)'
    complete -c $command -n 'not __ipcmk_keyed' -s n -l name -x -d 'name of the POSIX objects'
    complete -c $command -n 'not __ipcmk_keyed' -s V -l version -d 'print the version'
    complete -c $command -n 'not __ipcmk_keyed' -s h -l help -d 'print this help'
    complete -c $command -n 'not __ipcmk_keyed' -s k -l key -x -d 'key of the new object'
    complete -c $command -n 'not __ipcmk_keyed' -l ftok -r -F -d 'key from ftok(3); id 0 to 255, default 1'
    complete -c $command -n 'not __ipcmk_keyed' -s e -l existing -d 'accept an existing object'
    complete -c $command -n 'not __ipcmk_keyed' -s r -l raw -d 'print bare ids and names'
    complete -c $command -n 'not __ipcmk_keyed' -s J -l json -d 'print JSON'
    complete -c $command -n 'not __ipcmk_keyed' -l owner -x -a '(__ipcmk_owner)' -d 'owner: ids or names'
    complete -c $command -n 'not __ipcmk_keyed' -l value -x -d 'initial values of the semaphores'
    complete -c $command -n 'not __ipcmk_keyed' -l qbytes -x -d 'bytes that the queue may hold'
    complete -c $command -n 'not __ipcmk_keyed' -l maxmsg -x -d 'messages that a POSIX queue may hold'
    complete -c $command -n 'not __ipcmk_keyed' -l msgsize -x -d 'bytes of its longest message'
    complete -c $command -n 'not __ipcmk_keyed' -l libc -x -a 'glibc musl' -d 'C library of the POSIX semaphore'
    complete -c $command -n 'not __ipcmk_keyed' -l allocate -d 'allocate the pages of -m (fallocate)'
    complete -c $command -n 'not __ipcmk_keyed' -l hugetlb -d 'huge pages (SHM_HUGETLB)'
    complete -c $command -n 'not __ipcmk_keyed' -l noreserve -d 'reserve no swap space (SHM_NORESERVE)'
    complete -c $command -n 'not __ipcmk_keyed' -l lock -d 'keep it out of swap (SHM_LOCK)'
    complete -c $command -n 'not __ipcmk_keyed' -l batch -r -F -d 'run each line of a file; - is standard input'
    complete -c $command -n 'not __ipcmk_keyed' -l dry-run -d 'check everything, create nothing'
    complete -c $command -n 'not __ipcmk_keyed' -l remove -d 'remove what the line names'
    complete -c $command -n '__ipcmk_keyed' -s M -l shmem -x -d 'Create a System V shared memory segment with this key'
    complete -c $command -n '__ipcmk_keyed' -s S -l semaphore -x -d 'Create a System V semaphore set with this key'
    complete -c $command -n '__ipcmk_keyed' -s Q -l queue -x -d 'Create a System V message queue with this key'
    complete -c $command -n '__ipcmk_keyed' -l mode -x -d 'permissions, octal (default 0666)'
    complete -c $command -n '__ipcmk_keyed' -s V -l version -d 'print the version'
    complete -c $command -n '__ipcmk_keyed' -s h -l help -d 'print this help'
    complete -c $command -n '__ipcmk_keyed' -s e -l existing -d 'accept an existing object'
    complete -c $command -n '__ipcmk_keyed' -s r -l raw -d 'print bare ids and names'
    complete -c $command -n '__ipcmk_keyed' -s J -l json -d 'print JSON'
    complete -c $command -n '__ipcmk_keyed' -l owner -x -a '(__ipcmk_owner)' -d 'owner: ids or names'
    complete -c $command -n '__ipcmk_keyed' -l value -x -d 'initial values of the semaphores'
    complete -c $command -n '__ipcmk_keyed' -l hugetlb -d 'huge pages (SHM_HUGETLB)'
    complete -c $command -n '__ipcmk_keyed' -l noreserve -d 'reserve no swap space (SHM_NORESERVE)'
    complete -c $command -n '__ipcmk_keyed' -l lock -d 'keep it out of swap (SHM_LOCK)'
    complete -c $command -n '__ipcmk_keyed' -l dry-run -d 'check everything, create nothing'
    complete -c $command -n '__ipcmk_keyed' -l remove -d 'remove what the line names'
    complete -c $command -n '__ipcmk_keyed' -s p -l size -x -d 'bytes of the segment, or msg_qbytes of the queue'
    complete -c $command -n '__ipcmk_keyed' -s s -l nsems -x -d 'number of semaphores (default 1)'
    complete -c $command -n '__ipcmk_keyed' -s o -x -d 'this key; accept an existing object'
end
