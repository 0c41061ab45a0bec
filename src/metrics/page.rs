//! A page: the families of a view, rendered piece by piece as whoever reads it takes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Granularity;
use crate::evaluate::{GroupStatus, PartitionStatus};
use crate::model::Partition;
use crate::storage::{ClusterView, GroupTopicView, Stats, Topic, View, escape};

use super::catalogue::{FAMILIES, Family, Series, status_name};
use super::format::Format;
use super::text::{Samples, Value, header, label};

/// How long a piece may get before it is handed out.
const PIECE: usize = 64 * 1024;
/// How many samples are written between two looks at a piece's length.
const RUN: usize = 256;

/// What holds for every page of a run of the program.
#[derive(Clone, Debug)]
pub struct Layout {
    /// How far down series go.
    pub granularity: Granularity,
    /// Whether owners are shown.
    pub owners: bool,
    /// `,name="value"` of the labels of every series.
    constant: Vec<u8>,
}

impl Layout {
    /// `labels` are added to every series.
    #[must_use]
    pub fn new(granularity: Granularity, owners: bool, labels: &BTreeMap<String, String>) -> Self {
        let mut constant = Vec::new();
        for (name, value) in labels {
            label(&mut constant, name, escape(value).as_bytes());
        }
        Self { granularity, owners, constant }
    }

    fn shows(&self, series: &Series) -> bool {
        match self.granularity {
            Granularity::Partition => self.owners || !matches!(series, Series::Owner),
            Granularity::Topic | Granularity::Group => !series.is_per_partition(),
        }
    }
}

/// An iterator over the pieces of a page, some 64 KiB each. Families and their series come in a stable
/// order; a family without samples leaves no trace.
pub struct Page {
    view: Arc<View>,
    layout: Arc<Layout>,
    format: Format,
    /// What follows the families: the exporter's own metrics and the end of the page.
    tail: Option<Vec<u8>>,
    at: Place,
    /// Whether the family at hand has its header.
    opened: bool,
}

/// Where rendering goes on.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    family: usize,
    cluster: usize,
    item: usize,
    /// Within the item, for those with many samples.
    run: usize,
}

/// What a step has come to.
enum Step {
    /// More of the same item.
    More,
    /// The item is done.
    Done,
    /// There is no such item.
    End,
}

impl Page {
    /// A page of a view; `tail` stands at its end.
    #[must_use]
    pub const fn new(view: Arc<View>, layout: Arc<Layout>, format: Format, tail: Vec<u8>) -> Self {
        let at = Place { family: 0, cluster: 0, item: 0, run: 0 };
        Self { view, layout, format, tail: Some(tail), at, opened: false }
    }

    /// Writes the next few samples; `false` when there are no more families.
    fn step(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(family) = FAMILIES.get(self.at.family) else { return false };
        let view = Arc::clone(&self.view);
        let Some(cluster) = view.clusters.get(self.at.cluster).filter(|_| self.layout.shows(&family.series)) else {
            self.at = Place { family: self.at.family.saturating_add(1), ..Place::default() };
            self.opened = false;
            return true;
        };
        let before = out.len();
        if !self.opened {
            header(out, family, self.format);
        }
        let samples = out.len();
        let step = self.samples(family, cluster, out);
        if out.len() == samples {
            out.truncate(before);
        } else {
            self.opened = true;
        }
        match step {
            Step::More => self.at.run = self.at.run.saturating_add(RUN),
            Step::Done => (self.at.item, self.at.run) = (self.at.item.saturating_add(1), 0),
            Step::End => {
                let (family, cluster) = (self.at.family, self.at.cluster.saturating_add(1));
                self.at = Place { family, cluster, item: 0, run: 0 };
            }
        }
        true
    }

    fn samples(&self, family: &Family, cluster: &ClusterView, out: &mut Vec<u8>) -> Step {
        match &family.series {
            Series::Brokers | Series::BrokerInfo | Series::Topic(_) | Series::Partition(_) => {
                self.topic_samples(family, cluster, out)
            }
            Series::Commit(_) | Series::Status | Series::Owner | Series::GroupTopic(_) | Series::Group(_) => {
                self.group_samples(family, cluster, out)
            }
        }
    }

    fn topic_samples(&self, family: &Family, cluster: &ClusterView, out: &mut Vec<u8>) -> Step {
        let topic = cluster.named.get(self.at.item);
        let labelled = |topic: &Topic| self.prefix(family.name, cluster, &[("topic", topic.name.label.text())]);
        match (&family.series, topic) {
            (Series::Brokers, _) if self.at.item == 0 => brokers(&self.prefix(family.name, cluster, &[]), cluster, out),
            (Series::BrokerInfo, _) if self.at.item == 0 => {
                broker_info(&self.prefix(family.name, cluster, &[]), cluster, out);
            }
            (Series::Topic(value), Some(topic)) => {
                if let Some(value) = value(topic) {
                    Samples::new(out, &labelled(topic)).push(value);
                }
            }
            (Series::Partition(value), Some(topic)) => {
                let numbers =
                    (0..).zip(&topic.partitions).skip(self.at.run).map(|(number, state)| (number, value(state)));
                return self.run(&labelled(topic), numbers, topic.partitions.len(), out);
            }
            _ => return Step::End,
        }
        Step::Done
    }

    fn group_samples(&self, family: &Family, cluster: &ClusterView, out: &mut Vec<u8>) -> Step {
        let whole_groups = self.layout.granularity == Granularity::Group;
        match &family.series {
            Series::Group(samples) => {
                let Some(group) = cluster.groups.get(self.at.item) else { return Step::End };
                let prefix = self.prefix(family.name, cluster, &[("consumergroup", group.label.text())]);
                samples(group, &mut Samples::new(out, &prefix));
            }
            Series::GroupTopic(samples) if whole_groups => {
                let Some(group) = cluster.groups.get(self.at.item) else { return Step::End };
                let stats = cluster.topics_of(group).iter().map(|topic| topic.stats).reduce(Stats::merge);
                let prefix = self.prefix(family.name, cluster, &[("consumergroup", group.label.text())]);
                samples(&stats.unwrap_or(Stats::NONE), &mut Samples::new(out, &prefix));
            }
            Series::GroupTopic(samples) => {
                let Some(topic) = cluster.group_topics.get(self.at.item) else { return Step::End };
                samples(&topic.stats, &mut Samples::new(out, &self.group_topic_prefix(family.name, cluster, topic)));
            }
            Series::Commit(value) => {
                let Some(topic) = cluster.group_topics.get(self.at.item) else { return Step::End };
                let numbers = cluster.commits(topic, self.at.run).map(|commit| (commit.partition.0, value(&commit)));
                let prefix = self.group_topic_prefix(family.name, cluster, topic);
                return self.run(&prefix, numbers, topic.len(), out);
            }
            Series::Status => {
                let Some(topic) = cluster.group_topics.get(self.at.item) else { return Step::End };
                if topic.evaluation.status != GroupStatus::Ok {
                    let prefix = self.group_topic_prefix(family.name, cluster, topic);
                    statuses(&prefix, cluster.statuses(topic, self.at.run).take(RUN), out);
                    return self.after_run(topic.len());
                }
            }
            Series::Owner => {
                let Some(topic) = cluster.group_topics.get(self.at.item) else { return Step::End };
                owners(&self.group_topic_prefix(family.name, cluster, topic), topic, out);
            }
            Series::Brokers | Series::BrokerInfo | Series::Topic(_) | Series::Partition(_) => return Step::End,
        }
        Step::Done
    }

    /// Writes the next samples of an item with a sample a partition; `numbers` go on from there.
    fn run(
        &self,
        prefix: &[u8],
        numbers: impl Iterator<Item = (i32, Option<Value>)>,
        len: usize,
        out: &mut Vec<u8>,
    ) -> Step {
        let mut samples = Samples::new(out, prefix);
        for (partition, value) in numbers.take(RUN) {
            if let Some(value) = value {
                samples.push_partition(partition, value);
            }
        }
        self.after_run(len)
    }

    /// Whether an item of so many samples goes on.
    const fn after_run(&self, len: usize) -> Step {
        if self.at.run.saturating_add(RUN) < len { Step::More } else { Step::Done }
    }

    fn group_topic_prefix(&self, name: &str, cluster: &ClusterView, topic: &GroupTopicView) -> Vec<u8> {
        self.prefix(name, cluster, &[("consumergroup", topic.group.text()), ("topic", topic.name.label.text())])
    }

    /// `name{cluster="…",…`, the brace left open.
    fn prefix(&self, name: &str, cluster: &ClusterView, labels: &[(&str, &[u8])]) -> Vec<u8> {
        let mut prefix = Vec::with_capacity(256);
        prefix.extend_from_slice(name.as_bytes());
        prefix.extend_from_slice(b"{cluster=\"");
        prefix.extend_from_slice(cluster.label.text());
        prefix.push(b'"');
        prefix.extend_from_slice(&self.layout.constant);
        for (name, text) in labels {
            label(&mut prefix, name, text);
        }
        prefix
    }
}

impl Iterator for Page {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        // A step writes at most some tens of KiB past the mark.
        let mut piece = Vec::with_capacity(PIECE.saturating_mul(2));
        while piece.len() < PIECE {
            if !self.step(&mut piece) {
                piece.extend(self.tail.take().unwrap_or_default());
                break;
            }
        }
        (!piece.is_empty()).then_some(piece)
    }
}

fn brokers(prefix: &[u8], cluster: &ClusterView, out: &mut Vec<u8>) {
    if let Some(brokers) = &cluster.topics.brokers {
        Samples::new(out, prefix).push(Value::Count(u64::try_from(brokers.len()).unwrap_or(u64::MAX)));
    }
}

fn broker_info(prefix: &[u8], cluster: &ClusterView, out: &mut Vec<u8>) {
    for broker in cluster.topics.brokers.iter().flat_map(|brokers| brokers.iter()) {
        let labels = [("id", broker.id.0.to_string()), ("address", escape(&broker.address))];
        let labels = labels.each_ref().map(|(name, text)| (*name, text.as_bytes()));
        Samples::new(out, prefix).push_with(&labels, Value::Int(1));
    }
}

fn statuses(prefix: &[u8], statuses: impl Iterator<Item = (Partition, PartitionStatus)>, out: &mut Vec<u8>) {
    for (partition, status) in statuses {
        let Some(status) = status_name(status) else { continue };
        let partition = partition.0.to_string();
        let labels = [("partition", partition.as_bytes()), ("status", status.as_bytes())];
        Samples::new(out, prefix).push_with(&labels, Value::Int(1));
    }
}

fn owners(prefix: &[u8], topic: &GroupTopicView, out: &mut Vec<u8>) {
    for (partition, member) in topic.assigned.iter() {
        let Some(member) = topic.members.get(*member) else { continue };
        let labels = [
            ("partition", partition.0.to_string().into_bytes()),
            ("client_id", member.client_id.text().to_vec()),
            ("client_host", member.client_host.text().to_vec()),
            ("member_id", member.id.text().to_vec()),
        ];
        let labels = labels.each_ref().map(|(name, text)| (*name, text.as_slice()));
        Samples::new(out, prefix).push_with(&labels, Value::Int(1));
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
