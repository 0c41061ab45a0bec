//! The attackers.

use super::Target;
use super::clients::CLIENTS;
use super::good::Good;
use super::liars::{Clusters, Ensembles};
use super::poison::Poison;
use super::servers::{Broken, Refusing, Sessions, Silent};

/// Does harm again and again, by a thread of its own.
pub trait Attacker: Send {
    fn name(&self) -> &'static str;

    /// What of the program's file leads to it, if anything does.
    fn sections(&self) -> String {
        String::new()
    }

    /// Attacks once, for some seconds; an error tells what the program should not have done.
    fn turn(&mut self, target: &Target) -> Result<(), String>;

    /// Stops for good; an error tells what of it is not right again in time.
    fn make_peace(&mut self, _: &Target) -> Result<(), String> {
        Ok(())
    }
}

/// All of them: what is added here is part of the soak.
pub fn all(good: &Good) -> Vec<Box<dyn Attacker>> {
    let servers: [Box<dyn Attacker>; 7] = [
        Box::new(Broken::start()),
        Box::new(Sessions::start(good)),
        Box::new(Refusing),
        Box::new(Silent::listen()),
        Box::new(Clusters::start()),
        Box::new(Ensembles::start()),
        Box::new(Poison::prepare(good)),
    ];
    let clients = CLIENTS.map(|client| -> Box<dyn Attacker> { Box::new(client) });
    servers.into_iter().chain(clients).collect()
}
