//! The time lookups of one cluster: sends what storage needs, and applies the answers to storage.

use std::sync::Arc;
use std::time::Instant;

use super::Running;
use super::layout::Layout;
use super::past::{Need, Past};
use super::pulse::Pulse;
use super::times::{Times, Told};
use crate::clock;
use crate::health::Health;
use crate::kafka::{Code, Found, Lookups};
use crate::storage::{Cluster, TimesFound};

/// See the module documentation.
pub(super) struct PastTimes {
    storage: Arc<Cluster>,
    pulse: Arc<Pulse>,
    consumers: Vec<Arc<Health>>,
    past: Past,
    times: Times,
    /// Whether some groups were not known during the first rounds.
    incomplete: bool,
}

impl PastTimes {
    pub(super) fn new(running: &Running) -> Self {
        running.storage.refreshed_every(running.cluster.offset_refresh);
        Self {
            storage: Arc::clone(&running.storage),
            pulse: Arc::clone(&running.pulse),
            consumers: running.consumers.clone(),
            past: Past::new(running.cluster.offset_refresh, Instant::now()),
            times: Times::default(),
            incomplete: false,
        }
    }

    /// Records that a refresh of the log ends is over.
    pub(super) fn refreshed(&mut self, now: Instant) {
        self.past.refreshed(now);
    }

    /// Checks what storage needs, if that is due.
    pub(super) fn look(&mut self, layout: &Layout, lookups: &Lookups, now: Instant) {
        let known = self.consumers.iter().all(|health| health.is_ready());
        if self.incomplete && known {
            self.incomplete = false;
            self.past.restart(now);
        }
        if !self.past.is_due(now, known || self.waited_enough(now)) {
            return;
        }
        let storage = &self.storage;
        let time = clock::now();
        let past = &self.past;
        let lagging = storage.settle(time, |topic, partition, record| past.has_given_up(topic, partition, record));
        match self.past.ask(&lagging, storage.exactness(), time, now) {
            Need::Ask(questions) => {
                let told = self.times.ask(questions, layout, lookups);
                self.hear(told);
            }
            Need::Nothing => storage.thin_times(&lagging, time),
            Need::FirstOver => {
                self.incomplete = !known;
                storage.past_is_read();
                // From here on time lags that are known less exactly are shown, too. They are settled now, so that
                // they do not jump later.
                let past = &self.past;
                let _asked_later =
                    storage.settle(time, |topic, partition, record| past.has_given_up(topic, partition, record));
                self.pulse.past_read();
            }
        }
    }

    /// Whether to stop waiting for consumers that bring no groups.
    fn waited_enough(&self, now: Instant) -> bool {
        let tick = clock::tick();
        self.past.has_waited(now) && !self.consumers.iter().any(|health| !health.is_ready() && health.advances(tick))
    }

    /// Handles the answer to one of its requests.
    pub(super) fn take(&mut self, tag: usize, result: Result<Vec<Result<Found, Code>>, Code>, lookups: &Lookups) {
        let told = self.times.take(tag, result, lookups);
        self.hear(told);
    }

    fn hear(&mut self, told: Vec<Told>) {
        let now = Instant::now();
        for (question, answer) in &told {
            self.past.answered(question, answer.is_some(), now);
        }
        let answers: Vec<TimesFound> = told.into_iter().filter_map(|(_, answer)| answer).collect();
        if !answers.is_empty() {
            self.storage.apply_times(&answers, clock::now());
        }
    }
}
