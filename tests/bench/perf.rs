//! Events of perf_event_open(2). They count or sample child processes, from exec on: once the new
//! address space is in place.

use std::fs::File;
use std::io::{self, Read};
use std::mem::offset_of;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted.
#[derive(Clone, Copy)]
pub enum Event {
    /// Nanoseconds on a processor: PERF_COUNT_SW_TASK_CLOCK.
    TaskClock,
    /// The stack page for pointers and auxiliary vector, unless the strings have faulted it in, and
    /// then each page that the program or its system calls touch: PERF_COUNT_SW_PAGE_FAULTS.
    PageFaults,
}

/// A count of one event.
pub struct Counter(File);

impl Counter {
    /// Opens it. One for each run: the kernel may swap the events of parent and child, and then
    /// ours ends with the first child.
    pub fn open(event: Event) -> io::Result<Self> {
        let config = match event {
            Event::TaskClock => 1,
            Event::PageFaults => 2,
        };
        let any_processor = -1;
        open(config, 0, any_processor).map(Self)
    }

    /// The count, after the run.
    pub fn read(mut self) -> io::Result<u64> {
        let mut count = [0; 8];
        self.0.read_exact(&mut count)?;
        Ok(u64::from_ne_bytes(count))
    }
}

/// Samples of where the processor is.
pub struct Sampler {
    /// Open as long as it samples.
    _event: File,
    ring: *mut Ring,
}

/// Samples, and how many of them are of user mode.
#[derive(Clone, Copy, Default)]
pub struct Samples {
    pub all: u64,
    pub user: u64,
}

/// The memory that the kernel writes records to: struct perf_event_mmap_page, and data.
#[repr(C)]
struct Ring {
    _head: [u64; 128],
    data_head: AtomicU64,
    _rest: [u64; 383],
    data: [Header; DATA_BYTES / size_of::<Header>()],
}

/// A record: struct perf_event_header. Samples of ours hold nothing else.
#[repr(C)]
#[derive(Clone, Copy)]
struct Header {
    kind: u32,
    misc: u16,
    size: u16,
}

/// A power of two, in pages.
const DATA_BYTES: usize = 1 << 18;
/// Nanoseconds from a sample to the next. A sample itself can take half of that.
const PERIOD: u64 = 20_000;

impl Sampler {
    /// Opens it, for children on this processor.
    pub fn open(processor: i32) -> io::Result<Self> {
        const CPU_CLOCK: u64 = 0;
        const { assert!(offset_of!(Ring, data_head) == 1024 && offset_of!(Ring, data) == 4096) };
        let event = open(CPU_CLOCK, PERIOD, processor)?;
        // SAFETY: a new mapping, which the kernel places.
        let ring = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size_of::<Ring>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                event.as_raw_fd(),
                0,
            )
        };
        if ring == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            _event: event,
            ring: ring.cast(),
        })
    }

    /// The samples, after the run.
    pub fn read(self) -> io::Result<Samples> {
        const SAMPLE: u32 = 9;
        const MODE: u16 = 7;
        const USER: u16 = 2;
        // SAFETY: the mapping lasts as long as self, and the kernel writes to it no more: the
        // child has ended.
        let ring = unsafe { &*self.ring };
        let end = ring.data_head.load(Ordering::Acquire) as usize / size_of::<Header>();
        let mut samples = Samples::default();
        for record in ring.data.get(..end).unwrap_or_default() {
            if record.kind != SAMPLE || usize::from(record.size) != size_of::<Header>() {
                // The kernel lost samples, or took fewer of them for a while.
                return Err(io::Error::other(format!(
                    "a perf record of kind {}",
                    record.kind
                )));
            }
            samples.all += 1;
            samples.user += u64::from(record.misc & MODE == USER);
        }
        if samples.all == 0 {
            return Err(io::Error::other("no samples, or too many"));
        }
        Ok(samples)
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        // SAFETY: nothing refers to the mapping any more. It was mapped, so that this cannot fail.
        unsafe { libc::munmap(self.ring.cast(), size_of::<Ring>()) };
    }
}

/// Opens a software event of child processes. With a `period` it samples; that takes a processor.
fn open(config: u64, period: u64, processor: i32) -> io::Result<File> {
    /// The first version of struct perf_event_attr.
    #[repr(C)]
    #[derive(Default)]
    struct Attributes {
        kind: u32,
        size: u32,
        config: u64,
        sample_period: u64,
        sample_type: u64,
        read_format: u64,
        flags: u64,
        wakeup_events: u32,
        breakpoint_type: u32,
        breakpoint_address: u64,
    }
    const SOFTWARE: u32 = 1;
    const SIZE: u32 = 64;
    const DISABLED: u64 = 1 << 0;
    const INHERIT: u64 = 1 << 1;
    const ENABLE_ON_EXEC: u64 = 1 << 12;
    const CLOSE_ON_EXEC: libc::c_ulong = 8;
    const { assert!(size_of::<Attributes>() == 64) };

    let attributes = Attributes {
        kind: SOFTWARE,
        size: SIZE,
        config,
        sample_period: period,
        flags: DISABLED | INHERIT | ENABLE_ON_EXEC,
        ..Attributes::default()
    };
    let (this_process, no_group) = (0, -1);
    // SAFETY: the kernel reads the attributes, which tell their size.
    let descriptor = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attributes,
            this_process,
            processor,
            no_group,
            CLOSE_ON_EXEC,
        )
    };
    match i32::try_from(descriptor) {
        // SAFETY: the kernel has just made this descriptor for us, and nothing else has it.
        Ok(descriptor @ 0..) => Ok(unsafe { File::from_raw_fd(descriptor) }),
        _ => Err(io::Error::last_os_error()),
    }
}
