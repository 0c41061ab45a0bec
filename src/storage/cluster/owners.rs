//! Computes owners and resolves names, where that needs more than one record: names of topics need the metadata, and a
//! group whose members have records of their own needs all of these. None of it is done while a shard's lock is held.

use std::sync::Arc;

use hashbrown::HashSet;

use crate::model::Name;

use crate::storage::cluster::Cluster;
use crate::storage::cluster::shards::lock;
use crate::storage::groups::group::Group;
use crate::storage::groups::owners::{Owners, TopicLookup};

impl Cluster {
    /// Notes that the owners of these groups have to be computed when they are read next.
    pub(crate) fn mark_stale(&self, groups: HashSet<Box<[u8]>>) {
        if !groups.is_empty() {
            lock(&self.stale).extend(groups);
        }
    }

    /// Computes the owners of the groups in which they may have changed.
    pub(crate) fn compute_owners(&self) {
        let groups = std::mem::take(&mut *lock(&self.stale));
        if groups.is_empty() {
            return;
        }
        let topics = self.topics();
        for name in groups {
            let epochs = self.shards.of(Name(&name)).get(&name).and_then(|group| group.meta.stale_records().cloned());
            let Some(epochs) = epochs else { continue };
            let found = epochs.compute_owners(self.topic_lookup(&topics));
            self.dropped_topics.count(Name(&name), found.dropped_since(&epochs));
            // The previous value is freed after the lock is released.
            let held = self
                .shards
                .of(Name(&name))
                .get_mut(&name)
                .map(|group| group.change_meta(|meta| meta.set_owners(epochs.kind, found)));
            drop(held);
        }
    }

    /// Resolves what was unknown because the name of a topic was missing.
    pub(crate) fn resolve_names(&self) {
        let topics = self.topics();
        let (mut stale, mut unnamed) = (HashSet::new(), Vec::new());
        self.shards.retain(|name, group| {
            group.resolve_names(&topics);
            if group.meta.stale_records().is_some() {
                stale.insert(name.into());
            }
            unnamed.extend(group.meta.owners_with_unnamed().map(|owners| (Box::from(name), Arc::clone(owners))));
            true
        });
        self.mark_stale(stale);
        for (name, owners) in unnamed {
            let name: Box<[u8]> = name;
            let Some(renamed) = self.resolved_owners(Name(&name), &owners, self.topic_lookup(&topics)) else {
                continue;
            };
            let held = self
                .shards
                .of(Name(&name))
                .get_mut(&name)
                .map(|group| group.change_meta(|meta| meta.replace_owners(&owners, renamed)));
            drop(held);
        }
    }

    /// The same for a group that is not shown yet.
    pub(crate) fn resolve_names_of(&self, group: &mut Group, known: TopicLookup<'_>) {
        let unnamed: Vec<_> = group.meta.owners_with_unnamed().cloned().collect();
        for owners in unnamed {
            if let Some(renamed) = self.resolved_owners(group.label.name(), &owners, known) {
                group.change_meta(|meta| meta.replace_owners(&owners, renamed));
            }
        }
    }

    fn resolved_owners(&self, group: Name<'_>, owners: &Owners, known: TopicLookup<'_>) -> Option<Arc<Owners>> {
        let (renamed, cut) = owners.resolved(known)?;
        self.dropped_topics.count(group, cut);
        Some(Arc::new(renamed))
    }
}
