//! What a running process may have of the system.

use rlimit::{Resource, prlimit};

/// Sets how many descriptors a process may have open from now on; answers how many it could have before.
pub fn set_descriptors(process: u32, count: u64) -> u64 {
    set(process, Resource::NOFILE, count)
}

/// Sets how large a process' address space may become; answers how large it could become before.
pub fn set_address_space(process: u32, bytes: u64) -> u64 {
    set(process, Resource::AS, bytes)
}

/// Sets a soft limit. The hard one stays, so that this can be taken back.
fn set(process: u32, resource: Resource, limit: u64) -> u64 {
    let process = libc::pid_t::try_from(process).unwrap();
    let (mut soft, mut hard) = (0, 0);
    prlimit(process, resource, None, Some((&mut soft, &mut hard))).unwrap();
    prlimit(process, resource, Some((limit.min(hard), hard)), None).unwrap();
    soft
}

/// How large a process' address space is.
pub fn address_space(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    size.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
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
