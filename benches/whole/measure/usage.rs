//! What a process takes of the machine, as the kernel tells it.

use std::fs;
use std::time::Duration;

use procfs::process::{Process, Stat};

/// CPU time, user's and system's, that a process has taken; also of one that has ended and was not waited for.
pub fn cpu(id: u32) -> Duration {
    taken(&stat(id))
}

/// Whether it has ended and waits to be waited for; if so, the CPU time that it took.
pub fn ended(id: u32) -> Option<Duration> {
    let stat = stat(id);
    (stat.state == 'Z').then(|| taken(&stat))
}

fn stat(id: u32) -> Stat {
    process(id).stat().unwrap()
}

fn process(id: u32) -> Process {
    Process::new(i32::try_from(id).unwrap()).unwrap()
}

fn taken(stat: &Stat) -> Duration {
    let ticks = u32::try_from(stat.utime + stat.stime).unwrap();
    Duration::from_secs(1) / u32::try_from(procfs::ticks_per_second()).unwrap() * ticks
}

/// Resident bytes now.
pub fn resident(id: u32) -> u64 {
    process(id).status().unwrap().vmrss.unwrap() * 1024
}

/// The most resident bytes since the last [`forget_peak`].
pub fn peak(id: u32) -> u64 {
    process(id).status().unwrap().vmhwm.unwrap() * 1024
}

/// From now on the peak counts anew.
pub fn forget_peak(id: u32) {
    fs::write(format!("/proc/{id}/clear_refs"), "5").unwrap();
}
