/* Prints what the kernel's own headers say, a line `name value` each, for numbers.rs. */

/* Before any header of the C library, which has types of files of its own. */
#include <linux/stat.h>

#include <asm/msgbuf.h>
#include <asm/poll.h>
#include <asm/resource.h>
#include <asm/sembuf.h>
#include <asm/shmbuf.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/fcntl.h>
#include <linux/ipc.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/mman.h>
#include <linux/mqueue.h>
#include <linux/msg.h>
#include <linux/prctl.h>
#include <linux/random.h>
#include <linux/resource.h>
#include <linux/seccomp.h>
#include <linux/sem.h>
#include <linux/shm.h>
#include <linux/signal.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

/* Where a word has 32 bits, the calls with numbers of 64 bits and their structs have other names. */
#ifndef __LP64__
#undef __NR_mmap
#undef __NR_fstat
#undef __NR_ftruncate
#undef __NR_fchown
#undef __NR_statfs
#define __NR_mmap __NR_mmap2
#define __NR_fstat __NR_fstat64
#define __NR_newfstatat __NR_fstatat64
#define __NR_ftruncate __NR_ftruncate64
#define __NR_fchown __NR_fchown32
#define __NR_statfs __NR_statfs64
#define stat stat64
#define statfs statfs64
#endif
/* A part of ipc(2) there. */
#ifdef __i386__
#define __NR_semop __NR_ipc
#endif

#define NUMBER(name) printf("%s %lld\n", #name, (long long)(name))
#define SIZE(type) printf("sizeof %s %zu\n", #type, sizeof(struct type))
#define OFFSET(type, member) printf("%s.%s %zu\n", #type, #member, offsetof(struct type, member))

int main(void)
{
	NUMBER(__NR_rt_sigprocmask);
	NUMBER(__NR_mmap);
	NUMBER(__NR_mremap);
	NUMBER(__NR_statx);
	NUMBER(__NR_fstat);
	NUMBER(__NR_newfstatat);
	NUMBER(__NR_prlimit64);
	NUMBER(__NR_openat);
	NUMBER(__NR_read);
	NUMBER(__NR_shmget);
	NUMBER(__NR_msgget);
	NUMBER(__NR_semget);
	NUMBER(__NR_shmctl);
	NUMBER(__NR_msgctl);
	NUMBER(__NR_semctl);
	NUMBER(__NR_semop);
	NUMBER(__NR_getrandom);
	NUMBER(__NR_prctl);
	NUMBER(__NR_rt_sigaction);
	NUMBER(__NR_signalfd4);
	NUMBER(__NR_ppoll);
	NUMBER(__NR_mq_open);
	NUMBER(__NR_mq_getsetattr);
	NUMBER(__NR_mq_unlink);
	NUMBER(__NR_fallocate);
	NUMBER(__NR_ftruncate);
	NUMBER(__NR_fchown);
	NUMBER(__NR_fchmod);
	NUMBER(__NR_umask);
	NUMBER(__NR_linkat);
	NUMBER(__NR_unlinkat);
	NUMBER(__NR_statfs);
	NUMBER(__NR_close);
	NUMBER(__NR_write);
	NUMBER(__NR_exit_group);

	NUMBER(IPC_CREAT);
	NUMBER(IPC_EXCL);
	NUMBER(IPC_PRIVATE);
	NUMBER(SHM_HUGETLB);
	NUMBER(SHM_NORESERVE);
	NUMBER(SHM_HUGE_SHIFT);
	NUMBER(SEMVMX);
	NUMBER(IPC_RMID);
	NUMBER(IPC_SET);
	NUMBER(IPC_STAT);
	NUMBER(IPC_64);
	NUMBER(SHM_LOCK);
	NUMBER(SETALL);
	NUMBER(IPC_NOWAIT);
	NUMBER(IPC_INFO);
	NUMBER(SHM_INFO);
	NUMBER(MSG_INFO);
	NUMBER(SEM_INFO);
	NUMBER(MAP_PRIVATE);
	NUMBER(MAP_ANONYMOUS);
	NUMBER(MREMAP_MAYMOVE);
	NUMBER(PROT_READ);
	NUMBER(PROT_WRITE);
	NUMBER(RLIMIT_FSIZE);
	NUMBER(RLIMIT_MEMLOCK);
	NUMBER(RLIMIT_MSGQUEUE);
	NUMBER(AT_NO_AUTOMOUNT);
	NUMBER(AT_SYMLINK_NOFOLLOW);
	NUMBER(AT_SYMLINK_FOLLOW);
	NUMBER(AT_EMPTY_PATH);
	NUMBER(STATX_TYPE);
	NUMBER(STATX_MODE);
	NUMBER(STATX_INO);
	NUMBER(STATX_SIZE);
	NUMBER(S_IFMT);
	NUMBER(S_IFREG);
	NUMBER(HUGETLBFS_MAGIC);
	NUMBER(STDIN_FILENO);
	NUMBER(STDOUT_FILENO);
	NUMBER(STDERR_FILENO);
	NUMBER(PATH_MAX);
	NUMBER(AT_FDCWD);
	NUMBER(O_RDONLY);
	NUMBER(O_RDWR);
	NUMBER(O_CREAT);
	NUMBER(O_EXCL);
	NUMBER(O_NOFOLLOW);
	NUMBER(O_TMPFILE);
	NUMBER(O_LARGEFILE);
	NUMBER(O_NONBLOCK);
	NUMBER(GRND_NONBLOCK);
	NUMBER(GRND_INSECURE);
	NUMBER(SIG_BLOCK);
	NUMBER(SIGHUP);
	NUMBER(SIGINT);
	NUMBER(SIGTERM);
	printf("SIG_IGN %ld\n", (long)SIG_IGN);
	NUMBER(POLLIN);
	NUMBER(POLLOUT);
	NUMBER(PR_GET_SECCOMP);
	NUMBER(SECCOMP_MODE_DISABLED);
	NUMBER(AT_NULL);
	NUMBER(AT_PAGESZ);
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
	SIZE(shmid64_ds);
	OFFSET(shmid64_ds, shm_perm);
	OFFSET(shmid64_ds, shm_segsz);
	SIZE(semid64_ds);
	OFFSET(semid64_ds, sem_perm);
	OFFSET(semid64_ds, sem_nsems);
	SIZE(shminfo64);
	OFFSET(shminfo64, shmmax);
	OFFSET(shminfo64, shmmin);
	OFFSET(shminfo64, shmmni);
	OFFSET(shminfo64, shmseg);
	OFFSET(shminfo64, shmall);
	SIZE(shm_info);
	OFFSET(shm_info, used_ids);
	OFFSET(shm_info, shm_tot);
	SIZE(msginfo);
	OFFSET(msginfo, msgpool);
	OFFSET(msginfo, msgmap);
	OFFSET(msginfo, msgmax);
	OFFSET(msginfo, msgmnb);
	OFFSET(msginfo, msgmni);
	SIZE(seminfo);
	OFFSET(seminfo, semmap);
	OFFSET(seminfo, semmni);
	OFFSET(seminfo, semmns);
	OFFSET(seminfo, semmnu);
	OFFSET(seminfo, semmsl);
	OFFSET(seminfo, semusz);
	OFFSET(seminfo, semvmx);
	OFFSET(seminfo, semaem);
	SIZE(statx);
	OFFSET(statx, stx_gid);
	OFFSET(statx, stx_mode);
	OFFSET(statx, stx_ino);
	OFFSET(statx, stx_size);
	OFFSET(statx, stx_dev_major);
	OFFSET(statx, stx_dev_minor);
	SIZE(statfs);
	OFFSET(statfs, f_type);
	OFFSET(statfs, f_bsize);
	OFFSET(statfs, f_blocks);
	OFFSET(statfs, f_bfree);
	OFFSET(statfs, f_bavail);
	OFFSET(statfs, f_files);
	OFFSET(statfs, f_ffree);
	SIZE(mq_attr);
	OFFSET(mq_attr, mq_flags);
	OFFSET(mq_attr, mq_maxmsg);
	OFFSET(mq_attr, mq_msgsize);
	OFFSET(mq_attr, mq_curmsgs);
	SIZE(rlimit64);
	OFFSET(rlimit64, rlim_cur);
	OFFSET(rlimit64, rlim_max);
	SIZE(stat);
	OFFSET(stat, st_dev);
	OFFSET(stat, st_ino);
	OFFSET(stat, st_mode);
	OFFSET(stat, st_size);
	SIZE(sembuf);
	OFFSET(sembuf, sem_num);
	OFFSET(sembuf, sem_op);
	OFFSET(sembuf, sem_flg);
	SIZE(pollfd);
	OFFSET(pollfd, fd);
	OFFSET(pollfd, events);
	OFFSET(pollfd, revents);
	/* Elsewhere this is the struct of sigaction(2), which rt_sigaction(2) does not take. */
#ifdef __LP64__
	SIZE(sigaction);
	OFFSET(sigaction, sa_handler);
#endif
	return 0;
}
