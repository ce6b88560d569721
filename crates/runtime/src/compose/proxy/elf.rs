//! Which loader a program names, by its ELF header. Pure.

/// The type of the program header that names the loader.
const PT_INTERP: u32 = 3;

/// The loader of a dynamic program; `None` of a static one, or of what is no ELF of 64 bits in
/// little-endian order, as everything that this program runs on is.
pub(super) fn interpreter(program: &[u8]) -> Option<&str> {
    if !program.starts_with(&[0x7f, b'E', b'L', b'F', 2, 1]) {
        return None;
    }
    let first = usize::try_from(number::<8>(program, 32)?).ok()?;
    let size = usize::try_from(number::<2>(program, 54)?).ok()?;
    let count = usize::try_from(number::<2>(program, 56)?).ok()?;
    let mut headers = (0..count).map(|index| first + index * size);
    let header = headers.find(|&at| number::<4>(program, at) == Some(PT_INTERP.into()))?;
    let start = usize::try_from(number::<8>(program, header + 8)?).ok()?;
    let length = usize::try_from(number::<8>(program, header + 32)?).ok()?;
    let text = program.get(start..start.checked_add(length)?)?;
    std::str::from_utf8(text)
        .ok()
        .map(|text| text.trim_end_matches('\0'))
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<u64> {
    let part = bytes.get(at..at.checked_add(N)?)?;
    let mut whole = [0; 8];
    whole[..N].copy_from_slice(part);
    Some(u64::from_le_bytes(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_program_names_its_loader() {
        let own = std::fs::read("/proc/self/exe").unwrap();
        // The tests themselves are linked either way.
        if let Some(loader) = interpreter(&own) {
            assert!(std::path::Path::new(loader).is_absolute(), "{loader}");
        }
        let mut program = vec![0; 128];
        program[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        program[32] = 64;
        program[54] = 56;
        program[56] = 1;
        program[64] = 3;
        program[72] = 120;
        program[96] = 5;
        program[120..125].copy_from_slice(b"/ld\0\0");
        assert_eq!(interpreter(&program), Some("/ld"));
        program[64] = 1;
        assert_eq!(interpreter(&program), None);
        assert_eq!(interpreter(b"#!/bin/sh"), None);
        assert_eq!(interpreter(&program[..60]), None);
    }
}
