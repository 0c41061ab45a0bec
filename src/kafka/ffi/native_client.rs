//! Calls on a client and its configuration.

use std::ffi::CString;

use rdkafka::config::NativeClientConfig;

use super::sys;
use crate::invariant::broken;
use crate::kafka::context::NativeClient;

/// Makes librdkafka deliver errors, log lines and requests for tokens as events on the client's main queue.
pub(in crate::kafka) fn enable_events(config: &NativeClientConfig) {
    let events = sys::RD_KAFKA_EVENT_ERROR | sys::RD_KAFKA_EVENT_LOG | sys::RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH;
    // SAFETY: the configuration is alive, and not yet handed to a client.
    unsafe { sys::rd_kafka_conf_set_events(config.ptr(), events) }
}

/// Adds servers, `host:port,host:port`, to those that a client knows.
pub(in crate::kafka) fn add_brokers(client: &NativeClient, servers: &str) {
    let Ok(servers) = CString::new(servers) else { return broken("the configuration refuses a server with a NUL") };
    // SAFETY: the client is alive; the call copies the string.
    unsafe { sys::rd_kafka_brokers_add(client.native_ptr(), servers.as_ptr()) };
}
