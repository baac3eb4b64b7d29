//! How large a template and its rendering may be.
//!
//! Invariant: every limit is checked before the memory is taken or the step is run, never after.

use serde::{Deserialize, Serialize};

/// The bounds of one template and one rendering. The defaults are what the service promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of one part or one layout: 256 KB.
    pub source_bytes: usize,
    /// Bytes of all layouts that one template reaches: 1 MB.
    pub layout_bytes: usize,
    /// Bytes of the context, as text plus 32 for each value: 1 MB.
    pub context_bytes: usize,
    /// Bytes of one rendered part: 1 MB.
    pub output_bytes: usize,
    /// Instructions that one part may run: 200,000. Go: the nodes that it may walk.
    pub fuel: u64,
    /// Bytes that one part may build or look through besides its output: 8 MB. Bounds memory and,
    /// with `fuel`, time; see the `meter` module.
    pub work_bytes: usize,
    /// Bytes of one value that a template builds: 256 KB.
    pub value_bytes: usize,
    /// How deep includes may nest: 16. A macro costs 4/10 of an include, so macros nest 40 deep.
    pub include_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            source_bytes: 256 << 10,
            layout_bytes: 1 << 20,
            context_bytes: 1 << 20,
            output_bytes: 1 << 20,
            fuel: 200_000,
            work_bytes: 8 << 20,
            value_bytes: 256 << 10,
            include_depth: 16,
        }
    }
}
