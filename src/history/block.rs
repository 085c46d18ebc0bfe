//! Where many vehicles were for some seconds, in few bytes.
//!
//! A block is a byte that names the format and what follows it, deflated: base time, classes, then
//! column by column, in the order of the ids: ids (each by what it shares with the one before),
//! classes, how many fixes, times, latitudes, longitudes, whether busy. Numbers are varints, of
//! what has changed since the fix before; the first of a vehicle since the first of the vehicle
//! before. Alike beside alike is what deflate can do something with.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use ridecast_protocol::{VehicleClass, VehicleId};
use rustc_hash::FxHashMap;

/// The first byte of every block.
const FORMAT: u8 = 1;
/// No block of ours is longer, inflated: some two million fixes.
const MOST_BYTES: u64 = 32 << 20;

/// Where a vehicle was, to a tenth of a second and a millionth of a degree (11 cm).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fix {
    /// Tenths of a second since the Unix epoch.
    pub(super) at: i64,
    /// Millionths of a degree north.
    pub(super) latitude: i32,
    /// Millionths of a degree east.
    pub(super) longitude: i32,
    /// Whether a ride had taken it.
    pub(super) busy: bool,
}

/// The way of one vehicle, the oldest fix first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// As it was last.
    pub(super) class: VehicleClass,
    pub(super) fixes: Vec<Fix>,
}

pub(super) type Lines = FxHashMap<VehicleId, Line>;

/// The bytes are no block, or not all of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a block of history is damaged")]
pub(super) struct Damaged;

pub(super) fn encode(lines: &Lines) -> Vec<u8> {
    let mut lines: Vec<_> = lines.iter().collect();
    lines.sort_unstable_by_key(|(id, _)| *id);
    let mut classes: Vec<&VehicleClass> = lines.iter().map(|(_, line)| &line.class).collect();
    classes.sort_unstable();
    classes.dedup();
    let all = || lines.iter().map(|(_, line)| line.fixes.as_slice());
    let base = all().flatten().map(|fix| fix.at).min().unwrap_or(0);

    let mut out = Vec::with_capacity(lines.len() * 32);
    put_signed(&mut out, base);
    put(&mut out, classes.len() as u64);
    for class in &classes {
        put_text(&mut out, class.as_str().as_bytes());
    }
    put(&mut out, lines.len() as u64);
    let mut before: &[u8] = &[];
    for (id, _) in &lines {
        let id = id.as_str().as_bytes();
        let shared = id.iter().zip(before).take_while(|(a, b)| a == b).count();
        put(&mut out, shared as u64);
        put_text(&mut out, &id[shared..]);
        before = id;
    }
    for (_, line) in &lines {
        let class = classes.binary_search(&&line.class).unwrap_or(0);
        put(&mut out, class as u64);
    }
    for fixes in all() {
        put(&mut out, fixes.len() as u64);
    }
    for fixes in all() {
        let mut before = base;
        for fix in fixes {
            put_signed(&mut out, fix.at - before);
            before = fix.at;
        }
    }
    for column in [|fix: &Fix| fix.latitude, |fix: &Fix| fix.longitude] {
        let mut first = 0;
        for fixes in all() {
            let mut before = first;
            for fix in fixes {
                put_signed(&mut out, i64::from(column(fix)) - i64::from(before));
                before = column(fix);
            }
            first = fixes.first().map_or(first, column);
        }
    }
    for fixes in all() {
        out.extend(fixes.iter().map(|fix| u8::from(fix.busy)));
    }
    deflated(&out)
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![FORMAT];
    let mut encoder = DeflateEncoder::new(&mut out, Compression::fast());
    // Neither fails: a vector takes all it is given.
    let _ = encoder.write_all(bytes);
    let _ = encoder.finish();
    out
}

/// Calls `each` with every vehicle of the block, in the order of their ids.
pub(super) fn decode(
    block: &[u8],
    mut each: impl FnMut(&str, &VehicleClass, &[Fix]),
) -> Result<(), Damaged> {
    let Some((&FORMAT, deflated)) = block.split_first() else {
        return Err(Damaged);
    };
    let mut bytes = Vec::with_capacity(deflated.len() * 3);
    let mut inflate = DeflateDecoder::new(deflated).take(MOST_BYTES);
    inflate.read_to_end(&mut bytes).map_err(|_| Damaged)?;
    let mut rest = Rest(&bytes);

    let base = rest.signed()?;
    let classes = (0..rest.count()?).map(|_| {
        let text = std::str::from_utf8(rest.text()?).map_err(|_| Damaged)?;
        VehicleClass::new(text).map_err(|_| Damaged)
    });
    let classes: Vec<_> = classes.collect::<Result<_, _>>()?;
    let vehicles = rest.count()?;
    // All ids in one buffer, each from where the one before ends.
    let (mut ids, mut ends) = (Vec::<u8>::new(), vec![0]);
    for nth in 0..vehicles {
        let shared = rest.number()?;
        let rest_of_it = rest.text()?;
        let before = if nth == 0 { 0 } else { ends[nth - 1] };
        let before = before..ends[nth];
        if shared > before.len() || shared + rest_of_it.len() > VehicleId::MAX_BYTES {
            return Err(Damaged);
        }
        ids.extend_from_within(before.start..before.start + shared);
        ids.extend_from_slice(rest_of_it);
        ends.push(ids.len());
    }
    let class_of: Vec<_> = (0..vehicles)
        .map(|_| classes.get(rest.number()?).ok_or(Damaged))
        .collect::<Result<_, _>>()?;
    let counts: Vec<_> = (0..vehicles)
        .map(|_| rest.count())
        .collect::<Result<_, _>>()?;
    let total: usize = counts.iter().sum();
    // Each has yet to come with a byte of every column.
    if total > rest.0.len() {
        return Err(Damaged);
    }
    let mut fixes = Vec::with_capacity(total);
    for &count in &counts {
        let mut at = base;
        for _ in 0..count {
            at = at.checked_add(rest.signed()?).ok_or(Damaged)?;
            fixes.push(Fix {
                at,
                latitude: 0,
                longitude: 0,
                busy: false,
            });
        }
    }
    rest.degrees(&counts, &mut fixes, 90_000_000, |fix, it| fix.latitude = it)?;
    rest.degrees(&counts, &mut fixes, 180_000_000, |fix, it| {
        fix.longitude = it;
    })?;
    for fix in &mut fixes {
        fix.busy = rest.byte()? != 0;
    }

    let mut fixes = fixes.as_slice();
    for (nth, (&count, class)) in counts.iter().zip(class_of).enumerate() {
        let (its, others) = fixes.split_at(count);
        fixes = others;
        let id = &ids[ends[nth]..ends[nth + 1]];
        each(std::str::from_utf8(id).map_err(|_| Damaged)?, class, its);
    }
    Ok(())
}

/// Seven bits in each byte, the lowest first; the eighth says that more come.
fn put(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Small numbers are short, whatever their sign.
fn put_signed(out: &mut Vec<u8>, number: i64) {
    put(out, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// What is left to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Result<u8, Damaged> {
        let (&byte, rest) = self.0.split_first().ok_or(Damaged)?;
        self.0 = rest;
        Ok(byte)
    }

    fn unsigned(&mut self) -> Result<u64, Damaged> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    fn signed(&mut self) -> Result<i64, Damaged> {
        let number = self.unsigned()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn number(&mut self) -> Result<usize, Damaged> {
        usize::try_from(self.unsigned()?).map_err(|_| Damaged)
    }

    /// How many there are of what takes a byte each at least.
    fn count(&mut self) -> Result<usize, Damaged> {
        let count = self.number()?;
        if count > self.0.len() {
            return Err(Damaged);
        }
        Ok(count)
    }

    fn text(&mut self) -> Result<&'a [u8], Damaged> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        Ok(text)
    }

    /// A column of latitudes or longitudes, none of them beyond `most`.
    fn degrees(
        &mut self,
        counts: &[usize],
        fixes: &mut [Fix],
        most: i32,
        set: impl Fn(&mut Fix, i32),
    ) -> Result<(), Damaged> {
        let mut fixes = fixes.iter_mut();
        let mut first = 0_i32;
        for &count in counts {
            let mut degrees = first;
            for (nth, fix) in fixes.by_ref().take(count).enumerate() {
                let step = i32::try_from(self.signed()?).map_err(|_| Damaged)?;
                degrees = degrees.checked_add(step).ok_or(Damaged)?;
                if !(-most..=most).contains(&degrees) {
                    return Err(Damaged);
                }
                set(fix, degrees);
                if nth == 0 {
                    first = degrees;
                }
            }
        }
        Ok(())
    }
}
