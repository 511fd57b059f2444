/* Sets the values of all semaphores of a set: svsem_setall sem-id val... */

#include <sys/sem.h>

#include "create.h"

/* semctl(2) leaves it to the caller to define this. */
union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

int main(int argc, char **argv)
{
	struct semid_ds set;

	if (argc < 3)
		errx(EXIT_FAILURE, "usage: %s sem-id val...", argv[0]);
	int id = (int)number(argv[1], 0);
	if (semctl(id, 0, IPC_STAT, (union semun){ .buf = &set }) == -1)
		err(EXIT_FAILURE, "IPC_STAT");
	if (set.sem_nsems != (unsigned long)argc - 2)
		errx(EXIT_FAILURE, "the set has %lu semaphores, not %d", (unsigned long)set.sem_nsems, argc - 2);

	unsigned short values[argc - 2];
	for (int i = 0; i < argc - 2; i++)
		values[i] = (unsigned short)number(argv[i + 2], 0);
	if (semctl(id, 0, SETALL, (union semun){ .array = values }) == -1)
		err(EXIT_FAILURE, "SETALL");
	return EXIT_SUCCESS;
}
