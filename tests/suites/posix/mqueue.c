/* Message queues. */

#include <fcntl.h>
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "calls.h"

/* <name> <mode> <messages> <bytes of a message>: a new one; without both figures, as the kernel has it. */
void mq_make(char **arguments)
{
	struct mq_attr attributes = { 0 };
	int given = arguments[2][0] != '\0';
	mqd_t queue;

	if (given) {
		attributes.mq_maxmsg = number(arguments[2]);
		attributes.mq_msgsize = number(arguments[3]);
	}
	queue = mq_open(arguments[0], O_RDWR | O_CREAT | O_EXCL, (mode_t)number(arguments[1]), given ? &attributes : NULL);
	if (queue == (mqd_t)-1) {
		refuse("mq_open");
		return;
	}
	mq_close(queue);
	answer("ok");
}

/* Opens a queue and asks for its attributes. */
static mqd_t look(const char *name, struct mq_attr *attributes)
{
	mqd_t queue = mq_open(name, O_RDWR | O_NONBLOCK);

	if (queue == (mqd_t)-1) {
		refuse("mq_open");
	} else if (mq_getattr(queue, attributes) != 0) {
		refuse("mq_getattr");
		mq_close(queue);
		return (mqd_t)-1;
	}
	return queue;
}

/* <name>: says how many messages it can hold, of how many bytes, and how many it holds. */
void mq_attributes(char **arguments)
{
	struct mq_attr attributes;
	mqd_t queue = look(arguments[0], &attributes);

	if (queue == (mqd_t)-1)
		return;
	mq_close(queue);
	answer("ok %ld %ld %ld", (long)attributes.mq_maxmsg, (long)attributes.mq_msgsize, (long)attributes.mq_curmsgs);
}

/* <name> <text> <priority>: sends without waiting. */
void mq_put(char **arguments)
{
	struct mq_attr attributes;
	mqd_t queue = look(arguments[0], &attributes);

	if (queue == (mqd_t)-1)
		return;
	if (mq_send(queue, arguments[1], strlen(arguments[1]), number(arguments[2])) != 0)
		refuse("mq_send");
	else
		answer("ok");
	mq_close(queue);
}

/* <name>: receives without waiting. Says priority, length and text. */
void mq_take(char **arguments)
{
	struct mq_attr attributes;
	mqd_t queue = look(arguments[0], &attributes);
	unsigned int priority;
	ssize_t length;
	char *text;

	if (queue == (mqd_t)-1)
		return;
	text = malloc(attributes.mq_msgsize);
	if (text == NULL)
		exit(3);
	length = mq_receive(queue, text, attributes.mq_msgsize, &priority);
	if (length < 0)
		refuse("mq_receive");
	else
		answer("ok %u %zd %.*s", priority, length, (int)length, text);
	free(text);
	mq_close(queue);
}

/* <name> */
void mq_remove(char **arguments)
{
	if (mq_unlink(arguments[0]) != 0)
		refuse("mq_unlink");
	else
		answer("ok");
}
