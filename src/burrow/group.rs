//! Bodies about one group: its detail and its status.

use serde::{Serialize, Serializer};

use crate::evaluate::{EvaluatorRules, GroupEvaluation, GroupStatus, PartitionStatus};
use crate::model::{Lag, Timestamp};
use crate::storage::{Commit, GroupDetail, PartitionDetail};

/// Places that a partition's number may leave empty in a list, for each one that is held. The number comes from
/// outside and is believed no further than that.
const GAP: usize = 16;

/// The topics of a group: its partitions, the index is the partition's number.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Topics(#[serde(serialize_with = "super::config::by_name")] Vec<(String, Vec<Windowed>)>);

/// A partition with its window.
#[derive(Debug, Default, Serialize)]
struct Windowed {
    /// As many as a full window holds, those that are missing first; none at all without a commit.
    offsets: Vec<Option<At>>,
    owner: String,
    client_id: String,
    #[serde(rename = "current-lag")]
    current_lag: u64,
}

/// A commit.
#[derive(Clone, Debug, Serialize)]
struct At {
    offset: i64,
    timestamp: i64,
    #[serde(rename = "observedAt")]
    observed_at: i64,
    lag: Option<u64>,
}

/// The status of a group.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    cluster: String,
    group: String,
    status: Word,
    complete: Share,
    partitions: Vec<Judged>,
    partition_count: u64,
    maxlag: Option<Judged>,
    totallag: u64,
}

/// A partition with its status.
#[derive(Clone, Debug, Serialize)]
struct Judged {
    topic: String,
    partition: i32,
    owner: String,
    client_id: String,
    status: Word,
    start: Option<At>,
    end: Option<At>,
    current_lag: u64,
    complete: Share,
}

/// Burrow's words for a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Word {
    NotFound,
    Ok,
    Warn,
    Err,
    Stop,
    Stall,
    Rewind,
}

/// A share, 0 to 1: written with the digits of a 32-bit float, as Burrow writes it.
#[derive(Clone, Copy, Debug)]
struct Share(f64);

impl Topics {
    pub fn of(group: &GroupDetail, rules: &EvaluatorRules) -> Self {
        let topics = group.topics.iter();
        let list = topics.map(|topic| {
            let partitions = by_number(group.partitions(topic), rules);
            (topic.name.label.name().to_string(), partitions)
        });
        Self(list.collect())
    }
}

fn by_number<'a>(partitions: impl Iterator<Item = PartitionDetail<'a>>, rules: &EvaluatorRules) -> Vec<Windowed> {
    let mut list = Vec::new();
    let mut held = 0_usize;
    for partition in partitions {
        let Ok(place) = usize::try_from(partition.partition.0) else { continue };
        held = held.saturating_add(1);
        if place > held.saturating_mul(GAP) {
            break;
        }
        list.resize_with(place, Windowed::default);
        list.push(windowed(&partition, rules));
    }
    list
}

fn windowed(partition: &PartitionDetail<'_>, rules: &EvaluatorRules) -> Windowed {
    let offsets = partition.window.map_or_else(Vec::new, |window| {
        let missing = rules.intervals.get().saturating_sub(window.len());
        let commits = window.iter().map(|commit| Some(at(partition, &commit)));
        std::iter::repeat_n(None, missing).chain(commits).collect()
    });
    let (owner, client_id) = owner(partition);
    Windowed { offsets, owner, client_id, current_lag: current_lag(partition) }
}

fn at(partition: &PartitionDetail<'_>, commit: &Commit) -> At {
    At {
        offset: commit.offset.0,
        timestamp: commit.timestamp.0,
        // When we saw it is not kept, for it would cost every commit a third more memory. Live the two are the same
        // but for the way here, and of what is replayed at start the commit's own time says more.
        observed_at: commit.timestamp.0,
        lag: partition.lag_then(commit).map(|Lag(lag)| lag),
    }
}

/// Burrow's owner is the host, as the record has it.
fn owner(partition: &PartitionDetail<'_>) -> (String, String) {
    let owner = partition.owner.map(|member| (member.client_host.name(), member.client_id.name()));
    owner.map(|(host, client_id)| (host.to_string(), client_id.to_string())).unwrap_or_default()
}

/// Burrow's lag now is a number even where there is none to be known.
fn current_lag(partition: &PartitionDetail<'_>) -> u64 {
    partition.current_lag().map_or(0, |Lag(lag)| lag)
}

impl Status {
    /// Of a group that there is not.
    pub fn not_found(cluster: String, group: String) -> Self {
        Self {
            cluster,
            group,
            status: Word::NotFound,
            complete: Share(1.0),
            partitions: Vec::new(),
            partition_count: 0,
            maxlag: None,
            totallag: 0,
        }
    }

    /// Of a group as of `now`; with `all` of its partitions, or those alone that are not OK.
    pub fn of(cluster: String, group: &GroupDetail, now: Timestamp, rules: &EvaluatorRules, all: bool) -> Self {
        let mut whole = GroupEvaluation::NONE;
        let mut status = Self::not_found(cluster, group.label.name().to_string());
        // RULES.md counts the partitions of the topics that the group commits to.
        for topic in group.topics.iter().filter(|topic| topic.is_committed()) {
            let name = topic.name.label.name().to_string();
            for partition in group.partitions(topic) {
                let evaluation = partition.evaluate(now, rules);
                whole.add(evaluation);
                whole.partitions = whole.partitions.saturating_add(1);
                let lag = current_lag(&partition);
                status.totallag = status.totallag.saturating_add(lag);
                let is_most = status.maxlag.as_ref().is_none_or(|most| lag > most.current_lag);
                let is_listed = all || evaluation.status != PartitionStatus::Ok;
                if !is_most && !is_listed {
                    continue;
                }
                let judged = judged(&name, &partition, evaluation.status.into(), Share(evaluation.complete));
                if is_most {
                    status.maxlag = Some(judged.clone());
                }
                if is_listed {
                    status.partitions.push(judged);
                }
            }
        }
        status.status = whole.status.into();
        status.complete = Share(whole.complete_ratio().unwrap_or(0.0));
        status.partition_count = whole.partitions;
        status
    }
}

fn judged(topic: &str, partition: &PartitionDetail<'_>, status: Word, complete: Share) -> Judged {
    let (owner, client_id) = owner(partition);
    let first = partition.window.and_then(|window| window.iter().next());
    let last = partition.window.map(crate::storage::Window::newest);
    Judged {
        topic: topic.to_owned(),
        partition: partition.partition.0,
        owner,
        client_id,
        status,
        start: first.map(|commit| at(partition, &commit)),
        end: last.map(|commit| at(partition, &commit)),
        current_lag: current_lag(partition),
        complete,
    }
}

impl From<PartitionStatus> for Word {
    fn from(status: PartitionStatus) -> Self {
        match status {
            PartitionStatus::Ok => Self::Ok,
            PartitionStatus::Warn => Self::Warn,
            PartitionStatus::Stop => Self::Stop,
            PartitionStatus::Stall => Self::Stall,
            PartitionStatus::Rewind => Self::Rewind,
        }
    }
}

impl From<GroupStatus> for Word {
    fn from(status: GroupStatus) -> Self {
        match status {
            GroupStatus::Ok => Self::Ok,
            GroupStatus::Warn => Self::Warn,
            GroupStatus::Err => Self::Err,
        }
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0 >= 1.0 {
            return to.serialize_u8(1);
        }
        if self.0 <= 0.0 {
            return to.serialize_u8(0);
        }
        #[expect(clippy::as_conversions, reason = "std has no From for a float of fewer digits")]
        let short = self.0 as f32;
        to.serialize_f32(short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_the_digits_that_burrow_gives_it() {
        let shares = [0.0, 0.1, 1.0 / 3.0, 0.7, 1.0].map(|share| serde_json::to_string(&Share(share)).unwrap());
        assert_eq!(shares, ["0", "0.1", "0.33333334", "0.7", "1"]);
    }
}
