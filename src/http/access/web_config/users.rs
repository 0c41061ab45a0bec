//! `basic_auth_users`: user names with bcrypt hashes of their passwords.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use bcrypt::HashParts;

use super::key;
use crate::http::access::findings::AccessFindings;
use crate::http::access::passwords::Users;

/// Costs of a hash. With each step a comparison takes twice as long: about 50 ms with 10, 13 s with 18. With the
/// toolkit's highest cost, 31, it would take a day.
pub(super) const COSTS: RangeInclusive<u32> = 4..=18;
/// There is a warning for costs above this one, because each comparison takes a core for more than a second.
pub(super) const USUAL_COST: u32 = 14;
/// Maximum number of users.
pub(super) const MOST_USERS: usize = 1_000;

pub(super) fn read(raw: BTreeMap<String, String>, findings: &AccessFindings) -> Users {
    if raw.len() > MOST_USERS {
        findings.add_mistake("basic_auth_users", format!("expected at most {MOST_USERS} users, found {}", raw.len()));
    }
    for (name, hash) in &raw {
        let path = format!("basic_auth_users.{}", key(name));
        match hash.parse::<HashParts>() {
            Err(_) => findings.add_mistake(
                &path,
                "expected a bcrypt hash of 60 characters, as htpasswd -nBC 10 prints it behind the colon, found something else",
            ),
            Ok(parts) if !COSTS.contains(&parts.get_cost()) => {
                let (least, most) = (COSTS.start(), COSTS.end());
                let problem = format!("expected a bcrypt cost from {least} to {most}, found {}", parts.get_cost());
                findings.add_mistake(&path, problem);
            }
            Ok(parts) if parts.get_cost() > USUAL_COST => {
                let cost = parts.get_cost();
                // 51 ms with cost 10.
                let seconds = (51_u64 << cost.saturating_sub(10)).saturating_add(500) / 1000;
                let text = format!("bcrypt cost {cost}: each comparison takes about {seconds} s of a core; 10 to 12 is usual");
                findings.warn(&path, text);
            }
            Ok(_) if name.contains(':') => {
                findings.warn(&path, "has no effect: a name with a colon cannot be sent (RFC 7617)");
            }
            Ok(_) => {}
        }
    }
    Users::new(raw)
}
