//! The machine, as it calls itself.

/// Its name; empty where the system does not tell it.
#[must_use]
pub fn name() -> String {
    // What gethostname gives is the kernel's own word, without a call that is not safe.
    std::fs::read_to_string("/proc/sys/kernel/hostname").map_or_else(|_| String::new(), |name| name.trim().to_owned())
}
