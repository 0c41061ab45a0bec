//! How much memory an allocation takes, as glibc's allocator rounds it: a word in front, to a multiple of 16 bytes, at
//! least 32.

const SMALLEST: usize = 32;

/// The memory of an allocation of this many bytes. An empty list has none.
#[inline]
pub(crate) const fn allocation(bytes: usize) -> usize {
    if bytes == 0 {
        return 0;
    }
    let rounded = bytes.saturating_add(23) & !15;
    if rounded < SMALLEST { SMALLEST } else { rounded }
}

/// The memory of a list with room for this many items.
#[inline]
pub(crate) const fn list<T>(capacity: usize) -> usize {
    allocation(capacity.saturating_mul(size_of::<T>()))
}

/// The memory of this many entries of a hash map, which is between seven eighths and seven sixteenths full: one and a
/// half times the entries.
#[inline]
pub(crate) const fn map_entries<K, V>(count: usize) -> usize {
    let entry = size_of::<(K, V)>().saturating_add(1);
    count.saturating_mul(entry).saturating_mul(3) / 2
}

/// A size as a signed number, for differences.
#[inline]
pub(crate) fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allocation_is_rounded_as_glibc_does() {
        assert_eq!([0, 1, 24, 25, 40, 41, 1000].map(allocation), [0, 32, 32, 48, 48, 64, 1008]);
        assert_eq!((list::<u64>(0), list::<u64>(4)), (0, 48));
    }
}
