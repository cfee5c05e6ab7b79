//! The total budget of a call, from which every later wait is paid.
