/* Does with POSIX objects what it is told at standard input, and answers each command by a line. A command is its name and
   its arguments, each with a NUL behind it. For posix.rs. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "calls.h"

void answer(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vprintf(format, values);
	va_end(values);
	putchar('\n');
}

void refuse(const char *call)
{
	answer("%d %s", errno, call);
}

long long number(const char *text)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 0);
	if (errno != 0 || end == text || *end != '\0')
		exit(2);
	return value;
}

static void set_umask(char **arguments)
{
	umask(number(arguments[0]));
	answer("ok");
}

/* The bytes that all queues of this user may have. */
static void limit_queues(char **arguments)
{
	struct rlimit limit = { number(arguments[0]), number(arguments[0]) };

	if (setrlimit(RLIMIT_MSGQUEUE, &limit) != 0)
		refuse("setrlimit");
	else
		answer("ok");
}

enum { MOST = 4 };

static const struct {
	const char *name;
	int arguments;
	void (*call)(char **);
} commands[] = {
	{ "umask", 1, set_umask },
	{ "limit-queues", 1, limit_queues },
	{ "shm-make", 3, shm_make },
	{ "shm-use", 1, shm_use },
	{ "shm-unlink", 1, shm_remove },
	{ "mq-make", 4, mq_make },
	{ "mq-attributes", 1, mq_attributes },
	{ "mq-send", 3, mq_put },
	{ "mq-receive", 1, mq_take },
	{ "mq-unlink", 1, mq_remove },
	{ "sem-make", 3, sem_make },
	{ "sem-value", 1, sem_value },
	{ "sem-post", 1, sem_put },
	{ "sem-wait", 2, sem_take },
	{ "sem-unlink", 1, sem_remove },
};

/* The next word; NULL at the end of the input. */
static char *word(void)
{
	char *text = NULL;
	size_t room = 0;

	if (getdelim(&text, &room, '\0', stdin) > 0)
		return text;
	free(text);
	return NULL;
}

int main(void)
{
	char *name;

	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	while ((name = word()) != NULL) {
		char *arguments[MOST] = { NULL };
		size_t i = 0;

		while (strcmp(commands[i].name, name) != 0)
			if (++i == sizeof commands / sizeof commands[0])
				return 2;
		for (int n = 0; n < commands[i].arguments; n++)
			if ((arguments[n] = word()) == NULL)
				return 2;
		commands[i].call(arguments);
		for (int n = 0; n < MOST; n++)
			free(arguments[n]);
		free(name);
	}
	return 0;
}
