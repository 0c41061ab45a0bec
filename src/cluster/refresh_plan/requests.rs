//! Cuts the waiting partitions of each leader into ListOffsets requests.

use std::collections::BTreeSet;

use super::{LeaderState, RefreshPlan};
use crate::kafka::PARTITIONS_PER_REQUEST;
use crate::model::BrokerId;

/// A request to send.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cluster) struct OffsetsRequest {
    pub(in crate::cluster) chunk: usize,
    pub(in crate::cluster) seats: Vec<usize>,
}

/// A request in flight.
#[derive(Debug)]
pub(super) struct RequestChunk {
    pub(super) leader: BrokerId,
    /// Indexes in the layout; `None` for a partition that no longer exists.
    pub(super) seats: Vec<Option<usize>>,
}

impl RefreshPlan {
    /// Creates requests for all waiting partitions. A failing leader gets a single request, and only when it is to
    /// be probed.
    pub(super) fn create_requests(&mut self, probes: &BTreeSet<BrokerId>, asks: &mut Vec<OffsetsRequest>) {
        // If none is waiting, the only partitions without a request are those of failing leaders.
        let all = std::mem::take(&mut self.waiting);
        let leaders = if all { self.layout.leaders().collect() } else { probes.clone() };
        for id in leaders {
            let failing = self.leaders.get(&id).is_some_and(|leader| leader.failures > 0);
            if failing && !probes.contains(&id) {
                continue;
            }
            let waits = |place: &usize| {
                let progress = self.seats.get(*place);
                progress.is_some_and(|progress| !progress.in_flight && !progress.done && !progress.awaits_metadata)
            };
            let most = if failing { PARTITIONS_PER_REQUEST } else { usize::MAX };
            let places: Vec<usize> = self.layout.led_by(id).iter().copied().filter(waits).take(most).collect();
            for seats in places.chunks(PARTITIONS_PER_REQUEST) {
                asks.push(self.create_request(id, seats));
            }
        }
        // A failing leader whose partitions have all been read needs no probe.
        for id in probes {
            if let Some(leader) = self.leaders.get_mut(id)
                && leader.in_flight == 0
            {
                *leader = LeaderState::default();
            }
        }
    }

    fn create_request(&mut self, id: BrokerId, seats: &[usize]) -> OffsetsRequest {
        let chunk = self.next_chunk;
        self.next_chunk = chunk.wrapping_add(1);
        for seat in seats {
            if let Some(progress) = self.progress_of(*seat) {
                progress.in_flight = true;
            }
        }
        let leader = self.leaders.entry(id).or_default();
        leader.in_flight = leader.in_flight.saturating_add(1);
        leader.retry_at = None;
        self.chunks.insert(chunk, RequestChunk { leader: id, seats: seats.iter().copied().map(Some).collect() });
        OffsetsRequest { chunk, seats: seats.to_vec() }
    }
}
