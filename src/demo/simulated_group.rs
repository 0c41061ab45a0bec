//! The simulation of one group: its members, its generation, its commits.

use super::simulated_partition::SimulatedPartition;
use super::topics_and_groups::{DemoGroup, MemberPattern};
use crate::model::{Name, Offset, Partition, Timestamp, java_string_hash};
use crate::offsets::encode::{self, EncodeError};
use crate::offsets::{ClassicGroupMember, CommitRecord};

/// Key and value of a record of the offsets topic.
pub(super) type EncodedRecord = (Vec<u8>, Option<Vec<u8>>);

/// A partition that a group reads, with the group's last commit.
#[derive(Debug)]
struct ReadPartition {
    index: usize,
    topic: &'static str,
    partition: Partition,
    committed: Option<i64>,
}

/// The state of a group between two ticks.
#[derive(Debug)]
pub(super) struct SimulatedGroup {
    group: &'static DemoGroup,
    partitions: Vec<ReadPartition>,
    generation: i32,
    /// Number of members in the last record. `None` before the first record and after a deletion.
    members: Option<usize>,
    alive: bool,
}

impl SimulatedGroup {
    pub(super) fn new(group: &'static DemoGroup, places: &[SimulatedPartition]) -> Self {
        let reads = |place: &SimulatedPartition| group.topics.contains(&place.topic.name);
        let shares = places.iter().enumerate().filter(|(_, place)| reads(place));
        let shares = shares.map(|(index, place)| ReadPartition {
            index,
            topic: place.topic.name,
            partition: place.partition,
            committed: None,
        });
        Self { group, partitions: shares.collect(), generation: 0, members: None, alive: false }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.group.name
    }

    /// Returns the records for changes of the members and for deletion of the group at a tick.
    pub(super) fn member_records(&mut self, tick: i64, now: Timestamp) -> Result<Vec<EncodedRecord>, EncodeError> {
        let alive = self.group.lives.is_none_or(|(lives, cycle)| tick % cycle < lives);
        if self.alive && !alive {
            self.alive = false;
            return self.deletion_records();
        }
        self.alive = alive;
        let members = self.group.members.count(tick);
        if !alive || members.is_none() || self.members == members {
            return Ok(Vec::new());
        }
        self.members = members;
        self.generation = self.generation.saturating_add(1);
        Ok(vec![(encode::group_key(self.name().as_bytes())?, Some(self.metadata(now)?))])
    }

    /// Returns the commits of the group at a tick.
    pub(super) fn commit_records(
        &mut self,
        tick: i64,
        now: Timestamp,
        places: &[SimulatedPartition],
    ) -> Result<Vec<EncodedRecord>, EncodeError> {
        let mut records = Vec::new();
        for share in self.partitions.iter_mut().filter(|_| self.alive) {
            let log = places.get(share.index).map(|place| place.log);
            let Some(offset) = log.and_then(|log| self.group.commits.next_commit(tick, log, share.committed)) else {
                continue;
            };
            share.committed = Some(offset);
            let commit = CommitRecord {
                group: Name(self.group.name.as_bytes()),
                topic: Name(share.topic.as_bytes()),
                partition: share.partition,
                offset: Offset(offset),
                timestamp: now,
                leader_epoch: Some(0),
                expire: None,
                metadata: b"",
                topic_id: None,
            };
            let key = encode::commit_key(commit.group.0, commit.topic.0, commit.partition)?;
            records.push((key, Some(encode::commit_value(self.group.version, &commit)?)));
        }
        Ok(records)
    }

    fn deletion_records(&mut self) -> Result<Vec<EncodedRecord>, EncodeError> {
        let mut records = Vec::new();
        for share in &mut self.partitions {
            if share.committed.take().is_some() {
                let (group, topic) = (self.group.name.as_bytes(), share.topic.as_bytes());
                records.push((encode::commit_key(group, topic, share.partition)?, None));
            }
        }
        if self.members.take().is_some() {
            records.push((encode::group_key(self.group.name.as_bytes())?, None));
        }
        self.generation = 0;
        Ok(records)
    }

    fn metadata(&self, now: Timestamp) -> Result<Vec<u8>, EncodeError> {
        let count = self.members.unwrap_or(0);
        let texts: Vec<MemberData> =
            (0..count).map(|index| self.member_data(index, count)).collect::<Result<_, _>>()?;
        let members: Vec<ClassicGroupMember<'_>> = texts.iter().map(MemberData::member).collect();
        let leader = members.first().map(|member| member.id);
        let group = encode::ClassicGroup {
            protocol_type: self.group.protocol_type.as_bytes(),
            generation: self.generation,
            protocol: leader.map(|_| self.group.protocol.as_bytes()),
            leader,
            state_timestamp: Some(now),
            members: &members,
        };
        encode::group_value(self.group.version, &group)
    }

    /// Makes the member with number `index` of `count` members.
    fn member_data(&self, index: usize, count: usize) -> Result<MemberData, EncodeError> {
        let name = self.group.name;
        let client_id = format!("{name}-{index}");
        let hash = java_string_hash(client_id.as_bytes()).unsigned_abs();
        let (subscription, assignment) = if self.group.protocol_type == "consumer" {
            let topics: Vec<Name<'_>> = self.group.topics.iter().map(|topic| Name(topic.as_bytes())).collect();
            (encode::subscription(&topics)?, self.assignment(index, count)?)
        } else {
            // Other protocol types have formats of their own.
            (format!("http://10.0.9.{index}:8083/").into_bytes(), vec![0xc0, 0xff, 0xee])
        };
        Ok(MemberData {
            id: format!("{client_id}-{hash:08x}-4d0e-4e6b-9f7a-{:012x}", u64::from(hash).wrapping_mul(31)),
            instance: self.group.instances.then(|| format!("{name}-pod-{index}")),
            host: format!("/10.0.{}.{}", hash % 8, index.saturating_add(11)),
            client_id,
            subscription,
            assignment,
        })
    }

    /// Assigns partitions to members in turn.
    fn assignment(&self, index: usize, count: usize) -> Result<Vec<u8>, EncodeError> {
        let mut topics = Vec::new();
        for topic in self.group.topics {
            let dealt = self.partitions.iter().enumerate().filter(|(turn, _)| turn.checked_rem(count) == Some(index));
            let mine = dealt.filter(|(_, share)| share.topic == *topic).map(|(_, share)| share.partition);
            topics.push((Name(topic.as_bytes()), mine.collect::<Vec<_>>()));
        }
        let borrowed: Vec<(Name<'_>, &[Partition])> =
            topics.iter().filter(|(_, mine)| !mine.is_empty()).map(|(topic, mine)| (*topic, mine.as_slice())).collect();
        encode::assignment(&borrowed)
    }
}

impl MemberPattern {
    /// Number of members at a tick. `None` if the group has no record.
    fn count(self, tick: i64) -> Option<usize> {
        match self {
            Self::Unknown => None,
            Self::Fixed(count) => Some(count),
            Self::Until { last, count } => Some(if tick <= last { count } else { 0 }),
            Self::Swing { low, high, every } => {
                let turn = usize::try_from(tick.checked_div(every)?).ok()?;
                let span = high.saturating_sub(low);
                // The number goes up and then down.
                let place = turn.checked_rem(span.saturating_mul(2))?;
                Some(low.saturating_add(if place <= span {
                    place
                } else {
                    span.saturating_mul(2).saturating_sub(place)
                }))
            }
        }
    }
}

/// The data that a [`ClassicGroupMember`] borrows.
struct MemberData {
    id: String,
    instance: Option<String>,
    client_id: String,
    host: String,
    subscription: Vec<u8>,
    assignment: Vec<u8>,
}

impl MemberData {
    fn member(&self) -> ClassicGroupMember<'_> {
        ClassicGroupMember {
            id: self.id.as_bytes(),
            instance_id: self.instance.as_deref().map(str::as_bytes),
            client_id: self.client_id.as_bytes(),
            client_host: self.host.as_bytes(),
            rebalance_timeout: Some(300_000),
            session_timeout: 45_000,
            subscription: &self.subscription,
            assignment: &self.assignment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crew_swings_up_and_down() {
        let crew = MemberPattern::Swing { low: 2, high: 5, every: 20 };
        let counts: Vec<usize> = (0..8).map(|turn| crew.count(turn * 20).unwrap()).collect();
        assert_eq!(counts, [2, 3, 4, 5, 4, 3, 2, 3]);
        assert_eq!(crew.count(19), Some(2));
    }

    #[test]
    fn a_crew_may_leave_for_good() {
        let crew = MemberPattern::Until { last: 50, count: 1 };
        assert_eq!((crew.count(50), crew.count(51)), (Some(1), Some(0)));
    }
}
