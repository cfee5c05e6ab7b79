//! Whether a usable credential is there, and which version.
