//! Closes clients and readers without blocking their owners: librdkafka may take long.

use std::time::Duration;

use super::Client;
use crate::kafka::run_within::run_within;
use crate::kafka::until_drop::UntilDrop;

/// How long closing a client may block its owner. librdkafka's own threads may wait longer for a name lookup; they
/// end by themselves, or with the process.
const CLOSING: Duration = Duration::from_millis(300);

impl Drop for Client {
    fn drop(&mut self) {
        let native = UntilDrop::take(&mut self.native);
        let closing = native.context().begin_closing();
        run_within(CLOSING, "kafka-close", move || {
            drop(native);
            drop(closing);
        });
    }
}
