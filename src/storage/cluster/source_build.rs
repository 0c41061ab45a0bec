//! Reads a source from its beginning, beside what is shown, and then replaces what is shown of it.

use std::sync::Arc;

use hashbrown::HashSet;

use crate::model::{Name, Order};
use crate::wall_clock::ExpiryTime;

use crate::storage::cluster::Cluster;
use crate::storage::cluster::shards::{Shard, lock};
use crate::storage::cluster::updates::apply_to_groups;
use crate::storage::groups::group::UpdateStream;
use crate::storage::groups::placement::Placed;
use crate::storage::limits::budget::GroupAccount;
use crate::storage::sources::source::SourceId;
use crate::storage::sources::update::Update;
use crate::storage::windows::group_partition::CommitOutcome;

/// Groups of one source that are not shown yet, because their partition has not caught up
/// (docs/src/reference/storage-rules.md, When a group is shown).
///
/// Dropping it has no effect on what is shown.
#[derive(Debug)]
pub struct SourceBuild {
    cluster: Arc<Cluster>,
    source: SourceId,
    read: Shard,
}

/// What happens to the windows that are already held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WindowRenewal {
    /// They are replaced. The new windows are complete.
    Replaces,
    /// They continue. The new windows have only the newest commit.
    Continues,
}

impl SourceBuild {
    fn new(cluster: Arc<Cluster>, source: SourceId) -> Self {
        let read = Shard::new(&cluster.budget);
        Self { cluster, source, read }
    }

    /// Applies updates in the order of their source. Commits do not count as live.
    pub fn apply<'a>(&mut self, updates: impl IntoIterator<Item = (Order, Update<'a>)>, now: impl Into<ExpiryTime>) {
        let (now, mut newest) = (now.into(), None);
        let topics = self.cluster.topics();
        let (rules, hasher, source) = (&self.cluster.rules(), self.cluster.shards.hasher(), self.source);
        let (live, keeps_tombstones, is_past) = (false, false, false);
        let places = &*self.cluster.places();
        let place = places.find(source);
        let topics = &*topics;
        let stream =
            UpdateStream { source, place, places, topics, rules, now, live, keeps_tombstones, is_past, hasher };
        for (order, update) in updates {
            let Some(update) = self.cluster.drop_long_names(update) else { continue };
            newest = newest.max(self.cluster.record_timestamp(&update));
            let mut made = self.cluster.prepare(&update, &stream);
            let intern = || match &update {
                Update::Commit { topic, .. } => Some(self.cluster.names.intern(*topic)),
                Update::CommitTombstone { .. }
                | Update::Members(_)
                | Update::Fact { .. }
                | Update::Registered { .. }
                | Update::GroupTombstone { .. }
                | Update::Share(_) => None,
            };
            let admit = || self.cluster.admit_again(update.group());
            let taken = apply_to_groups(&mut self.read, order, &update, &mut made, &stream, admit, intern);
            if let Some(CommitOutcome::Dropped(why)) = taken {
                self.cluster.count_dropped(why, 1);
            }
        }
        self.cluster.record_newest_commit(self.source, newest, now);
    }

    /// Replaces what is shown of the source.
    pub fn publish(self) {
        self.publish_as(WindowRenewal::Replaces);
    }

    /// Replaces what is shown of the source, and continues its windows. For a source that has only the newest commits,
    /// such as ZooKeeper.
    pub fn publish_and_continue(self) {
        self.publish_as(WindowRenewal::Continues);
    }

    fn publish_as(mut self, renewal: WindowRenewal) {
        let topics = self.cluster.topics();
        for group in self.read.groups.values_mut() {
            group.resolve_names(&topics);
            self.cluster.resolve_names_of(group, self.cluster.topic_lookup(&topics));
            // Partitions were added one by one. Few are added from now on.
            group.topics.iter_mut().for_each(|topic| topic.partitions.shrink());
            group.retain(|name, slot| {
                let since = topics.previous_until(name);
                since.is_none_or(|since| slot.retain(|commit| commit.timestamp > since))
            });
        }
        self.read.groups.retain(|_, group| !group.is_empty());
        self.cluster.publish(self.source, self.read, renewal);
    }
}

impl Cluster {
    /// Starts to read a source from its beginning, beside what is shown.
    #[must_use]
    pub fn start_build(self: &Arc<Self>, source: SourceId) -> SourceBuild {
        SourceBuild::new(Arc::clone(self), source)
    }

    /// Admits a group that is read from the beginning. One that is held already is never refused.
    fn admit_again(&self, group: Name<'_>) -> Option<GroupAccount> {
        let is_held = self.shards.of(group).contains_key(group.0);
        if is_held { Some(self.budget.read_again()) } else { self.budget.admit() }
    }

    /// Replaces what is shown of a source by what was read again from the beginning.
    fn publish(&self, source: SourceId, read: Shard, renewal: WindowRenewal) {
        let (rules, places) = (self.rules(), self.places());
        let is_known = !lock(&self.updated_sources).insert(source);
        let mut stale = HashSet::new();
        let (parts, refused) = self.shards.divide(read, &self.budget);
        for ((mut shard, fresh), refused) in self.shards.iter().zip(parts).zip(refused) {
            // Nothing is held of a source that has had no updates before. Most published sources are such.
            if is_known {
                shard.retain(|name, held| fresh.contains_key(name) || held.remove_source(source));
            }
            shard.refused.remove_source(source);
            shard.refused.merge(refused);
            let Shard { groups, refused: lost } = &mut *shard;
            for (name, mut group) in fresh {
                if group.meta.stale_records().is_some() {
                    stale.insert(name.clone());
                }
                if group.placement.is_right && !lost.is_empty() {
                    let gone = |source| places.is_ghost(source, group.placement.hash);
                    lost.forget_sources(self.shards.hasher().group(Name(&name)), gone);
                }
                let Some(held) = groups.get_mut(&name) else {
                    group.account.count();
                    groups.insert(name, group);
                    continue;
                };
                if held.place_build(&group, &places) == Placed::Ghost {
                    if !held.remove_source(source) {
                        groups.remove(&name);
                    }
                    continue;
                }
                group.take_over_counters(held);
                if renewal == WindowRenewal::Continues {
                    group.continue_windows(held, &rules);
                }
                held.reset_counts();
                held.remove_source(source);
                held.merge(group);
            }
        }
        self.mark_stale(stale);
    }
}
