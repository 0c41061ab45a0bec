//! What all pages of a run have in common: their families and labels.

use crate::config::{Granularity, LagLimit, MetricsConfig};
use crate::model::Name;
use crate::storage::{ClusterView, escape};

use super::metric_set::{LabelNames, MetricFamily, Series};
use super::sample_value::SampleValue;
use super::samples::write_label;
use super::sets;

/// What all pages of a run have in common.
#[derive(Clone)]
pub struct PageLayout {
    /// The families that are shown, in the order of the page.
    pub(super) families: Vec<PageFamily>,
    /// Whether the granularity is `group`.
    pub(super) whole_groups: bool,
    limits: Vec<LagLimit>,
    /// The constant labels as `,name="value"`.
    constant: Vec<u8>,
}

/// A family, and the label names of its set.
#[derive(Clone, Copy)]
pub(super) struct PageFamily {
    pub family: &'static MetricFamily,
    pub labels: &'static LabelNames,
}

impl PageLayout {
    /// Creates the layout for a configuration.
    #[must_use]
    pub fn new(metrics: &MetricsConfig) -> Self {
        let mut constant = Vec::new();
        for (name, value) in &metrics.labels {
            write_label(&mut constant, name, escape(value).as_bytes());
        }
        let sets = metrics.names.iter().map(|names| sets::metric_set(*names));
        let families =
            sets.flat_map(|set| set.families.iter().map(|family| PageFamily { family, labels: &set.labels }));
        Self {
            families: families.filter(|shown| is_shown(metrics, &shown.family.series)).collect(),
            whole_groups: metrics.granularity == Granularity::Group,
            limits: metrics.limits.clone(),
            constant,
        }
    }

    /// The limit of a group's time lag: that of the first match.
    pub(super) fn limit(&self, group: Name<'_>) -> Option<SampleValue> {
        self.limits
            .iter()
            .find(|limit| limit.group.is_match(group.0))
            .map(|limit| SampleValue::Float(limit.lag_seconds))
    }

    /// Writes `name{cluster="…",…`, without the closing brace.
    pub(super) fn prefix(&self, shown: PageFamily, cluster: &ClusterView, labels: &[(&str, &[u8])]) -> Vec<u8> {
        let mut prefix = Vec::with_capacity(256);
        for part in [shown.family.name, "{", shown.labels.cluster, "=\""] {
            prefix.extend_from_slice(part.as_bytes());
        }
        prefix.extend_from_slice(cluster.label.text());
        prefix.push(b'"');
        prefix.extend_from_slice(&self.constant);
        for (name, text) in labels {
            write_label(&mut prefix, name, text);
        }
        prefix
    }
}

fn is_shown(metrics: &MetricsConfig, series: &Series) -> bool {
    match metrics.granularity {
        Granularity::Partition => metrics.owners || !matches!(series, Series::Owner),
        Granularity::Topic | Granularity::Group => !series.is_per_partition(),
    }
}
