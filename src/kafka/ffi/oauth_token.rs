//! Hands tokens to clients that authenticate with OAUTHBEARER.

use std::ffi::{CString, c_char};

use super::{raw, text};
use crate::kafka::ErrorCode;
use crate::kafka::context::NativeClient;
use crate::token::Token;

/// Gives a client a token, which it uses for new connections and when it authenticates again.
///
/// The arguments are checked by [`Token`], because librdkafka asserts that it can format them.
///
/// # Errors
/// librdkafka's text.
pub(in crate::kafka) fn set_token(client: &NativeClient, token: &Token) -> Result<(), String> {
    let c_string = |text: &str| CString::new(text).map_err(|_| "it contains a NUL character".to_owned());
    let (value, principal) = (c_string(token.value.reveal())?, c_string(&token.principal)?);
    let pairs = token.extensions.iter().flat_map(|(name, value)| [name, value]);
    let extensions = pairs.map(|text| c_string(text)).collect::<Result<Vec<_>, _>>()?;
    let mut pointers: Vec<*const c_char> = extensions.iter().map(|text| text.as_ptr()).collect();
    let mut reason = [0; 512];
    // SAFETY: the client is alive. All strings are NUL-terminated and outlive the call, which copies them. The call
    // writes at most the length of `reason`, with a NUL at the end.
    let code = unsafe {
        raw::rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            value.as_ptr(),
            token.expires.0,
            principal.as_ptr(),
            pointers.as_mut_ptr(),
            pointers.len(),
            reason.as_mut_ptr(),
            reason.len(),
        )
    };
    if ErrorCode(code) == ErrorCode::NONE {
        return Ok(());
    }
    // SAFETY: written by the call, or zeroes.
    Err(unsafe { text(reason.as_ptr()) }.into_owned())
}

/// Tells a client that there is no token. It asks again after 10 s.
pub(in crate::kafka) fn set_token_failure(client: &NativeClient, why: &str) {
    let why = CString::new(why.replace('\0', " ")).unwrap_or_default();
    // SAFETY: the client is alive; the call copies the string. It fails only for a client that uses no tokens.
    unsafe { raw::rd_kafka_oauthbearer_set_token_failure(client.native_ptr(), why.as_ptr()) };
}
