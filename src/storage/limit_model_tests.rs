//! Random records with limits, against the same records without: what is shown is equal or absent, and what is counted
//! is what is held.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{Name, Offset, Order, Partition};
use crate::storage::limit_tests::Limited;
use crate::storage::tests::metadata;

const NOW: Timestamp = Timestamp(1_000_000);
const GROUPS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const TOPICS: [&str; 2] = ["t", "u"];

/// What a record says, as small numbers.
#[derive(Clone, Copy, Debug)]
struct Written {
    group: usize,
    what: u8,
    partition: i32,
    value: u8,
}

#[derive(Clone, Debug)]
enum Step {
    Write(Written),
    /// The source is read again from its beginning, after compaction if `true`.
    ReadAgain(bool),
    Limit(u8),
    /// The metadata is refreshed.
    Names,
}

fn written() -> impl Strategy<Value = Written> {
    (0..GROUPS.len(), 0_u8..12, 0..3_i32, any::<u8>()).prop_map(|(group, what, partition, value)| Written {
        group,
        what,
        partition,
        value,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => written().prop_map(Step::Write),
        1 => any::<bool>().prop_map(Step::ReadAgain),
        2 => (0_u8..7).prop_map(Step::Limit),
        1 => Just(Step::Names),
    ]
}

impl Written {
    /// The update of a record, and what it is about.
    fn update(self, order: i64) -> (Update<'static>, String) {
        let Self { group: number, what, partition, value } = self;
        let (group, topic) = (Name(GROUPS[number].as_bytes()), Name(TOPICS[number % 2].as_bytes()));
        let (at, id) = (Timestamp(order), if value % 2 == 0 { Name(b"m") } else { Name(b"n") });
        let partition = Partition(partition);
        let fact = |fact| Update::Fact { group, kind: GroupKind::Consumer, at, fact };
        let update = match what {
            0..=3 => Update::Commit { group, topic, partition, offset: Offset(value.into()), timestamp: at },
            4..=5 => Update::CommitTombstone { group, topic, partition },
            6 => {
                let member = |id| MemberUpdate {
                    id,
                    client_id: Name(b"c"),
                    client_host: Name(b"/h"),
                    assigned: vec![(topic, vec![partition])],
                };
                let members = [Name(b"m"), Name(b"n")].into_iter().take(usize::from(value % 3)).map(member).collect();
                let (protocol_type, protocol, generation) = (Name(b"consumer"), Name(b"range"), value.into());
                Update::Members(MembersUpdate { group, protocol_type, protocol, at, generation, members })
            }
            7 => Update::GroupTombstone { group },
            8 => fact(GroupFact::Epoch(
                (value % 3 > 0).then_some(EpochUpdate { number: value.into(), validated_topology: None }),
            )),
            9 => fact(GroupFact::Member { id, who: (value % 3 > 0).then_some((Name(b"c"), Name(b"/h"))) }),
            10 => {
                let owned = OwnedUpdate::Partitions(vec![(crate::model::TopicId(1), vec![partition])]);
                let current = CurrentUpdate { epoch: value.into(), settled: value % 5 > 0, owned };
                fact(GroupFact::Current { id, current: (value % 3 > 0).then_some(current) })
            }
            _ => fact(GroupFact::TargetEpoch((value % 3 > 0).then_some(value.into()))),
        };
        let about = match what {
            0..=5 => format!("commit {number} {}", partition.0),
            6 | 7 => format!("classic {number}"),
            9 | 10 => format!("{what} {number} {id}"),
            _ => format!("{what} {number}"),
        };
        (update, about)
    }
}

/// By group: kind, state and ids of members.
type Members = (GroupType, &'static str, Vec<String>);
/// Group, topic, partition and committed offset.
type Row = (String, String, i32, i64);

struct Shown {
    rows: Vec<Row>,
    members: BTreeMap<String, Members>,
    lost: BTreeMap<String, LostRecords>,
}

fn shown(limited: &Limited) -> Shown {
    let view = limited.view();
    let mut shown = Shown { rows: Vec::new(), members: BTreeMap::new(), lost: BTreeMap::new() };
    for topic in &view.group_topics {
        let (group, name) = (topic.group.name().to_string(), topic.name.label.name().to_string());
        let rows =
            view.commits(topic).map(|commit| (group.clone(), name.clone(), commit.partition.0, commit.committed.0));
        shown.rows.extend(rows);
    }
    for group in &view.groups {
        let name = group.label.name().to_string();
        let ids = group.members.iter().map(|member| member.id.name().to_string()).collect();
        shown.members.insert(name.clone(), (group.kind, group.state.name(), ids));
        shown.lost.insert(name, group.lost);
    }
    shown
}

/// Checks that what `limited` shows is right by what `model` shows, and that what it counts is what it holds.
fn compare(limited: &Limited, model: &Limited) {
    let (found, right) = (shown(limited), shown(model));
    for row in &found.rows {
        assert!(right.rows.contains(row), "{row:?} is not {:?}", right.rows);
    }
    for (group, lost) in &found.lost {
        let rows = |shown: &Shown| shown.rows.iter().filter(|row| row.0 == *group).cloned().collect::<Vec<_>>();
        if !lost.commits {
            assert_eq!(rows(&found), rows(&right), "{group}");
        }
        if !lost.members {
            assert_eq!(found.members.get(group), right.members.get(group), "{group}");
        }
    }
    let held = |of: &Limited| of.cluster.shards().iter().map(|shard| shard.len()).sum::<usize>();
    assert_eq!(held(limited) + limited.cluster.refused_groups(), held(model));
    assert_counted(limited);
}

fn assert_counted(limited: &Limited) {
    let (mut groups, mut all) = (0, 0);
    for shard in limited.cluster.shards().iter() {
        for group in shard.values() {
            let (partitions, bytes) = group.counted();
            let counted = (i64::try_from(partitions).unwrap(), i64::try_from(bytes).unwrap());
            assert_eq!(group.account.held(), counted, "{}", group.label.name());
            (groups, all) = (groups + 1, all + u64::try_from(partitions).unwrap());
        }
    }
    let usage = limited.budget.usage();
    assert_eq!((usage.groups, usage.group_partitions), (groups, all));
}

fn limits(most: u8) -> StorageLimits {
    StorageLimits { groups: (most < 6).then_some(most.into()), ..StorageLimits::default() }
}

fn pair(most: u8) -> [Limited; 2] {
    [limits(most), StorageLimits::default()].map(|limits| Limited::new(limits, ExpiryPolicy::NEVER))
}

/// The records of a log, without those that a newer one has replaced if it is compacted.
fn log(records: &[(i64, Written)], compacted: bool) -> Vec<(Order, Update<'static>)> {
    let newest: BTreeMap<String, i64> =
        records.iter().map(|(order, written)| (written.update(*order).1, *order)).collect();
    let all = records.iter().map(|(order, written)| (*order, written.update(*order)));
    let kept = all.filter(|(order, (_, about))| !compacted || newest[about] == *order);
    kept.map(|(order, (update, _))| (Order(order), update)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_shown_with_limits_is_what_is_shown_without_or_absent(
        steps in proptest::collection::vec(step(), 1..120),
        most in 0_u8..6,
    ) {
        let both = pair(most);
        let mut records: Vec<(i64, Written)> = Vec::new();
        for (order, step) in (1..).zip(steps) {
            match step {
                Step::Write(written) => {
                    records.push((order, written));
                    for one in &both {
                        let source = one.cluster.source("m", 0);
                        one.cluster.apply(source, PastState::Read, [(Order(order), written.update(order).0)], NOW);
                    }
                }
                Step::ReadAgain(compacted) => {
                    for one in &both {
                        let mut build = one.cluster.start_build(one.cluster.source("m", 0));
                        build.apply(log(&records, compacted), NOW);
                        build.publish();
                    }
                }
                Step::Limit(most) => both[0].budget.set_limits(limits(most)),
                Step::Names => {
                    both.iter().for_each(|one| one.cluster.apply_metadata(metadata(&[("t", 1, 3), ("u", 2, 3)]), NOW));
                }
            }
            compare(&both[0], &both[1]);
        }
    }

    #[test]
    fn the_past_that_is_read_behind_the_live_stream_makes_nothing_wrong(
        all in proptest::collection::vec(written(), 2..60),
        split in any::<prop::sample::Index>(),
        order in proptest::collection::vec(any::<bool>(), 60),
        (before, after) in (0_u8..6, 0_u8..7),
    ) {
        let both = pair(before);
        let all: Vec<(i64, Written)> = (1..).zip(all).collect();
        let split = split.index(all.len());
        let (mut past, mut live) = (all[..split].iter(), all[split..].iter());
        for is_past in order {
            let next = if is_past { past.next().map(|it| (PastState::Behind, it)) } else { live.next().map(|it| (PastState::Ahead, it)) };
            let Some((state, (order, written))) = next else { continue };
            for one in &both {
                let source = one.cluster.source("m", 0);
                one.cluster.apply(source, state, [(Order(*order), written.update(*order).0)], NOW);
            }
            if *order % 7 == 0 {
                both[0].budget.set_limits(limits(after));
            }
            compare_rows(&both[0], &both[1]);
        }
        for (state, rest) in [(PastState::Ahead, live), (PastState::Behind, past)] {
            for (order, written) in rest {
                for one in &both {
                    let source = one.cluster.source("m", 0);
                    one.cluster.apply(source, state, [(Order(*order), written.update(*order).0)], NOW);
                }
            }
        }
        both.iter().for_each(|one| one.cluster.drop_pending_tombstones(one.cluster.source("m", 0)));
        compare(&both[0], &both[1]);
    }
}

/// While the past is read, partitions of it are missing in both.
fn compare_rows(limited: &Limited, model: &Limited) {
    let right = shown(model).rows;
    for row in shown(limited).rows {
        assert!(right.contains(&row), "{row:?} is not among {right:?}");
    }
    assert_counted(limited);
}
