//! Looks at text before it has come as a whole. The codec hands out whole frames only.

/// Text that comes in parts, which may cut a character.
#[derive(Default)]
pub(super) struct Utf8 {
    /// The beginning of a character.
    cut: Vec<u8>,
}

impl Utf8 {
    /// Takes the next part. False: whatever comes, it will be no UTF-8.
    pub(super) fn may_go_on(&mut self, part: &[u8]) -> bool {
        self.cut.extend_from_slice(part);
        match std::str::from_utf8(&self.cut) {
            Ok(_) => self.cut.clear(),
            Err(error) if error.error_len().is_none() => {
                self.cut.drain(..error.valid_up_to());
            }
            Err(_) => return false,
        }
        true
    }
}

/// The head of a client's frame (RFC 6455, section 5.2).
pub(super) struct Head {
    pub(super) opcode: u8,
    /// Of the payload, bytes.
    pub(super) length: u64,
    mask: [u8; 4],
    /// Where the payload begins.
    payload: usize,
}

impl Head {
    /// The head of the masked frame that `bytes` begins with, if it is there as a whole.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let (length, rest) = match second & 0x7f {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u16::from_be_bytes(*length).into(), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*length), rest)
            }
            short => (short.into(), rest),
        };
        let (&mask, rest) = rest.split_first_chunk()?;
        Some(Self {
            opcode: first & 0x0f,
            length,
            mask,
            payload: bytes.len() - rest.len(),
        })
    }

    /// What is there of the payload, but its first `skip` bytes. `bytes`: the frame.
    pub(super) fn unmasked(&self, bytes: &[u8], skip: usize) -> Vec<u8> {
        let masked = &bytes[self.payload + skip..];
        let mask = self.mask.iter().cycle().skip(skip % self.mask.len());
        masked
            .iter()
            .zip(mask)
            .map(|(byte, mask)| byte ^ mask)
            .collect()
    }
}
