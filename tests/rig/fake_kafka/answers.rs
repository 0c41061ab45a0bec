//! The honest answers.

use kafka_protocol::messages::api_versions_response::{ApiVersion, ApiVersionsResponse};
use kafka_protocol::messages::describe_cluster_response::{DescribeClusterBroker, DescribeClusterResponse};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic};
use kafka_protocol::messages::fetch_response::{FetchResponse, FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::find_coordinator_response::FindCoordinatorResponse;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest};
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::metadata_request::MetadataRequest;
use kafka_protocol::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    ApiVersionsRequest, BrokerId, DescribeClusterRequest, FindCoordinatorRequest, ProduceRequest, RequestKind,
    ResponseKind, TopicName,
};
use kafka_protocol::protocol::{Request, StrBytes};

use super::batch;
use super::model::{Log, Model, Node, Topic};

/// What it answers, and in which versions; the oldest and newest are a recent broker's.
const APIS: [(i16, i16, i16); 7] = [
    // Nothing is produced, but a client judges a broker's age by it.
    (ProduceRequest::KEY, 3, 12),
    (FetchRequest::KEY, 4, 16),
    (ListOffsetsRequest::KEY, 1, 9),
    (MetadataRequest::KEY, 0, 13),
    (FindCoordinatorRequest::KEY, 0, 3),
    (ApiVersionsRequest::KEY, 0, 4),
    (DescribeClusterRequest::KEY, 0, 1),
];

/// Kafka's own codes.
const OFFSET_OUT_OF_RANGE: i16 = 1;
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
const NOT_LEADER: i16 = 6;
const UNKNOWN_TOPIC_ID: i16 = 100;

/// Records in one answer to a Fetch at the most.
const FETCHED: usize = 500;

/// What a broker answers; `None` to what it does not know.
#[expect(clippy::wildcard_enum_match_arm, reason = "Kafka has some ninety requests")]
pub fn answer(model: &Model, broker: i32, request: &RequestKind, version: i16) -> Option<ResponseKind> {
    Some(match request {
        RequestKind::ApiVersions(_) => ResponseKind::ApiVersions(api_versions()),
        RequestKind::Metadata(request) => ResponseKind::Metadata(metadata(model, request, version)),
        RequestKind::ListOffsets(request) => ResponseKind::ListOffsets(list_offsets(model, broker, request)),
        RequestKind::Fetch(request) => ResponseKind::Fetch(fetch(model, broker, request, version)),
        RequestKind::FindCoordinator(_) => ResponseKind::FindCoordinator(coordinator(model)),
        RequestKind::DescribeCluster(_) => ResponseKind::DescribeCluster(cluster(model)),
        _ => return None,
    })
}

/// Whether an answer is worth being sent at once.
pub fn has_news(answer: &ResponseKind) -> bool {
    let ResponseKind::Fetch(fetch) = answer else { return true };
    let mut partitions = fetch.responses.iter().flat_map(|topic| &topic.partitions);
    partitions.any(|partition| partition.error_code != 0 || partition.records.as_ref().is_some_and(|it| !it.is_empty()))
}

fn api_versions() -> ApiVersionsResponse {
    let api = |(api, min, max)| ApiVersion::default().with_api_key(api).with_min_version(min).with_max_version(max);
    ApiVersionsResponse::default().with_api_keys(APIS.map(api).to_vec())
}

fn name(text: &str) -> TopicName {
    TopicName(StrBytes::from_string(text.to_owned()))
}

fn metadata(model: &Model, request: &MetadataRequest, version: i16) -> MetadataResponse {
    // In the oldest version an empty list asks for all.
    let asked = request.topics.as_ref().filter(|topics| version > 0 || !topics.is_empty());
    let topics = match asked {
        None => model.topics.iter().map(|(name, topic)| described(model, name, topic, version)).collect(),
        Some(asked) => asked
            .iter()
            .map(|asked| match &asked.name {
                Some(wanted) => match model.topics.get(wanted.as_str()) {
                    Some(topic) => described(model, wanted, topic, version),
                    None => MetadataResponseTopic::default()
                        .with_error_code(UNKNOWN_TOPIC_OR_PARTITION)
                        .with_name(Some(wanted.clone())),
                },
                None => match model.name_of(asked.topic_id.as_u128()) {
                    Some(name) => described(model, name, &model.topics[name], version),
                    None => {
                        MetadataResponseTopic::default().with_error_code(UNKNOWN_TOPIC_ID).with_topic_id(asked.topic_id)
                    }
                },
            })
            .collect(),
    };
    let broker = |node: &Node| {
        MetadataResponseBroker::default()
            .with_node_id(BrokerId(node.id))
            .with_host(StrBytes::from_static_str("127.0.0.1"))
            .with_port(i32::from(node.port))
            .with_rack((version > 0).then(|| StrBytes::from_string(format!("rack-{}", node.id))))
    };
    MetadataResponse::default()
        .with_brokers(model.nodes.iter().map(broker).collect())
        .with_cluster_id((version >= 2).then(|| StrBytes::from_string(model.cluster_id.clone())))
        .with_controller_id(BrokerId(if version >= 1 { model.nodes[0].id } else { -1 }))
        .with_topics(topics)
}

fn described(model: &Model, topic_name: &str, topic: &Topic, version: i16) -> MetadataResponseTopic {
    let partition = |partition: usize| {
        let leader = BrokerId(model.leader(partition));
        MetadataResponsePartition::default()
            .with_partition_index(i32::try_from(partition).unwrap())
            .with_leader_id(leader)
            .with_leader_epoch(if version >= 7 { 0 } else { -1 })
            .with_replica_nodes(vec![leader])
            .with_isr_nodes(vec![leader])
    };
    let mut described = MetadataResponseTopic::default()
        .with_name(Some(name(topic_name)))
        .with_is_internal(version >= 1 && topic_name.starts_with("__"))
        .with_partitions((0..topic.partitions.len()).map(partition).collect());
    if version >= 10 {
        described.topic_id = format!("{:032x}", topic.id).parse().unwrap();
    }
    described
}

fn list_offsets(model: &Model, broker: i32, request: &ListOffsetsRequest) -> ListOffsetsResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|asked| offset(model, broker, &topic.name, asked));
        ListOffsetsTopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn offset(model: &Model, broker: i32, topic: &str, asked: &ListOffsetsPartition) -> ListOffsetsPartitionResponse {
    let answer = ListOffsetsPartitionResponse::default().with_partition_index(asked.partition_index);
    let log = match led(model, broker, topic, asked.partition_index) {
        Ok(log) => log,
        Err(code) => return answer.with_error_code(code),
    };
    let (offset, time) = match asked.timestamp {
        -2 => (0, -1),
        -1 => (log.end(), -1),
        time => log.at(time).unwrap_or((-1, -1)),
    };
    answer.with_offset(offset).with_timestamp(time).with_leader_epoch(-1)
}

/// A log that this broker leads.
fn led<'a>(model: &'a Model, broker: i32, topic: &str, partition: i32) -> Result<&'a Log, i16> {
    let log = model.log(topic, partition).ok_or(UNKNOWN_TOPIC_OR_PARTITION)?;
    if model.leader(usize::try_from(partition).unwrap()) == broker { Ok(log) } else { Err(NOT_LEADER) }
}

fn fetch(model: &Model, broker: i32, request: &FetchRequest, version: i16) -> FetchResponse {
    let topic = |asked: &FetchTopic| {
        let found = if version > 12 { model.name_of(asked.topic_id.as_u128()) } else { Some(asked.topic.as_str()) };
        let partition = |asked: &FetchPartition| fetched(model, broker, found, asked);
        FetchableTopicResponse::default()
            .with_topic(asked.topic.clone())
            .with_topic_id(asked.topic_id)
            .with_partitions(asked.partitions.iter().map(partition).collect())
    };
    FetchResponse::default().with_responses(request.topics.iter().map(topic).collect())
}

fn fetched(model: &Model, broker: i32, topic: Option<&str>, asked: &FetchPartition) -> PartitionData {
    let answer = PartitionData::default().with_partition_index(asked.partition);
    let refused = |code| answer.clone().with_error_code(code).with_high_watermark(-1);
    let Some(topic) = topic else { return refused(UNKNOWN_TOPIC_ID) };
    let log = match led(model, broker, topic, asked.partition) {
        Ok(log) => log,
        Err(code) => return refused(code),
    };
    if !(0..=log.end()).contains(&asked.fetch_offset) {
        return refused(OFFSET_OUT_OF_RANGE);
    }
    answer
        .with_high_watermark(log.end())
        .with_last_stable_offset(log.end())
        .with_log_start_offset(0)
        .with_preferred_read_replica(BrokerId(-1))
        .with_records(Some(batch::of(log.from(asked.fetch_offset).take(FETCHED))))
}

fn coordinator(model: &Model) -> FindCoordinatorResponse {
    let node = model.nodes[0];
    FindCoordinatorResponse::default()
        .with_node_id(BrokerId(node.id))
        .with_host(StrBytes::from_static_str("127.0.0.1"))
        .with_port(i32::from(node.port))
}

fn cluster(model: &Model) -> DescribeClusterResponse {
    let broker = |node: &Node| {
        DescribeClusterBroker::default()
            .with_broker_id(BrokerId(node.id))
            .with_host(StrBytes::from_static_str("127.0.0.1"))
            .with_port(i32::from(node.port))
    };
    DescribeClusterResponse::default()
        .with_cluster_id(StrBytes::from_string(model.cluster_id.clone()))
        .with_controller_id(BrokerId(model.nodes[0].id))
        .with_brokers(model.nodes.iter().map(broker).collect())
}
