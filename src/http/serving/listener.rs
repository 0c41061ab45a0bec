//! Opens a listening socket for `HOST:PORT`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use socket2::SockRef;

/// Length of the queue of connections that wait to be accepted; the system may shorten it. The standard library asks
/// for 128, and a client that finds the queue full retries a second later.
const BACKLOG: i32 = 4096;

/// Why a server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is not of the form `HOST:PORT`.
    #[error("cannot listen on {address:?}: expected HOST:PORT (an empty host means all addresses, IPv6 in brackets)")]
    Malformed {
        /// The address as it was given.
        address: String,
    },
    /// The host has no address.
    #[error("cannot listen on {address:?}: the host cannot be resolved")]
    Unresolved {
        /// The address as it was given.
        address: String,
        /// Error of the resolver.
        source: io::Error,
    },
    /// The system refuses the address: it is in use, not one of this machine, or needs a privilege.
    #[error("cannot listen on {address:?}")]
    Refused {
        /// The address as it was given.
        address: String,
        /// Error of the system.
        source: io::Error,
    },
}

/// Listens on `HOST:PORT`. Port 0 takes any free port.
///
/// An empty host is `[::]`, which also takes IPv4 unless the system sets `bindv6only`, or `0.0.0.0` on a system without
/// IPv6.
pub(crate) fn listen(address: &str) -> Result<TcpListener, BindError> {
    let (host, port) = parse(address).ok_or_else(|| BindError::Malformed { address: address.to_owned() })?;
    let refused = |source| BindError::Refused { address: address.to_owned(), source };
    let listener = if host.is_empty() {
        listen_on_all(port).map_err(refused)?
    } else {
        let unresolved = |source| BindError::Unresolved { address: address.to_owned(), source };
        let found: Vec<SocketAddr> = (host, port).to_socket_addrs().map_err(unresolved)?.collect();
        TcpListener::bind(found.as_slice()).map_err(refused)?
    };
    listener.set_nonblocking(true).map_err(refused)?;
    SockRef::from(&listener).listen(BACKLOG).map_err(refused)?;
    Ok(listener)
}

fn listen_on_all(port: u16) -> io::Result<TcpListener> {
    let any = |ip: IpAddr| TcpListener::bind(SocketAddr::new(ip, port));
    match any(Ipv6Addr::UNSPECIFIED.into()) {
        // These errors are about the port. Listening on IPv4 alone would hide them.
        Err(refusal) if !matches!(refusal.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {
            any(Ipv4Addr::UNSPECIFIED.into())
        }
        bound => bound,
    }
}

fn parse(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    // `parse` of the standard library accepts a sign.
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').filter(|inner| inner.parse::<Ipv6Addr>().is_ok())?,
        None if host.contains(':') => return None,
        None => host,
    };
    Some((host, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        assert_eq!(parse(":9404"), Some(("", 9404)));
        assert_eq!(parse("127.0.0.1:0"), Some(("127.0.0.1", 0)));
        assert_eq!(parse("localhost:65535"), Some(("localhost", 65535)));
        assert_eq!(parse("[::1]:80"), Some(("::1", 80)));
    }

    #[test]
    fn what_is_not_host_and_port_is_refused_with_the_address() {
        for address in
            ["", "9404", "::1:80", "[::1]", "[x]:80", "host:", "host:+80", "host:65536", "host:http", "[]:80"]
        {
            let Err(refusal @ BindError::Malformed { .. }) = listen(address) else { panic!("{address} was taken") };
            let expected = format!(
                "cannot listen on {address:?}: expected HOST:PORT (an empty host means all addresses, IPv6 in brackets)"
            );
            assert_eq!(refusal.to_string(), expected);
        }
    }

    #[test]
    fn a_port_that_is_taken_is_told_with_its_address() {
        let first = listen("127.0.0.1:0").unwrap();
        let address = first.local_addr().unwrap().to_string();
        let Err(BindError::Refused { address: told, source }) = listen(&address) else { panic!("bound twice") };
        assert_eq!((told, source.kind()), (address, io::ErrorKind::AddrInUse));
    }

    #[test]
    fn an_empty_host_takes_ipv4_too() {
        let listener = listen(":0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
