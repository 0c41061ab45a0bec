//! `/metrics` without the exporter's own: a file for each set of names, granularity and format, with all that the
//! configuration can show; and the page of the smaller cluster in the
//! default configuration.

use std::sync::Arc;

use crate::config::{Granularity, MetricsConfig, NameSet};
use crate::metrics::{Format, MetricsPage, PageLayout};
use crate::model::Name;
use crate::storage::View;

use super::Golden;
use super::setting::{NOW, RULES, config};
use super::storage::{WEST, storage};

const SETS: [NameSet; 4] = [NameSet::DEFAULT, NameSet("burrow"), NameSet("kafka-lag-exporter"), NameSet("kminion")];
const GRANULARITIES: [(Granularity, &str); 3] =
    [(Granularity::Partition, "partition"), (Granularity::Topic, "topic"), (Granularity::Group, "group")];
const FORMATS: [(Format, &str); 2] = [(Format::Text, "txt"), (Format::OpenMetrics, "openmetrics")];

pub(super) fn goldens() -> Vec<Golden> {
    let view = Arc::new(storage().view(NOW, &RULES));
    let page = |view: &Arc<View>, metrics: &MetricsConfig, format| {
        let end = match format {
            Format::Text => Vec::new(),
            Format::OpenMetrics => b"# EOF\n".to_vec(),
        };
        let pieces = MetricsPage::new(Arc::clone(view), Arc::new(PageLayout::new(metrics)), format, end);
        String::from_utf8(pieces.flatten().collect()).unwrap()
    };
    let configured = config().metrics;
    let mut west = storage().view(NOW, &RULES);
    west.clusters.retain(|cluster| cluster.label.name() == Name(WEST.as_bytes()));
    let default = page(&Arc::new(west), &MetricsConfig::default(), Format::Text);
    let mut goldens = vec![("metrics/default.txt".to_owned(), default)];
    for names in SETS {
        for (granularity, level) in GRANULARITIES {
            let metrics = MetricsConfig { names: vec![names], granularity, ..configured.clone() };
            for (format, ending) in FORMATS {
                goldens.push((format!("metrics/{}-{level}.{ending}", names.name()), page(&view, &metrics, format)));
            }
        }
    }
    goldens
}
