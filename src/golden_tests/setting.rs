//! What is fixed beside the storage: the time, the configuration, the rules.

use std::num::NonZeroUsize;

use crate::config::{Config, Overrides, SystemAccess, load};
use crate::evaluate::EvaluatorRules;
use crate::model::{Lag, Timestamp};
use crate::registry::REGISTRY;

/// When everything is asked for.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_600_250);

/// The text of the configuration.
pub(crate) const CONFIG: &str = include_str!("../../tests/fixtures/golden/warrener.toml");

/// What the configuration says about windows and their judgement.
pub(crate) const RULES: EvaluatorRules =
    EvaluatorRules { intervals: NonZeroUsize::new(3).unwrap(), minimum_complete: 0.5, allowed_lag: Lag(3) };

/// The configuration, read where every file exists.
pub(super) fn config() -> Config {
    let outside = SystemAccess { check_readable: &|_| Ok(()), ..SystemAccess::none() };
    load(CONFIG, &REGISTRY, &Overrides::default(), &outside).unwrap_or_else(|mistakes| panic!("{mistakes}")).config
}

/// A number of seconds before [`NOW`].
pub(super) const fn ago(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 - seconds * 1000)
}

#[test]
fn the_rules_are_those_of_the_configuration() {
    let config = config();
    let of_config = EvaluatorRules {
        intervals: config.storage.intervals,
        minimum_complete: config.evaluator.minimum_complete,
        allowed_lag: Lag(config.evaluator.allowed_lag),
    };
    assert_eq!(of_config, RULES);
}
