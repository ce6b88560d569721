//! How much one file may grow while it is parsed.

/// How much one file may grow while it is parsed.
///
/// Aliases let a file of a few hundred bytes stand for gigabytes; what an
/// alias repeats therefore counts each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nesting of lists and mappings.
    pub depth: usize,
    /// Nodes after all aliases are replaced.
    pub nodes: usize,
    /// Bytes of text after all aliases are replaced.
    pub text: usize,
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Compose's deepest key is at 9; recursion over 100 levels fits any stack.
            depth: 100,
            // What Compose's own loader allows; the largest public files have some 5,000.
            nodes: 100_000,
            // One configuration file of 1 MiB inlined in a few services is real.
            text: 16 * 1024 * 1024,
        }
    }
}
