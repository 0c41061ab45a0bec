//! Applies what consumer modules read: commits, members and other facts of groups.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hashbrown::HashSet;

use crate::invariant::broken;
use crate::model::{Commit, CommitLag, Order, Timestamp};
use crate::wall_clock::ExpiryTime;

use crate::storage::cluster::Cluster;
use crate::storage::cluster::shards::{GroupMap, lock};
use crate::storage::groups::group::{Group, UpdateStream};
use crate::storage::groups::prepared_update::PreparedUpdate;
use crate::storage::groups::record::{FactRecord, RecordStamp, TopicCommit};
use crate::storage::sources::dropped::DropReason;
use crate::storage::sources::name_limits::drop_long_names;
use crate::storage::sources::source::{PastState, SourceId};
use crate::storage::sources::update::Update;
use crate::storage::topics::names::{Label, TopicName};
use crate::storage::windows::group_partition::CommitOutcome;

impl Cluster {
    /// Applies updates in the order of their source. Commits count as live unless the stream is the past.
    pub fn apply<'a>(
        &self,
        source: SourceId,
        past: PastState,
        updates: impl IntoIterator<Item = (Order, Update<'a>)>,
        now: impl Into<ExpiryTime>,
    ) {
        let (now, mut newest) = (now.into(), None);
        let topics = self.topics();
        let rules = &self.rules();
        let (live, bury) = (past != PastState::Behind, past == PastState::Ahead);
        let stream = UpdateStream { source, topics: &topics, rules, now, live, keeps_tombstones: bury };
        lock(&self.updated_sources).insert(source);
        let mut changed: HashSet<Box<[u8]>> = HashSet::new();
        for (order, update) in updates {
            let Some(update) = self.drop_long_names(update) else { continue };
            newest = newest.max(self.record_timestamp(&update));
            self.apply_one(order, &update, &stream);
            if let Update::Fact { group, .. } | Update::GroupTombstone { group } = update
                && !changed.contains(group.0)
            {
                changed.insert(group.0.into());
            }
        }
        self.record_newest_commit(source, newest, now);
        self.mark_stale(changed);
    }

    fn apply_one(&self, order: Order, update: &Update<'_>, stream: &UpdateStream<'_>) {
        // It is dropped after the lock, and so is the old value that it is swapped with.
        let mut made = self.prepare(update, stream);
        let mut name = None;
        loop {
            let mut shard = self.shards.of(update.group());
            let taken = apply_to_groups(&mut shard, order, update, &mut made, stream, || name.clone());
            drop(shard);
            // The shared copy of a topic's name is fetched outside of the shard's lock. Then the commit is tried again.
            match (taken, update) {
                (None, Update::Commit { topic, .. }) if name.is_none() => name = Some(self.names.intern(*topic)),
                (Some(CommitOutcome::Dropped(why)), _) => return self.count_dropped(why, 1),
                (Some(CommitOutcome::Added | CommitOutcome::Repeated), _) => return,
                (None, _) => return broken("only a commit needs the name of its topic, and that once"),
            }
        }
    }

    /// Returns the timestamp of a commit or of a share group's state; `None` for other updates. Notes that of a commit
    /// if it is the newest.
    pub(crate) fn record_timestamp(&self, update: &Update<'_>) -> Option<Timestamp> {
        match update {
            Update::Commit { timestamp, .. } => {
                self.newest_commit.fetch_max(timestamp.0, Ordering::Relaxed);
                Some(*timestamp)
            }
            Update::Share(share) => Some(share.at),
            Update::CommitTombstone { .. }
            | Update::Members(_)
            | Update::Fact { .. }
            | Update::Registered { .. }
            | Update::GroupTombstone { .. } => None,
        }
    }

    /// Notes the timestamp of the newest commit of a batch of a source, unless it is ahead of the wall clock.
    pub(crate) fn record_newest_commit(&self, source: SourceId, newest: Option<Timestamp>, now: ExpiryTime) {
        let Some(newest) = newest.filter(|newest| *newest <= now.time) else { return };
        let mut brought = lock(&self.newest_commits);
        let held = brought.entry(source).or_insert(newest);
        *held = newest.max(*held);
    }

    /// Prepares the value that an update stores, and counts the topics of assignments that are not kept.
    pub(crate) fn prepare(&self, update: &Update<'_>, stream: &UpdateStream<'_>) -> PreparedUpdate {
        let (made, cut) = PreparedUpdate::of(update, stream.source, self.topic_lookup(stream.topics));
        self.dropped_topics.count(update.group(), cut);
        made
    }

    /// Removes from an update what is about names that are too long, and counts them. `None` if nothing is left.
    pub(crate) fn drop_long_names<'a>(&self, update: Update<'a>) -> Option<Update<'a>> {
        let (update, refused) = drop_long_names(update);
        self.count_dropped(DropReason::Name, refused);
        update
    }
}

/// Applies one update to a map of groups. `None` when the topic's name is needed first.
pub(crate) fn apply_to_groups(
    groups: &mut GroupMap,
    order: Order,
    update: &Update<'_>,
    made: &mut PreparedUpdate,
    stream: &UpdateStream<'_>,
    name: impl FnOnce() -> Option<Arc<TopicName>>,
) -> Option<CommitOutcome> {
    let key = update.group().0;
    let creates = match update {
        Update::Commit { .. } | Update::Members(_) => true,
        Update::Registered { members, .. } => !members.is_empty(),
        Update::Fact { fact, .. } => stream.keeps_tombstones || !fact.is_tombstone(),
        Update::CommitTombstone { .. } | Update::GroupTombstone { .. } => stream.keeps_tombstones,
        Update::Share(share) => share.state.is_some(),
    };
    if creates && !groups.contains_key(key) {
        groups.insert(key.into(), Group::new(Arc::new(Label::new(key))));
    }
    let Some(group) = groups.get_mut(key) else { return Some(CommitOutcome::Repeated) };
    let taken = match (update, made) {
        (Update::Commit { topic, partition, offset, timestamp, .. }, _) => {
            let lag = CommitLag::Unknown;
            let commit = Commit { order, offset: *offset, timestamp: *timestamp, lag };
            group.add_commit(TopicCommit { topic: topic.0, partition: *partition, commit }, name, stream)
        }
        (Update::CommitTombstone { topic, partition, .. }, _) => {
            group.remove_commit(topic.0, *partition, order, stream);
            Some(CommitOutcome::Added)
        }
        (Update::Members(members), PreparedUpdate::Generation(made)) => {
            group.set_generation(made, RecordStamp { order, at: members.at }, stream);
            Some(CommitOutcome::Added)
        }
        (Update::Registered { .. }, PreparedUpdate::Registered(made)) => {
            group.set_registered(made);
            Some(CommitOutcome::Added)
        }
        (Update::Fact { kind, at, fact, .. }, PreparedUpdate::Fact(made)) => {
            let stamp = RecordStamp { order, at: *at };
            let record = FactRecord { kind: *kind, is_tombstone: fact.is_tombstone(), stamp };
            group.apply_fact(record, made, stream);
            Some(CommitOutcome::Added)
        }
        (Update::GroupTombstone { .. }, _) => {
            group.remove_classic(order, stream);
            Some(CommitOutcome::Added)
        }
        (Update::Share(share), PreparedUpdate::Finished(finished)) => {
            Some(group.apply_share_state(share, finished, order, stream))
        }
        (Update::Members(_) | Update::Registered { .. } | Update::Fact { .. } | Update::Share(_), _) => {
            broken("what is prepared for an update is of its kind");
            Some(CommitOutcome::Repeated)
        }
    };
    if group.is_empty() {
        groups.remove(key);
    }
    taken
}
