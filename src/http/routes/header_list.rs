//! Headers that a client may send as one list or several times (RFC 9110, section 5.3).

use std::borrow::Cow;

use hyper::HeaderMap;
use hyper::header::HeaderName;

/// All values of a header as one list. A value that is not text is skipped.
pub(crate) fn joined(headers: &HeaderMap, name: HeaderName) -> Cow<'_, str> {
    let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let first = values.next().unwrap_or_default();
    values.fold(Cow::Borrowed(first), |list, value| Cow::Owned(format!("{list},{value}")))
}
