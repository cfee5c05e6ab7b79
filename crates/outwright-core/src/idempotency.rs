//! What makes a repeat safe, and what is left unknown when it is not.
