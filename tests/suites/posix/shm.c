/* Shared memory objects. */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"

/* <name> <mode> <size>: a new one. */
void shm_make(char **arguments)
{
	int fd = shm_open(arguments[0], O_RDWR | O_CREAT | O_EXCL, number(arguments[1]));

	if (fd < 0) {
		refuse("shm_open");
		return;
	}
	if (ftruncate(fd, number(arguments[2])) != 0) {
		refuse("ftruncate");
		shm_unlink(arguments[0]);
		close(fd);
		return;
	}
	close(fd);
	answer("ok");
}

/* Writes `C` to a byte of a mapping that must hold 0 there. */
static int mark(int fd, off_t place)
{
	long page = sysconf(_SC_PAGESIZE);
	off_t start = place / page * page;
	char *bytes = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, start);

	if (bytes == MAP_FAILED)
		return -1;
	if (bytes[place - start] != 0) {
		errno = EILSEQ;
		return -1;
	}
	bytes[place - start] = 'C';
	return munmap(bytes, page);
}

/* <name>: maps it, and writes to its first and last byte. Says its size. */
void shm_use(char **arguments)
{
	int fd = shm_open(arguments[0], O_RDWR, 0);
	struct stat status;

	if (fd < 0)
		refuse("shm_open");
	else if (fstat(fd, &status) != 0)
		refuse("fstat");
	else if ((status.st_size > 0 && mark(fd, 0) != 0) || (status.st_size > 1 && mark(fd, status.st_size - 1) != 0))
		refuse("mmap");
	else
		answer("ok %lld", (long long)status.st_size);
	if (fd >= 0)
		close(fd);
}

/* <name> */
void shm_remove(char **arguments)
{
	if (shm_unlink(arguments[0]) != 0)
		refuse("shm_unlink");
	else
		answer("ok");
}
