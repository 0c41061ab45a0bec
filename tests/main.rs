//! Tests against real servers: they start the built `warrener` beside real Kafka brokers, Kafka's own tools and a
//! real Prometheus, and compare what it says with the contracts and with the tools.
//!
//! `rig` gets and starts them. Nothing here sees the inside of the program.

#[cfg(test)]
mod alerts;
#[cfg(test)]
mod amplification;
#[cfg(test)]
mod burrow;
#[cfg(test)]
mod captured;
#[cfg(test)]
mod chaos;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod command_line;
#[cfg(test)]
mod compose;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod dashboards;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod http;
#[cfg(all(test, feature = "gssapi"))]
mod kerberos;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod lag_command;
#[cfg(test)]
mod lies;
#[cfg(test)]
mod limited;
#[cfg(test)]
#[path = "../benches/whole/measure/mod.rs"]
#[expect(dead_code, reason = "the sizes of the full table are the benchmark's")]
mod measure;
#[cfg(test)]
mod names;
#[cfg(test)]
mod packaging;
#[cfg(test)]
mod protected;
#[cfg(test)]
mod redpanda;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod rotated;
#[cfg(test)]
mod secured;
#[cfg(test)]
mod shares;
#[cfg(test)]
mod shortage;
#[cfg(test)]
mod siege;
#[cfg(test)]
mod status_page;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod time_lag;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod whole;
#[cfg(test)]
mod woken;
#[cfg(test)]
mod zookeeper;
