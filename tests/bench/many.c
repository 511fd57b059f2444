/*
 * Makes the system calls that `ipcmk --batch` makes for each object, and nothing else: it reads no file and checks
 * nothing. It prints the same output. The bench links it statically and compares a batch with it.
 *
 * many <kind> <n>           creates n objects
 * many <kind> <n> remove    removes those with the keys or names 1 to n
 *
 * Kinds: queues (random keys; they are not removed), and with the keys or names 1 to n: keyed (queues), sets, segments,
 * shm (POSIX shared memory). A set has SEMAPHORES semaphores, with first values.
 *
 * KEYS: random keys from each getrandom(2), at most 64: up to 256 bytes the call always returns whole.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#define CREATE (IPC_CREAT | IPC_EXCL)
#define MODE 0644
#define BYTES 4096
#define VALUE 7

static int check(int result, const char *what)
{
    if (result == -1) {
        perror(what);
        exit(1);
    }
    return result;
}

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

/* Objects of System V: each function creates or removes one, and returns its id. */

static int create_queue(key_t key)
{
    (void)key;
    for (;;) {
        int id = msgget(random_key(), CREATE | MODE);
        if (id != -1 || errno != EEXIST)
            return check(id, "msgget");
    }
}

static int create_keyed(key_t key)
{
    return check(msgget(key, CREATE | MODE), "msgget");
}

static int create_set(key_t key)
{
    static unsigned short values[SEMAPHORES];
    struct sembuf ready[] = {{0, 1, IPC_NOWAIT}, {0, -1, IPC_NOWAIT}};
    static struct semid_ds state;

    if (values[0] != VALUE) {
        for (int i = 0; i < SEMAPHORES; i++)
            values[i] = VALUE;
        state.sem_perm.uid = geteuid();
        state.sem_perm.gid = getegid();
        state.sem_perm.mode = MODE;
    }
    /* No other user may use it yet. */
    int id = check(semget(key, SEMAPHORES, CREATE | 0600), "semget");
    check(semctl(id, 0, SETALL, values), "SETALL");
    check(semop(id, ready, 2), "semop");
    check(semctl(id, 0, IPC_SET, &state), "IPC_SET");
    return id;
}

static int create_segment(key_t key)
{
    return check(shmget(key, BYTES, CREATE | MODE), "shmget");
}

static int remove_queue(key_t key)
{
    int id = check(msgget(key, 0), "msgget");
    check(msgctl(id, IPC_RMID, NULL), "IPC_RMID");
    return id;
}

static int remove_set(key_t key)
{
    int id = check(semget(key, 0, 0), "semget");
    check(semctl(id, 0, IPC_RMID), "IPC_RMID");
    return id;
}

static int remove_segment(key_t key)
{
    int id = check(shmget(key, 0, 0), "shmget");
    check(shmctl(id, IPC_RMID, NULL), "IPC_RMID");
    return id;
}

/* POSIX shared memory: the file gets its name when it is whole. */

static void create_shm(const char *path)
{
    int fd = check(open("/dev/shm", O_TMPFILE | O_RDWR, MODE), "open");
    check(ftruncate(fd, BYTES), "ftruncate");
    check(linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH), "linkat");
    check(close(fd), "close");
}

static void remove_shm(const char *path)
{
    check(unlinkat(AT_FDCWD, path, 0), "unlinkat");
}

/* SEMMSL: more values than that need not be laid out. */
static void check_semmsl(void)
{
    struct seminfo limits;
    check(semctl(0, 0, SEM_INFO, &limits), "SEM_INFO");
    if (limits.semmsl < SEMAPHORES)
        exit(1);
}

/* With kernel.shm_rmid_forced=1 the segments would end with this process. */
static void check_forced(void)
{
    char forced;
    int fd = check(open("/proc/sys/kernel/shm_rmid_forced", O_RDONLY | O_NONBLOCK), "open");
    check(read(fd, &forced, 1), "read");
    if (forced == '1')
        exit(1);
}

static const struct kind {
    const char *name;
    const char *words;
    int (*create)(key_t);
    int (*remove)(key_t);
} kinds[] = {
    {"queues", "Message queue id", create_queue, NULL},
    {"keyed", "Message queue id", create_keyed, remove_queue},
    {"sets", "Semaphore id", create_set, remove_set},
    {"segments", "Shared memory id", create_segment, remove_segment},
};

int main(int argc, char **argv)
{
    int removes = argc == 4 && strcmp(argv[3], "remove") == 0;
    if (argc != 3 && !removes) {
        fputs("usage: many <kind> <n> [remove]\n", stderr);
        return 2;
    }
    long n = atol(argv[2]);
    sigset_t all;
    sigfillset(&all);
    check(sigprocmask(SIG_BLOCK, &all, NULL), "sigprocmask");
    if (strcmp(argv[1], "shm") == 0) {
        void (*act)(const char *) = removes ? remove_shm : create_shm;
        for (long i = 1; i <= n; i++) {
            char path[64];
            snprintf(path, sizeof path, "/dev/shm/%ld", i);
            act(path);
            printf("POSIX shared memory name: %s\n", path + strlen("/dev/shm"));
        }
    } else {
        const struct kind *kind = kinds;
        while (strcmp(kind->name, argv[1]) != 0)
            if (++kind == kinds + sizeof kinds / sizeof *kinds)
                return 2;
        int (*act)(key_t) = removes ? kind->remove : kind->create;
        if (act == NULL)
            return 2;
        if (act == create_set)
            check_semmsl();
        if (act == create_segment)
            check_forced();
        for (long i = 1; i <= n; i++)
            printf("%s: %d\n", kind->words, act((key_t)i));
    }
    if (fflush(stdout) != 0) {
        perror("write");
        return 1;
    }
    return 0;
}
