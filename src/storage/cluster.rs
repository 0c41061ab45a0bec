//! One cluster: its topics behind one lock, its groups behind 64.
//!
//! Locks are leaves: held for a copy or an update in memory, never across another one.

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
use crate::storage::windows::settle::{Lagging, Moment};
use crate::storage::windows::slot::{Rules, Taken};

const SHARDS: usize = 64;

pub(super) type Groups = HashMap<Box<[u8]>, Group>;

/// One cluster. See the module.
#[derive(Debug)]
pub struct Cluster {
    label: Arc<Label>,
    rules: Rules,
    names: TopicNames,
    topics: RwLock<Arc<Topics>>,
    shards: Vec<Mutex<Groups>>,
    /// Tells the shard of a group.
    hasher: DefaultHashBuilder,
    /// By module and origin; the partition of the topic, 0 for an ensemble.
    sources: Mutex<HashMap<(String, Origin, i32), SourceId>>,
    /// Those of which anything may be held.
    told: Mutex<HashSet<SourceId>>,
    /// Groups in which it has to be found who owns what.
    stale: Mutex<HashSet<Box<[u8]>>>,
    dropped: [AtomicU64; Dropped::ALL.len()],
    cuts: Cuts,
    /// The timestamp of the newest commit seen.
    newest: AtomicI64,
    /// The time of the newest commit that each source has brought and that is not ahead of our clock.
    brought: Mutex<HashMap<SourceId, Timestamp>>,
    /// Milliseconds between two refreshes of log ends.
    refresh: AtomicU64,
    /// Whether brokers have been asked about the past.
    past_read: AtomicBool,
}

/// How often log ends are refreshed unless told otherwise.
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

    /// The source that a module's partition of the offsets topic is.
    #[must_use]
    pub fn source(&self, module: &str, partition: i32) -> SourceId {
        self.source_of(module, Origin::OffsetsTopic, partition)
    }

    /// The source that a module's partition of the topic with share groups' state is.
    #[must_use]
    pub fn share_source(&self, module: &str, partition: i32) -> SourceId {
        self.source_of(module, Origin::ShareState, partition)
    }

    /// The source that a module's ensemble is.
    #[must_use]
    pub fn ensemble(&self, module: &str) -> SourceId {
        self.source_of(module, Origin::ZooKeeper, 0)
    }

    fn source_of(&self, module: &str, origin: Origin, partition: i32) -> SourceId {
        let mut sources = lock(&self.sources);
        let number = sources.len();
        *sources.entry((module.to_owned(), origin, partition)).or_insert_with(|| SourceId::new(number, origin))
    }

    /// The topics as they are now.
    #[must_use]
    pub fn topics(&self) -> Arc<Topics> {
        Arc::clone(&self.topics.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the topics out of a metadata answer whose names are too long, and counts them.
    pub fn admit_topics(&self, metadata: &mut Metadata) {
        let before = metadata.topics.len();
        metadata.topics.retain(|topic| Name(topic.name.as_bytes()).is_fit_for_a_topic());
        let refused = before.saturating_sub(metadata.topics.len());
        self.count_dropped(Dropped::Name, u64::try_from(refused).unwrap_or(u64::MAX));
    }

    /// Takes in one full metadata answer. `at` is when it was asked for.
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

    /// Takes in what the cluster tells of itself beside its metadata.
    pub fn apply_facts(&self, facts: ClusterFacts) {
        self.change_topics(|topics| topics.facts = Arc::new(facts));
    }

    /// Brokers, leaders and replicas are not known any more.
    pub fn forget_metadata(&self) {
        self.change_topics(Topics::forget_metadata);
    }

    /// Takes in what a refresh found out about logs, a part of the cluster's partitions at a time.
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

    /// Takes in what brokers answered about times.
    pub fn apply_times(&self, found: &[TimesFound], now: Timestamp) {
        self.change_topics(|topics| found.iter().for_each(|found| topics.date(found, now)));
    }

    /// Leaves out what is least missed of the time indexes, but for those that are still asked about.
    pub fn thin_times(&self, asked: &[Lagging], now: Timestamp) {
        let asked: HashSet<(usize, Partition)> =
            asked.iter().map(|lagging| (lagging.topic.slot, lagging.partition)).collect();
        self.change_topics(|topics| topics.thin(|slot, partition| asked.contains(&(slot, partition)), now));
    }

    /// How often log ends are refreshed: time lags need not be more exact than that.
    pub fn refreshed_every(&self, every: Duration) {
        self.refresh.store(millis(every), Ordering::Relaxed);
    }

    /// The first questions about the past have been answered, or are spent.
    pub fn past_is_read(&self) {
        self.past_read.store(true, Ordering::Relaxed);
    }

    /// What holds for time lags now.
    pub(super) fn moment(&self, now: Timestamp) -> Moment {
        let every = Duration::from_millis(self.refresh.load(Ordering::Relaxed));
        Moment { now, exactness: Exactness::of_refresh(every), past_read: self.past_read.load(Ordering::Relaxed) }
    }

    /// How exact time lags are to be.
    #[must_use]
    pub fn exactness(&self) -> Exactness {
        self.moment(Timestamp(0)).exactness
    }

    /// Our clock may be ahead of the brokers', by which commits are dated: no later than the newest commit seen.
    fn by_the_brokers_clock(&self, at: Timestamp) -> Timestamp {
        at.min(Timestamp(self.newest.load(Ordering::Relaxed)))
    }

    /// A commit has been seen; tells when it was made.
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

    /// A source has brought commits, the newest of them made at this time.
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

    /// Drops the commits to a topic that was deleted and created anew under the same name.
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

    /// Gives free the names of topics that are gone and that no group refers to.
    fn sweep(&self) {
        // A hidden topic is referred to by this picture, its name's one copy, and whatever group commits to it.
        self.change_topics(|topics| topics.forget(|topic| Arc::strong_count(&topic.name) <= 2));
        self.names.sweep();
    }

    /// Takes updates in, in their source's order. Commits count as live.
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
        // It outlives the lock, and with it what was held before.
        let mut made = self.make(update, stream);
        let mut name = None;
        loop {
            let mut shard = self.shard(update.group());
            let taken = take(&mut shard, order, update, &mut made, stream, || name.clone());
            drop(shard);
            // The one copy of a topic's name is fetched outside the shard's lock, then the commit tried again.
            match (taken, update) {
                (None, Update::Commit { topic, .. }) if name.is_none() => name = Some(self.names.intern(*topic)),
                (Some(Taken::Dropped(why)), _) => return self.count_dropped(why, 1),
                _ => return,
            }
        }
    }

    /// What an update brings.
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

    /// Topics of assignments that were not kept: more than 10,000 of one that the metadata does not name.
    pub fn cut_topics(&self) -> u64 {
        self.cuts.topics()
    }

    /// The first assignment of which that is so, once.
    pub fn take_first_cut(&self) -> Option<Cut> {
        self.cuts.take_first()
    }

    pub(super) const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What is left of an update without names that are too long, which are counted.
    pub(super) fn admit<'a>(&self, update: Update<'a>) -> Option<Update<'a>> {
        let (update, refused) = admit(update);
        self.count_dropped(Dropped::Name, refused);
        update
    }

    /// Things were not taken in.
    pub fn count_dropped(&self, why: Dropped, count: u64) {
        if count == 0 {
            return;
        }
        for (counter, _) in self.dropped.iter().zip(Dropped::ALL).filter(|(_, reason)| *reason == why) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Commits that were not taken in, by reason.
    pub fn dropped(&self) -> impl Iterator<Item = (Dropped, u64)> + '_ {
        Dropped::ALL.into_iter().zip(self.dropped.iter().map(|counter| counter.load(Ordering::Relaxed)))
    }

    /// Begins to read a source from its beginning, beside what is shown.
    #[must_use]
    pub fn build(self: &Arc<Self>, source: SourceId) -> Build {
        Build::new(Arc::clone(self), source)
    }

    /// Puts what was read anew in the place of what was shown of its source.
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
            // Nothing can be held of a source that has not told anything before, as most are that are published.
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

    /// Forgets all that came from a source: its partition was lost.
    pub fn forget(&self, source: SourceId) {
        lock(&self.brought).remove(&source);
        if lock(&self.told).remove(&source) {
            self.retain(|_, group| group.forget(source));
        }
    }

    /// The past of a source has been read: its tombstones need not be remembered any more.
    pub fn close_past(&self, source: SourceId) {
        self.retain(|_, group| group.close_graves(source));
    }

    /// Forgets groups without members whose newest commit is older than `expire-group`.
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

    /// The number of the shard that a group is in. (Kafka's own hash would put groups of like names together.)
    fn place(&self, group: Name<'_>) -> usize {
        usize::try_from(self.hasher.hash_one(group.0) >> 32).unwrap_or(0) % SHARDS
    }

    pub(super) fn shard(&self, group: Name<'_>) -> Held<MutexGuard<'_, Groups>> {
        // The index is below the number of shards; the first one stands in for an impossible miss.
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

/// Takes one update into a map of groups. `None` when the topic's name is needed first.
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
        // No update is made into what another one brings.
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
