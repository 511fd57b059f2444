/* Named semaphores. */

#include <fcntl.h>
#include <semaphore.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"

/* <name> <mode> <value>: a new one. */
void sem_make(char **arguments)
{
	mode_t mode = number(arguments[1]);
	unsigned int value = number(arguments[2]);
	sem_t *semaphore = sem_open(arguments[0], O_CREAT | O_EXCL, mode, value);

	if (semaphore == SEM_FAILED) {
		refuse("sem_open");
		return;
	}
	sem_close(semaphore);
	answer("ok");
}

/* One that is there. */
static sem_t *find(const char *name)
{
	sem_t *semaphore = sem_open(name, 0);

	if (semaphore == SEM_FAILED)
		refuse("sem_open");
	return semaphore;
}

/* <name> */
void sem_value(char **arguments)
{
	sem_t *semaphore = find(arguments[0]);
	int value;

	if (semaphore == SEM_FAILED)
		return;
	if (sem_getvalue(semaphore, &value) != 0)
		refuse("sem_getvalue");
	else
		answer("ok %d", value);
	sem_close(semaphore);
}

/* <name> */
void sem_put(char **arguments)
{
	sem_t *semaphore = find(arguments[0]);

	if (semaphore == SEM_FAILED)
		return;
	if (sem_post(semaphore) != 0)
		refuse("sem_post");
	else
		answer("ok");
	sem_close(semaphore);
}

/* <name> <seconds>: waits no longer than that, and then ends the whole program. */
void sem_take(char **arguments)
{
	sem_t *semaphore = find(arguments[0]);

	if (semaphore == SEM_FAILED)
		return;
	alarm(number(arguments[1]));
	if (sem_wait(semaphore) != 0)
		refuse("sem_wait");
	else
		answer("ok");
	alarm(0);
	sem_close(semaphore);
}

/* <name> */
void sem_remove(char **arguments)
{
	if (sem_unlink(arguments[0]) != 0)
		refuse("sem_unlink");
	else
		answer("ok");
}
