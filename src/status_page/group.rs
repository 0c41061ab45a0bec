//! The details of one group: all partitions, the worst first, and the members. The body holds a copy of the group and
//! the order of its partitions; rows are made while they are written.

use std::cmp::Reverse;

use hashbrown::HashMap;
use serde::{Serialize, Serializer};

use crate::address::{PathSegment, percent_encoded_if_needed};
use crate::evaluate::{GroupEvaluation, PartitionStatus};
use crate::lag;
use crate::lag_table::{LagOrder, OwnerName};
use crate::model::{Lag, Name, Partition, TimeLag, Timestamp};
use crate::storage::{self, GroupDetail, LagHistory, Member, PartitionDetail};

use super::StatusPageData;
use super::json_values::{JsonInteger, Sparkline};

/// The details of one group.
#[derive(Debug)]
pub(super) struct GroupBody {
    now: Timestamp,
    cluster: String,
    group: GroupDetail,
    whole: GroupEvaluation,
    trail: Option<Sparkline>,
    /// The worst partition first.
    partitions: Vec<RankedPartition>,
    /// Number of partitions that each member owns.
    owned: Vec<usize>,
}

/// A partition with its status.
#[derive(Clone, Copy, Debug)]
struct RankedPartition {
    status: PartitionStatus,
    time_lag: Option<TimeLag>,
    lag: Option<Lag>,
    /// Index of the topic in the group, whose topics are sorted by name.
    topic: usize,
    partition: Partition,
}

#[derive(Serialize)]
struct GroupFields<'a> {
    now: i64,
    version: &'static str,
    cluster: &'a str,
    name: Name<'a>,
    /// `None` while commits of the group are lost, as for `complete` and `trail`.
    status: Option<&'static str>,
    /// `None` while records about the group itself are lost, as for type and protocol. Then not all members are known.
    state: Option<&'static str>,
    r#type: Option<&'static str>,
    protocol_type: Option<Name<'a>>,
    protocol: Option<Name<'a>>,
    /// Share of the partitions whose window is full. `None` without a commit.
    complete: Option<f64>,
    trail: Option<&'a Sparkline>,
    partitions: PartitionRows<'a>,
    members: MemberRows<'a>,
}

struct PartitionRows<'a>(&'a GroupBody);

struct MemberRows<'a>(&'a GroupBody);

#[derive(Serialize)]
struct GroupPartitionRow<'a> {
    topic: Name<'a>,
    /// The topic's name as percent-encoded bytes, if the shown name is not sufficient to request it.
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<String>,
    partition: i32,
    status: &'static str,
    reason: String,
    committed: Option<JsonInteger>,
    /// Time of the newest commit in Unix milliseconds.
    at: Option<i64>,
    start: Option<JsonInteger>,
    end: Option<JsonInteger>,
    lag: Option<JsonInteger>,
    time_lag: Option<u64>,
    /// Records that retention deleted before the group read them. `None` if there are none.
    purged: Option<JsonInteger>,
    /// `client@host` of the owner.
    owner: Option<OwnerName<'a>>,
    trail: Option<Sparkline>,
}

#[derive(Serialize)]
struct MemberRow<'a> {
    client_id: Name<'a>,
    host: Name<'a>,
    id: Name<'a>,
    /// Number of members before this one that are shown under the same id: shortened ids may look the same.
    #[serde(skip_serializing_if = "is_zero")]
    twin: usize,
    /// Number of partitions that the member owns.
    partitions: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl GroupBody {
    /// Returns `None` if the group does not exist or is not shown yet.
    pub fn of(data: &StatusPageData<'_>, cluster: &PathSegment, name: &PathSegment, now: Timestamp) -> Option<Self> {
        let cluster = data.storage.cluster(cluster.text()?)?;
        let group = name.find(|name| cluster.group(name))?;
        let (mut partitions, mut courses) = (Vec::new(), Vec::new());
        let mut owned: HashMap<*const Member, usize> = HashMap::new();
        let whole = group.evaluate(now, data.rules, |one| {
            let detail = one.detail;
            if let Some(owner) = detail.owner {
                let count = owned.entry(std::ptr::from_ref(owner)).or_default();
                *count = count.saturating_add(1);
            }
            courses.extend(detail.window.map(|window| LagHistory::of(window, detail.current_lag())));
            partitions.push(RankedPartition {
                status: one.evaluation.status,
                time_lag: cluster.time_lag(&detail, now),
                lag: detail.current_lag(),
                topic: one.topic,
                partition: one.partition(),
            });
        });
        partitions.sort_unstable_by_key(RankedPartition::sort_key);
        let owned = group.members.iter().map(|member| owned.get(&std::ptr::from_ref(member)).copied());
        Some(Self {
            now,
            cluster: cluster.label().name().to_string(),
            owned: owned.map(Option::unwrap_or_default).collect(),
            group,
            whole,
            trail: Sparkline::of(&storage::group_lag_history(&courses), now),
            partitions,
        })
    }

    fn row(&self, judged: &RankedPartition) -> Option<GroupPartitionRow<'_>> {
        let topic = self.group.topics.get(judged.topic)?;
        let detail = self.group.partition(topic, judged.partition);
        Some(judged.row(topic.name.label.name(), &detail, self.now))
    }
}

impl Serialize for GroupBody {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let group = &self.group;
        let (commits, members) = (!group.lost.commits, !group.lost.members);
        let shown = GroupFields {
            now: self.now.0,
            version: env!("CARGO_PKG_VERSION"),
            cluster: &self.cluster,
            name: group.label.name(),
            status: commits.then(|| self.whole.status.name()),
            state: members.then(|| group.state.name()),
            r#type: members.then(|| group.kind.name()),
            protocol_type: members.then(|| group.protocol_type.name()),
            protocol: members.then(|| group.protocol.name()),
            complete: self.whole.complete_ratio().filter(|_| commits),
            trail: self.trail.as_ref().filter(|_| commits),
            partitions: PartitionRows(self),
            members: MemberRows(self),
        };
        shown.serialize(to)
    }
}

impl Serialize for PartitionRows<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.partitions.iter().filter_map(|judged| self.0.row(judged)))
    }
}

impl Serialize for MemberRows<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut alike: HashMap<&[u8], usize> = HashMap::new();
        let rows = self.0.group.members.iter().zip(&self.0.owned).map(|(member, owned)| {
            let next = alike.entry(member.id.name().0).or_default();
            let twin = std::mem::replace(next, next.saturating_add(1));
            let [client_id, host, id] = [&member.client_id, &member.client_host, &member.id].map(|label| label.name());
            MemberRow { client_id, host, id, twin, partitions: *owned }
        });
        to.collect_seq(rows)
    }
}

impl RankedPartition {
    /// Sort key of partitions, the worst first.
    fn sort_key(&self) -> (Reverse<u8>, LagOrder, LagOrder, usize, Partition) {
        let time = LagOrder::of(self.time_lag.map(|time| time.0));
        let records = LagOrder::of(self.lag.map(|lag| lag.0));
        (Reverse(self.status.rank()), time, records, self.topic, self.partition)
    }

    fn row<'a>(&self, topic: Name<'a>, detail: &PartitionDetail<'a>, now: Timestamp) -> GroupPartitionRow<'a> {
        let newest = detail.window.map(storage::Window::newest);
        let committed = detail.committed();
        let purged = committed.and_then(|committed| lag::purged(committed, detail.bounds));
        GroupPartitionRow {
            topic,
            exact: percent_encoded_if_needed(topic),
            partition: self.partition.0,
            status: self.status.name(),
            reason: detail.reason(self.status, now),
            committed: committed.map(JsonInteger::from),
            at: newest.map(|commit| commit.timestamp.0),
            start: detail.bounds.start.map(JsonInteger::from),
            end: detail.bounds.end.map(JsonInteger::from),
            lag: self.lag.map(JsonInteger::from),
            time_lag: self.time_lag.map(|time| time.0),
            purged: purged.filter(|purged| *purged > Lag(0)).map(JsonInteger::from),
            owner: detail.owner.map(OwnerName::of),
            trail: detail.window.and_then(|window| Sparkline::of(&storage::partition_lag_history(window), now)),
        }
    }
}
