//! One group in full: every partition, the worst first, and the members.

use std::cmp::Reverse;

use serde::Serialize;

use crate::address::{Segment, exactly};
use crate::evaluate::{GroupEvaluation, PartitionStatus};
use crate::lag;
use crate::lag_table::{Owner, Waiting};
use crate::metrics::{state_name, type_name};
use crate::model::{Lag, Name, Partition, TimeLag, Timestamp};
use crate::storage::{self, Cluster, Course, GroupDetail, Member, PartitionDetail, TopicDetail};

use super::Data;
use super::number::{Trail, Whole};

/// A group.
#[derive(Debug, Serialize)]
pub(super) struct GroupBody {
    now: i64,
    version: &'static str,
    cluster: String,
    name: String,
    status: &'static str,
    state: &'static str,
    r#type: &'static str,
    protocol_type: String,
    protocol: String,
    /// The share of partitions whose window is full.
    complete: Option<f64>,
    trail: Option<Trail>,
    partitions: Vec<PartitionRow>,
    members: Vec<MemberRow>,
}

#[derive(Debug, Serialize)]
struct PartitionRow {
    topic: String,
    /// How the topic is asked for, where that is not by its name as shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    exact: Option<String>,
    partition: i32,
    status: &'static str,
    reason: String,
    committed: Option<Whole>,
    /// When the newest commit was made.
    at: Option<i64>,
    start: Option<Whole>,
    end: Option<Whole>,
    lag: Option<Whole>,
    time_lag: Option<u64>,
    /// What retention deleted before it was read.
    purged: Option<Whole>,
    /// `client@host` of the member that it is assigned to.
    owner: Option<String>,
    trail: Option<Trail>,
}

#[derive(Debug, Serialize)]
struct MemberRow {
    client_id: String,
    host: String,
    id: String,
    /// Partitions that it owns.
    partitions: usize,
}

/// A partition on its way to be a row.
struct Judged<'a> {
    topic: Name<'a>,
    detail: PartitionDetail<'a>,
    status: PartitionStatus,
    time_lag: Option<TimeLag>,
}

impl GroupBody {
    /// `None` where there is no such group, or none yet.
    pub fn of(data: &Data<'_>, cluster: &Segment, name: &Segment, now: Timestamp) -> Option<Self> {
        let cluster = data.storage.cluster(cluster.text()?)?;
        let group = name.find(|name| cluster.group(name))?;
        let mut whole = GroupEvaluation::NONE;
        let mut judged = Vec::new();
        for topic in &group.topics {
            judge(&group, topic, data, (cluster, now), &mut whole, &mut judged);
        }
        judged.sort_unstable_by_key(Judged::badness);
        let courses: Vec<Course> = judged.iter().filter_map(Judged::course).collect();
        Some(Self {
            now: now.0,
            version: env!("CARGO_PKG_VERSION"),
            cluster: cluster.label().name().to_string(),
            name: group.label.name().to_string(),
            status: whole.status.name(),
            state: state_name(group.state),
            r#type: type_name(group.kind),
            protocol_type: group.protocol_type.name().to_string(),
            protocol: group.protocol.name().to_string(),
            complete: whole.complete_ratio(),
            trail: Trail::of(&storage::trail(&courses), now),
            partitions: judged.iter().map(|partition| partition.row(now)).collect(),
            members: group.members.iter().map(|member| member_row(member, &judged)).collect(),
        })
    }
}

/// Judges a topic's partitions. Those of a topic that the group does not commit to count for nothing (RULES.md), and
/// are shown where they are assigned.
fn judge<'a>(
    group: &'a GroupDetail,
    topic: &'a TopicDetail,
    data: &Data<'_>,
    (cluster, now): (&Cluster, Timestamp),
    whole: &mut GroupEvaluation,
    judged: &mut Vec<Judged<'a>>,
) {
    for detail in group.partitions(topic) {
        let evaluation = detail.evaluate(now, data.rules);
        if topic.is_committed() {
            whole.add(evaluation);
            whole.partitions = whole.partitions.saturating_add(1);
        } else if detail.owner.is_none() {
            continue;
        }
        let time_lag = cluster.time_lag(&detail, now);
        judged.push(Judged { topic: topic.name.label.name(), detail, status: evaluation.status, time_lag });
    }
}

impl<'a> Judged<'a> {
    fn badness(&self) -> (Reverse<u8>, Waiting, Waiting, Name<'a>, Partition) {
        let time = Waiting::of(self.time_lag.map(|time| time.0));
        let records = Waiting::of(self.detail.current_lag().map(|lag| lag.0));
        (Reverse(self.status.rank()), time, records, self.topic, self.detail.partition)
    }

    fn course(&self) -> Option<Course> {
        Some(Course::of(self.detail.window?, self.detail.current_lag()))
    }

    fn row(&self, now: Timestamp) -> PartitionRow {
        let detail = &self.detail;
        let newest = detail.window.map(storage::Window::newest);
        let committed = detail.committed();
        let purged = committed.and_then(|committed| lag::purged(committed, detail.bounds));
        PartitionRow {
            topic: self.topic.to_string(),
            exact: exactly(self.topic),
            partition: detail.partition.0,
            status: self.status.name(),
            reason: detail.reason(self.status, now),
            committed: committed.map(Whole::from),
            at: newest.map(|commit| commit.timestamp.0),
            start: detail.bounds.start.map(Whole::from),
            end: detail.bounds.end.map(Whole::from),
            lag: detail.current_lag().map(Whole::from),
            time_lag: self.time_lag.map(|time| time.0),
            purged: purged.filter(|purged| *purged > Lag(0)).map(Whole::from),
            owner: detail.owner.map(|member| Owner::of(member).to_string()),
            trail: detail.window.and_then(|window| Trail::of(&storage::points(window), now)),
        }
    }
}

fn member_row(member: &Member, judged: &[Judged<'_>]) -> MemberRow {
    let owns = |partition: &&Judged<'_>| partition.detail.owner.is_some_and(|owner| std::ptr::eq(owner, member));
    MemberRow {
        client_id: member.client_id.name().to_string(),
        host: member.client_host.name().to_string(),
        id: member.id.name().to_string(),
        partitions: judged.iter().filter(owns).count(),
    }
}
