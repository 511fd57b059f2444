/* Creates a shared memory segment: svshm_create [-cx] {-f pathname | -k key | -p} seg-size [octal-perms] */

#include <sys/shm.h>

#include "create.h"

int main(int argc, char **argv)
{
	struct wanted wanted = read_line(argc, argv, 1, "seg-size [octal-perms]");
	size_t size = (size_t)number(wanted.operands[0], 0);

	return report(shmget(wanted.key, size, wanted.flags | permissions(wanted.operands[1])));
}
