//! How exact a time lag has to be, and which times to look up to make it exact (docs/src/reference/status-rules.md,
//! Accuracy).

use std::time::Duration;

use crate::model::{TimeLag, Timestamp, to_f64};

/// The time range in which a record was appended.
///
/// Times may be in the future, where a producer's clock is ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendRange {
    /// The earliest possible time.
    pub earliest: Timestamp,
    /// The latest possible time.
    pub latest: Timestamp,
    /// The time between them that linear interpolation by offset gives.
    pub estimate: Timestamp,
}

impl AppendRange {
    const fn width(&self) -> i64 {
        self.latest.since(self.earliest)
    }

    /// The span with each time limited to `now`: a record with a time in the future counts as appended now.
    fn limited_to(&self, now: Timestamp) -> Self {
        Self { earliest: self.earliest.min(now), latest: self.latest.min(now), estimate: self.estimate.min(now) }
    }
}

/// The age of a record that was appended at `appended`. Never negative.
#[must_use]
pub fn age_of(appended: Timestamp, now: Timestamp) -> TimeLag {
    TimeLag(u64::try_from(now.since(appended)).unwrap_or(0))
}

/// The largest error that a time lag may have: the larger of one refresh of the log ends and 2 % of the time lag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accuracy {
    refresh: i64,
}

/// The allowed error, as a share of the time lag.
const SHARE: f64 = 0.02;
/// The largest width of a span, as a share of the time lag, that is still shown as a rough value.
const ROUGH: f64 = 0.25;

impl Accuracy {
    /// The exactness for log ends that are refreshed at this interval.
    #[must_use]
    pub fn of_refresh(every: Duration) -> Self {
        Self { refresh: i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1) }
    }

    /// Whether the span is exact enough at `now`.
    ///
    /// The part in the future does not count: it may become too wide later. See [`Self::stays_accurate`].
    #[must_use]
    pub fn is_accurate(self, span: &AppendRange, now: Timestamp) -> bool {
        let over = span.limited_to(now);
        to_f64(over.width()) <= self.allowed(&over, now, SHARE)
    }

    /// Whether the span is exact enough at `now` and stays so.
    #[must_use]
    pub fn stays_accurate(self, span: &AppendRange, now: Timestamp) -> bool {
        to_f64(span.width()) <= self.allowed(&span.limited_to(now), now, SHARE)
    }

    /// Whether the span is within 25 % of the time lag.
    #[must_use]
    pub fn is_roughly_accurate(self, span: &AppendRange, now: Timestamp) -> bool {
        let over = span.limited_to(now);
        to_f64(over.width()) <= self.allowed(&over, now, ROUGH)
    }

    fn allowed(self, over: &AppendRange, now: Timestamp, share: f64) -> f64 {
        to_f64(self.refresh).max(share * to_f64(now.since(over.latest)))
    }

    /// Whether the error of `time` is within the limit, wherever in the span the record was appended.
    #[must_use]
    pub fn is_within_error(self, time: Timestamp, span: &AppendRange, now: Timestamp) -> bool {
        let error = span.latest.since(time).max(time.since(span.earliest));
        to_f64(error) <= self.allowed(&span.limited_to(now), now, SHARE)
    }

    /// The append time to show for a span.
    ///
    /// It is the interpolated time, moved away from the ends of the span as far as needed to keep the error within the
    /// limit, wherever in the span the record was appended. A span can be too wide for that. Then the time is kept
    /// within the middle half of the span: it is right where records came evenly, and not completely wrong elsewhere.
    #[must_use]
    pub fn best_estimate(self, span: &AppendRange, now: Timestamp) -> Timestamp {
        let (width, allowed) = (to_f64(span.width()), self.allowed(&span.limited_to(now), now, SHARE));
        // If the span is just over twice the allowed error, its middle is accurate enough.
        let error = if width <= 2.05 * allowed { allowed.max(width / 2.0) } else { 0.75 * width };
        let (from, to) = (span.latest.0.saturating_sub(whole(error)), span.earliest.0.saturating_add(whole(error)));
        Timestamp(span.estimate.0.max(from).min(to.max(from)))
    }

    /// How many cells the span covers. A cell is a span that is just exact enough.
    #[must_use]
    pub fn cells(self, span: &AppendRange, now: Timestamp) -> f64 {
        self.depth(now.since(span.earliest)) - self.depth(now.since(span.latest))
    }

    /// `count` times that divide the span into parts of equally many cells. With `count` 1 this halves the span.
    ///
    /// Times at the earliest time of the span are left out, so there may be fewer.
    pub fn split(self, span: &AppendRange, now: Timestamp, count: u8) -> impl Iterator<Item = Timestamp> + use<> {
        let (deep, shallow) = (self.depth(now.since(span.earliest)), self.depth(now.since(span.latest)));
        let AppendRange { earliest, latest, .. } = *span;
        (1..=count).filter_map(move |part| {
            let share = f64::from(part) / (f64::from(count) + 1.0);
            let time = Timestamp(now.0.saturating_sub(self.age(deep + (shallow - deep) * share)));
            // A lookup of the earliest time would bring nothing new.
            (earliest < time && time <= latest).then_some(time)
        })
    }

    /// The age up to which a cell is as wide as one refresh. Beyond it, a cell is a share of the age.
    fn knee(self) -> f64 {
        to_f64(self.refresh) / SHARE
    }

    /// How many cells lie between this age and now.
    fn depth(self, age: i64) -> f64 {
        let (age, knee) = (to_f64(age.max(0)), self.knee());
        if age <= knee { age / to_f64(self.refresh) } else { 1.0 / SHARE + (age / knee).ln() / SHARE.ln_1p() }
    }

    /// The age that is `depth` cells before now: the inverse of [`Self::depth`].
    fn age(self, depth: f64) -> i64 {
        let straight = 1.0 / SHARE;
        let age = if depth <= straight {
            depth * to_f64(self.refresh)
        } else {
            self.knee() * ((depth - straight) * SHARE.ln_1p()).exp()
        };
        whole(age)
    }
}

#[expect(clippy::as_conversions, reason = "std has no From for it; the cast saturates")]
const fn whole(value: f64) -> i64 {
    value as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Accuracy = Accuracy { refresh: 10_000 };
    const DAY: i64 = 86_400_000;
    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn span(oldest: i64, youngest: i64) -> AppendRange {
        let (earliest, latest) = (Timestamp(NOW.0 - oldest), Timestamp(NOW.0 - youngest));
        AppendRange { earliest, latest, estimate: earliest }
    }

    #[test]
    fn nothing_waits_for_less_than_no_time() {
        assert_eq!(age_of(Timestamp(5), Timestamp(9)), TimeLag(4));
        assert_eq!(age_of(Timestamp(9), Timestamp(5)), TimeLag::ZERO);
    }

    #[test]
    fn a_refresh_is_close_and_so_are_two_hundredths_of_the_time_lag() {
        assert!(TEN.is_accurate(&span(10_000, 0), NOW));
        assert!(!TEN.is_accurate(&span(10_001, 0), NOW));
        assert!(TEN.is_accurate(&span(DAY + DAY / 50, DAY), NOW));
        assert!(!TEN.is_accurate(&span(DAY + DAY / 50 + 1, DAY), NOW));
    }

    #[test]
    fn ages_and_depths_are_two_ways_to_say_the_same() {
        for age in [0, 1, 9_999, 500_000, 500_001, DAY, 60 * DAY] {
            assert!((TEN.age(TEN.depth(age)) - age).abs() <= 1 + age / 1_000_000, "{age}");
        }
    }

    #[test]
    fn eight_questions_are_enough_for_a_span_of_fifty_days() {
        // Each lookup leaves one of two halves. The middle of what remains is off by at most half of it.
        for inside in [DAY / 7, DAY, 7 * DAY, 49 * DAY, 1] {
            let mut left = span(50 * DAY, 0);
            for _ in 0..8 {
                let Some(time) = TEN.split(&left, NOW, 1).next() else { break };
                let appended = Timestamp(NOW.0 - inside);
                if appended < time { left.latest = time } else { left.earliest = time }
            }
            for estimate in [left.earliest, left.latest] {
                let error = (TEN.best_estimate(&AppendRange { estimate, ..left }, NOW).0 - (NOW.0 - inside)).abs();
                assert!(error <= 10_000.max(inside / 50 + inside / 500), "{inside} ms: {error} ms");
            }
        }
    }

    #[test]
    fn what_is_to_come_waits_for_no_time_and_is_settled_only_when_it_is_known_well() {
        let wide = span(5_000, -DAY);
        assert!(TEN.is_accurate(&wide, NOW) && !TEN.stays_accurate(&wide, NOW));
        let exact = span(-DAY, -DAY);
        assert!(TEN.is_accurate(&exact, NOW) && TEN.stays_accurate(&exact, NOW));
        assert_eq!(age_of(TEN.best_estimate(&exact, NOW), NOW), TimeLag::ZERO);
    }

    #[test]
    fn a_wide_span_is_told_by_the_straight_line_but_for_its_ends() {
        let wide = |estimate: i64| AppendRange { estimate: Timestamp(NOW.0 - estimate), ..span(9 * DAY, DAY) };
        for (estimate, told) in [(4, 4), (1, 3), (9, 7)] {
            assert_eq!(TEN.best_estimate(&wide(estimate * DAY), NOW), Timestamp(NOW.0 - told * DAY));
        }
    }

    #[test]
    fn several_questions_part_a_span_into_pieces_of_as_many_cells() {
        let whole = span(7 * DAY, 60_000);
        let times: Vec<Timestamp> = TEN.split(&whole, NOW, 3).collect();
        let mut ends = vec![whole.earliest];
        ends.extend(&times);
        ends.push(whole.latest);
        let cells: Vec<f64> =
            ends.windows(2).map(|pair| TEN.cells(&span(NOW.0 - pair[0].0, NOW.0 - pair[1].0), NOW)).collect();
        assert_eq!(times.len(), 3);
        assert!(cells.iter().all(|count| (count - TEN.cells(&whole, NOW) / 4.0).abs() < 0.01), "{cells:?}");
    }

    #[test]
    fn a_span_of_a_millisecond_cannot_be_parted() {
        assert_eq!(TEN.split(&span(1, 0), NOW, 1).count(), 1);
        assert_eq!(TEN.split(&span(0, 0), NOW, 1).count(), 0);
    }
}
