//! `[limits]`: how much storage may hold, over all clusters.

use crate::config::file::bounds::{MOST_GROUP_PARTITIONS, MOST_GROUPS, MOST_MEMORY, ValueBounds, expected};
use crate::config::file::findings::Findings;
use crate::config::file::scalar::{integer, shown_value, text};
use crate::config::file::section::Section;
use crate::config::file::values::parse_size;
use crate::config::{LimitsConfig, MemoryLimit};

/// Below this a limit of memory is probably meant in another unit.
const LITTLE: u64 = 1024 * 1024;
const AUTO: &str = "auto";

pub(crate) fn read_limits(root: &mut Section<'_>, findings: &mut Findings<'_>) -> LimitsConfig {
    let mut section = root.section(findings, "limits");
    let limits = LimitsConfig {
        groups: read_count(&mut section, &MOST_GROUPS, findings),
        group_partitions: read_count(&mut section, &MOST_GROUP_PARTITIONS, findings),
        memory: read_memory(&mut section, findings).unwrap_or(MemoryLimit::Off),
    };
    section.finish(findings);
    limits
}

/// Reads a number of which 0 is no limit.
fn read_count(section: &mut Section<'_>, bounds: &ValueBounds<u64>, findings: &mut Findings<'_>) -> Option<u64> {
    section.count(findings, bounds).filter(|count| *count > 0)
}

fn read_memory(section: &mut Section<'_>, findings: &mut Findings<'_>) -> Option<MemoryLimit> {
    let (path, value) = section.value(MOST_MEMORY.key())?;
    let (bytes, shown) = if value.is_str() {
        let text = text(findings, path.clone(), value)?;
        match text.value.as_str() {
            "" => return None,
            AUTO => return Some(MemoryLimit::Auto),
            size => (parse_size(size), text.shown),
        }
    } else {
        (integer(value).and_then(|bytes| u64::try_from(bytes).ok()), shown_value(value))
    };
    let Some(bytes) = bytes.and_then(|bytes| MOST_MEMORY.accept(bytes)) else {
        let what = expected("a size", &MOST_MEMORY);
        let forms = "in bytes, as an integer or as a string with a unit such as \"512MiB\", or \"auto\"";
        findings.add_mistake(path, format!("{what} {forms}, found {shown}"));
        return None;
    };
    if bytes > 0 && bytes < LITTLE {
        findings.warn(path, format!("{bytes} bytes: no group, or hardly any, fits into less than 1MiB"));
    }
    Some(if bytes == 0 { MemoryLimit::Off } else { MemoryLimit::Bytes(bytes) })
}
