//! Say: contract text to findings, or to a checked provider.
