/* Reads paths, each with a NUL behind it, and prints a line for each: the keys that ftok(3) makes of it and the ids 0 to
   255, or why it makes none. For ftok.rs. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>

int main(void)
{
	char *path = NULL;
	size_t room = 0;

	while (getdelim(&path, &room, '\0', stdin) > 0) {
		for (int id = 0; id <= 255; id++) {
			key_t key = ftok(path, id);
			if (key == -1) {
				printf("%s", strerror(errno));
				break;
			}
			printf("%08x ", (unsigned int)key);
		}
		printf("\n");
	}
	free(path);
	return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
