/* Sets the bytes that a queue may hold: svmsg_chqbytes msqid max-bytes */

#include <sys/msg.h>

#include "create.h"

int main(int argc, char **argv)
{
	struct msqid_ds queue;

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: %s msqid max-bytes", argv[0]);
	int id = (int)number(argv[1], 0);
	if (msgctl(id, IPC_STAT, &queue) == -1)
		err(EXIT_FAILURE, "IPC_STAT");
	queue.msg_qbytes = (msglen_t)number(argv[2], 0);
	if (msgctl(id, IPC_SET, &queue) == -1)
		err(EXIT_FAILURE, "IPC_SET");
	return EXIT_SUCCESS;
}
