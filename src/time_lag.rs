//! How long the oldest record that a group has not committed has been waiting, and how exactly that is known
//! (docs/src/reference/status-rules.md, Accuracy).

use std::time::Duration;

use crate::model::{TimeLag, Timestamp, wide};

/// When a record was appended, as far as it is known. By its producer's clock that may be in the time to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Not before.
    pub earliest: Timestamp,
    /// Not after.
    pub latest: Timestamp,
    /// Between them, in a straight line by offset.
    pub estimate: Timestamp,
}

impl Span {
    const fn width(&self) -> i64 {
        self.latest.since(self.earliest)
    }

    /// The part of it that is over: a record of the time to come counts as one of now.
    fn until(&self, now: Timestamp) -> Self {
        Self { earliest: self.earliest.min(now), latest: self.latest.min(now), estimate: self.estimate.min(now) }
    }
}

/// How long a record has been waiting that was appended at `appended`; never negative.
#[must_use]
pub fn waiting(appended: Timestamp, now: Timestamp) -> TimeLag {
    TimeLag(u64::try_from(now.since(appended)).unwrap_or(0))
}

/// How exact a time lag has to be: the larger of one refresh of the log ends and 2 % of the time lag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exactness {
    refresh: i64,
}

/// The share of the time lag that its error may be.
const SHARE: f64 = 0.02;
/// A span as wide as this share of the time lag tells something, if not enough.
const ROUGH: f64 = 0.25;

impl Exactness {
    /// For log ends that are refreshed so often.
    #[must_use]
    pub fn of_refresh(every: Duration) -> Self {
        Self { refresh: i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1) }
    }

    /// Whether a span is narrow enough to be believed now.
    #[must_use]
    pub fn is_close(self, span: &Span, now: Timestamp) -> bool {
        let over = span.until(now);
        wide(over.width()) <= self.allowed(&over, now, SHARE)
    }

    /// Whether a span is narrow enough to be believed from now on.
    #[must_use]
    pub fn stays_close(self, span: &Span, now: Timestamp) -> bool {
        wide(span.width()) <= self.allowed(&span.until(now), now, SHARE)
    }

    /// Whether a span tells the order of the time lag.
    #[must_use]
    pub fn is_rough(self, span: &Span, now: Timestamp) -> bool {
        let over = span.until(now);
        wide(over.width()) <= self.allowed(&over, now, ROUGH)
    }

    fn allowed(self, over: &Span, now: Timestamp, share: f64) -> f64 {
        wide(self.refresh).max(share * wide(now.since(over.latest)))
    }

    /// Whether a time may stand for a span: whatever in it is true, the error is not larger than allowed.
    #[must_use]
    pub fn stands_for(self, time: Timestamp, span: &Span, now: Timestamp) -> bool {
        let error = span.latest.since(time).max(time.since(span.earliest));
        wide(error) <= self.allowed(&span.until(now), now, SHARE)
    }

    /// The time to tell of a span: the straight line's, kept off the ends of a wide span so far that it is right
    /// whatever in the span is true. Where that cannot be, it is kept to the middle half: so it is right where records
    /// came evenly, and not wholly wrong where they did not.
    #[must_use]
    pub fn best(self, span: &Span, now: Timestamp) -> Timestamp {
        let (width, allowed) = (wide(span.width()), self.allowed(&span.until(now), now, SHARE));
        // A little more than twice the allowed error is its middle, as good as right.
        let error = if width <= 2.05 * allowed { allowed.max(width / 2.0) } else { 0.75 * width };
        let (from, to) = (span.latest.0.saturating_sub(whole(error)), span.earliest.0.saturating_add(whole(error)));
        Timestamp(span.estimate.0.max(from).min(to.max(from)))
    }

    /// How many spans that are close lie in this one.
    #[must_use]
    pub fn cells(self, span: &Span, now: Timestamp) -> f64 {
        self.depth(now.since(span.earliest)) - self.depth(now.since(span.latest))
    }

    /// `count` times that part a span into pieces of as many cells each: the halves of a bisection for one.
    pub fn split(self, span: &Span, now: Timestamp, count: u8) -> impl Iterator<Item = Timestamp> + use<> {
        let (deep, shallow) = (self.depth(now.since(span.earliest)), self.depth(now.since(span.latest)));
        let Span { earliest, latest, .. } = *span;
        (1..=count).filter_map(move |part| {
            let share = f64::from(part) / (f64::from(count) + 1.0);
            let time = Timestamp(now.0.saturating_sub(self.age(deep + (shallow - deep) * share)));
            // A question at the earliest time tells nothing new.
            (earliest < time && time <= latest).then_some(time)
        })
    }

    /// The age up to which a cell is one refresh wide; beyond, it is a share of the age.
    fn knee(self) -> f64 {
        wide(self.refresh) / SHARE
    }

    /// How many cells an age is away from now.
    fn depth(self, age: i64) -> f64 {
        let (age, knee) = (wide(age.max(0)), self.knee());
        if age <= knee { age / wide(self.refresh) } else { 1.0 / SHARE + (age / knee).ln() / SHARE.ln_1p() }
    }

    /// The age that is so many cells away from now.
    fn age(self, depth: f64) -> i64 {
        let straight = 1.0 / SHARE;
        let age = if depth <= straight {
            depth * wide(self.refresh)
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

    const TEN: Exactness = Exactness { refresh: 10_000 };
    const DAY: i64 = 86_400_000;
    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn span(oldest: i64, youngest: i64) -> Span {
        let (earliest, latest) = (Timestamp(NOW.0 - oldest), Timestamp(NOW.0 - youngest));
        Span { earliest, latest, estimate: earliest }
    }

    #[test]
    fn nothing_waits_for_less_than_no_time() {
        assert_eq!(waiting(Timestamp(5), Timestamp(9)), TimeLag(4));
        assert_eq!(waiting(Timestamp(9), Timestamp(5)), TimeLag::ZERO);
    }

    #[test]
    fn a_refresh_is_close_and_so_are_two_hundredths_of_the_time_lag() {
        assert!(TEN.is_close(&span(10_000, 0), NOW));
        assert!(!TEN.is_close(&span(10_001, 0), NOW));
        assert!(TEN.is_close(&span(DAY + DAY / 50, DAY), NOW));
        assert!(!TEN.is_close(&span(DAY + DAY / 50 + 1, DAY), NOW));
    }

    #[test]
    fn ages_and_depths_are_two_ways_to_say_the_same() {
        for age in [0, 1, 9_999, 500_000, 500_001, DAY, 60 * DAY] {
            assert!((TEN.age(TEN.depth(age)) - age).abs() <= 1 + age / 1_000_000, "{age}");
        }
    }

    #[test]
    fn eight_questions_are_enough_for_a_span_of_fifty_days() {
        // Each question leaves one of two halves; with the middle of what is left the error is half of a span.
        for inside in [DAY / 7, DAY, 7 * DAY, 49 * DAY, 1] {
            let mut left = span(50 * DAY, 0);
            for _ in 0..8 {
                let Some(time) = TEN.split(&left, NOW, 1).next() else { break };
                let appended = Timestamp(NOW.0 - inside);
                if appended < time { left.latest = time } else { left.earliest = time }
            }
            for estimate in [left.earliest, left.latest] {
                let error = (TEN.best(&Span { estimate, ..left }, NOW).0 - (NOW.0 - inside)).abs();
                assert!(error <= 10_000.max(inside / 50 + inside / 500), "{inside} ms: {error} ms");
            }
        }
    }

    #[test]
    fn what_is_to_come_waits_for_no_time_and_is_settled_only_when_it_is_known_well() {
        let wide = span(5_000, -DAY);
        assert!(TEN.is_close(&wide, NOW) && !TEN.stays_close(&wide, NOW));
        let exact = span(-DAY, -DAY);
        assert!(TEN.is_close(&exact, NOW) && TEN.stays_close(&exact, NOW));
        assert_eq!(waiting(TEN.best(&exact, NOW), NOW), TimeLag::ZERO);
    }

    #[test]
    fn a_wide_span_is_told_by_the_straight_line_but_for_its_ends() {
        let wide = |estimate: i64| Span { estimate: Timestamp(NOW.0 - estimate), ..span(9 * DAY, DAY) };
        for (estimate, told) in [(4, 4), (1, 3), (9, 7)] {
            assert_eq!(TEN.best(&wide(estimate * DAY), NOW), Timestamp(NOW.0 - told * DAY));
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
