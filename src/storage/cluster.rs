//! One cluster: its topics behind one lock, its groups behind 64 (shards).
//!
//! A lock is held only for a copy or an update in memory, and never while another one is taken.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet};

use crate::model::{Name, Order, Partition, Timestamp};
use crate::time_lag::Exactness;
use crate::wall_clock::AsOf;

use super::Past;
use super::SourceId;
use super::topics::{Read, Topics};
use crate::model::Commit;
use crate::storage::groups::group::{Group, Stream};
use crate::storage::groups::owners::Known;
use crate::storage::lists::cut::{Cut, Cuts};
use crate::storage::lists::work::Held;
use crate::storage::sources::admit::admit;
use crate::storage::sources::build::{Build, Renewal};
use crate::storage::sources::made::Made;
use crate::storage::sources::source::Origin;
use crate::storage::sources::update::{ClusterFacts, Dropped, LogBounds, Metadata, TimesFound, Update};
use crate::storage::topics::names::{Label, TopicName, TopicNames};
use crate::storage::windows::settle::{Moment, TimeLookup};
use crate::storage::windows::slot::{Rules, Taken};

const SHARDS: usize = 64;

pub(super) type Groups = HashMap<Box<[u8]>, Group>;

/// One cluster. See the module documentation.
#[derive(Debug)]
pub struct Cluster {
    label: Arc<Label>,
    rules: Rules,
    names: TopicNames,
    topics: RwLock<Arc<Topics>>,
    shards: Vec<Mutex<Groups>>,
    /// Chooses the shard of a group.
    hasher: DefaultHashBuilder,
    /// By module, origin and partition of the topic. The partition is 0 for a ZooKeeper ensemble.
    sources: Mutex<HashMap<(String, Origin, i32), SourceId>>,
    /// Sources from which updates have come, so that something of them may be held.
    told: Mutex<HashSet<SourceId>>,
    /// Groups whose owners have to be computed.
    stale: Mutex<HashSet<Box<[u8]>>>,
    dropped: [AtomicU64; Dropped::ALL.len()],
    cuts: Cuts,
    /// The timestamp of the newest commit seen.
    newest: AtomicI64,
    /// By source, the timestamp of its newest commit that is not ahead of the wall clock.
    brought: Mutex<HashMap<SourceId, Timestamp>>,
    /// Interval of the refreshes of log ends, in milliseconds.
    refresh: AtomicU64,
    /// Whether the first time lookups are done.
    past_read: AtomicBool,
}

/// The interval of the refreshes of log ends, until another one is set.
const REFRESH: Duration = Duration::from_secs(10);

impl Cluster {
    pub(super) fn new(name: &str, rules: Rules) -> Self {
        Self {
            label: Arc::new(Label::new(name.as_bytes())),
            rules,
            names: TopicNames::default(),
            topics: RwLock::default(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: DefaultHashBuilder::default(),
            sources: Mutex::default(),
            told: Mutex::default(),
            stale: Mutex::default(),
            dropped: Default::default(),
            cuts: Cuts::default(),
            newest: AtomicI64::new(i64::MIN),
            brought: Mutex::default(),
            refresh: AtomicU64::new(millis(REFRESH)),
            past_read: AtomicBool::new(false),
        }
    }

    /// The cluster's name.
    #[must_use]
    pub const fn label(&self) -> &Arc<Label> {
        &self.label
    }

    /// The source that stands for a partition of the offsets topic, as read by a module.
    #[must_use]
    pub fn source(&self, module: &str, partition: i32) -> SourceId {
        self.source_of(module, Origin::OffsetsTopic, partition)
    }

    /// The source that stands for a partition of the topic with the state of share groups, as read by a module.
    #[must_use]
    pub fn share_source(&self, module: &str, partition: i32) -> SourceId {
        self.source_of(module, Origin::ShareState, partition)
    }

    /// The source that stands for a ZooKeeper ensemble, as read by a module.
    #[must_use]
    pub fn ensemble(&self, module: &str) -> SourceId {
        self.source_of(module, Origin::ZooKeeper, 0)
    }

    fn source_of(&self, module: &str, origin: Origin, partition: i32) -> SourceId {
        let mut sources = lock(&self.sources);
        let number = sources.len();
        *sources.entry((module.to_owned(), origin, partition)).or_insert_with(|| SourceId::new(number, origin))
    }

    /// The current topics.
    #[must_use]
    pub fn topics(&self) -> Arc<Topics> {
        Arc::clone(&self.topics.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Removes topics with too long a name from a metadata answer, and counts them.
    pub fn admit_topics(&self, metadata: &mut Metadata) {
        let before = metadata.topics.len();
        metadata.topics.retain(|topic| Name(topic.name.as_bytes()).is_fit_for_a_topic());
        let refused = before.saturating_sub(metadata.topics.len());
        self.count_dropped(Dropped::Name, u64::try_from(refused).unwrap_or(u64::MAX));
    }

    /// Applies a full metadata answer. `at` is the time of the request.
    pub fn apply_metadata(&self, mut metadata: Metadata, at: Timestamp) {
        self.admit_topics(&mut metadata);
        let at = self.by_the_brokers_clock(at);
        let named: Vec<_> =
            metadata.topics.iter().map(|topic| (self.names.intern(Name(topic.name.as_bytes())), topic)).collect();
        let known = self.names.all();
        let mut recreated = Vec::new();
        self.change_topics(|topics| {
            let mut brokers = metadata.brokers;
            brokers.sort_by_key(|broker| broker.id);
            brokers.dedup_by_key(|broker| broker.id);
            topics.begin(brokers);
            let mut missing: HashMap<*const TopicName, Arc<TopicName>> =
                known.into_iter().map(|name| (Arc::as_ptr(&name), name)).collect();
            for (name, found) in named {
                missing.remove(&Arc::as_ptr(&name));
                if let Some(until) = topics.name(Arc::clone(&name), found, at) {
                    recreated.push((name, until));
                }
            }
            for name in missing.into_values() {
                topics.unname(name);
            }
        });
        self.drop_older(&recreated);
        self.find_names();
        self.sweep();
    }

    /// Sets the facts that the cluster reports beside its metadata.
    pub fn apply_facts(&self, facts: ClusterFacts) {
        self.change_topics(|topics| topics.facts = Arc::new(facts));
    }

    /// Makes brokers, leaders and replicas unknown.
    pub fn forget_metadata(&self) {
        self.change_topics(Topics::forget_metadata);
    }

    /// Applies the log starts and log ends of a refresh. Each call may cover a part of the partitions.
    pub fn apply_bounds(&self, bounds: &[LogBounds<'_>], at: Timestamp) {
        let read = Read { at, by_brokers: self.by_the_brokers_clock(at), keep: self.rules.intervals };
        let mut recreated = Vec::new();
        let named: Vec<(Arc<TopicName>, &[LogBounds<'_>])> = bounds
            .chunk_by(|a, b| a.topic == b.topic)
            .filter(|run| run.first().is_some_and(|found| Name(found.topic.as_bytes()).is_fit_for_a_topic()))
            .filter_map(|run| Some((self.names.intern(Name(run.first()?.topic.as_bytes())), run)))
            .collect();
        self.change_topics(|topics| {
            for (name, run) in named {
                for found in run {
                    if let Some(until) = topics.bound(&name, found, read) {
                        recreated.push((Arc::clone(&name), until));
                    }
                }
            }
        });
        self.drop_older(&recreated);
    }

    /// Applies the answers of brokers to time lookups.
    pub fn apply_times(&self, found: &[TimesFound], now: Timestamp) {
        self.change_topics(|topics| found.iter().for_each(|found| topics.date(found, now)));
    }

    /// Thins the time indexes that are too large, except those of partitions in `asked`, for which lookups go on.
    pub fn thin_times(&self, asked: &[TimeLookup], now: Timestamp) {
        let asked: HashSet<(usize, Partition)> =
            asked.iter().map(|lagging| (lagging.topic.slot, lagging.partition)).collect();
        self.change_topics(|topics| topics.thin(|slot, partition| asked.contains(&(slot, partition)), now));
    }

    /// Sets the interval of the refreshes of log ends. Time lags need not be more exact than that.
    pub fn refreshed_every(&self, every: Duration) {
        self.refresh.store(millis(every), Ordering::Relaxed);
    }

    /// Marks the first time lookups as done: all are answered, or the limit of lookups is reached.
    pub fn past_is_read(&self) {
        self.past_read.store(true, Ordering::Relaxed);
    }

    /// The inputs of all time lags of the cluster at `now`.
    pub(super) fn moment(&self, now: Timestamp) -> Moment {
        let every = Duration::from_millis(self.refresh.load(Ordering::Relaxed));
        Moment { now, exactness: Exactness::of_refresh(every), past_read: self.past_read.load(Ordering::Relaxed) }
    }

    /// The largest error that time lags may have.
    #[must_use]
    pub fn exactness(&self) -> Exactness {
        self.moment(Timestamp(0)).exactness
    }

    /// Limits a time of our clock to the brokers' clock, by which commits are dated.
    ///
    /// Our clock may be ahead of theirs, so the result is not later than the timestamp of the newest commit seen.
    fn by_the_brokers_clock(&self, at: Timestamp) -> Timestamp {
        at.min(Timestamp(self.newest.load(Ordering::Relaxed)))
    }

    /// Returns the timestamp of a commit or of a share group's state; `None` for other updates. Notes that of a commit
    /// if it is the newest.
    pub(super) fn see(&self, update: &Update<'_>) -> Option<Timestamp> {
        match update {
            Update::Commit { timestamp, .. } => {
                self.newest.fetch_max(timestamp.0, Ordering::Relaxed);
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
    pub(super) fn bring(&self, source: SourceId, newest: Option<Timestamp>, now: AsOf) {
        let Some(newest) = newest.filter(|newest| *newest <= now.time) else { return };
        let mut brought = lock(&self.brought);
        let held = brought.entry(source).or_insert(newest);
        *held = newest.max(*held);
    }

    fn change_topics(&self, change: impl FnOnce(&mut Topics)) {
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut topics));
    }

    /// Removes commits to topics that were deleted and created again: those up to the given time.
    fn drop_older(&self, recreated: &[(Arc<TopicName>, Timestamp)]) {
        if recreated.is_empty() {
            return;
        }
        let mut until: HashMap<*const TopicName, Timestamp> = HashMap::with_capacity(recreated.len());
        for (topic, at) in recreated {
            let until = until.entry(Arc::as_ptr(topic)).or_insert(*at);
            *until = (*until).max(*at);
        }
        self.retain(|_, group| {
            group.retain(|name, slot| {
                let until = until.get(&std::ptr::from_ref(name));
                until.is_none_or(|until| slot.retain(|commit| commit.timestamp > *until))
            })
        });
    }

    /// Frees names of deleted topics that no group references.
    fn sweep(&self) {
        // Two references to a hidden topic's name do not count: that of the topic itself, and that of the table of
        // names. Each group that commits to it holds another one.
        self.change_topics(|topics| topics.forget(|topic| Arc::strong_count(&topic.name) <= 2));
        self.names.sweep();
    }

    /// Applies updates in the order of their source. Commits count as live unless the stream is the past.
    pub fn apply<'a>(
        &self,
        source: SourceId,
        past: Past,
        updates: impl IntoIterator<Item = (Order, Update<'a>)>,
        now: impl Into<AsOf>,
    ) {
        let (now, mut newest) = (now.into(), None);
        let topics = self.topics();
        let (live, bury) = (past != Past::Behind, past == Past::Ahead);
        let stream = Stream { source, topics: &topics, rules: &self.rules, now, live, bury };
        lock(&self.told).insert(source);
        let mut changed: HashSet<Box<[u8]>> = HashSet::new();
        for (order, update) in updates {
            let Some(update) = self.admit(update) else { continue };
            newest = newest.max(self.see(&update));
            self.apply_one(order, &update, &stream);
            if let Update::Fact { group, .. } | Update::GroupTombstone { group } = update
                && !changed.contains(group.0)
            {
                changed.insert(group.0.into());
            }
        }
        self.bring(source, newest, now);
        self.mark_stale(changed);
    }

    fn apply_one(&self, order: Order, update: &Update<'_>, stream: &Stream<'_>) {
        // It is dropped after the lock, and so is the old value that it is swapped with.
        let mut made = self.make(update, stream);
        let mut name = None;
        loop {
            let mut shard = self.shard(update.group());
            let taken = take(&mut shard, order, update, &mut made, stream, || name.clone());
            drop(shard);
            // The shared copy of a topic's name is fetched outside of the shard's lock. Then the commit is tried again.
            match (taken, update) {
                (None, Update::Commit { topic, .. }) if name.is_none() => name = Some(self.names.intern(*topic)),
                (Some(Taken::Dropped(why)), _) => return self.count_dropped(why, 1),
                _ => return,
            }
        }
    }

    /// Prepares the value that an update stores, and counts the topics of assignments that are not kept.
    pub(super) fn make(&self, update: &Update<'_>, stream: &Stream<'_>) -> Made {
        let (made, cut) = Made::of(update, stream.source, self.known(stream.topics));
        self.cuts.count(update.group(), cut);
        made
    }

    pub(super) fn intern(&self, topic: Name<'_>) -> Arc<TopicName> {
        self.names.intern(topic)
    }

    #[cfg(test)]
    pub(super) fn names_held(&self) -> usize {
        self.names.all().len()
    }

    pub(super) const fn known<'a>(&'a self, topics: &'a Topics) -> Known<'a> {
        Known { topics, names: &self.names }
    }

    pub(super) const fn stale(&self) -> &Mutex<HashSet<Box<[u8]>>> {
        &self.stale
    }

    pub(super) const fn cuts(&self) -> &Cuts {
        &self.cuts
    }

    /// The number of topics of assignments that were not kept, because an assignment names more than 10,000 topics that
    /// the metadata does not name.
    pub fn cut_topics(&self) -> u64 {
        self.cuts.topics()
    }

    /// Returns the first assignment that was not kept completely. Later calls return `None`.
    pub fn take_first_cut(&self) -> Option<Cut> {
        self.cuts.take_first()
    }

    pub(super) const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Removes from an update what is about names that are too long, and counts them. `None` if nothing is left.
    pub(super) fn admit<'a>(&self, update: Update<'a>) -> Option<Update<'a>> {
        let (update, refused) = admit(update);
        self.count_dropped(Dropped::Name, refused);
        update
    }

    /// Counts what was dropped for a reason.
    pub fn count_dropped(&self, why: Dropped, count: u64) {
        if count == 0 {
            return;
        }
        for (counter, _) in self.dropped.iter().zip(Dropped::ALL).filter(|(_, reason)| *reason == why) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// The number of dropped commits, by reason.
    pub fn dropped(&self) -> impl Iterator<Item = (Dropped, u64)> + '_ {
        Dropped::ALL.into_iter().zip(self.dropped.iter().map(|counter| counter.load(Ordering::Relaxed)))
    }

    /// Starts to read a source from its beginning, beside what is shown.
    #[must_use]
    pub fn build(self: &Arc<Self>, source: SourceId) -> Build {
        Build::new(Arc::clone(self), source)
    }

    /// Replaces what is shown of a source by what was read again from the beginning.
    pub(super) fn publish(&self, source: SourceId, groups: Groups, renewal: Renewal) {
        let mut parts: Vec<Groups> = self.shards.iter().map(|_| Groups::new()).collect();
        for (name, group) in groups {
            if let Some(part) = parts.get_mut(self.place(Name(&name))) {
                part.insert(name, group);
            }
        }
        let is_known = !lock(&self.told).insert(source);
        let mut stale = HashSet::new();
        for (shard, fresh) in self.shards.iter().zip(parts) {
            let mut shard = lock(shard);
            // Nothing is held of a source that has had no updates before. Most published sources are such.
            if is_known {
                shard.retain(|name, held| fresh.contains_key(name) || held.forget(source));
            }
            for (name, mut group) in fresh {
                if group.meta.stale().is_some() {
                    stale.insert(name.clone());
                }
                let Some(held) = shard.get_mut(&name) else {
                    shard.insert(name, group);
                    continue;
                };
                group.count_on(held);
                if renewal == Renewal::GoesOn {
                    group.go_on(held, &self.rules);
                }
                held.reset_counts();
                held.forget(source);
                held.merge(group);
            }
        }
        self.mark_stale(stale);
    }

    /// Removes everything that came from a source whose partition was lost.
    pub fn forget(&self, source: SourceId) {
        lock(&self.brought).remove(&source);
        if lock(&self.told).remove(&source) {
            self.retain(|_, group| group.forget(source));
        }
    }

    /// Forgets the remembered tombstones of a source whose past has been read.
    pub fn close_past(&self, source: SourceId) {
        self.retain(|_, group| group.drop_pending_tombstones(source));
    }

    /// Removes groups without members whose newest commit is older than `expire-group`.
    pub fn expire(&self, now: impl Into<AsOf>) {
        self.find_owners();
        let (now, brought) = (now.into(), lock(&self.brought).clone());
        self.retain(|_, group| !group.has_expired(&self.rules, now, &brought));
        self.sweep();
    }

    pub(super) fn retain(&self, mut keep: impl FnMut(&[u8], &mut Group) -> bool) {
        for shard in &self.shards {
            lock(shard).retain(|name, group| keep(name, group));
        }
    }

    /// The number of the shard of a group.
    ///
    /// Kafka's own hash is not used, because it would put groups with similar names into one shard.
    fn place(&self, group: Name<'_>) -> usize {
        usize::try_from(self.hasher.hash_one(group.0) >> 32).unwrap_or(0) % SHARDS
    }

    pub(super) fn shard(&self, group: Name<'_>) -> Held<MutexGuard<'_, Groups>> {
        #[expect(clippy::indexing_slicing, reason = "place() is below SHARDS")]
        Held::new(lock(&self.shards[self.place(group)]))
    }

    pub(super) fn numbered(&self, shard: usize) -> Option<MutexGuard<'_, Groups>> {
        self.shards.get(shard).map(lock)
    }

    pub(super) fn shards(&self) -> impl Iterator<Item = MutexGuard<'_, Groups>> {
        self.shards.iter().map(lock)
    }
}

/// Applies one update to a map of groups. `None` when the topic's name is needed first.
pub(super) fn take(
    groups: &mut Groups,
    order: Order,
    update: &Update<'_>,
    made: &mut Made,
    stream: &Stream<'_>,
    name: impl FnOnce() -> Option<Arc<TopicName>>,
) -> Option<Taken> {
    let key = update.group().0;
    let creates = match update {
        Update::Commit { .. } | Update::Members(_) => true,
        Update::Registered { members, .. } => !members.is_empty(),
        Update::Fact { fact, .. } => stream.bury || !fact.is_tombstone(),
        Update::CommitTombstone { .. } | Update::GroupTombstone { .. } => stream.bury,
        Update::Share(share) => share.state.is_some(),
    };
    if creates && !groups.contains_key(key) {
        groups.insert(key.into(), Group::new(Arc::new(Label::new(key))));
    }
    let Some(group) = groups.get_mut(key) else { return Some(Taken::Repeated) };
    let taken = match (update, made) {
        (Update::Commit { topic, partition, offset, timestamp, .. }, _) => {
            let lag = crate::model::LagThen::Unknown;
            let commit = Commit { order, offset: *offset, timestamp: *timestamp, lag };
            group.commit((topic.0, *partition, commit), name, stream)
        }
        (Update::CommitTombstone { topic, partition, .. }, _) => {
            group.remove_commit(topic.0, *partition, order, stream);
            Some(Taken::In)
        }
        (Update::Members(members), Made::Generation(made)) => {
            group.generation(made, (order, members.at), stream);
            Some(Taken::In)
        }
        (Update::Registered { .. }, Made::Registered(made)) => {
            group.register(made);
            Some(Taken::In)
        }
        (Update::Fact { kind, at, fact, .. }, Made::Fact(made)) => {
            group.fact((*kind, fact.is_tombstone()), made, (order, *at), stream);
            Some(Taken::In)
        }
        (Update::GroupTombstone { .. }, _) => {
            group.remove_meta(order, stream);
            Some(Taken::In)
        }
        (Update::Share(share), Made::Finished(finished)) => Some(group.share(share, finished, order, stream)),
        // Unreachable: [`Made`] is always made of the same update.
        (Update::Members(_) | Update::Registered { .. } | Update::Fact { .. } | Update::Share(_), _) => None,
    };
    if group.is_gone() {
        groups.remove(key);
    }
    taken
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
