//! What a client says that it can read (RFC 9110, 12.5.3).

use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue};

/// How an answer is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Brotli (RFC 7932): shorter, for more work. Browsers read it over HTTPS only.
    Brotli,
    /// gzip (RFC 1952).
    Gzip,
}

/// The weights of what a client named, in thousandths.
#[derive(Debug, Default)]
struct Weights {
    brotli: Option<u16>,
    gzip: Option<u16>,
    any: Option<u16>,
}

// === impl Coding ===

impl Coding {
    /// The coding that a client likes best; of two that it likes alike, the shorter one.
    pub(crate) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let mut weights = Weights::default();
        for value in headers.get_all(ACCEPT_ENCODING) {
            for element in value.as_bytes().split(|&byte| byte == b',') {
                weights.read(element);
            }
        }
        let any = weights.any.unwrap_or(0);
        let brotli = weights.brotli.unwrap_or(any);
        let gzip = weights.gzip.unwrap_or(any);
        match brotli.max(gzip) {
            0 => None,
            most if most == brotli => Some(Self::Brotli),
            _ => Some(Self::Gzip),
        }
    }

    /// Its name in `Content-Encoding`.
    pub(crate) fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        })
    }
}

// === impl Weights ===

impl Weights {
    /// Reads one element of the list, such as `gzip;q=0.5`; one that makes no sense asks for
    /// nothing.
    fn read(&mut self, element: &[u8]) {
        let mut parts = element.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = match parts.next() {
            None => 1000,
            Some(parameter) => weight(parameter).unwrap_or(0),
        };
        match name.as_slice() {
            b"br" => self.brotli = Some(weight),
            b"gzip" | b"x-gzip" => self.gzip = Some(weight),
            b"*" => self.any = Some(weight),
            _ => {}
        }
    }
}

/// The thousandths of a `q=0.5`.
fn weight(parameter: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(parameter).ok()?;
    let (name, value) = text.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, part) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(whole, "0" | "1") || part.len() > 3 || !is_number(part) {
        return None;
    }
    let thousandths: u16 = format!("{part:0<3}").parse().ok()?;
    Some(if whole == "1" { 1000 } else { thousandths })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(values: &[&'static str]) -> Option<Coding> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
        }
        Coding::accepted(&headers)
    }

    #[test]
    fn a_client_is_given_what_it_likes_best() {
        for (values, coding) in [
            (&["gzip, deflate, br, zstd"][..], Some(Coding::Brotli)),
            (&["gzip, deflate"], Some(Coding::Gzip)),
            (&["gzip", "br"], Some(Coding::Brotli)),
            (&["x-GZIP"], Some(Coding::Gzip)),
            (&["br;q=0.5, gzip;q=0.8"], Some(Coding::Gzip)),
            (&["br ; Q=0.800, gzip;q=0.8"], Some(Coding::Brotli)),
            (&["*"], Some(Coding::Brotli)),
            (&["*;q=0.1, br;q=0"], Some(Coding::Gzip)),
            (&["gzip;q=1.000"], Some(Coding::Gzip)),
        ] {
            assert_eq!(accepted(values), coding, "{values:?}");
        }
    }

    #[test]
    fn what_it_did_not_ask_for_it_is_not_given() {
        for values in [
            &[][..],
            &[""],
            &["identity"],
            &["deflate, zstd"],
            &["gzip;q=0, br;q=0.000"],
            &["*;q=0"],
            &["gzip;q=2", "br;q=-1"],
            &["gzip;q=0.1234", "br;q="],
            &["gzip;level=9"],
            &["gzipped, brotli"],
        ] {
            assert_eq!(accepted(values), None, "{values:?}");
        }
    }
}
