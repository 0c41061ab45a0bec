//! Listeners and connections: a thread each.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use kafka_protocol::messages::{RequestKind, ResponseKind};

use super::Shared;
use super::answers;
use super::lie::{Accept, Delivery, Exchange, Lie};

/// Serves one broker's port until the cluster is dropped.
pub fn listen(listener: &TcpListener, broker: i32, shared: &Arc<Shared>) {
    for connection in listener.incoming().flatten() {
        let mut state = shared.state.lock().unwrap();
        if state.stopped {
            return;
        }
        let accept = state.lie.as_ref().map_or(Accept::Serve, |lie| lie.accepts());
        if accept != Accept::Serve {
            state.told += 1;
        }
        if accept != Accept::Close {
            state.connections.push(connection.try_clone().unwrap());
        }
        drop(state);
        if accept == Accept::Serve {
            let shared = Arc::clone(shared);
            // Ends when one side closes the connection.
            thread::spawn(move || drop(converse(connection, broker, &shared)));
        }
    }
}

fn converse(mut connection: TcpStream, broker: i32, shared: &Shared) -> io::Result<()> {
    connection.set_nodelay(true)?;
    loop {
        let request = frame(&mut connection)?;
        let Some(delivery) = respond(request, broker, shared) else { return Ok(()) };
        match delivery {
            Delivery::Send(bytes) => connection.write_all(&bytes)?,
            Delivery::Late(wait, bytes) => {
                thread::sleep(wait);
                connection.write_all(&bytes)?;
            }
            Delivery::SendAndClose(bytes) => return connection.write_all(&bytes),
            Delivery::Nothing => {}
        }
    }
}

/// What follows a length.
fn frame(connection: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    connection.read_exact(&mut length)?;
    let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
    connection.read_exact(&mut frame)?;
    Ok(frame)
}

/// What is sent in answer; `None` to what no broker of this kind answers.
fn respond(frame: Vec<u8>, broker: i32, shared: &Shared) -> Option<Delivery> {
    let (api, version, correlation, request) = Exchange::read(frame)?;
    shared.state.lock().unwrap().note(api);
    let (answer, lie) = honest(&request, version, broker, shared)?;
    let mut exchange = Exchange { api, version, correlation, request, answer };
    let honest = Delivery::Send(exchange.frame());
    let Some(lie) = lie else { return Some(honest) };
    let delivery = lie.tell(&mut exchange);
    if delivery != honest {
        shared.state.lock().unwrap().told += 1;
    }
    Some(delivery)
}

/// The honest answer, and the lie of the moment when it is due: a Fetch waits for records as long as it asks for.
fn honest(
    request: &RequestKind,
    version: i16,
    broker: i32,
    shared: &Shared,
) -> Option<(ResponseKind, Option<Arc<Lie>>)> {
    let patience = if let RequestKind::Fetch(fetch) = request {
        Duration::from_millis(u64::try_from(fetch.max_wait_ms).unwrap_or(0))
    } else {
        Duration::ZERO
    };
    let deadline = Instant::now() + patience;
    let mut state = shared.state.lock().unwrap();
    loop {
        let answer = answers::answer(&state.model, broker, request, version)?;
        let left = deadline.saturating_duration_since(Instant::now());
        let hurried = state.lie.as_ref().is_some_and(|lie| lie.answers_at_once());
        if left.is_zero() || hurried || state.stopped || answers::has_news(&answer) {
            return Some((answer, state.lie.clone()));
        }
        state = shared.changed.wait_timeout(state, left).unwrap().0;
    }
}
