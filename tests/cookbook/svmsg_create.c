/* Creates a message queue: svmsg_create [-cx] {-f pathname | -k key | -p} [octal-perms] */

#include <sys/msg.h>

#include "create.h"

int main(int argc, char **argv)
{
	struct wanted wanted = read_line(argc, argv, 0, "[octal-perms]");

	return report(msgget(wanted.key, wanted.flags | permissions(wanted.operands[0])));
}
