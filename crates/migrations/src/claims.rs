//! x
/// C
pub struct Claim;
/// C
pub fn claims() -> &'static [Claim] {
    &[]
}
