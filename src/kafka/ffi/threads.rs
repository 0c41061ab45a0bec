//! Reports faults in librdkafka's threads.
//!
//! librdkafka blocks all signals in its threads, so a fault there would end the process without a message. It calls
//! an interceptor in each of its threads when that starts, which sets up the reporting (see [`crate::crash`]). The
//! functions that C calls do not panic.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use rdkafka::bindings as sys;
use rdkafka::config::NativeClientConfig;

use crate::crash;

/// The name of the interceptors.
const NAME: &CStr = c"crash";
const DONE: sys::rd_kafka_resp_err_t = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;

/// Enables reports of faults in a client's threads. For a configuration from which no client has been created yet.
pub fn report_faults_in_threads(config: &NativeClientConfig) {
    // SAFETY: the configuration is alive, and copies the name. It fails for a name that is there already, which has the
    // same effect.
    unsafe { sys::rd_kafka_conf_interceptor_add_on_new(config.ptr(), NAME.as_ptr(), Some(on_new), ptr::null_mut()) };
}

/// # Safety
/// Called by librdkafka with the client that is being made.
unsafe extern "C" fn on_new(
    client: *mut sys::rd_kafka_t,
    _: *const sys::rd_kafka_conf_t,
    _: *mut c_void,
    _: *mut c_char,
    _: usize,
) -> sys::rd_kafka_resp_err_t {
    // SAFETY: the client is alive, and copies the name; this is the place for this call.
    unsafe { sys::rd_kafka_interceptor_add_on_thread_start(client, NAME.as_ptr(), Some(on_start), ptr::null_mut()) };
    DONE
}

extern "C" fn on_start(
    _: *mut sys::rd_kafka_t,
    _: sys::rd_kafka_thread_type_t,
    _: *const c_char,
    _: *mut c_void,
) -> sys::rd_kafka_resp_err_t {
    crash::enable_for_thread();
    DONE
}
