/* The options of svshm_create, svmsg_create and svsem_create: a key, and flags for the get call. */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <unistd.h>

/* What a command line asks for. */
struct wanted {
	key_t key;
	int flags;       /* IPC_CREAT and IPC_EXCL */
	char **operands; /* ends with NULL */
};

/* Parses a whole text as a number. */
static inline long number(const char *text, int base)
{
	char *end;
	long value = strtol(text, &end, base);

	if (end == text || *end != '\0')
		errx(EXIT_FAILURE, "not a number: %s", text);
	return value;
}

/* Parses permissions; 0600 without a text. */
static inline int permissions(const char *text)
{
	return text ? (int)number(text, 8) : 0600;
}

/* Parses `[-cx] {-f pathname | -k key | -p} operand...`. */
static inline struct wanted read_line(int argc, char **argv, int least, const char *operands)
{
	struct wanted wanted = { .key = -1 };
	int keys = 0;

	for (int option; (option = getopt(argc, argv, "cxf:k:p")) != -1;) {
		switch (option) {
		case 'c':
			wanted.flags |= IPC_CREAT;
			continue;
		case 'x':
			wanted.flags |= IPC_EXCL;
			continue;
		case 'f':
			wanted.key = ftok(optarg, 1);
			if (wanted.key == -1)
				err(EXIT_FAILURE, "ftok: %s", optarg);
			break;
		case 'k':
			wanted.key = (key_t)number(optarg, 0);
			break;
		case 'p':
			wanted.key = IPC_PRIVATE;
			break;
		default:
			keys = 2;
		}
		keys++;
	}
	wanted.operands = argv + optind;
	if (keys != 1 || argc - optind < least || argc - optind > least + 1)
		errx(EXIT_FAILURE, "usage: %s [-cx] {-f pathname | -k key | -p} %s", argv[0], operands);
	return wanted;
}

/* Prints an identifier and returns the exit status. */
static inline int report(int id)
{
	if (id == -1)
		err(EXIT_FAILURE, "get");
	printf("%d\n", id);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
