//! Lies that end librdkafka 2.12.1, or stop it, whatever its user does: the known limits.
//!
//! Whoever takes a newer librdkafka learns here which of them are gone.

use std::thread;

use kafka_protocol::messages::ApiKey;

use crate::rig::fake_kafka::Lie;

use super::trial::tell;
use super::{Lies, fetch, metadata, offsets, wire};

fn null_apis() -> Lie {
    // Behind correlation id and error: the array, the throttle time, and no tags.
    let change = |body: &mut Vec<u8>| {
        body.truncate(6);
        body.extend([0; 6]);
    };
    Lie::body(ApiKey::ApiVersions, change).on_new_connections()
}

fn lies() -> Lies {
    vec![
        // rd_kafka_handle_ApiVersion takes a null array for one of -1 entries, and no memory for it for an end.
        ("null-apis", null_apis()),
        // rd_kafka_parse_Metadata0 sorts -1 brokers.
        ("bodies-of-zeros", wire::body(|body| body.fill(0))),
        // rd_kafka_admin_response_parse: assertion 'rko_result'.
        (
            "nothing-described",
            metadata::by_name(|answer| {
                answer.brokers.clear();
                answer.topics.clear();
            }),
        ),
        ("an-error-of-all-that-is-described", metadata::by_name(|answer| answer.error_code = 42)),
        // rd_kafka_Node_new_from_brokers copies a host of NULL.
        ("described-topics-with-null-hosts", metadata::null_hosts(|request| !metadata::is_of_all(request))),
        // rd_kafka_ListOffsets_handle_result takes it that there is an answer for each partition.
        ("one-partition-left-out", offsets::each_topic(|topic| drop(topic.partitions.pop()))),
        // rd_kafka_fetch_reply_handle_partition gives its reference to the partition back twice, where tagged fields
        // are cut off. The last three bytes are the tagged fields of the partition, of the topic and of the answer.
        ("fetches-cut-before-tagged-fields", Lie::body(ApiKey::Fetch, |body| body.truncate(body.len() - 3))),
        // rd_slice_init_full: assertion 'r == 0'.
        ("gzip-of-nothing", fetch::packed(1, &fetch::gzip(b""))),
        // rd_gz_decompress never ends.
        ("gzip-cut-short", fetch::packed(1, &fetch::gzip(&[7; 100_000])[..40])),
        ("a-packed-batch-of-nothing", fetch::packed(1, b"")),
    ]
}

/// Lies that keep librdkafka busy: it asks again at once, for as long as they are told.
fn restless() -> Lies {
    vec![
        // rd_kafka_broker_handle_ApiVersion.
        ("an-invalid-request", Lie::api_versions(|answer| answer.error_code = 42)),
        // rd_kafka_broker_fetch_toppars, where there is no version to ask in.
        ("no-fetch", wire::without(1)),
        ("no-apis", Lie::api_versions(|answer| answer.api_keys.clear())),
        ("negative-versions", wire::range(-5, -1)),
        ("the-newest-before-the-oldest", wire::each(|api| (api.min_version, api.max_version) = (api.max_version, 0))),
        ("keys-of-nothing", wire::each(|api| api.api_key += 5_000)),
        // A broker that does not wait for records.
        ("empty-fetches-at-once", fetch::ends(2, 2).at_once()),
    ]
}

#[test]
fn lies_that_cost_cpu_cost_nothing_else() {
    tell(restless()).unwrap();
}

#[test]
fn only_another_librdkafka_survives_these() {
    let survived = thread::scope(|scope| {
        let trials = lies().into_iter().map(|(name, lie)| (name, scope.spawn(move || tell(vec![(name, lie)]))));
        let trials: Vec<_> = trials.collect();
        let ended = trials.into_iter().filter_map(|(name, trial)| trial.join().unwrap().is_ok().then_some(name));
        ended.collect::<Vec<_>>()
    });
    assert_eq!(survived, [""; 0], "these are no limits any more");
}
