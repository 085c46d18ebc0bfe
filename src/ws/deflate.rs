//! permessage-deflate (RFC 7692), without context takeover: no session keeps a window, and a
//! compressed message is the same for everybody.

use std::cell::RefCell;

use actix_web::http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_EXTENSIONS};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// When messages to a client are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Compressing {
    /// For clients that offer the extension, and ask for it by `?deflate=true`: browsers offer
    /// it unasked, and it doubles what a frame costs.
    #[default]
    Asked,
    /// For all clients that offer the extension.
    Offered,
    /// For none.
    Never,
}

/// What was agreed on with one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deflate {
    /// It looks back so far: 2 to the power of this, in bytes.
    window_bits: u8,
}

/// A message could not be decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum InflateError {
    #[error("the message is too large")]
    TooLarge,
    #[error("the message is no deflate data")]
    Corrupt,
}

/// What is left off at the end of each message (RFC 7692, section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
const LARGEST_WINDOW: u8 = 15;
/// Smaller messages take longer to compress than they save.
const LEAST_BYTES: usize = 512;

impl Deflate {
    /// The first of a client's offers that can be kept, and how to say so.
    pub(super) fn agree(request: &HeaderMap) -> Option<(Self, HeaderValue)> {
        request
            .get_all(SEC_WEBSOCKET_EXTENSIONS)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .find_map(accept)
    }

    /// Replaces what `out` has from `from` on by the same compressed. False: that would be no
    /// smaller, or is not worth it, and it stays.
    pub(super) fn shrink(self, out: &mut Vec<u8>, from: usize) -> bool {
        let bytes = out.len() - from;
        // The compressor's own window is always the largest; a message that fits into the
        // agreed one cannot look back further.
        if bytes < LEAST_BYTES || bytes > 1 << self.window_bits {
            return false;
        }
        WORKSHOP.with_borrow_mut(|workshop| {
            if workshop.last.as_slice() != &out[from..] {
                workshop.compress(&out[from..]);
            }
            let shrinks = workshop.compressed.len() < bytes;
            if shrinks {
                out.truncate(from);
                out.extend_from_slice(&workshop.compressed);
            }
            shrinks
        })
    }
}

/// Decompresses a message of a client.
pub(super) fn inflate(message: &[u8], most_bytes: usize) -> Result<Vec<u8>, InflateError> {
    WORKSHOP.with_borrow_mut(|workshop| workshop.inflate(message, most_bytes))
}

/// Agrees to an offer, if all its parameters are known and can be kept.
fn accept(offer: &str) -> Option<(Deflate, HeaderValue)> {
    let mut parts = offer.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("permessage-deflate") {
        return None;
    }
    let mut names = Vec::new();
    let mut window_bits = None;
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (part, None),
        };
        if names.contains(&name) {
            return None;
        }
        names.push(name);
        match (name, value) {
            (
                "server_no_context_takeover"
                | "client_no_context_takeover"
                | "client_max_window_bits",
                None,
            ) => {}
            ("client_max_window_bits", Some(value)) => {
                bits(value)?;
            }
            ("server_max_window_bits", Some(value)) => window_bits = Some(bits(value)?),
            _ => return None,
        }
    }
    let mut answer =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
    if let Some(bits) = window_bits {
        answer.push_str("; server_max_window_bits=");
        answer.push_str(&bits.to_string());
    }
    let window_bits = window_bits.unwrap_or(LARGEST_WINDOW);
    Some((Deflate { window_bits }, answer.parse().ok()?))
}

/// A window's size: 8 to 15, without leading zeros.
fn bits(value: &str) -> Option<u8> {
    let bits = value.parse().ok().filter(|bits| (8..=15).contains(bits));
    bits.filter(|_| !value.starts_with(['0', '+']))
}

thread_local! {
    /// What all sessions of this thread compress with.
    static WORKSHOP: RefCell<Workshop> = RefCell::new(Workshop::new());
}

struct Workshop {
    compressor: Compress,
    decompressor: Decompress,
    /// What was compressed last: who watches the same as another gets the same.
    last: Vec<u8>,
    compressed: Vec<u8>,
}

impl Workshop {
    fn new() -> Self {
        Self {
            compressor: Compress::new(Compression::fast(), false),
            decompressor: Decompress::new(false),
            last: Vec::new(),
            compressed: Vec::new(),
        }
    }

    fn compress(&mut self, payload: &[u8]) {
        self.last.clear();
        self.last.extend_from_slice(payload);
        self.compressed.clear();
        // More than the longest that can come of it: what does not fit is not sent compressed.
        self.compressed.reserve(payload.len() + 64);
        self.compressor.reset();
        let done = self
            .compressor
            .compress_vec(payload, &mut self.compressed, FlushCompress::Sync);
        let whole = done.is_ok()
            && self.compressor.total_in() == payload.len() as u64
            && self.compressed.len() < self.compressed.capacity()
            && self.compressed.ends_with(&TAIL);
        if whole {
            self.compressed.truncate(self.compressed.len() - TAIL.len());
        } else {
            self.compressed.clear();
            self.compressed.extend_from_slice(payload);
        }
    }

    fn inflate(&mut self, message: &[u8], most_bytes: usize) -> Result<Vec<u8>, InflateError> {
        let inflater = &mut self.decompressor;
        inflater.reset(false);
        let mut out = Vec::new();
        for part in [message, &TAIL] {
            let mut rest = part;
            loop {
                if out.len() == out.capacity() {
                    // One byte more than may be, to find out.
                    let room = (most_bytes + 1 - out.len()).min(out.len().max(1024));
                    out.reserve_exact(room);
                }
                let (before, had) = (inflater.total_in(), out.len());
                let status = inflater
                    .decompress_vec(rest, &mut out, FlushDecompress::Sync)
                    .map_err(|_| InflateError::Corrupt)?;
                let taken = usize::try_from(inflater.total_in() - before).unwrap_or(rest.len());
                rest = &rest[taken..];
                if out.len() > most_bytes {
                    return Err(InflateError::TooLarge);
                }
                if status == Status::StreamEnd {
                    // A message may be of several streams (section 7.2.3.5).
                    inflater.reset(false);
                } else if taken == 0 && out.len() == had && !rest.is_empty() {
                    return Err(InflateError::Corrupt);
                }
                if rest.is_empty() && out.len() < out.capacity() {
                    break;
                }
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(offers: &[&str]) -> Option<(Deflate, String)> {
        let mut headers = HeaderMap::new();
        for offer in offers {
            headers.append(SEC_WEBSOCKET_EXTENSIONS, offer.parse().unwrap());
        }
        let (deflate, answer) = Deflate::agree(&headers)?;
        Some((deflate, answer.to_str().unwrap().to_owned()))
    }

    const PLAIN: &str =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    #[test]
    fn an_offer_is_answered_and_an_unknown_one_passed_over() {
        let (deflate, answer) = agreed(&["permessage-deflate; client_max_window_bits"]).unwrap();
        assert_eq!((deflate.window_bits, answer.as_str()), (15, PLAIN));
        let offers = [
            "x-webkit-deflate-frame",
            "permessage-deflate; server_max_window_bits=20, Permessage-Deflate; server_max_window_bits=\"9\"",
        ];
        let (deflate, answer) = agreed(&offers).unwrap();
        assert_eq!(deflate.window_bits, 9);
        assert_eq!(answer, format!("{PLAIN}; server_max_window_bits=9"));
        for refused in [
            "",
            "permessage-deflate; what_is_this",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=08",
            "permessage-deflate; client_max_window_bits=7",
        ] {
            assert_eq!(agreed(&[refused]), None, "{refused}");
        }
    }

    fn compressed(payload: &[u8]) -> Vec<u8> {
        let mut out = payload.to_vec();
        assert!(
            agreed(&["permessage-deflate"])
                .unwrap()
                .0
                .shrink(&mut out, 0)
        );
        out
    }

    #[test]
    fn what_is_compressed_comes_back() {
        for payload in [b"position ".repeat(100), b"abc".repeat(10_000)] {
            let small = compressed(&payload);
            assert!(small.len() < payload.len() / 4);
            assert_eq!(inflate(&small, payload.len()), Ok(payload.clone()));
            // The second time it is only looked up.
            assert_eq!(compressed(&payload), small);
        }
    }

    #[test]
    fn what_is_not_worth_it_stays() {
        let deflate = agreed(&["permessage-deflate; server_max_window_bits=9"])
            .unwrap()
            .0;
        let noise: Vec<u8> = (0..600).map(|_| rand::random()).collect();
        for stays in [b"a".repeat(LEAST_BYTES - 1), b"a".repeat(513)] {
            let mut out = stays.clone();
            assert!(!deflate.shrink(&mut out, 0));
            assert_eq!(out, stays);
        }
        let mut out = noise.clone();
        assert!(
            !agreed(&["permessage-deflate"])
                .unwrap()
                .0
                .shrink(&mut out, 0)
        );
        assert_eq!(out, noise);
    }

    #[test]
    fn a_bomb_ends_at_the_limit() {
        let mut bomb = Vec::new();
        let mut compressor = Compress::new(Compression::best(), false);
        bomb.reserve(1 << 20);
        let zeros = vec![0; 50 << 20];
        compressor
            .compress_vec(&zeros, &mut bomb, FlushCompress::Sync)
            .unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(inflate(&bomb, 256 * 1024), Err(InflateError::TooLarge));
        assert_eq!(inflate(&[0xff; 20], 1024), Err(InflateError::Corrupt));
    }
}
