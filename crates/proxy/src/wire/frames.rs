//! Follows the frames of HTTP/2 as they come, for what only their sequence tells.
//!
//! What they say is read by others. Here it is counted how many of them make
//! work and carry nothing, and seen whether a head has begun and not ended:
//! until it has, nothing else on the connection can go on.

/// What a client sends before its first frame.
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The length of a frame's own head.
const HEAD: usize = 9;

/// The flag of the last frame of a stream's data.
const END_STREAM: u8 = 0x1;

/// The flag of the last frame of a head.
const END_HEADERS: u8 = 0x4;

/// The state between two reads.
#[derive(Debug)]
pub(crate) struct Frames {
    /// Of the preface or the frame in hand: what is still to come.
    left: usize,
    /// The head of the next frame, as far as it has come.
    head: [u8; HEAD],
    filled: usize,
    within: Within,
    /// The highest stream that was begun: what comes on it again are trailers.
    highest: u32,
    heads: u64,
    resets: u64,
    empty: u32,
}

/// Where in a request's head the stream of frames is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// In none.
    Nothing,
    /// In a head's last frame.
    LastFrame,
    /// In a head that has further frames.
    Head,
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            left: PREFACE.len(),
            head: [0; HEAD],
            filled: 0,
            within: Within::Nothing,
            highest: 0,
            heads: 0,
            resets: 0,
            empty: 0,
        }
    }
}

impl Frames {
    /// Looks at bytes that were read.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let here = self.left.min(bytes.len());
                self.left -= here;
                bytes = &bytes[here..];
            } else {
                let here = (HEAD - self.filled).min(bytes.len());
                self.head[self.filled..self.filled + here].copy_from_slice(&bytes[..here]);
                self.filled += here;
                bytes = &bytes[here..];
                if self.filled < HEAD {
                    return;
                }
                self.filled = 0;
                self.begin_frame();
            }
            if self.left == 0 && self.within == Within::LastFrame {
                self.within = Within::Nothing;
            }
        }
    }

    /// Whether a request's head has begun and not ended.
    pub(crate) fn is_within_head(&self) -> bool {
        self.within != Within::Nothing
    }

    /// Requests that were begun.
    pub(crate) fn heads(&self) -> u64 {
        self.heads
    }

    /// Streams that the client gave up.
    pub(crate) fn resets(&self) -> u64 {
        self.resets
    }

    /// Frames that carry nothing of a request.
    pub(crate) fn empty(&self) -> u32 {
        self.empty
    }

    pub(crate) fn forget_empty(&mut self) {
        self.empty = 0;
    }

    fn begin_frame(&mut self) {
        let [high, middle, low, kind, flags, stream @ ..] = self.head;
        self.left = u32::from_be_bytes([0, high, middle, low]) as usize;
        match kind {
            // DATA
            0 if self.left > 0 || flags & END_STREAM != 0 => {}
            // HEADERS
            1 => {
                let stream = u32::from_be_bytes(stream);
                if stream > self.highest {
                    self.highest = stream;
                    self.heads += 1;
                }
                self.within = Within::of(flags);
            }
            // RST_STREAM
            3 => self.resets += 1,
            // WINDOW_UPDATE: as many as it takes for what we send.
            8 => {}
            // CONTINUATION
            9 if self.is_within_head() => self.within = Within::of(flags),
            _ => self.empty = self.empty.saturating_add(1),
        }
    }
}

impl Within {
    fn of(flags: u8) -> Self {
        if flags & END_HEADERS == 0 {
            Self::Head
        } else {
            Self::LastFrame
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
        let mut frame = vec![0, 0, payload as u8, kind, flags, 0, 0, 0, 1];
        frame.resize(HEAD + payload, 0);
        frame
    }

    /// Feeds it whole and byte by byte; both must come to the same.
    fn fed(parts: &[Vec<u8>]) -> Frames {
        let bytes = [PREFACE.to_vec(), parts.concat()].concat();
        let mut whole = Frames::default();
        whole.feed(&bytes);
        let mut single = Frames::default();
        for byte in bytes.chunks(1) {
            single.feed(byte);
        }
        assert_eq!(format!("{whole:?}"), format!("{single:?}"));
        whole
    }

    #[test]
    fn requests_and_what_carries_nothing_are_told_apart() {
        let frames = fed(&[
            frame(4, 0, 6),
            frame(1, END_HEADERS, 20),
            frame(0, 0, 5),
            frame(0, END_STREAM, 0),
            frame(1, END_HEADERS | END_STREAM, 4),
            frame(8, 0, 4),
            frame(0, 0, 0),
            frame(6, 0, 8),
            frame(2, 0, 5),
            frame(200, 0, 3),
            frame(3, 0, 4),
        ]);
        assert_eq!(frames.heads(), 1);
        assert_eq!(frames.resets(), 1);
        assert_eq!(frames.empty(), 5);
        assert!(!frames.is_within_head());
    }

    #[test]
    fn a_head_ends_with_its_last_frame() {
        let begun = [frame(1, 0, 3), frame(9, 0, 3)];
        assert!(fed(&begun).is_within_head());
        let mut last = frame(9, END_HEADERS, 3);
        let ended = [begun.to_vec(), vec![last.clone()]].concat();
        assert!(!fed(&ended).is_within_head());
        last.truncate(HEAD + 1);
        let nearly = [begun.to_vec(), vec![last]].concat();
        assert!(fed(&nearly).is_within_head());
        assert!(!fed(&[frame(1, END_HEADERS, 0)]).is_within_head());
    }
}
