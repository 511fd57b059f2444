/* Creates a set of 32,000 semaphores and sets their first values by one SETALL. */
#include <sys/sem.h>

int main(void)
{
	static unsigned short values[32000];
	int id = semget(IPC_PRIVATE, 32000, 0644);

	for (int i = 0; i < 32000; i++)
		values[i] = 7;
	return id == -1 || semctl(id, 0, SETALL, values) == -1;
}
