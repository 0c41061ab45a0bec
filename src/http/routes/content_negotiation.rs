//! `Accept` and `Accept-Encoding`: the format and coding that the client prefers, by RFC 9110, section 12.5.

use crate::metrics::Format;

/// The content coding of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCoding {
    Identity,
    Gzip,
}

/// A thousandth of a quality value: `q=0.75` is 750.
type Quality = u16;

const FULL: Quality = 1000;

/// Returns the format for an `Accept` header. Several headers are joined by commas.
///
/// Each format gets the quality of the most specific range that covers it, and the higher quality wins. Of two equal
/// ones, the one that is named rather than matched by a wildcard wins, then the one that stands first, then text. If
/// neither is acceptable, the answer is text: a page in an unwanted format is more useful than a 406.
///
/// OpenMetrics 0.0.1, and OpenMetrics without a version, are answered with OpenMetrics as the Go client does: the page
/// is valid in both versions. Text 1.0.0 is not supported. Parameters such as `escaping` and `charset` have no effect.
pub(crate) fn format(accept: &str) -> Format {
    let text = BestRange::of(Format::Text, accept);
    let open = BestRange::of(Format::OpenMetrics, accept);
    match (text, open) {
        (None, Some(_)) => Format::OpenMetrics,
        (Some(text), Some(open)) if open.is_better_than(&text) => Format::OpenMetrics,
        (None | Some(_), None) | (Some(_), Some(_)) => Format::Text,
    }
}

/// The best range of a header for one format.
struct BestRange {
    quality: Quality,
    named: bool,
    place: usize,
}

impl BestRange {
    fn of(format: Format, accept: &str) -> Option<Self> {
        let mut best: Option<(Specificity, Self)> = None;
        for (place, element) in split(accept, ',').enumerate() {
            let (range, quality) = name_and_quality(element);
            let Some(specific) = specificity(range, element, format) else { continue };
            let wanted = Self { quality, named: specific > Specificity::Type, place };
            let better = best.as_ref().is_none_or(|(so_far, held)| {
                specific > *so_far || (specific == *so_far && wanted.quality > held.quality)
            });
            if better {
                best = Some((specific, wanted));
            }
        }
        best.map(|(_, wanted)| wanted).filter(|wanted| wanted.quality > 0)
    }

    fn is_better_than(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.quality, it.named);
        key(self) > key(other) || (key(self) == key(other) && self.named && self.place < other.place)
    }
}

/// How specifically a range names a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Specificity {
    Anything,
    Type,
    Named,
    OlderVersion,
    Version,
}

fn specificity(range: &str, element: &str, format: Format) -> Option<Specificity> {
    let (kind, name, version) = match format {
        Format::Text => ("text", "plain", "0.0.4"),
        Format::OpenMetrics => ("application", "openmetrics-text", "1.0.0"),
    };
    let (wanted_kind, wanted_name) = range.split_once('/')?;
    if (wanted_kind, wanted_name) == ("*", "*") {
        return Some(Specificity::Anything);
    }
    if !wanted_kind.eq_ignore_ascii_case(kind) {
        return None;
    }
    if wanted_name == "*" {
        return Some(Specificity::Type);
    }
    if !wanted_name.eq_ignore_ascii_case(name) {
        return None;
    }
    match parameter(element, "version") {
        None | Some("") => Some(Specificity::Named),
        Some(asked) if asked == version => Some(Specificity::Version),
        Some("0.0.1") if format == Format::OpenMetrics => Some(Specificity::OlderVersion),
        Some(_) => None,
    }
}

/// Returns the coding for an `Accept-Encoding` header: gzip if its quality is at least that of `identity`.
///
/// A client that sends no header, or that refuses everything, gets plain bytes.
pub(crate) fn coding(accept_encoding: &str) -> ContentCoding {
    let (mut gzip, mut identity, mut others) = (None, None, None);
    for element in split(accept_encoding, ',') {
        let (name, quality) = name_and_quality(element);
        let slot = match name {
            "*" => &mut others,
            name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => &mut gzip,
            name if name.eq_ignore_ascii_case("identity") => &mut identity,
            _ => continue,
        };
        *slot = (*slot).max(Some(quality));
    }
    // Plain bytes are acceptable even if not named, but any coding that is named is preferred to them.
    let gzip = gzip.or(others).unwrap_or(0);
    if gzip > 0 && gzip >= identity.unwrap_or(0) { ContentCoding::Gzip } else { ContentCoding::Identity }
}

/// Returns the name of a list element, and its quality: 1 if there is none, 0 if it is malformed.
fn name_and_quality(element: &str) -> (&str, Quality) {
    let name = split(element, ';').next().unwrap_or_default();
    (name, parameter(element, "q").map_or(FULL, quality))
}

/// Parses `0.75` as 750. Returns 0 for more than three digits after the point and for values above 1.
fn quality(text: &str) -> Quality {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let thousandths = format!("{fraction:0<3}").parse::<Quality>().unwrap_or(0);
    match whole {
        "0" => thousandths,
        "1" if thousandths == 0 => FULL,
        _ => 0,
    }
}

fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    split(element, ';').skip(1).find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// The elements of a list, trimmed. Separators inside quotes do not split.
fn split(list: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    list.split(move |letter: char| {
        if escaped {
            escaped = false;
            return false;
        }
        match letter {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        letter == separator && !quoted
    })
    .map(str::trim)
    .filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Headers that these programs send.
    const PROMETHEUS_2_30: &str =
        "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    const PROMETHEUS_2_42: &str = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
         text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
         application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
         text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    const PROMETHEUS_3_PROTOBUF: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,\
         application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
         application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
         text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
    const PROMETHEUS_3_TEXT_ONLY: &str =
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4";
    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

    #[test]
    fn every_prometheus_gets_openmetrics() {
        for header in [PROMETHEUS_2_30, PROMETHEUS_2_42, PROMETHEUS_3, PROMETHEUS_3_PROTOBUF] {
            assert_eq!(format(header), Format::OpenMetrics, "{header}");
        }
    }

    #[test]
    fn who_asks_for_nothing_or_for_text_gets_text() {
        for header in
            ["", "*/*", "text/*", "text/plain", PROMETHEUS_3_TEXT_ONLY, BROWSER, "text/plain;version=\"0.0.4\""]
        {
            assert_eq!(format(header), Format::Text, "{header}");
        }
    }

    #[test]
    fn the_higher_weight_wins_whatever_stands_first() {
        assert_eq!(format("application/openmetrics-text;q=0.2, text/plain;q=0.7"), Format::Text);
        assert_eq!(format("text/plain;q=0.2, application/openmetrics-text;q=0.201"), Format::OpenMetrics);
        assert_eq!(format("text/plain;q=0.5, */*;q=0.9"), Format::OpenMetrics);
    }

    #[test]
    fn of_equal_weights_the_named_one_wins_and_then_the_first() {
        assert_eq!(format("text/plain, application/openmetrics-text"), Format::Text);
        assert_eq!(format("application/openmetrics-text, text/plain"), Format::OpenMetrics);
        assert_eq!(format("*/*, application/openmetrics-text"), Format::OpenMetrics);
        assert_eq!(format("application/*, text/*"), Format::Text);
        assert_eq!(format("application/*"), Format::OpenMetrics);
    }

    #[test]
    fn a_weight_of_zero_refuses() {
        assert_eq!(format("application/openmetrics-text;q=0, */*"), Format::Text);
        assert_eq!(format("text/plain;q=0, */*"), Format::OpenMetrics);
        assert_eq!(format("text/plain;q=0.0, application/openmetrics-text;q=0.000"), Format::Text);
    }

    #[test]
    fn a_version_that_is_not_ours_is_not_offered() {
        assert_eq!(format("application/openmetrics-text;version=2.0.0"), Format::Text);
        assert_eq!(format("application/openmetrics-text;version=2.0.0, text/plain;q=0.1"), Format::Text);
        assert_eq!(format("application/openmetrics-text;version=0.0.1"), Format::OpenMetrics);
        assert_eq!(format("application/openmetrics-text"), Format::OpenMetrics);
    }

    #[test]
    fn names_are_read_in_any_case_and_spacing() {
        assert_eq!(format("  Application/OpenMetrics-Text ; VERSION = 1.0.0 ; Q=1.000 ,"), Format::OpenMetrics);
    }

    #[test]
    fn a_comma_within_quotes_ends_no_element() {
        assert_eq!(format("text/html;x=\"a,application/openmetrics-text\""), Format::Text);
        assert_eq!(format(r#"text/html;x="a\",application/openmetrics-text""#), Format::Text);
    }

    #[test]
    fn a_nonsensical_weight_counts_as_a_refusal() {
        for weight in ["2", "1.1", "-1", "0.1234", "x", "", "0.x"] {
            assert_eq!(coding(&format!("gzip;q={weight}")), ContentCoding::Identity, "{weight}");
        }
    }

    #[test]
    fn gzip_is_used_where_it_is_welcome() {
        for header in
            ["gzip", "gzip, deflate, br, zstd", "GZIP", "x-gzip", "*", "br, *;q=0.1", "gzip;q=0.5", "gzip, identity"]
        {
            assert_eq!(coding(header), ContentCoding::Gzip, "{header}");
        }
    }

    #[test]
    fn gzip_is_not_used_where_it_is_not() {
        for header in ["", "identity", "br", "gzip;q=0", "gzip;q=0, *", "*;q=0", "gzip;q=0.5, identity", "identity;q=0"]
        {
            assert_eq!(coding(header), ContentCoding::Identity, "{header}");
        }
    }

    proptest! {
        #[test]
        fn no_header_is_too_odd(header in "[ -~\\t]{0,80}") {
            let _ = (format(&header), coding(&header));
        }
    }
}
