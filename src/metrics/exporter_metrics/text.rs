//! Converts the output of prometheus-client to the format of a page.
//!
//! prometheus-client writes OpenMetrics, with the series of a family in the order of a hash map. A page needs a stable
//! order. The text format also needs the suffix in a counter's metadata, no units, and no end mark.

use crate::metrics::Format;

/// Converts the text of prometheus-client to a format, and sorts the series of each family by their labels.
pub fn convert(page: &str, format: Format) -> String {
    let mut out = String::with_capacity(page.len());
    let mut samples: Vec<&str> = Vec::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(comment) = line.strip_prefix("# ") else {
            samples.push(line);
            continue;
        };
        flush(&mut samples, &mut out);
        let next = lines.peek().copied().unwrap_or_default();
        match format {
            Format::OpenMetrics => out.extend([line, "\n"]),
            Format::Text => metadata(comment, next, &mut out),
        }
    }
    flush(&mut samples, &mut out);
    out
}

/// Writes the samples of a family. The sort is stable, so that the samples of a histogram keep their order.
fn flush(samples: &mut Vec<&str>, out: &mut String) {
    samples.sort_by_cached_key(|line| series(line));
    for line in samples.drain(..) {
        out.extend([line, "\n"]);
    }
}

/// The labels of a sample, without a bucket's `le`.
fn series(line: &str) -> String {
    let labels = line.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').map_or(rest, |(labels, _)| labels));
    // Quotes within a value are escaped, so this cannot be part of a value.
    let limit = labels.strip_prefix("le=\"").map(|limit| ("", limit)).or_else(|| labels.split_once(",le=\""));
    match limit.and_then(|(before, limit)| Some((before, limit.split_once('"')?.1))) {
        Some((before, after)) => format!("{before}{after}").trim_start_matches(',').to_owned(),
        None => labels.to_owned(),
    }
}

/// Writes a line of metadata in the text format. `next` is the line after it.
fn metadata(comment: &str, next: &str, out: &mut String) {
    let mut parts = comment.splitn(3, ' ');
    let (Some(what), Some(name), Some(text)) = (parts.next(), parts.next(), parts.next()) else { return };
    let counter = match what {
        "HELP" => next.starts_with("# TYPE ") && next.ends_with(" counter"),
        "TYPE" => text == "counter",
        _ => return,
    };
    out.extend(["# ", what, " ", name, if counter { "_total " } else { " " }, text, "\n"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "\
# HELP a Some text.
# TYPE a counter
a_total{x=\"2\"} 1
a_total{x=\"1\"} 2
# HELP b_seconds Other text.
# TYPE b_seconds histogram
# UNIT b_seconds seconds
b_seconds_sum{x=\"2\"} 0.5
b_seconds_bucket{le=\"10.0\",x=\"2\"} 1
b_seconds_bucket{le=\"+Inf\",x=\"2\"} 1
b_seconds_sum{x=\"1\"} 0.5
b_seconds_bucket{le=\"+Inf\",x=\"1\"} 1
# EOF
";

    #[test]
    fn the_text_format_names_counters_with_their_suffix() {
        let text = "\
# HELP a_total Some text.
# TYPE a_total counter
a_total{x=\"1\"} 2
a_total{x=\"2\"} 1
# HELP b_seconds Other text.
# TYPE b_seconds histogram
b_seconds_sum{x=\"1\"} 0.5
b_seconds_bucket{le=\"+Inf\",x=\"1\"} 1
b_seconds_sum{x=\"2\"} 0.5
b_seconds_bucket{le=\"10.0\",x=\"2\"} 1
b_seconds_bucket{le=\"+Inf\",x=\"2\"} 1
";
        assert_eq!(convert(WRITTEN, Format::Text), text);
    }

    #[test]
    fn a_bucket_belongs_to_its_series_wherever_its_limit_stands() {
        for line in
            ["b_bucket{le=\"1\",a=\"x\",b=\"y\"} 1", "b_bucket{a=\"x\",le=\"1\",b=\"y\"} 1", "b_sum{a=\"x\",b=\"y\"} 1"]
        {
            assert_eq!(series(line), "a=\"x\",b=\"y\"");
        }
    }

    #[test]
    fn openmetrics_keeps_its_metadata_and_its_end() {
        let page = convert(WRITTEN, Format::OpenMetrics);
        assert!(page.starts_with("# HELP a Some text.\n# TYPE a counter\na_total{x=\"1\"} 2\n"));
        assert!(page.contains("# UNIT b_seconds seconds\nb_seconds_sum{x=\"1\"}"));
        assert!(page.ends_with("# EOF\n"));
    }
}
