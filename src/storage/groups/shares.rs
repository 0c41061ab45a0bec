//! The states of share groups (KIP-932), which brokers keep for each partition. They name topics by id only.
//!
//! The window of a partition holds the first record that is not finished. The committed offset that is shown is the
//! start offset, which brokers write later.

use std::collections::BTreeMap;

use crate::lag::Bounds;
use crate::model::{Offset, Order, TopicId};

use crate::model::Commit;
use crate::model::LagThen;
use crate::storage::SourceId;
use crate::storage::groups::group::{Group, Stream};
use crate::storage::sources::dropped::Dropped;
use crate::storage::sources::share::ShareUpdate;
use crate::storage::topics::Topics;
use crate::storage::windows::progress::Progress;
use crate::storage::windows::slot::Taken;
use crate::storage::windows::slots::{Arriving, Slots};

/// States in topics whose names are not known, by topic id.
#[derive(Debug, Default)]
#[expect(clippy::box_collection, reason = "a word for the many groups that have none")]
pub(crate) struct Nameless(Option<Box<BTreeMap<TopicId, Slots>>>);

impl Nameless {
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|topics| topics.is_empty())
    }

    /// Removes what came from a source.
    pub fn forget(&mut self, source: SourceId) {
        self.change(|_, slots| slots.retain(|slot| slot.source != source));
    }

    /// Adds what another reading of the same group has found.
    pub fn merge(&mut self, other: Self) {
        for (id, slots) in other.0.into_iter().flat_map(|topics| *topics) {
            self.0.get_or_insert_default().entry(id).or_default().adopt(slots);
        }
    }

    /// Calls `take` with the state of one topic.
    fn take(&mut self, topic: TopicId, take: impl FnOnce(&mut Slots) -> Taken) -> Taken {
        let topics = self.0.get_or_insert_default();
        let slots = topics.entry(topic).or_default();
        let taken = take(slots);
        if slots.is_empty() {
            topics.remove(&topic);
            self.0.take_if(|topics| topics.is_empty());
        }
        taken
    }

    fn change(&mut self, mut change: impl FnMut(TopicId, &mut Slots)) {
        if let Some(topics) = &mut self.0 {
            topics.iter_mut().for_each(|(id, slots)| change(*id, slots));
        }
        self.sweep();
    }

    /// Removes topics without state.
    fn sweep(&mut self) {
        if let Some(topics) = &mut self.0 {
            topics.retain(|_, slots| !slots.is_empty());
        }
        self.0.take_if(|topics| topics.is_empty());
    }
}

impl Group {
    /// Applies the state of a partition. `finished` are its ranges of finished records, sorted.
    pub fn share(
        &mut self,
        update: &ShareUpdate<'_>,
        finished: &[(Offset, Offset)],
        order: Order,
        stream: &Stream<'_>,
    ) -> Taken {
        if stream.rules.expire.refuses(update.at, stream.now) {
            return Taken::Dropped(Dropped::Expired);
        }
        let Some(name) = stream.topics.named_by(update.topic) else {
            return self
                .nameless
                .take(update.topic, |slots| take(slots, (update, finished), order, Bounds::default(), stream));
        };
        let bounds = stream.topics.bounds(&name, update.partition);
        let place = self.place_of(name);
        let Some(topic) = self.topics.get_mut(place) else { return Taken::Repeated };
        let taken = take(&mut topic.slots, (update, finished), order, bounds, stream);
        if stream.live && taken == Taken::In && update.state.is_some() {
            topic.commits = topic.commits.saturating_add(1);
        }
        self.drop_if_gone(place);
        taken
    }

    /// Resolves topic ids to names, where the names have become known.
    pub fn find_names(&mut self, topics: &Topics) {
        let mut named = Vec::new();
        self.nameless.change(|id, slots| {
            if let Some(name) = topics.named_by(id) {
                named.push((name, std::mem::take(slots)));
            }
        });
        for (name, slots) in named {
            let place = self.place_of(name);
            if let Some(topic) = self.topics.get_mut(place) {
                topic.slots.adopt(slots);
            }
        }
    }
}

fn take(
    slots: &mut Slots,
    (update, finished): (&ShareUpdate<'_>, &[(Offset, Offset)]),
    order: Order,
    bounds: Bounds,
    stream: &Stream<'_>,
) -> Taken {
    let (partition, source) = (update.partition, stream.source);
    let held = slots.get(partition).filter(|slot| slot.source == source);
    if held.is_some_and(|slot| order <= slot.window.newest().order) {
        return Taken::Repeated;
    }
    let before = held.and_then(|slot| slots.progress(slot));
    let progress = update.state.as_ref().and_then(|state| match before {
        Some(before) if !state.whole => Some(before.changed(state.start, state.done, finished)),
        Some(_) | None => Some(Progress::new(state.start?, state.done, finished)),
    });
    let Some(progress) = progress else {
        slots.remove(partition, source, order);
        return Taken::In;
    };
    // Brokers rewrite the state of an idle partition from time to time.
    if before == Some(&progress) && update.state.as_ref().is_some_and(|state| state.whole) {
        return Taken::Repeated;
    }
    let commit = Commit { order, offset: progress.first_left(), timestamp: update.at, lag: LagThen::Unknown };
    slots.take(Arriving { source, partition, commit, progress: Some(progress) }, bounds, stream.rules)
}

#[cfg(test)]
#[path = "shares_tests.rs"]
mod tests;
