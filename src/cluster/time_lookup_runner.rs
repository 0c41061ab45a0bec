//! The time lookups of one cluster: sends what storage needs, and applies the answers to storage.

use std::sync::Arc;
use std::time::Instant;

use super::RunningCluster;
use super::layout::PartitionLayout;
use super::liveness::ClusterLiveness;
use super::lookup_requests::{CompletedQuery, LookupRequests};
use super::lookup_schedule::{LookupSchedule, LookupStep};
use crate::clock;
use crate::health::ModuleHealth;
use crate::kafka::{ErrorCode, FoundOffset, Lookups};
use crate::storage::{Cluster, TimeLookupAnswer};

/// See the module documentation.
pub(super) struct TimeLookupRunner {
    storage: Arc<Cluster>,
    pulse: Arc<ClusterLiveness>,
    consumers: Vec<Arc<ModuleHealth>>,
    schedule: LookupSchedule,
    requests: LookupRequests,
    /// Whether some groups were not known during the first rounds.
    incomplete: bool,
}

impl TimeLookupRunner {
    pub(super) fn new(running: &RunningCluster) -> Self {
        running.storage.set_refresh_interval(running.cluster.offset_refresh);
        Self {
            storage: Arc::clone(&running.storage),
            pulse: Arc::clone(&running.pulse),
            consumers: running.consumers.clone(),
            schedule: LookupSchedule::new(running.cluster.offset_refresh, Instant::now()),
            requests: LookupRequests::default(),
            incomplete: false,
        }
    }

    /// Records that a refresh of the log ends is over.
    pub(super) fn record_refresh(&mut self, now: Instant) {
        self.schedule.record_refresh(now);
    }

    /// Checks what storage needs, if that is due.
    pub(super) fn run_if_due(&mut self, layout: &PartitionLayout, lookups: &Lookups, now: Instant) {
        let known = self.consumers.iter().all(|health| health.is_ready());
        if self.incomplete && known {
            self.incomplete = false;
            self.schedule.restart(now);
        }
        if !self.schedule.is_due(now, known || self.has_waited_enough(now)) {
            return;
        }
        let storage = &self.storage;
        let time = clock::now();
        let past = &self.schedule;
        let lagging =
            storage.settle_time_lags(time, |topic, partition, record| past.has_given_up(topic, partition, record));
        match self.schedule.next_round(&lagging, storage.accuracy(), time, now) {
            LookupStep::Send(questions) => {
                let told = self.requests.send_round(questions, layout, lookups);
                self.apply_completed(told);
            }
            LookupStep::Nothing => storage.thin_times(&lagging, time),
            LookupStep::FirstRoundsOver => {
                self.incomplete = !known;
                storage.set_past_read();
                // From here on time lags that are known less exactly are shown, too. They are settled now, so that
                // they do not jump later.
                let past = &self.schedule;
                let _asked_later = storage
                    .settle_time_lags(time, |topic, partition, record| past.has_given_up(topic, partition, record));
                self.pulse.record_first_lookups();
            }
        }
    }

    /// Whether to stop waiting for consumers that bring no groups.
    fn has_waited_enough(&self, now: Instant) -> bool {
        let tick = clock::tick();
        self.schedule.has_waited_long(now)
            && !self.consumers.iter().any(|health| !health.is_ready() && health.is_advancing(tick))
    }

    /// Handles the answer to one of its requests.
    pub(super) fn handle_answer(
        &mut self,
        tag: usize,
        result: Result<Vec<Result<FoundOffset, ErrorCode>>, ErrorCode>,
        lookups: &Lookups,
    ) {
        let told = self.requests.handle_answer(tag, result, lookups);
        self.apply_completed(told);
    }

    fn apply_completed(&mut self, told: Vec<CompletedQuery>) {
        let now = Instant::now();
        for (question, answer) in &told {
            self.schedule.record_answer(question, answer.is_some(), now);
        }
        let answers: Vec<TimeLookupAnswer> = told.into_iter().filter_map(|(_, answer)| answer).collect();
        if !answers.is_empty() {
            self.storage.apply_times(&answers, clock::now());
        }
    }
}
