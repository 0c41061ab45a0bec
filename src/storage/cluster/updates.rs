//! Applies what consumer modules read: commits, members and other facts of groups.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hashbrown::HashSet;

use crate::invariant::broken;
use crate::model::{Commit, CommitLag, Order, Timestamp};
use crate::wall_clock::ExpiryTime;

use crate::storage::cluster::Cluster;
use crate::storage::cluster::shards::{Shard, lock};
use crate::storage::groups::group::{Group, UpdateStream};
use crate::storage::groups::placement::Placed;
use crate::storage::groups::prepared_update::PreparedUpdate;
use crate::storage::groups::record::{FactRecord, RecordStamp, TopicCommit};
use crate::storage::limits::budget::GroupAccount;
use crate::storage::limits::refused::{Arrival, LostKind, LostRecord, RefusedGroups};
use crate::storage::sources::dropped::DropReason;
use crate::storage::sources::name_limits::drop_long_names;
use crate::storage::sources::source::{PastState, SourceId};
use crate::storage::sources::update::Update;
use crate::storage::topics::names::TopicName;
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
        let (is_past, hasher) = (past == PastState::Behind, self.shards.hasher());
        let places = &*self.places();
        let stream = UpdateStream {
            source,
            place: places.find(source),
            places,
            topics: &topics,
            rules,
            now,
            live,
            keeps_tombstones: bury,
            is_past,
            hasher,
        };
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
            let admit = || self.budget.admit();
            let taken = apply_to_groups(&mut shard, order, update, &mut made, stream, admit, || name.clone());
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

/// Applies one update to a shard. `admit` returns the account of a group that is new to the shard, or `None` if it is
/// refused. `None` when the topic's name is needed first.
pub(crate) fn apply_to_groups(
    shard: &mut Shard,
    order: Order,
    update: &Update<'_>,
    made: &mut PreparedUpdate,
    stream: &UpdateStream<'_>,
    admit: impl FnOnce() -> Option<GroupAccount>,
    name: impl FnOnce() -> Option<Arc<TopicName>>,
) -> Option<CommitOutcome> {
    let key = update.group().0;
    let noted = !shard.refused.is_empty();
    if noted && is_blocked(shard, order, update, stream) {
        return Some(not_taken(update));
    }
    // Most groups are held. Then the group is looked up once.
    let (taken, is_empty) = if let Some(group) = shard.groups.get_mut(key) {
        match group.place_update(update.is_tombstone(), stream) {
            Placed::Applied => {}
            Placed::First => forget_ghosts(&mut shard.refused, group, update, stream),
            Placed::Ghost => return Some(not_counted(update)),
        }
        (apply_to_group(group, order, update, made, stream, name), group.is_empty())
    } else if creates_group(update, stream) {
        if let Err(outcome) = add_group(shard, order, update, stream, admit) {
            return Some(outcome);
        }
        match shard.groups.get_mut(key) {
            Some(group) => {
                if group.place_update(update.is_tombstone(), stream) == Placed::First {
                    forget_ghosts(&mut shard.refused, group, update, stream);
                }
                (apply_to_group(group, order, update, made, stream, name), group.is_empty())
            }
            None => (Some(CommitOutcome::Repeated), false),
        }
    } else {
        (Some(CommitOutcome::Repeated), false)
    };
    if noted && taken.is_some() {
        let hash = stream.hasher.group(update.group());
        shard.refused.record_applied(hash, &arrival(order, update, stream));
    }
    if is_empty {
        shard.groups.remove(key);
    }
    taken
}

/// Forgets what is lost of a group from partitions that do not hold it.
fn forget_ghosts(refused: &mut RefusedGroups, group: &Group, update: &Update<'_>, stream: &UpdateStream<'_>) {
    if !refused.is_empty() {
        let gone = |source| stream.places.is_ghost(source, group.placement.hash);
        refused.forget_sources(stream.hasher.group(update.group()), gone);
    }
}

/// Whether an update must not be applied, because of what is lost of its group.
#[cold]
fn is_blocked(shard: &Shard, order: Order, update: &Update<'_>, stream: &UpdateStream<'_>) -> bool {
    let (hash, held) = (stream.hasher.group(update.group()), shard.groups.contains_key(update.group().0));
    shard.refused.blocks(hash, &arrival(order, update, stream), held)
}

/// Adds the group of an update, which is not held.
///
/// # Errors
/// The result for the update, if the group is refused.
#[cold]
fn add_group(
    shard: &mut Shard,
    order: Order,
    update: &Update<'_>,
    stream: &UpdateStream<'_>,
    admit: impl FnOnce() -> Option<GroupAccount>,
) -> Result<(), CommitOutcome> {
    // It would not be taken in, so the group would be empty.
    if is_too_old(update, stream) {
        return Err(CommitOutcome::Dropped(DropReason::Expired));
    }
    let (key, hash) = (update.group().0, || stream.hasher.group(update.group()));
    let Some(account) = admit() else {
        shard.refused.add(hash(), lost_record(order, update, stream));
        return Err(not_taken(update));
    };
    if !shard.refused.is_empty() {
        shard.refused.record_admitted(hash(), stream.source);
    }
    shard.groups.insert(key.into(), Group::new(key, account));
    Ok(())
}

/// Whether an update makes a group that is not held.
fn creates_group(update: &Update<'_>, stream: &UpdateStream<'_>) -> bool {
    match update {
        Update::Commit { .. } | Update::Members(_) => true,
        Update::Registered { members, .. } => !members.is_empty(),
        Update::Fact { fact, .. } => stream.keeps_tombstones || !fact.is_tombstone(),
        Update::CommitTombstone { .. } | Update::GroupTombstone { .. } => stream.keeps_tombstones,
        Update::Share(share) => share.state.is_some(),
    }
}

/// Whether an update is a commit that `expire-group` refuses.
fn is_too_old(update: &Update<'_>, stream: &UpdateStream<'_>) -> bool {
    let at = match update {
        Update::Commit { timestamp, .. } => *timestamp,
        Update::Share(share) => share.at,
        Update::CommitTombstone { .. }
        | Update::Members(_)
        | Update::Fact { .. }
        | Update::Registered { .. }
        | Update::GroupTombstone { .. } => return false,
    };
    stream.rules.expire.is_commit_too_old(at, stream.now)
}

fn apply_to_group(
    group: &mut Group,
    order: Order,
    update: &Update<'_>,
    made: &mut PreparedUpdate,
    stream: &UpdateStream<'_>,
    name: impl FnOnce() -> Option<Arc<TopicName>>,
) -> Option<CommitOutcome> {
    match (update, made) {
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
    }
}

/// The result for a record that is lost because its group is refused.
const fn not_taken(update: &Update<'_>) -> CommitOutcome {
    match update {
        Update::Commit { .. } | Update::Share(_) => CommitOutcome::Dropped(DropReason::Limited),
        Update::CommitTombstone { .. }
        | Update::Members(_)
        | Update::Registered { .. }
        | Update::Fact { .. }
        | Update::GroupTombstone { .. } => CommitOutcome::Repeated,
    }
}

/// The result for a record of a partition that does not hold its group any more.
const fn not_counted(update: &Update<'_>) -> CommitOutcome {
    match update {
        Update::Commit { .. } => CommitOutcome::Dropped(DropReason::Superseded),
        Update::CommitTombstone { .. }
        | Update::Members(_)
        | Update::Registered { .. }
        | Update::Fact { .. }
        | Update::GroupTombstone { .. }
        | Update::Share(_) => CommitOutcome::Repeated,
    }
}

fn arrival(order: Order, update: &Update<'_>, stream: &UpdateStream<'_>) -> Arrival {
    let is_change = match update {
        Update::Share(share) => share.state.as_ref().is_some_and(|state| !state.whole),
        Update::Commit { .. }
        | Update::CommitTombstone { .. }
        | Update::Members(_)
        | Update::Registered { .. }
        | Update::Fact { .. }
        | Update::GroupTombstone { .. } => false,
    };
    Arrival { key: stream.hasher.record(stream.source, update), order, is_past: stream.is_past, is_change }
}

fn lost_record(order: Order, update: &Update<'_>, stream: &UpdateStream<'_>) -> LostRecord {
    let kind = match update {
        Update::Commit { .. } | Update::Share(_) => LostKind::Commit,
        Update::Members(_) | Update::Registered { .. } => LostKind::Member,
        Update::Fact { fact, .. } if !fact.is_tombstone() => LostKind::Member,
        Update::Fact { .. } | Update::CommitTombstone { .. } | Update::GroupTombstone { .. } => LostKind::Tombstone,
    };
    LostRecord { key: stream.hasher.record(stream.source, update), order, source: stream.source, kind }
}
