//! The process, by the names that all programs have for it, and the runtime that its work goes on in.

use super::written::{Written, about};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use rustix::param::page_size;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::fmt;
use std::fs;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeMetrics};

/// What the system says of the process.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let out = &mut Written::new(encoder);
        process(out)?;
        match Handle::try_current() {
            Ok(runtime) => of_runtime(&runtime.metrics(), out),
            Err(_) => Ok(()),
        }
    }
}

/// What the system does not tell is left out.
fn process(out: &mut Written<'_>) -> fmt::Result {
    let cpu = about("process_cpu", "CPU time that the process has used.");
    out.counter(&cpu.in_seconds(), seconds(ClockId::ProcessCPUTime))?;
    let memory = memory();
    let resident = about(
        "process_resident_memory",
        "Memory that the process has in use.",
    );
    let of = |place: usize| memory.get(place).map(|bytes| ([], *bytes));
    out.gauges(&resident.in_bytes(), of(1))?;
    let address_space = about("process_virtual_memory", "Address space of the process.");
    out.gauges(&address_space.in_bytes(), of(0))?;
    let open = fs::read_dir("/proc/self/fd").map(Iterator::count).ok();
    let files = about(
        "process_open_fds",
        "Files and sockets that the process has open.",
    );
    // Without the folder itself, which is open while it is read.
    out.gauges(&files, open.map(|count| ([], count.saturating_sub(1))))?;
    let most = about(
        "process_max_fds",
        "Files and sockets that it may have open.",
    );
    let limit = getrlimit(Resource::Nofile).current;
    out.gauges(&most, limit.map(|limit| ([], limit)))?;
    let threads = fs::read_dir("/proc/self/task").map(Iterator::count).ok();
    let about_threads = about("process_threads", "Threads of the process.");
    out.gauges(&about_threads, threads.map(|count| ([], count)))
}

fn of_runtime(runtime: &RuntimeMetrics, out: &mut Written<'_>) -> fmt::Result {
    let workers = about("tokio_workers", "Threads of the runtime that run tasks.");
    out.gauge(&workers, runtime.num_workers())?;
    let tasks = about(
        "tokio_alive_tasks",
        "Tasks of the runtime that have not ended.",
    );
    out.gauge(&tasks, runtime.num_alive_tasks())?;
    let busy = (0..runtime.num_workers()).map(|worker| runtime.worker_total_busy_duration(worker));
    let about_busy = about(
        "tokio_workers_busy",
        "Time that threads of the runtime were busy.",
    );
    out.counter(
        &about_busy.in_seconds(),
        busy.sum::<Duration>().as_secs_f64(),
    )
}

fn seconds(clock: ClockId) -> f64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    let whole = u64::try_from(tv_sec).unwrap_or(0);
    let nanos = u32::try_from(tv_nsec).unwrap_or(0);
    Duration::new(whole, nanos).as_secs_f64()
}

/// Address space, and memory in use.
fn memory() -> Vec<u64> {
    let told = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let page = page_size() as u64;
    let pages = told.split_ascii_whitespace().take(2);
    pages
        .filter_map(|pages| pages.parse::<u64>().ok()?.checked_mul(page))
        .collect()
}
