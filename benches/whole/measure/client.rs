//! The client that reads pages, ours and the floor's alike: one GET a connection, taken as fast as it comes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use memchr::memmem::Finder;

/// Bytes taken from the socket at a time.
const TAKEN: usize = 256 * 1024;
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Plain,
    Gzip,
}

/// A page that was read.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Bytes of the answer, its head and its framing included.
    pub bytes: usize,
    /// From before the connection was opened until its end.
    pub took: Duration,
}

/// Reads the page and drops it.
pub fn scrape(port: u16, coding: Coding) -> Taken {
    let mut buffer = vec![0; TAKEN];
    read(port, coding, &mut buffer, |_| {}).unwrap()
}

/// Reads the plain page into `page`, as it came over the wire.
pub fn keep(port: u16, page: &mut Vec<u8>) {
    page.clear();
    let mut buffer = vec![0; TAKEN];
    read(port, Coding::Plain, &mut buffer, |bytes| page.extend_from_slice(bytes)).unwrap();
}

/// Reads the plain page, and counts in it as it comes: to keep it would take more from a program that starts than the
/// asking does. An error while nobody listens yet.
pub fn count(port: u16, wanted: &Finder<'_>) -> Result<usize, String> {
    let mut buffer = vec![0; TAKEN];
    let (mut count, mut seam) = (0, Vec::new());
    // What is wanted may come in two parts: the last bytes of one are looked through with the first ones of the next.
    let overlap = wanted.needle().len() - 1;
    read(port, Coding::Plain, &mut buffer, |bytes| {
        seam.extend_from_slice(&bytes[..bytes.len().min(overlap)]);
        count += wanted.find_iter(&seam).count() + wanted.find_iter(bytes).count();
        seam.extend_from_slice(&bytes[bytes.len().min(overlap).max(bytes.len().saturating_sub(overlap))..]);
        seam.drain(..seam.len().saturating_sub(overlap));
    })?;
    Ok(count)
}

fn read(port: u16, coding: Coding, buffer: &mut [u8], mut take: impl FnMut(&[u8])) -> Result<Taken, String> {
    let began = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let accept = match coding {
        Coding::Plain => "",
        Coding::Gzip => "Accept-Encoding: gzip\r\n",
    };
    let head = format!("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{accept}\r\n");
    stream.write_all(head.as_bytes()).map_err(|error| error.to_string())?;
    let (mut bytes, mut last) = (0, Vec::new());
    loop {
        let count = stream.read(buffer).map_err(|error| error.to_string())?;
        if count == 0 {
            break;
        }
        if bytes == 0 && !buffer.starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(&buffer[..count]).into_owned());
        }
        bytes += count;
        let tail = &buffer[count.saturating_sub(5)..count];
        last.extend_from_slice(tail);
        last.drain(..last.len().saturating_sub(5));
        take(&buffer[..count]);
    }
    // A page in chunks ends with the empty one; what was cut off counts for nothing.
    if last == b"0\r\n\r\n" { Ok(Taken { bytes, took: began.elapsed() }) } else { Err("a page was cut off".to_owned()) }
}
