//! Sizes for people.

/// `312 B`, `4.0 KB`, `1.2 GB`.
pub(crate) fn short(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        assert_eq!(short(312), "312 B");
        assert_eq!(short(4000), "4.0 KB");
        assert_eq!(short(127_400_000), "127.4 MB");
        assert_eq!(short(1_250_000_000), "1.2 GB");
    }
}
