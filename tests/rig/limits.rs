//! What a running process may have of the system.

use rlimit::{Resource, prlimit};

/// Sets how many descriptors a process may have open from now on; answers how many it could have before.
///
/// Its hard limit stays, so that this can be taken back.
pub fn set_descriptors(process: u32, count: u64) -> u64 {
    let process = libc::pid_t::try_from(process).unwrap();
    let (mut soft, mut hard) = (0, 0);
    prlimit(process, Resource::NOFILE, None, Some((&mut soft, &mut hard))).unwrap();
    prlimit(process, Resource::NOFILE, Some((count, hard)), None).unwrap();
    soft
}

/// How many descriptors a process has open.
pub fn open_descriptors(process: u32) -> u64 {
    let count = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
    u64::try_from(count).unwrap()
}

/// A process that is to be ended by a fault leaves no core file behind.
pub fn no_core(process: u32) {
    prlimit(libc::pid_t::try_from(process).unwrap(), Resource::CORE, Some((0, 0)), None).unwrap();
}
