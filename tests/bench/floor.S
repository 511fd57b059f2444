/*
 * The floor: the smallest program for x86_64 that makes the system calls of ipcmk. It creates one object and prints the
 * id; it ignores its arguments and explains no error. The bench assembles it three times, with -DQUEUE for `ipcmk -Q`,
 * -DSET for `-S 1` and -DSEGMENT for `-M 4096`, and links it with ipcmk's linker script.
 */
#include <asm/unistd.h>

#define CREATE      03644       /* IPC_CREAT | IPC_EXCL | 0644 */
#define AT_FDCWD    -100
#define AT_RANDOM   25

        .globl  _start
_start: mov     %rsp, %rbp

        /* rt_sigprocmask(SIG_BLOCK, all, NULL, 8) */
        push    $-1
        mov     $__NR_rt_sigprocmask, %eax
        xor     %edi, %edi
        mov     %rsp, %rsi
        xor     %edx, %edx
        mov     $8, %r10d
        syscall
        test    %eax, %eax
        jnz     fail

        /* The key: the first word at AT_RANDOM, in the auxiliary vector behind argv and envp. */
        mov     (%rbp), %rax
        lea     16(%rbp,%rax,8), %rsi
1:      lodsq
        test    %rax, %rax
        jnz     1b
2:      lodsq
        mov     %eax, %ecx
        lodsq
        cmp     $AT_RANDOM, %ecx
        jne     2b
        mov     (%rax), %ebx

#ifdef SEGMENT
        /* openat(AT_FDCWD, file, O_RDONLY, 0) and read one byte: with a 1, the kernel destroys the segment at exit. */
        mov     $__NR_openat, %eax
        mov     $AT_FDCWD, %edi
        mov     $file, %esi
        xor     %edx, %edx
        xor     %r10d, %r10d
        syscall
        mov     %eax, %edi
        xor     %eax, %eax              /* __NR_read */
        mov     %rsp, %rsi
        mov     $1, %edx
        syscall
        cmpb    $'1', (%rsp)
        je      fail
#endif

        /* ...get(key, [size,] CREATE) */
        mov     %ebx, %edi
#if defined QUEUE
        mov     $__NR_msgget, %eax
        mov     $CREATE, %esi
#elif defined SET
        mov     $__NR_semget, %eax
        mov     $1, %esi
        mov     $CREATE, %edx
#elif defined SEGMENT
        mov     $__NR_shmget, %eax
        mov     $4096, %esi
        mov     $CREATE, %edx
#endif
        syscall
        test    %eax, %eax
        js      fail

        /* The line, written backwards: newline, digits of the id, padded words. */
        sub     $40, %rsp               /* 48 bytes below %rbp, for 1 + 10 + 24 */
        lea     -1(%rbp), %rsi
        movb    $'\n', (%rsi)
        mov     $10, %ecx
3:      xor     %edx, %edx
        div     %ecx
        add     $'0', %dl
        dec     %rsi
        mov     %dl, (%rsi)
        test    %eax, %eax
        jnz     3b
        mov     words, %rax
        movups  words + 8, %xmm0
        mov     %rax, -24(%rsi)
        movups  %xmm0, -16(%rsi)
        sub     $length, %rsi

        /* write(1, line, length) */
        mov     $__NR_write, %eax
        mov     $1, %edi
        mov     %rbp, %rdx
        sub     %rsi, %rdx
        syscall
        xor     %edi, %edi
        test    %eax, %eax
        jns     exit
fail:   mov     $1, %edi
exit:   mov     $__NR_exit_group, %eax
        syscall

        /* 24 bytes, padded in front. */
words:
#if defined QUEUE
        .ascii  "      Message queue id: "
        .set    length, 18
#elif defined SET
        .ascii  "          Semaphore id: "
        .set    length, 14
#elif defined SEGMENT
        .ascii  "      Shared memory id: "
        .set    length, 18
file:   .asciz  "/proc/sys/kernel/shm_rmid_forced"
#endif
