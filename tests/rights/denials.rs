//! What the authorizer of a broker has denied.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::rig::broker::Cluster;
use crate::rig::tools::principal;

/// A denied request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Since the broker's start.
    pub at: Duration,
    /// Operation and resource, such as `READ Topic:LITERAL:orders`.
    pub right: String,
    /// Such as `Fetch`.
    pub request: String,
}

/// The denials of this user in the log of the first node, in order.
pub fn denials(cluster: &Cluster, user: &str) -> Vec<Denial> {
    let (log, of) = (cluster.log(), format!(" = {} is ", principal(user)));
    let lines = log.lines().filter(|line| line.contains("kafka.authorizer.logger"));
    lines.filter(|line| line.to_lowercase().contains(&of.to_lowercase())).filter_map(denial).collect()
}

/// `1234 [data-plane-kafka-request-handler-0] INFO kafka.authorizer.logger - Principal = User:warrener is Denied
/// operation = READ from host = 127.0.0.1 on resource = Topic:LITERAL:t for request = Fetch with ...`. Operations are
/// in upper case since 3.0.
fn denial(line: &str) -> Option<Denial> {
    let line = line.to_owned();
    let lower = line.to_lowercase();
    let after = |word: &str| {
        let at = lower.find(word)? + word.len();
        line[at..].split_whitespace().next().map(str::to_owned)
    };
    lower.contains(" is denied ").then_some(())?;
    let at = Duration::from_millis(line.split_whitespace().next()?.parse().ok()?);
    let right = format!("{} {}", after("operation = ")?.to_uppercase(), after("resource = ")?);
    Some(Denial { at, right, request: after("request = ")? })
}

/// Denials by right.
pub fn by_right(denials: &[Denial]) -> BTreeMap<&str, Vec<&Denial>> {
    let mut by_right: BTreeMap<&str, Vec<&Denial>> = BTreeMap::new();
    for denial in denials {
        by_right.entry(&denial.right).or_default().push(denial);
    }
    by_right
}

/// Asserts that these rights are denied and no others, each at most once a minute.
pub fn at_most_one_a_minute(denials: &[Denial], rights: &[&str]) {
    let by_right = by_right(denials);
    assert_eq!(by_right.keys().copied().collect::<Vec<_>>(), rights, "{denials:?}");
    for pair in by_right.values().flat_map(|denials| denials.windows(2)) {
        let apart = pair[1].at.saturating_sub(pair[0].at);
        // Clocks differ a little.
        assert!(apart >= Duration::from_millis(59_500), "twice within {apart:?}: {pair:?}");
    }
}
