/*
 * Uses a semaphore set that another program initialises, as The Linux Programming Interface (47.5)
 * and UNIX Network Programming (volume 2, 11.7) have it: whoever cannot create the set waits until
 * its sem_otime is not 0.
 *
 * Says "waiting" when it has seen a sem_otime of 0, takes the first semaphore by 1, and says what
 * it has left.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <time.h>

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	key_t key = argc == 2 ? strtoul(argv[1], NULL, 0) : IPC_PRIVATE;
	int id = semget(key, 1, IPC_CREAT | IPC_EXCL | 0600);
	if (id != -1 || errno != EEXIST)
		fail("semget: there should be a set");
	id = semget(key, 1, 0);
	if (id == -1)
		fail("semget");
	for (int is_told = 0;;) {
		struct semid_ds state;
		if (semctl(id, 0, IPC_STAT, (union semun){ .buf = &state }) == -1)
			fail("IPC_STAT");
		if (state.sem_otime != 0)
			break;
		if (!is_told) {
			puts("waiting");
			fflush(stdout);
			is_told = 1;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	struct sembuf take = { .sem_op = -1, .sem_flg = IPC_NOWAIT };
	if (semop(id, &take, 1) == -1)
		fail("semop");
	int left = semctl(id, 0, GETVAL);
	if (left == -1)
		fail("GETVAL");
	printf("%d\n", left);
	return 0;
}
