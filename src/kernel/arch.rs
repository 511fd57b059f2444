//! What differs between the architectures: one row of facts each. A port is a row here, a file in
//! `src/sys/arch` and a script in `linker`.
//!
//! Each struct of [`abi`](super::abi) is written once, over the size of a word. Its size and
//! offsets stand here as numbers of the headers, and `abi` asserts them.

/// The facts of one architecture.
#[derive(Clone, Copy)]
pub struct Arch {
    /// Words of a time in the structs of shmctl(2) and msgctl(2): `asm-generic/shmbuf.h`.
    pub time_words: usize,
    /// Words of a time in the struct of semctl(2): `asm/sembuf.h`.
    pub sem_time_words: usize,
    /// Words that follow the handler in the kernel's sigaction: `asm/signal.h`.
    pub sigaction_words: usize,
    /// Whether the ctl calls want IPC_64 with their command: `linux/ipc.h`.
    pub has_ipc_64: bool,
    /// O_DIRECTORY: `asm/fcntl.h`.
    pub o_directory: usize,
    /// O_NOFOLLOW: `asm/fcntl.h`.
    pub o_nofollow: usize,
    /// O_LARGEFILE, without which a file has 2 GiB at most where a word has 32 bits:
    /// `asm/fcntl.h`.
    pub o_largefile: usize,
    /// Bytes of the largest file of a kernel of this word size: `linux/fs.h`, MAX_LFS_FILESIZE.
    pub largest_file: u64,
    /// Bytes of the largest segment of System V of such a kernel: it counts the bytes of whole
    /// pages in a word. `ipc/shm.c`.
    pub largest_segment: u64,
    /// The layouts of the structs.
    pub layouts: Layouts,
}

/// The size of each struct that is not the same everywhere, then the offsets of its members.
#[derive(Clone, Copy)]
pub struct Layouts {
    /// Size; key, uid, mode.
    pub ipc64_perm: [usize; 4],
    /// Size; msg_cbytes, msg_qbytes.
    pub msqid64_ds: [usize; 3],
    /// Size; shm_segsz.
    pub shmid64_ds: [usize; 2],
    /// Size; sem_nsems.
    pub semid64_ds: [usize; 2],
    /// Size; shmmni, shmall.
    pub shminfo64: [usize; 3],
    /// Size; shm_tot.
    pub shm_info: [usize; 2],
    /// Size; st_ino, st_mode, st_size.
    pub stat: [usize; 4],
    /// Size; f_bsize, f_blocks, f_ffree.
    pub statfs: [usize; 4],
    /// Size; mq_maxmsg, mq_msgsize.
    pub mq_attr: [usize; 3],
    /// Size.
    pub sigaction: [usize; 1],
}

/// What `asm-generic` has where a word has 64 bits.
const WORDS_OF_64_BITS: Arch = Arch {
    time_words: 1,
    sem_time_words: 1,
    sigaction_words: 3,
    has_ipc_64: false,
    o_directory: 0o200_000,
    o_nofollow: 0o400_000,
    o_largefile: 0o100_000,
    largest_file: u64::MAX >> 1,
    largest_segment: u64::MAX >> 1,
    layouts: Layouts {
        ipc64_perm: [48, 0, 4, 20],
        msqid64_ds: [120, 72, 88],
        shmid64_ds: [112, 48],
        semid64_ds: [88, 64],
        shminfo64: [72, 16, 32],
        shm_info: [48, 8],
        stat: [128, 8, 16, 48],
        statfs: [120, 8, 16, 48],
        mq_attr: [64, 8, 16],
        sigaction: [32],
    },
};

/// The same of 32 bits.
const WORDS_OF_32_BITS: Arch = Arch {
    time_words: 2,
    sem_time_words: 2,
    sigaction_words: 4,
    // So many pages of 4 KiB as a word can count.
    largest_file: 0xffff_ffff << 12,
    largest_segment: 0xffff_f000,
    layouts: Layouts {
        ipc64_perm: [36, 0, 4, 20],
        msqid64_ds: [88, 60, 68],
        shmid64_ds: [84, 36],
        semid64_ds: [64, 52],
        shminfo64: [36, 8, 16],
        shm_info: [24, 4],
        // Aligned by 4, as i686 aligns numbers of 64 bits.
        stat: [96, 88, 16, 44],
        statfs: [84, 4, 8, 40],
        mq_attr: [32, 4, 8],
        sigaction: [20],
    },
    ..WORDS_OF_64_BITS
};

/// x86_64: a spare word follows each time of `semid64_ds`, and `stat` has an order of its own.
const X86_64: Arch = Arch {
    sem_time_words: 2,
    layouts: Layouts {
        semid64_ds: [104, 80],
        stat: [144, 8, 24, 48],
        ..WORDS_OF_64_BITS.layouts
    },
    ..WORDS_OF_64_BITS
};

/// aarch64.
const AARCH64: Arch = Arch {
    o_directory: 0o40_000,
    o_nofollow: 0o100_000,
    o_largefile: 0o400_000,
    ..WORDS_OF_64_BITS
};

/// riscv64: no restorer.
const RISCV64: Arch = Arch {
    sigaction_words: 2,
    layouts: Layouts {
        sigaction: [24],
        ..WORDS_OF_64_BITS.layouts
    },
    ..WORDS_OF_64_BITS
};

/// armv7, EABI.
const ARM: Arch = Arch {
    has_ipc_64: true,
    o_directory: 0o40_000,
    o_nofollow: 0o100_000,
    o_largefile: 0o400_000,
    layouts: Layouts {
        stat: [104, 96, 16, 48],
        ..WORDS_OF_32_BITS.layouts
    },
    ..WORDS_OF_32_BITS
};

/// i686.
const X86: Arch = WORDS_OF_32_BITS;

/// The facts of the architecture that the program is built for.
pub const ARCH: Arch = if cfg!(target_arch = "x86_64") {
    X86_64
} else if cfg!(target_arch = "aarch64") {
    AARCH64
} else if cfg!(target_arch = "riscv64") {
    RISCV64
} else if cfg!(target_arch = "arm") {
    ARM
} else if cfg!(target_arch = "x86") {
    X86
} else {
    panic!("this architecture has no row of facts")
};

/// Narrows a number to a word. One that is too large becomes the largest that fits.
pub fn narrow(number: impl TryInto<usize>) -> usize {
    number.try_into().unwrap_or(usize::MAX)
}

/// Widens a word.
#[must_use]
pub fn wide(word: usize) -> u64 {
    word.try_into().unwrap_or(u64::MAX)
}
