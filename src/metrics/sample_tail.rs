//! The end of a sample. It is written from the last byte to the first, in the order in which digits are computed.

use super::sample_value::SampleValue;

/// A buffer for the end of a sample. It has room for two numbers, the text between them, and the line end.
pub struct SampleTail {
    /// The second half is never changed.
    bytes: [u8; 2 * Self::LEN],
    /// Start of the written text.
    start: usize,
}

const DIGITS: &[u8; 200] = b"\
    0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
    5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
const PAIRS: &[[u8; 2]] = DIGITS.as_chunks().0;

impl SampleTail {
    const LEN: usize = 48;

    /// An empty buffer.
    #[inline]
    pub const fn empty() -> Self {
        Self { bytes: [b'\n'; 2 * Self::LEN], start: Self::LEN }
    }

    /// A buffer that contains only the line end.
    #[inline]
    pub const fn new() -> Self {
        Self { start: Self::LEN - 1, ..Self::empty() }
    }

    /// Appends the written text to `out`. A fixed length is copied and then cut, because a copy of a constant length is
    /// a few instructions instead of a call.
    #[inline]
    pub fn append_to(&self, out: &mut Vec<u8>) {
        if let Some(text) = self.bytes.get(self.start..).and_then(<[u8]>::first_chunk::<{ Self::LEN }>) {
            let len = out.len().saturating_add(Self::LEN).saturating_sub(self.start);
            out.extend_from_slice(text);
            out.truncate(len);
        }
    }

    /// Puts bytes before the written text.
    #[inline]
    pub fn prepend<const N: usize>(&mut self, part: [u8; N]) {
        self.start = self.start.saturating_sub(N);
        if let Some(place) = self.bytes.get_mut(self.start..).and_then(<[u8]>::first_chunk_mut) {
            *place = part;
        }
    }

    /// Puts an integer before the written text.
    #[inline]
    pub fn prepend_integer(&mut self, number: i64) {
        self.prepend_count(number.unsigned_abs());
        if number < 0 {
            self.prepend(*b"-");
        }
    }

    /// Puts a count before the written text.
    #[inline]
    pub fn prepend_count(&mut self, mut number: u64) {
        while number >= 100 {
            self.prepend(pair(number % 100));
            number /= 100;
        }
        let [ten, one] = pair(number);
        if number >= 10 {
            self.prepend([ten, one]);
        } else {
            self.prepend([one]);
        }
    }

    /// Puts milliseconds before the written text, as seconds with at most three digits after the point and without
    /// trailing zeros.
    #[inline]
    pub fn prepend_seconds(&mut self, millis: u64) {
        let [hundreds, tens] = pair(millis % 1000 / 10);
        match (hundreds, tens, pair(millis % 10)) {
            (b'0', b'0', [_, b'0']) => {}
            (_, b'0', [_, b'0']) => self.prepend([b'.', hundreds]),
            (_, _, [_, b'0']) => self.prepend([b'.', hundreds, tens]),
            (_, _, [_, ones]) => self.prepend([b'.', hundreds, tens, ones]),
        }
        self.prepend_count(millis / 1000);
    }

    /// Puts a sample's value before the written text. Returns `false` for a float, which may need more digits than
    /// there is room for.
    #[inline]
    pub fn prepend_value(&mut self, value: SampleValue) -> bool {
        match value {
            SampleValue::Int(value) => self.prepend_integer(value),
            SampleValue::Count(value) => self.prepend_count(value),
            SampleValue::Millis(value) => self.prepend_seconds(value),
            SampleValue::Float(_) => return false,
        }
        true
    }
}

/// The two digits of a number below 100.
#[inline]
fn pair(number: u64) -> [u8; 2] {
    usize::try_from(number).ok().and_then(|number| PAIRS.get(number)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(put: impl FnOnce(&mut SampleTail)) -> String {
        let mut tail = SampleTail::new();
        put(&mut tail);
        let mut out = Vec::new();
        tail.append_to(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn seconds_have_the_digits_that_they_need() {
        let all = [(0, "0"), (7, "0.007"), (40, "0.04"), (1_000, "1"), (61_250, "61.25"), (999, "0.999"), (100, "0.1")];
        for (millis, text) in all {
            assert_eq!(shown(|tail| tail.prepend_seconds(millis)), format!("{text}\n"));
        }
        assert_eq!(shown(|tail| tail.prepend_seconds(u64::MAX)), "18446744073709551.615\n");
    }

    #[test]
    fn a_partition_and_the_longest_number_have_place() {
        let line = shown(|tail| {
            tail.prepend_integer(i64::MIN);
            tail.prepend(*b"\"} ");
            tail.prepend_integer(i32::MIN.into());
        });
        assert_eq!(line, format!("{}\"}} {}\n", i32::MIN, i64::MIN));
    }

    proptest! {
        #[test]
        fn numbers_are_written_as_the_standard_library_writes_them(number in any::<i64>(), shift in 0..64_u32) {
            let number = number >> shift;
            prop_assert_eq!(shown(|tail| tail.prepend_integer(number)), format!("{number}\n"));
            let count = number.unsigned_abs();
            prop_assert_eq!(shown(|tail| tail.prepend_count(count)), format!("{count}\n"));
            // Below 2^53 thousandths, a float also has the shortest digits.
            let millis = count & ((1 << 40) - 1);
            let seconds = f64::from(u32::try_from(millis >> 20).unwrap()) * 1048.576
                + f64::from(u32::try_from(millis & 0xf_ffff).unwrap()) / 1e3;
            let text = shown(|tail| tail.prepend_seconds(millis));
            prop_assert!((text.trim().parse::<f64>().unwrap() - seconds).abs() < 1e-3);
            prop_assert_eq!(text.trim().parse::<f64>().unwrap().to_string(), text.trim());
        }
    }
}
