//! Paths that two programs could read differently.
//!
//! Paths are matched as they are written and go on as they are written. An
//! application may read them in another way: decode `%61`, take `..` and `//`
//! out, drop what comes behind `;`. Where such a reading would belong to
//! another route, the request is for nobody: else whoever writes it so gets
//! past what that route asks for, or out of the part that this one has.

use std::borrow::Cow;

/// How often `%25…` is followed: one program in front of another decodes twice.
const ROUNDS: usize = 2;

/// Whether a path can be read in more than one way at all; a single pass, for every request of a
/// host that is divided.
pub(super) fn is_doubtful(path: &str) -> bool {
    let bytes = path.as_bytes();
    let is_telling = |pair: &[u8]| matches!(pair, b"//" | b"/.");
    memchr::memchr3(b'%', b';', b'\\', bytes).is_some() || bytes.windows(2).any(is_telling)
}

/// The ways in which a path is read by one program or another.
pub(super) fn readings(path: &str) -> impl Iterator<Item = String> {
    // What is split before it is decoded, and what is decoded before it is split.
    let mut texts = vec![path.to_owned(), decode_if(path, |byte| byte != b'/')];
    let mut decoded = path.to_owned();
    for _ in 0..ROUNDS {
        decoded = decode_if(&decoded, |_| true);
        texts.push(decoded.clone());
    }
    texts.into_iter().flat_map(|text| {
        (0..8_u8).map(move |ways| {
            let drops_parameters = ways & 1 != 0;
            let merges_slashes = ways & 2 != 0;
            let turns_backslashes = ways & 4 != 0;
            let text = match turns_backslashes {
                true => Cow::Owned(text.replace('\\', "/")),
                false => Cow::Borrowed(text.as_str()),
            };
            resolve(&text, drops_parameters, merges_slashes)
        })
    })
}

/// Takes dotted segments out, and what else a program may.
fn resolve(path: &str, drops_parameters: bool, merges_slashes: bool) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let path = path.strip_prefix('/').unwrap_or(path);
    for segment in path.split('/') {
        let name = match drops_parameters {
            true => segment.split(';').next().unwrap_or_default(),
            false => segment,
        };
        match name {
            "." => {}
            ".." => {
                kept.pop();
            }
            "" if merges_slashes => {}
            name => kept.push(name),
        }
    }
    format!("/{}", kept.join("/"))
}

/// What is no text afterwards is none to whoever compares it either.
fn decode_if(text: &str, is_wanted: impl Fn(u8) -> bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1).zip(bytes.get(at + 2));
        let value = digits.filter(|_| byte == b'%').and_then(hex);
        match value.filter(|&value| is_wanted(value)) {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex((high, low): (&u8, &u8)) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(*high)? * 16 + digit(*low)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_are_read_in_one_way() {
        for plain in ["/", "/api/orders", "/a.b/c..d", "*", "/~x/@me:1,2"] {
            assert!(!is_doubtful(plain), "{plain}");
        }
        for doubtful in [
            "//",
            "/a//b",
            "/./a",
            "/a/..",
            "/.well-known/x",
            "/a%2fb",
            "/a;b",
            "/a\\b",
        ] {
            assert!(is_doubtful(doubtful), "{doubtful}");
        }
    }

    #[test]
    fn every_trick_has_its_reading() {
        for (path, reading) in [
            ("//admin", "/admin"),
            ("/./admin", "/admin"),
            ("/x/../admin", "/admin"),
            ("/x/%2e%2e/admin", "/admin"),
            ("/x/..;/admin", "/admin"),
            ("/x/..%3b/admin", "/admin"),
            ("/admin;x=1/a", "/admin/a"),
            ("/x%2f..%2fadmin", "/admin"),
            ("/x%2fy/../admin", "/admin"),
            ("/x//../admin", "/admin"),
            ("/%61dmin", "/admin"),
            ("/%2561dmin", "/admin"),
            ("/x/%252e%252e/admin", "/admin"),
            ("/x\\..\\admin", "/admin"),
            ("/x%5c..%5cadmin", "/admin"),
            ("/../../admin", "/admin"),
        ] {
            assert!(is_doubtful(path), "{path}");
            assert!(readings(path).any(|it| it == reading), "{path}");
        }
    }

    #[test]
    fn what_is_not_encoded_well_is_read_as_it_is() {
        for path in ["/%", "/%2", "/%zz", "/%ff"] {
            assert!(readings(path).count() > 0, "{path}");
        }
    }

    #[test]
    fn a_well_known_path_stays_what_it_is() {
        let path = "/.well-known/acme-challenge/x";
        assert!(readings(path).all(|it| it == path));
    }
}
