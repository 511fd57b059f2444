/* Creates a semaphore set: svsem_create [-cx] {-f pathname | -k key | -p} num-sems [octal-perms] */

#include <sys/sem.h>

#include "create.h"

int main(int argc, char **argv)
{
	struct wanted wanted = read_line(argc, argv, 1, "num-sems [octal-perms]");
	int semaphores = (int)number(wanted.operands[0], 0);

	return report(semget(wanted.key, semaphores, wanted.flags | permissions(wanted.operands[1])));
}
