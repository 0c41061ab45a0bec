//! Any bytes give a record or an error, without a panic and without an allocation.
//!
//! The cases are made from parts of the golden records, because random bytes rarely get past a length. Each case
//! depends only on its number, so a failing one can be repeated.

use super::super::share_state as state;
use super::super::{DecodeError, Key, Record, assignment, key};
use super::golden::{self, Golden};
use super::redpanda;

/// Splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Lengths, counts and tags that are negative, absurd or slightly wrong.
const EVIL: [&[u8]; 13] = [
    b"\xff\xff",
    b"\x80\x00",
    b"\x7f\xff",
    b"\xff\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\x1f",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x80",
    b"\x00",
    b"\x01",
    b"\x02",
];

fn mangle(chance: &mut Chance, bytes: &mut Vec<u8>, others: &[Golden]) {
    for _ in 0..=chance.below(3) {
        let place = chance.below(bytes.len() + 1);
        match chance.below(6) {
            0 => bytes.truncate(place),
            1 => bytes.get_mut(place).into_iter().for_each(|byte| *byte ^= 1 << (place % 8)),
            2 => bytes.get_mut(place).into_iter().for_each(|byte| *byte = byte.wrapping_add(1)),
            3 => drop(bytes.drain(place..(place + chance.below(5)).min(bytes.len()))),
            4 => {
                let evil = chance.one_of(&EVIL);
                let over = if chance.below(2) == 0 { (place + evil.len()).min(bytes.len()) } else { place };
                drop(bytes.splice(place..over, evil.iter().copied()));
            }
            _ => {
                let other = others[chance.below(others.len())].value.as_deref().unwrap_or_default();
                let from = chance.below(other.len());
                drop(bytes.splice(place.., other[from..].iter().copied()));
            }
        }
    }
}

/// Decodes everything in a record.
fn read(key_bytes: &[u8], value: Option<&[u8]>) -> Result<(), DecodeError> {
    let record = key(key_bytes)?.value(value)?;
    // The comparison requests every item of every list.
    assert_eq!(key(key_bytes)?.value(value), Ok(record));
    if let Record::Group(group) = record {
        group.members.for_each(|member| known(read_assignment(member.assignment), member.assignment.len()));
    }
    Ok(())
}

fn read_assignment(bytes: &[u8]) -> Result<(), DecodeError> {
    let topics = assignment(bytes)?;
    assert_eq!(assignment(bytes), Ok(topics));
    Ok(())
}

fn read_state(key_bytes: &[u8], value: Option<&[u8]>) -> Result<(), DecodeError> {
    let record = state::decode(key_bytes, value)?;
    assert_eq!(state::decode(key_bytes, value), Ok(record));
    Ok(())
}

fn known(result: Result<(), DecodeError>, longest: usize) {
    if let Err(error) = result {
        assert!(DecodeError::REASONS.contains(&error.reason()) && error.at <= longest, "{error}");
    }
}

/// The number of cases: `usual`, or what `make fuzz` asks for.
fn cases(usual: u64) -> u64 {
    std::env::var("WARRENER_FUZZ_CASES").map_or(usual, |cases| cases.parse().unwrap())
}

#[test]
fn a_mangled_record_is_read_or_refused() {
    let all: Vec<Golden> = golden::all().into_iter().chain(golden::of(redpanda::FIXTURE)).collect();
    for case in 0..cases(100_000) {
        let mut chance = Chance(case);
        let golden = &all[chance.below(all.len())];
        let (mut key_bytes, mut value) = (golden.key.clone(), golden.value.clone().unwrap_or_default());
        if chance.below(8) == 0 {
            mangle(&mut chance, &mut key_bytes, &all);
        }
        if chance.below(8) == 0 {
            value = [&value[..value.len().min(2)], &chance.bytes(64)].concat();
        } else {
            mangle(&mut chance, &mut value, &all);
        }
        let longest = key_bytes.len().max(value.len());
        let outcome = std::panic::catch_unwind(|| {
            known(read(&key_bytes, Some(&value)), longest);
            known(read_state(&key_bytes, Some(&value)), longest);
            known(read_assignment(&value), longest);
        });
        assert!(outcome.is_ok(), "case {case}: key {key_bytes:02x?}, value {value:02x?}");
    }
}

/// A `Copy` type owns no memory. So nothing that is decoded can hold an allocation, whatever a length says.
#[test]
fn what_is_read_owns_no_memory() {
    fn owns_nothing<T: Copy>() {}
    owns_nothing::<Result<Key<'_>, DecodeError>>();
    owns_nothing::<Result<Record<'_>, DecodeError>>();
    owns_nothing::<Result<state::ShareStateKey<'_>, DecodeError>>();
    owns_nothing::<Result<state::ShareStateRecord<'_>, DecodeError>>();
}
