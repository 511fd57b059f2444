/* Prints what the kernel's own headers say, a line `name value` each, for numbers.rs. */

#include <asm/msgbuf.h>
#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/fcntl.h>
#include <linux/ipc.h>
#include <linux/random.h>
#include <linux/signal.h>
#include <stddef.h>
#include <stdio.h>

#define NUMBER(name) printf("%s %ld\n", #name, (long)(name))
#define SIZE(type) printf("sizeof %s %zu\n", #type, sizeof(struct type))
#define OFFSET(type, member) printf("%s.%s %zu\n", #type, #member, offsetof(struct type, member))

int main(void)
{
	NUMBER(__NR_rt_sigprocmask);
	NUMBER(__NR_openat);
	NUMBER(__NR_read);
	NUMBER(__NR_shmget);
	NUMBER(__NR_msgget);
	NUMBER(__NR_semget);
	NUMBER(__NR_shmctl);
	NUMBER(__NR_msgctl);
	NUMBER(__NR_semctl);
	NUMBER(__NR_getrandom);
	NUMBER(__NR_write);
	NUMBER(__NR_exit_group);

	NUMBER(IPC_CREAT);
	NUMBER(IPC_EXCL);
	NUMBER(IPC_PRIVATE);
	NUMBER(IPC_RMID);
	NUMBER(IPC_SET);
	NUMBER(AT_FDCWD);
	NUMBER(O_RDONLY);
	NUMBER(GRND_NONBLOCK);
	NUMBER(SIG_BLOCK);
	NUMBER(AT_NULL);
	NUMBER(AT_EUID);
	NUMBER(AT_EGID);
	NUMBER(AT_RANDOM);

	SIZE(ipc64_perm);
	OFFSET(ipc64_perm, key);
	OFFSET(ipc64_perm, uid);
	OFFSET(ipc64_perm, gid);
	OFFSET(ipc64_perm, cuid);
	OFFSET(ipc64_perm, cgid);
	OFFSET(ipc64_perm, mode);
	SIZE(msqid64_ds);
	OFFSET(msqid64_ds, msg_perm);
	OFFSET(msqid64_ds, msg_cbytes);
	OFFSET(msqid64_ds, msg_qnum);
	OFFSET(msqid64_ds, msg_qbytes);
	return 0;
}
