//! Opens a reader once the first partition to read is known.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::kafka::{Client, ClientSupervisor, ErrorCode, TopicReader};
use crate::task::create_when_possible;

/// How long an idle reader waits before it checks for notices.
pub const IDLE: Duration = Duration::from_millis(100);
/// How long to wait for metadata.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);

/// Waits for the first partition, and then opens the reader. A client that already knows the topics starts reading
/// at once; otherwise librdkafka looks for them half a second later. `waiting` is called in between.
pub fn open_reader<T>(
    keeper: &mut ClientSupervisor,
    topics: &[&str],
    begun: &Receiver<T>,
    mut waiting: impl FnMut(),
    stop: &CancellationToken,
) -> Option<(T, TopicReader)> {
    let mut known = false;
    while !stop.is_cancelled() {
        waiting();
        known = keeper.check(Instant::now()).is_none() && known;
        let client = Arc::clone(keeper.client());
        client.poll_events();
        if !known {
            let names: Vec<String> = topics.iter().map(|name| (*name).to_owned()).collect();
            let wanted = move |name: &str| names.iter().any(|topic| topic == name);
            let answer = client.metadata_until(stop, METADATA_TIMEOUT, wanted);
            // What is refused is not asked for again.
            known = answer.err().is_none_or(ErrorCode::is_refusal);
        }
        match begun.recv_timeout(IDLE) {
            Ok(first) => return Some((first, create_reader(&client, topics, stop)?)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    None
}

/// Creates a reader on a client as soon as the system has the resources. `None` when `stop` is cancelled first.
pub fn create_reader(client: &Arc<Client>, topics: &[&str], stop: &CancellationToken) -> Option<TopicReader> {
    create_when_possible("a reader", || TopicReader::new(Arc::clone(client), topics), stop)
}
