use std::num::NonZeroUsize;

use super::*;
use crate::model::{BrokerId, Name, Offset};
use crate::storage::topics::metadata::PartitionMetadata;
use crate::storage::topics::names::TopicNames;

const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

fn ends(topics: &Topics, name: &TopicName) -> Vec<i64> {
    let mut ends: Vec<_> = topics.partition(name, Partition(0)).unwrap().ends().iter().map(|end| end.0).collect();
    ends.sort_unstable();
    ends
}

fn first_end(topics: &Topics, name: &TopicName) -> Option<Offset> {
    topics.partition(name, Partition(0)).unwrap().first_end()
}

fn read(at: i64) -> LogEndRefresh {
    LogEndRefresh { at: Timestamp(at), by_brokers: Timestamp(at), keep: TWO }
}

fn found(partitions: usize, id: u128) -> TopicMetadata {
    let partition = PartitionMetadata { leader: Some(BrokerId(1)), replicas: vec![BrokerId(1)], in_sync: 1 };
    TopicMetadata { name: "t".into(), id: Some(TopicId(id)), partitions: vec![partition; partitions] }
}

fn end(end: Option<i64>) -> LogBounds<'static> {
    LogBounds { topic: "t", partition: Partition(0), start: end.map(|_| Offset(0)), end: end.map(Offset) }
}

#[test]
fn a_log_end_that_fails_three_times_is_not_known() {
    let (mut topics, name) = (Topics::default(), TopicNames::default().intern(Name(b"t")));
    topics.apply_topic(Arc::clone(&name), &found(1, 7), Timestamp(0));
    topics.apply_bounds(&name, &end(Some(9)), read(1));
    for known in [Some(Offset(9)), Some(Offset(9)), None, None] {
        topics.apply_bounds(&name, &end(None), read(2));
        assert_eq!(topics.bounds(&name, Partition(0)).end, known);
    }
    topics.apply_bounds(&name, &end(Some(12)), read(3));
    assert_eq!(topics.bounds(&name, Partition(0)).end, Some(Offset(12)));
    assert_eq!(first_end(&topics, &name), Some(Offset(9)));
}

#[test]
fn a_topic_is_hidden_after_two_refreshes_and_comes_back_as_it_was() {
    let (mut topics, name) = (Topics::default(), TopicNames::default().intern(Name(b"t")));
    assert!(!topics.is_hidden(&name));
    topics.apply_topic(Arc::clone(&name), &found(1, 7), Timestamp(5));
    topics.record_unnamed(Arc::clone(&name));
    assert!(!topics.is_hidden(&name) && topics.named().count() == 0);
    topics.record_unnamed(Arc::clone(&name));
    assert!(topics.is_hidden(&name));
    assert_eq!(topics.apply_topic(Arc::clone(&name), &found(1, 7), Timestamp(9)), None);
    assert!(!topics.is_hidden(&name));
    assert_eq!(topics.apply_topic(Arc::clone(&name), &found(1, 8), Timestamp(11)), Some(Timestamp(9)));
}

#[test]
fn without_ids_a_shrunken_log_is_a_new_topic() {
    let (mut topics, name) = (Topics::default(), TopicNames::default().intern(Name(b"t")));
    topics.apply_topic(Arc::clone(&name), &TopicMetadata { id: None, ..found(1, 0) }, Timestamp(0));
    assert_eq!(topics.apply_bounds(&name, &end(Some(9)), read(1)), None);
    assert_eq!(topics.apply_bounds(&name, &end(Some(4)), read(2)), Some(Timestamp(1)));
    assert_eq!((ends(&topics, &name), first_end(&topics, &name)), (vec![4], Some(Offset(4))));
}

#[test]
fn the_last_log_ends_are_kept_and_a_refresh_that_fails_adds_none() {
    let (mut topics, name) = (Topics::default(), TopicNames::default().intern(Name(b"t")));
    topics.apply_topic(Arc::clone(&name), &found(1, 7), Timestamp(0));
    for (found, held) in [(Some(5), vec![5]), (Some(9), vec![5, 9]), (None, vec![5, 9]), (Some(9), vec![9, 9])] {
        topics.apply_bounds(&name, &end(found), read(1));
        assert_eq!(ends(&topics, &name), held);
    }
    topics.apply_topic(Arc::clone(&name), &found(1, 7), Timestamp(2));
    assert_eq!(ends(&topics, &name), [9, 9]);
    topics.apply_topic(Arc::clone(&name), &found(1, 8), Timestamp(3));
    assert_eq!(ends(&topics, &name), [0; 0], "created anew");
}
