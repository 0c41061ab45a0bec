//! A body in separate pieces, each of which is freed once it is sent.

use std::io::{self, ErrorKind, Write};

use bytes::Bytes;

/// Size of a piece. A single larger write makes a larger piece.
pub(crate) const CHUNK: usize = 64 * 1024;

/// A writer that collects pieces. The size of a body depends on the request, so when there is no memory for it, writing
/// fails with [`ErrorKind::OutOfMemory`] instead of ending the process.
#[derive(Default)]
pub(crate) struct ChunkWriter {
    full: Vec<Bytes>,
    open: Vec<u8>,
}

impl ChunkWriter {
    /// Returns all pieces.
    pub fn into_chunks(mut self) -> Vec<Bytes> {
        if !self.open.is_empty() {
            self.full.push(self.open.into());
        }
        self.full
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.open.len().saturating_add(bytes.len()) > CHUNK && !self.open.is_empty() {
            self.full.try_reserve(2)?;
            self.full.push(std::mem::take(&mut self.open).into());
        }
        if self.open.capacity() == 0 {
            self.open.try_reserve_exact(CHUNK.max(bytes.len()))?;
        }
        self.open.try_reserve(bytes.len())?;
        self.open.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether writing failed because memory ran out.
pub(crate) fn is_out_of_memory(error: &io::Error) -> bool {
    error.kind() == ErrorKind::OutOfMemory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_stays_in_order_in_pieces_of_64_kib() {
        let mut chunks = ChunkWriter::default();
        let mut expected = Vec::new();
        for (byte, length) in (0_u8..).zip([0, 1, CHUNK - 1, 1, 3 * CHUNK, 5, 40_000, 40_000]) {
            let bytes = vec![byte; length];
            chunks.write_all(&bytes).unwrap();
            expected.extend(bytes);
        }
        let made = chunks.into_chunks();
        assert_eq!(made.concat(), expected);
        let sizes: Vec<_> = made.iter().map(Bytes::len).collect();
        assert_eq!(sizes, [CHUNK, 1, 3 * CHUNK, 40_005, 40_000]);
    }

    #[test]
    fn want_of_memory_is_an_error() {
        let error = io::Error::from(Vec::<u8>::new().try_reserve_exact(usize::MAX / 4).unwrap_err());
        assert!(is_out_of_memory(&error), "{error:?}");
        assert!(is_out_of_memory(&serde_json::Error::io(error).into()));
    }
}
