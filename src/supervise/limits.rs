//! The limits of storage: from the configuration and the cgroup to storage, and what is logged about refused groups.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::{LimitsConfig, MemoryLimit};
use crate::storage::{Storage, StorageLimits};

use super::RunError;
use super::cgroup;

/// Interval of checks whether groups are refused.
const CHECK: Duration = Duration::from_secs(5);

/// The limits of storage that a configuration asks for. With `auto` the memory is 70 % of what the cgroup may use.
pub(super) fn storage_limits(limits: &LimitsConfig) -> StorageLimits {
    let memory = match limits.memory {
        MemoryLimit::Off => None,
        MemoryLimit::Bytes(bytes) => Some(bytes),
        MemoryLimit::Auto => automatic_limit(cgroup::memory_limit()),
    };
    StorageLimits { groups: limits.groups, group_partitions: limits.group_partitions, memory }
}

fn automatic_limit(cgroup: Option<u64>) -> Option<u64> {
    let Some(cgroup) = cgroup else {
        info!("limits.memory is \"auto\", and the cgroup has no limit of memory: memory is not limited");
        return None;
    };
    let bytes = (cgroup / 10).saturating_mul(7);
    info!(bytes, cgroup, "limits.memory is \"auto\": groups and topics may take 70 % of the memory of the cgroup");
    Some(bytes)
}

/// Logs when a cluster begins to refuse groups, and when it no longer does.
pub(super) async fn report_refused_groups(storage: Arc<Storage>, stop: CancellationToken) -> Result<(), RunError> {
    let (mut tick, mut refusing) = (interval(CHECK), RefusingClusters::default());
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        let clusters = storage.clusters();
        refusing.0.retain(|name| clusters.iter().any(|cluster| cluster.label().name().to_string() == *name));
        for cluster in clusters.iter() {
            refusing.report(&cluster.label().name().to_string(), cluster.refused_groups(), &storage);
        }
    }
    Ok(())
}

/// The clusters that refuse groups, as was last logged.
#[derive(Debug, Default)]
struct RefusingClusters(BTreeSet<String>);

impl RefusingClusters {
    fn report(&mut self, cluster: &str, refused: usize, storage: &Storage) {
        match self.change(cluster, refused > 0) {
            Some(true) => {
                let (usage, limits) = (storage.usage(), storage.limits());
                let limit = usage.reached(&limits).join(", ");
                let (groups, partitions, memory) = (usage.groups, usage.group_partitions, usage.memory);
                warn!(
                    cluster,
                    refused, limit, groups, partitions, memory, "new groups are refused: a limit is reached"
                );
            }
            Some(false) => info!(cluster, "no group is refused any more"),
            None => {}
        }
    }

    /// Whether a cluster refuses groups, if that has changed.
    fn change(&mut self, cluster: &str, refuses: bool) -> Option<bool> {
        let changed = if refuses { self.0.insert(cluster.to_owned()) } else { self.0.remove(cluster) };
        changed.then_some(refuses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_logged_once_for_each_cluster() {
        let mut refusing = RefusingClusters::default();
        let changes = [("a", false), ("a", true), ("b", true), ("a", true), ("a", false), ("b", true), ("a", true)];
        let told = changes.map(|(cluster, refuses)| refusing.change(cluster, refuses));
        assert_eq!(told, [None, Some(true), Some(true), None, Some(false), None, Some(true)]);
    }

    #[test]
    fn auto_is_seven_tenths_of_the_cgroup_or_no_limit() {
        assert_eq!(automatic_limit(Some(1_000_000_009)), Some(700_000_000));
        assert_eq!(automatic_limit(None), None);
        let limits = LimitsConfig { groups: Some(3), group_partitions: None, memory: MemoryLimit::Bytes(7) };
        let expected = StorageLimits { groups: Some(3), group_partitions: None, memory: Some(7) };
        assert_eq!(storage_limits(&limits), expected);
    }
}
