/*
 * Does what `ipcmk --batch` does with <n> lines of `-Q`, and nothing else: creates n queues with random keys and prints
 * their ids in the same words. The bench links it statically and compares a batch with it.
 *
 * KEYS: random keys from each getrandom(2), at most 64: up to 256 bytes the call always returns whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/random.h>

static key_t random_key(void)
{
    static key_t keys[KEYS];
    static size_t left;
    do {
        if (left == 0) {
            if (getrandom(keys, sizeof keys, 0) != sizeof keys) {
                perror("getrandom");
                exit(1);
            }
            left = KEYS;
        }
        left--;
    } while (keys[left] == IPC_PRIVATE);
    return keys[left];
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: many <n>\n", stderr);
        return 2;
    }
    for (long n = atol(argv[1]); n > 0; n--) {
        int id;
        do
            id = msgget(random_key(), IPC_CREAT | IPC_EXCL | 0644);
        while (id < 0 && errno == EEXIST);
        if (id < 0) {
            perror("msgget");
            return 1;
        }
        printf("Message queue id: %d\n", id);
    }
    if (fflush(stdout) != 0) {
        perror("write");
        return 1;
    }
    return 0;
}
