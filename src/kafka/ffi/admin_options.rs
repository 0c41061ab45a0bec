//! The options of an admin request: tag, time limit, broker, isolation level.

use std::ptr::{self, NonNull};
use std::time::Duration;

use super::{ErrorCode, call_failed, millis, raw, sys};
use crate::kafka::context::NativeClient;
use crate::model::{BrokerId, ModuleError};

/// The options of one admin request.
pub(super) struct AdminOptions(NonNull<sys::rd_kafka_AdminOptions_t>);

impl AdminOptions {
    /// Options of a request whose answer carries `tag`, and which fails after `timeout`.
    pub(super) fn new(
        client: &NativeClient,
        call: sys::rd_kafka_admin_op_t,
        tag: usize,
        timeout: Duration,
    ) -> Result<Self, ModuleError> {
        // SAFETY: the client is alive.
        let options = unsafe { sys::rd_kafka_AdminOptions_new(client.native_ptr(), call) };
        let options = Self(NonNull::new(options).ok_or_else(|| call_failed("create a request"))?);
        let mut buffer = [0; 256];
        // SAFETY: options and buffer are alive, the length is the buffer's; the tag is a number in a pointer's place.
        let result = unsafe {
            sys::rd_kafka_AdminOptions_set_opaque(options.ptr(), ptr::without_provenance_mut(tag));
            sys::rd_kafka_AdminOptions_set_request_timeout(
                options.ptr(),
                millis(timeout),
                buffer.as_mut_ptr(),
                buffer.len(),
            )
        };
        if result == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            Ok(options)
        } else {
            Err(ModuleError::Call { doing: "limit the time of a request", reason: ErrorCode::INVALID_ARG.to_string() })
        }
    }

    /// Sends the request to this broker, and to no other.
    pub(super) fn broker(&self, broker: BrokerId) -> Result<(), ModuleError> {
        let mut buffer = [0; 256];
        // SAFETY: options and buffer are alive, the length is the buffer's.
        let result =
            unsafe { sys::rd_kafka_AdminOptions_set_broker(self.ptr(), broker.0, buffer.as_mut_ptr(), buffer.len()) };
        if result == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            Ok(())
        } else {
            Err(ModuleError::Call {
                doing: "choose the broker of a request",
                reason: ErrorCode::INVALID_ARG.to_string(),
            })
        }
    }

    /// Makes the last stable offset the end of a log.
    pub(super) fn committed(&self) -> Result<(), ModuleError> {
        let level = sys::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED;
        // SAFETY: the options are alive.
        let error = unsafe { sys::rd_kafka_AdminOptions_set_isolation_level(self.ptr(), level) };
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: not null, and given back once.
        let code = unsafe {
            let code = raw::rd_kafka_error_code(error);
            sys::rd_kafka_error_destroy(error);
            code
        };
        Err(ModuleError::Call { doing: "set the isolation level", reason: ErrorCode(code).to_string() })
    }

    pub(super) const fn ptr(&self) -> *mut sys::rd_kafka_AdminOptions_t {
        self.0.as_ptr()
    }
}

impl Drop for AdminOptions {
    fn drop(&mut self) {
        // SAFETY: made by `new`, given back once.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.0.as_ptr()) }
    }
}
