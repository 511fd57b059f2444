/* What the program can be told. Each function takes its command's arguments and answers by a line: `ok`, perhaps with
   figures, or the errno of a call that failed. One that makes an object has closed it when it says so: an open queue would
   still count. */

void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));
void refuse(const char *call);
/* A number in decimal, or in octal with a leading 0. */
long long number(const char *text);

void shm_make(char **arguments);
void shm_use(char **arguments);
void shm_remove(char **arguments);

void mq_make(char **arguments);
void mq_attributes(char **arguments);
void mq_put(char **arguments);
void mq_take(char **arguments);
void mq_remove(char **arguments);

void sem_make(char **arguments);
void sem_value(char **arguments);
void sem_put(char **arguments);
void sem_take(char **arguments);
void sem_remove(char **arguments);
