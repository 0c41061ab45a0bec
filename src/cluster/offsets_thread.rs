//! The thread that requests log starts and log ends.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::liveness::ClusterLiveness;
use super::lookup_requests::LookupRequests;
use super::metadata_thread::{LayoutUpdate, RefreshRequest};
use super::refresh_plan::{AnswerEffects, DueWork, OffsetsRequest, PartitionOutcome, RefreshPlan, StartAndEnd};
use super::time_lookup_runner::TimeLookupRunner;
use super::{NOTICE, RunningCluster};
use crate::clock;
use crate::config::ClusterConfig;
use crate::invariant::broken;
use crate::kafka::{
    Client, ClientSupervisor, ErrorCode, FailureCause, FoundOffset, IsolationLevel, ListOffsetsPartition,
    LookupResponse, Lookups, OffsetSpec,
};
use crate::metrics::exporter_metrics::RefreshKind;
use crate::model::{BrokerId, Right};
use crate::storage::{self, Broker, LogBounds};

/// How long a request may wait for its broker.
const LIMIT: Duration = Duration::from_secs(5);
/// How long a probe may take, and the time between two probes.
const PROBE: Duration = Duration::from_secs(3);
/// Maximum number of answers that are handled before the other work continues.
const ANSWERS_AT_ONCE: usize = 1000;

/// The answer to one of the two requests of a chunk.
type ListOffsetsResult = Result<Vec<Result<FoundOffset, ErrorCode>>, ErrorCode>;

/// The two requests of a chunk. Their tags are twice the chunk's number, and that plus one.
#[derive(Default)]
struct RequestPair {
    starts: Option<ListOffsetsResult>,
    ends: Option<ListOffsetsResult>,
}

pub(super) struct OffsetsThread {
    cluster: Arc<ClusterConfig>,
    client: Arc<Client>,
    pulse: Arc<ClusterLiveness>,
    storage: Arc<storage::Cluster>,
    section: watch::Receiver<Arc<ClusterConfig>>,
    stop: CancellationToken,
    lookups: Lookups,
    layouts: Receiver<LayoutUpdate>,
    refresh_requests: Sender<RefreshRequest>,
    plan: RefreshPlan,
    time_lookups: TimeLookupRunner,
    pairs: HashMap<usize, RequestPair>,
    brokers: Vec<Broker>,
    next_probe: Instant,
    probed: usize,
    /// Topics of the layout whose log ends are refused.
    refused: BTreeSet<String>,
}

impl OffsetsThread {
    pub(super) fn new(
        running: &RunningCluster,
        lookups: Lookups,
        shapes: Receiver<LayoutUpdate>,
        hurry: Sender<RefreshRequest>,
    ) -> Self {
        Self {
            cluster: Arc::clone(&running.cluster),
            client: Arc::clone(&running.client),
            pulse: Arc::clone(&running.pulse),
            storage: Arc::clone(&running.storage),
            section: running.section.clone(),
            stop: running.stop.clone(),
            lookups,
            layouts: shapes,
            refresh_requests: hurry,
            plan: RefreshPlan::new(running.cluster.offset_refresh),
            time_lookups: TimeLookupRunner::new(running),
            pairs: HashMap::new(),
            brokers: Vec::new(),
            next_probe: Instant::now(),
            probed: 0,
            refused: BTreeSet::new(),
        }
    }

    /// Runs until the module is stopped, or until the client or the settings have to be replaced, and returns the client
    /// to go on with.
    pub(super) fn run(mut self, keeper: &mut ClientSupervisor) -> Option<Arc<Client>> {
        while !self.stop.is_cancelled() {
            self.client.poll_events();
            let now = Instant::now();
            if let Some(client) = keeper.check(now) {
                return Some(client);
            }
            if self.section.has_changed().unwrap_or(false) {
                return Some(Arc::clone(&self.client));
            }
            if !self.apply_layouts() {
                return None;
            }
            let step = self.plan.take_due_work(now);
            self.do_due_work(step);
            self.time_lookups.run_if_due(self.plan.layout(), &self.lookups, now);
            self.probe(now);
            let left = self.plan.next_due().map_or(NOTICE, |due| due.saturating_duration_since(Instant::now()));
            let mut answer = self.lookups.next(left.min(NOTICE));
            for _ in 0..ANSWERS_AT_ONCE {
                let Some(taken) = answer else { break };
                self.handle_answer(taken);
                answer = self.lookups.next(Duration::ZERO);
            }
        }
        None
    }

    /// Applies the newest metadata. Returns false when the other thread has ended.
    fn apply_layouts(&mut self) -> bool {
        loop {
            match self.layouts.try_recv() {
                Ok(LayoutUpdate { layout, brokers, was_down: back }) => {
                    self.brokers = brokers;
                    self.refused.retain(|topic| layout.contains(topic));
                    self.plan.set_layout(layout, Instant::now());
                    if back {
                        self.plan.start_round_now(Instant::now());
                    }
                }
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn do_due_work(&mut self, step: DueWork) {
        self.store_bounds(step.unknown.into_iter().map(|seat| (seat, None)));
        for ask in step.requests {
            self.send_requests(&ask);
        }
        if let Some(took) = step.complete {
            self.record_refresh(took);
        }
        if step.closed {
            self.pulse.record_round_end();
            self.time_lookups.record_refresh(Instant::now());
        }
    }

    fn record_refresh(&mut self, took: Duration) {
        self.pulse.record_refresh(RefreshKind::Offsets, took);
        self.time_lookups.record_refresh(Instant::now());
    }

    /// Requests the log starts first: a broker answers in order, so no log end is older than its log start.
    fn send_requests(&mut self, ask: &OffsetsRequest) {
        let number = ask.chunk.wrapping_mul(2);
        self.pairs.insert(ask.chunk, RequestPair::default());
        for (tag, spec) in [(number, OffsetSpec::Earliest), (number.wrapping_add(1), OffsetSpec::Latest)] {
            let places: Vec<ListOffsetsPartition<'_>> = ask
                .seats
                .iter()
                .filter_map(|seat| self.plan.layout().topic_and_partition(*seat))
                .map(|(topic, partition)| ListOffsetsPartition { topic, partition, spec })
                .collect();
            if places.len() < ask.seats.len() {
                // The answer could not be assigned to the partitions.
                broken("a request is for partitions of the layout");
                self.handle_result(tag, Err(ErrorCode::INVALID_ARG));
            } else if self.lookups.offsets(tag, places.into_iter(), IsolationLevel::Uncommitted, LIMIT).is_err() {
                self.handle_result(tag, Err(ErrorCode::INVALID_ARG));
            }
        }
    }

    fn handle_answer(&mut self, answer: LookupResponse) {
        match answer {
            LookupResponse::Offsets { tag, result } if LookupRequests::is_lookup_tag(tag) => {
                self.time_lookups.handle_answer(tag, result, &self.lookups)
            }
            LookupResponse::Offsets { tag, result } => self.handle_result(tag, result),
            // An error of the topic is an answer, too. A topic that may no longer be described is not asked about again.
            LookupResponse::Topics { result: Ok(answer), .. } => {
                self.record_answer(Instant::now());
                if answer.topics.values().any(|topic| topic.is_err_and(ErrorCode::is_refusal)) {
                    self.request_metadata();
                }
            }
            LookupResponse::Topics { result: Err(code), .. } if code.is_from_broker() => {
                self.record_answer(Instant::now())
            }
            LookupResponse::Topics { result: Err(_), .. } => {}
        }
    }

    /// Records that a broker answered. If none did before, everything is requested again.
    fn record_answer(&mut self, now: Instant) {
        if self.pulse.record_answer(now) {
            self.plan.start_round_now(now);
            self.request_metadata();
        }
    }

    /// Requests newer metadata.
    fn request_metadata(&self) {
        // Fails when the other thread has stopped; then this one is about to stop.
        self.refresh_requests.send(RefreshRequest).ok();
    }

    fn handle_result(&mut self, tag: usize, half: ListOffsetsResult) {
        let chunk = tag / 2;
        let Some(pair) = self.pairs.get_mut(&chunk) else { return broken("an answer belongs to a request in flight") };
        if tag.is_multiple_of(2) {
            pair.starts = Some(half);
        } else {
            pair.ends = Some(half);
        }
        if let RequestPair { starts: Some(_), ends: Some(_) } = pair
            && let Some(RequestPair { starts: Some(starts), ends: Some(ends) }) = self.pairs.remove(&chunk)
        {
            self.handle_results(chunk, starts.unwrap_or_default(), ends);
        }
    }

    fn handle_results(&mut self, chunk: usize, starts: Vec<Result<FoundOffset, ErrorCode>>, ends: ListOffsetsResult) {
        let now = Instant::now();
        let silent = |ends: &[Result<FoundOffset, ErrorCode>]| {
            ends.iter().all(|end| matches!(end, Err(code) if is_no_answer(*code)))
        };
        let settled = match ends {
            Err(code) if code.needs_newer_metadata() => {
                self.plan.record_answer(chunk, std::iter::repeat(PartitionOutcome::Moved), now)
            }
            Err(code) if code.is_refusal() => {
                self.plan.record_answer(chunk, std::iter::repeat(PartitionOutcome::Forbidden), now)
            }
            Err(code) => return self.handle_failure(chunk, code, now),
            Ok(ends) if silent(&ends) => return self.handle_failure(chunk, ErrorCode::TIMED_OUT, now),
            Ok(ends) => {
                self.record_answer(now);
                self.pulse.record_answer_of(self.address(self.plan.leader(chunk)));
                let starts = starts.into_iter().map(Result::ok).chain(std::iter::repeat(None));
                let outcomes = ends.into_iter().zip(starts).map(|(end, start)| outcome(end, start));
                self.plan.record_answer(chunk, outcomes, now)
            }
        };
        if settled.wants_metadata {
            self.request_metadata();
        }
        self.record_rights(&settled);
        self.store_bounds(settled.bounds.into_iter());
        if let Some(took) = settled.complete {
            self.record_refresh(took);
        }
    }

    /// Records which topics of an answer may not be described, and which may be again.
    fn record_rights(&mut self, settled: &AnswerEffects) {
        let layout = self.plan.layout();
        let topic = |seat: usize| layout.topic_and_partition(seat).map(|(topic, _)| topic.to_owned());
        let refused: BTreeSet<String> = settled.forbidden.iter().filter_map(|seat| topic(*seat)).collect();
        if !self.refused.is_empty() {
            let known = settled.bounds.iter().filter(|(_, bounds)| bounds.is_some());
            let known: BTreeSet<String> = known.filter_map(|(seat, _)| topic(*seat)).collect();
            for topic in self.refused.extract_if(.., |topic| known.contains(topic)) {
                self.pulse.metrics().record_granted_right(&Right::to_describe(&topic));
            }
        }
        for topic in refused {
            self.pulse.metrics().record_refusal(RefreshKind::Offsets, Right::to_describe(&topic));
            self.refused.insert(topic);
        }
    }

    fn handle_failure(&mut self, chunk: usize, code: ErrorCode, now: Instant) {
        let failed = self.plan.record_failure(chunk, now);
        if failed.first && !self.stop.is_cancelled() {
            let cause = FailureCause::of_code(code, "no answer to a request for log ends");
            self.pulse.record_refresh_failure(RefreshKind::Offsets, &cause.with_broker(self.address(failed.leader)));
        }
        self.store_bounds(failed.unknown.into_iter().map(|seat| (seat, None)));
    }

    fn address(&self, id: Option<BrokerId>) -> Option<&str> {
        self.brokers.iter().find(|broker| Some(broker.id) == id).map(|broker| broker.address.as_str())
    }

    fn store_bounds(&self, bounds: impl Iterator<Item = (usize, Option<StartAndEnd>)>) {
        let layout = self.plan.layout();
        let bounds: Vec<LogBounds<'_>> = bounds
            .filter_map(|(seat, bounds)| {
                let (topic, partition) = layout.topic_and_partition(seat)?;
                let (start, end) = bounds.map_or((None, None), |(start, end)| (start, Some(end)));
                Some(LogBounds { topic, partition, start, end })
            })
            .collect();
        if !bounds.is_empty() {
            self.storage.apply_bounds(&bounds, clock::now());
        }
    }

    /// Probes the brokers in turn while no refresh is answered.
    fn probe(&mut self, now: Instant) {
        if !self.pulse.check_silence(now) || now < self.next_probe || self.brokers.is_empty() {
            return;
        }
        self.next_probe = now + PROBE;
        // A topic that the metadata names may be described, so that no probe is refused.
        let Some((topic, _)) = self.plan.layout().topic_and_partition(0) else { return self.request_metadata() };
        self.probed = self.probed.wrapping_add(1);
        let turn = self.probed.checked_rem(self.brokers.len()).unwrap_or(0);
        if let Some(broker) = self.brokers.get(turn)
            && let Err(error) = self.lookups.topics(0, broker.id, &[topic], PROBE)
        {
            tracing::debug!(cluster = self.cluster.name, %error, "a probe could not be sent");
        }
    }
}

/// Whether the code means that no answer came, rather than an error from the broker.
const fn is_no_answer(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::TIMED_OUT | ErrorCode::TRANSPORT)
}

fn outcome(end: Result<FoundOffset, ErrorCode>, start: Option<FoundOffset>) -> PartitionOutcome {
    match end {
        Ok(FoundOffset { offset: Some(end), .. }) => PartitionOutcome::Known(start.and_then(|start| start.offset), end),
        Ok(FoundOffset { offset: None, .. }) => PartitionOutcome::Refused,
        Err(code) if code.needs_newer_metadata() => PartitionOutcome::Moved,
        Err(code) if code.is_refusal() => PartitionOutcome::Forbidden,
        Err(_) => PartitionOutcome::Refused,
    }
}
