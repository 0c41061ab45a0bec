//! Renders the families of a view as a page, in pieces, while the page is read.

use std::slice;
use std::sync::Arc;

use crate::evaluate::GroupStatus;
use crate::storage::{Broker, ClusterView, CommitView, CommitViews, GroupTopicView, GroupView, Topic, View};

use super::format::Format;
use super::metric_set::{Series, TopicSums};
use super::owner_series::OwnerSeries;
use super::page_layout::{PageFamily, PageLayout};
use super::partition_samples::{OWNER_BYTES, PartitionSamples};
use super::samples::Samples;
use super::sets::status_suffix;

/// Size from which a piece is handed out. Handing one to another thread costs as much as writing some KiB.
const PIECE: usize = 256 * 1024;
/// Maximum size of what is written between two checks of a piece's length; the samples are limited to [`RUN`]. Names
/// come from outside, so the length of a sample is not known in advance.
const STRIDE: usize = PIECE / 4;
const RUN: usize = 256;

/// An iterator over the pieces of a page, of about 256 KiB each. Families and series have a stable order. A family
/// without samples is left out.
pub struct MetricsPage {
    view: Arc<View>,
    layout: Arc<PageLayout>,
    format: Format,
    /// The end of the page: the exporter's own metrics and the end mark.
    tail: Option<Vec<u8>>,
    position: PagePosition,
    /// Whether the header of the current family has been written.
    header_written: bool,
    owners: OwnerSeries,
}

/// The position at which rendering continues.
#[derive(Clone, Copy, Debug, Default)]
struct PagePosition {
    family: usize,
    cluster: usize,
    item: usize,
    /// Position within the item, for items with many samples.
    run: usize,
}

/// Result of a step.
enum StepResult {
    /// This many samples of the item were written, and more follow.
    More(usize),
    /// The item is complete.
    Done,
    /// There is no further item.
    End,
}

impl MetricsPage {
    /// Creates the page of a view. `tail` is its end.
    #[must_use]
    pub fn new(view: Arc<View>, layout: Arc<PageLayout>, format: Format, tail: Vec<u8>) -> Self {
        let (at, owners) = (PagePosition::default(), OwnerSeries::default());
        Self { view, layout, format, tail: Some(tail), position: at, header_written: false, owners }
    }

    /// Writes the next samples. Returns `false` if there are no more families.
    fn step(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(shown) = self.layout.families.get(self.position.family).copied() else { return false };
        let view = Arc::clone(&self.view);
        let Some(cluster) = view.clusters.get(self.position.cluster) else {
            self.position = PagePosition { family: self.position.family.saturating_add(1), ..PagePosition::default() };
            self.header_written = false;
            return true;
        };
        let before = out.len();
        if !self.header_written {
            shown.family.write_header(out, self.format);
        }
        let samples = out.len();
        let step = self.samples(shown, cluster, out).unwrap_or(StepResult::End);
        if out.len() == samples {
            out.truncate(before);
        } else {
            self.header_written = true;
        }
        match step {
            StepResult::More(run) => self.position.run = self.position.run.saturating_add(run),
            StepResult::Done => (self.position.item, self.position.run) = (self.position.item.saturating_add(1), 0),
            StepResult::End => {
                let (family, cluster) = (self.position.family, self.position.cluster.saturating_add(1));
                self.position = PagePosition { family, cluster, item: 0, run: 0 };
            }
        }
        true
    }

    /// Writes samples of the current item. Returns `None` if there is no such item.
    fn samples(&mut self, shown: PageFamily, cluster: &ClusterView, out: &mut Vec<u8>) -> Option<StepResult> {
        let item = self.position.item;
        match &shown.family.series {
            Series::Cluster(samples) => {
                let prefix = (item == 0).then(|| self.layout.prefix(shown, cluster, &[]))?;
                samples(cluster, &mut Samples::new(out, &prefix));
            }
            Series::Broker(samples) => {
                let broker: &Broker = cluster.topics.brokers.as_ref()?.get(item)?;
                samples(cluster, broker, &mut Samples::new(out, &self.layout.prefix(shown, cluster, &[])));
            }
            Series::Topic(samples) => {
                let topic = cluster.named.get(item)?;
                samples(topic, &mut Samples::new(out, &self.topic_prefix(shown, cluster, topic)));
            }
            Series::Partition(samples) => {
                let topic = cluster.named.get(item)?;
                let prefix = partition_prefix(shown, self.topic_prefix(shown, cluster, topic));
                let run = run_length(prefix.len());
                let states = topic.partitions.get(self.position.run..).unwrap_or_default();
                let states = states.get(..run).unwrap_or(states);
                samples(self.position.run, states, &mut PartitionSamples::new(out, &prefix));
                return Some(self.continue_or_done(run, topic.partitions.len()));
            }
            Series::Group(basis, samples) => {
                let group = cluster.groups.get(item)?;
                if basis.is_known(group.lost) {
                    samples(cluster, group, &mut Samples::new(out, &self.group_prefix(shown, cluster, group)));
                }
            }
            Series::Limit => {
                let group = cluster.groups.get(item)?;
                if let Some(limit) = self.layout.limit(group.label.name()) {
                    Samples::new(out, &self.group_prefix(shown, cluster, group)).push(limit);
                }
            }
            Series::GroupTopic(basis, samples) if self.layout.whole_groups => {
                let group = cluster.groups.get(item)?;
                if basis.is_known(group.lost) {
                    let prefix = self.group_prefix(shown, cluster, group);
                    samples(&TopicSums::of(cluster.topics_of(group)), &mut Samples::new(out, &prefix));
                }
            }
            Series::GroupTopic(basis, samples) => {
                let topic = cluster.group_topics.get(item)?;
                if basis.is_known(topic.lost) {
                    let prefix = self.group_topic_prefix(shown, cluster, topic);
                    samples(&TopicSums::of(slice::from_ref(topic)), &mut Samples::new(out, &prefix));
                }
            }
            Series::Commit(_) | Series::OwnedCommit(_) | Series::BadStatus | Series::Owner => {
                let topic = cluster.group_topics.get(item)?;
                return Some(self.group_partitions(shown, cluster, topic, out));
            }
        }
        Some(StepResult::Done)
    }

    /// Writes the next samples of a group's topic that has one sample per partition.
    fn group_partitions(
        &mut self,
        shown: PageFamily,
        cluster: &ClusterView,
        topic: &GroupTopicView,
        out: &mut Vec<u8>,
    ) -> StepResult {
        let series = &shown.family.series;
        if matches!(series, Series::BadStatus) && topic.evaluation.status == GroupStatus::Ok {
            return StepResult::Done;
        }
        if matches!(series, Series::Owner) && topic.lost.members {
            return StepResult::Done;
        }
        let prefix = partition_prefix(shown, self.group_topic_prefix(shown, cluster, topic));
        let owned = matches!(series, Series::OwnedCommit(_) | Series::Owner);
        let run = run_length(prefix.len().saturating_add(if owned { OWNER_BYTES } else { 0 }));
        let commits = cluster.commits(topic).run(self.position.run, run);
        match series {
            Series::Commit(samples) => samples(commits, &mut PartitionSamples::new(out, &prefix)),
            Series::OwnedCommit(samples) => samples(commits, &mut PartitionSamples::with_owners(out, &prefix, topic)),
            Series::BadStatus => write_statuses(commits, &mut PartitionSamples::new(out, &prefix)),
            Series::Owner => {
                self.owners.write((self.position.run, run), topic, &mut PartitionSamples::new(out, &prefix));
                return self.continue_or_done(run, topic.assigned.len());
            }
            Series::Cluster(_)
            | Series::Broker(_)
            | Series::Topic(_)
            | Series::Partition(_)
            | Series::GroupTopic(..)
            | Series::Group(..)
            | Series::Limit => return StepResult::End,
        }
        self.continue_or_done(run, topic.len())
    }

    /// Whether an item of `len` samples continues after a run.
    const fn continue_or_done(&self, run: usize, len: usize) -> StepResult {
        if self.position.run.saturating_add(run) < len { StepResult::More(run) } else { StepResult::Done }
    }

    fn topic_prefix(&self, shown: PageFamily, cluster: &ClusterView, topic: &Topic) -> Vec<u8> {
        self.layout.prefix(shown, cluster, &[(shown.labels.topic, topic.name.label.text())])
    }

    fn group_prefix(&self, shown: PageFamily, cluster: &ClusterView, group: &GroupView) -> Vec<u8> {
        self.layout.prefix(shown, cluster, &[(shown.labels.group, group.label.text())])
    }

    fn group_topic_prefix(&self, shown: PageFamily, cluster: &ClusterView, topic: &GroupTopicView) -> Vec<u8> {
        let labels = [(shown.labels.group, topic.group.text()), (shown.labels.topic, topic.name.label.text())];
        self.layout.prefix(shown, cluster, &labels)
    }
}

/// How many samples of this length fit in [`STRIDE`], at most [`RUN`].
fn run_length(sample: usize) -> usize {
    STRIDE.checked_div(sample).unwrap_or(RUN).clamp(1, RUN)
}

/// Extends a prefix up to the partition number.
fn partition_prefix(shown: PageFamily, mut prefix: Vec<u8>) -> Vec<u8> {
    for part in [",", shown.labels.partition, "=\""] {
        prefix.extend_from_slice(part.as_bytes());
    }
    prefix
}

impl Iterator for MetricsPage {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut piece = allocate_piece();
        while piece.len() < PIECE {
            if !self.step(&mut piece) {
                piece.extend(self.tail.take().unwrap_or_default());
                break;
            }
        }
        (!piece.is_empty()).then_some(piece)
    }
}

/// Allocates a piece. A step writes at most some tens of KiB beyond [`PIECE`].
#[expect(clippy::expect_used, reason = "a panic costs this page, and a failed allocation would end the process")]
fn allocate_piece() -> Vec<u8> {
    let mut piece = Vec::new();
    piece.try_reserve_exact(PIECE.saturating_add(PIECE / 4)).expect("there is no memory for a piece of a page");
    piece
}

fn write_statuses(commits: CommitViews<'_>, to: &mut PartitionSamples<'_>) {
    for CommitView { partition, status, .. } in commits {
        if let Some(rest) = status_suffix(status) {
            to.push_with(partition, rest);
        }
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
pub mod tests;
