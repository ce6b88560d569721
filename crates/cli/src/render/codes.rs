//! Codes of findings as a list.

use shipway_compose::diagnostic::{Area, Code};

/// The codes of an area with what they mean, one a line.
pub(crate) fn list(area: Area) -> String {
    let codes = Code::ALL.iter().filter(|code| code.area() == area);
    codes
        .map(|code| format!("  {code:<20} {}\n", code.title()))
        .collect()
}
