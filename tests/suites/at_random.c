/* Prints the 16 random bytes that a process begins with, as four numbers, for collision.rs. */

#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

int main(void)
{
	unsigned int numbers[4];

	memcpy(numbers, (const void *)getauxval(AT_RANDOM), sizeof numbers);
	for (int i = 0; i < 4; i++)
		printf("%u\n", numbers[i]);
	return 0;
}
