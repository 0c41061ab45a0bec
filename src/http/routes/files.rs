//! The status page's files. They are part of the binary, so that the page matches the program and loads nothing from
//! elsewhere.

use std::hash::{DefaultHasher, Hasher};
use std::io::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::http::bodies::response::{ResponseContent, whole_response};
use crate::http::routes::content_negotiation::{self, ContentCoding};
use crate::http::routes::header_list::joined;

/// `Content-Security-Policy`: the page loads only from this server, and no text becomes markup or code.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! file {
    ($path:literal, $content_type:expr, $name:literal) => {
        ($path, $content_type, include_bytes!(concat!("../../status_page/files/", $name)))
    };
}

/// Path, type and content.
const SOURCES: &[(&str, &str, &[u8])] = &[
    file!("/page/style.css", "text/css; charset=utf-8", "style.css"),
    file!("/page/icon.svg", "image/svg+xml", "icon.svg"),
    file!("/page/app.js", SCRIPT, "app.js"),
    file!("/page/dom.js", SCRIPT, "dom.js"),
    file!("/page/exporter.js", SCRIPT, "exporter.js"),
    file!("/page/format.js", SCRIPT, "format.js"),
    file!("/page/group.js", SCRIPT, "group.js"),
    file!("/page/groups.js", SCRIPT, "groups.js"),
    file!("/page/parts.js", SCRIPT, "parts.js"),
    file!("/page/poll.js", SCRIPT, "poll.js"),
    file!("/page/spark.js", SCRIPT, "spark.js"),
    file!("/page/table.js", SCRIPT, "table.js"),
    file!("/page/topic.js", SCRIPT, "topic.js"),
];

/// The paths of the views. All of them are one page, which shows a view by its address. They are on one level, so that
/// relative links work below any path of a proxy.
pub(crate) const VIEWS: [&str; 4] = ["/", "/group", "/topic", "/exporter"];

static VIEW: LazyLock<PageFile> =
    LazyLock::new(|| PageFile::new(HTML, include_bytes!("../../status_page/files/index.html")));

static FILES: LazyLock<Vec<(&str, PageFile)>> =
    LazyLock::new(|| SOURCES.iter().map(|(path, kind, content)| (*path, PageFile::new(kind, content))).collect());

/// A file, plain and compressed.
pub(crate) struct PageFile {
    content_type: &'static str,
    plain: EncodedFile,
    /// `None` if compression does not make it smaller.
    packed: Option<EncodedFile>,
}

struct EncodedFile {
    content: Bytes,
    tag: String,
}

/// Returns the file of a path.
pub(crate) fn find(path: &str) -> Option<&'static PageFile> {
    if VIEWS.contains(&path) {
        return Some(&VIEW);
    }
    FILES.iter().find(|(held, _)| *held == path).map(|(_, file)| file)
}

impl PageFile {
    fn new(content_type: &'static str, content: &'static [u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(content);
        let hash = hasher.finish();
        let packed = compressed(content).filter(|packed| packed.len() < content.len());
        Self {
            content_type,
            plain: EncodedFile { content: Bytes::from_static(content), tag: format!("\"{hash:016x}\"") },
            packed: packed.map(|packed| EncodedFile { content: packed.into(), tag: format!("\"{hash:016x}-gzip\"") }),
        }
    }

    /// Answers with the file, or with 304 if the client has it.
    pub fn answer(&self, asked: &HeaderMap) -> Response<ResponseContent> {
        let coding = content_negotiation::coding(&joined(asked, header::ACCEPT_ENCODING));
        let packed = self.packed.as_ref().filter(|_| coding == ContentCoding::Gzip);
        let coded = packed.unwrap_or(&self.plain);
        let mut answer = if lists_tag(&joined(asked, header::IF_NONE_MATCH), &coded.tag) {
            let mut answer = Response::new(ResponseContent::Whole(Bytes::new()));
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            answer
        } else {
            whole_response(StatusCode::OK, self.content_type, coded.content.clone())
        };
        let mut say = |name: HeaderName, value| answer.headers_mut().insert(name, value);
        if packed.is_some() {
            say(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Ok(tag) = HeaderValue::from_str(&coded.tag) {
            say(header::ETAG, tag);
        }
        for (name, value) in [
            // Requested each time and mostly answered with 304, so that the files match each other after an upgrade.
            (header::CACHE_CONTROL, "no-cache"),
            (header::VARY, "Accept-Encoding"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::REFERRER_POLICY, "same-origin"),
        ] {
            say(name, HeaderValue::from_static(value));
        }
        answer
    }
}

/// Whether `If-None-Match` lists this tag (RFC 9110, section 13.1.2).
fn lists_tag(if_none_match: &str, tag: &str) -> bool {
    let mut held = if_none_match.split(',').map(|held| held.trim().trim_start_matches("W/"));
    held.any(|held| held == tag || held == "*")
}

/// Never `None`: writing to memory does not fail.
fn compressed(content: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_among_those_that_a_client_has() {
        for list in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(lists_tag(list, "\"a\""), "{list}");
        }
        for list in ["", "\"b\"", "a", "\"a-gzip\""] {
            assert!(!lists_tag(list, "\"a\""), "{list}");
        }
    }

    #[test]
    fn every_file_that_the_page_names_is_served_and_no_other_place_is_named() {
        let page = include_str!("../../status_page/files/index.html");
        let named: Vec<&str> = page.split('"').filter(|text| text.starts_with("page/")).collect();
        for name in &named {
            assert!(find(&format!("/{name}")).is_some(), "{name}");
        }
        for (path, _, content) in SOURCES {
            assert!(named.contains(&path.trim_start_matches('/')), "{path} is not fetched ahead");
            let text = String::from_utf8_lossy(content).replace("http://www.w3.org/", "");
            assert!(!text.contains("http://") && !text.contains("https://"), "{path} names another place");
        }
    }
}
