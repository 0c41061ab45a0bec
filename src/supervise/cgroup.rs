//! How much memory the process may use, by its cgroup and those above it. Version 2 and version 1, which may exist side
//! by side.

use std::fs;
use std::path::{Path, PathBuf};

/// Where cgroups are mounted.
const MOUNT: &str = "/sys/fs/cgroup";
/// A limit of version 1 from which on it is none: the kernel writes the largest number of whole pages.
const UNLIMITED: u64 = 1 << 62;

/// The lowest limit of memory in bytes. `None` if there is none.
pub(super) fn memory_limit() -> Option<u64> {
    lowest_limit(|path| fs::read_to_string(path).ok())
}

/// The same, with the content of files from `read`.
fn lowest_limit(read: impl Fn(&Path) -> Option<String>) -> Option<u64> {
    let own = read(Path::new("/proc/self/cgroup"))?;
    let limits = own.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        // The line of version 2 names no controller.
        let (mount, file) = if controllers.is_empty() {
            (PathBuf::from(MOUNT), "memory.max")
        } else if controllers.split(',').any(|controller| controller == "memory") {
            (Path::new(MOUNT).join("memory"), "memory.limit_in_bytes")
        } else {
            return None;
        };
        // In a container the path may be that of the host. Then only the mount itself is there.
        let own = Path::new(path.trim_start_matches('/'));
        let folders = own.ancestors().map(|folder| mount.join(folder).join(file));
        folders.filter_map(|file| limit(&read(&file)?)).min()
    });
    limits.min()
}

/// A limit, as its file has it: a number, or `max`.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|bytes| *bytes < UNLIMITED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Option<u64> {
        lowest_limit(|path| {
            let file = files.iter().find(|(name, _)| Path::new(name) == path);
            file.map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn the_lowest_limit_on_the_way_to_the_root_counts() {
        let own = ("/proc/self/cgroup", "0::/kube/pod/one\n");
        let pod = ("/sys/fs/cgroup/kube/pod/memory.max", "536870912\n");
        let one = ("/sys/fs/cgroup/kube/pod/one/memory.max", "max\n");
        let kube = ("/sys/fs/cgroup/kube/memory.max", "8589934592\n");
        assert_eq!(found(&[own, one, pod, kube]), Some(536_870_912));
        assert_eq!(found(&[own, one]), None);
    }

    #[test]
    fn in_a_container_the_mount_has_the_limit() {
        let max = ("/sys/fs/cgroup/memory.max", "1000000\n");
        assert_eq!(found(&[("/proc/self/cgroup", "0::/\n"), max]), Some(1_000_000));
        assert_eq!(found(&[("/proc/self/cgroup", "0::/docker/0123\n"), max]), Some(1_000_000));
    }

    #[test]
    fn version_1_has_a_number_for_no_limit() {
        let own = ("/proc/self/cgroup", "12:cpu,cpuacct:/a\n4:memory:/a\n1:name=systemd:/a\n0::/a\n");
        let file = "/sys/fs/cgroup/memory/a/memory.limit_in_bytes";
        assert_eq!(found(&[own, (file, "2000000\n")]), Some(2_000_000));
        assert_eq!(found(&[own, (file, "9223372036854771712\n")]), None);
    }

    #[test]
    fn what_cannot_be_read_is_no_limit() {
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[("/proc/self/cgroup", "odd\n0::\n::\n")]), None);
    }
}
