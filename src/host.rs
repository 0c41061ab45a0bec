//! The name of this machine.

/// Returns the host name. Empty if the system does not report it.
#[must_use]
pub fn name() -> String {
    // The same value as gethostname returns, without unsafe code.
    std::fs::read_to_string("/proc/sys/kernel/hostname").map_or_else(|_| String::new(), |name| name.trim().to_owned())
}
