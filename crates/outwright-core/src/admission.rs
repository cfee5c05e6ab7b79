//! Which operation a request is, and whether it may be sent at all.

use http::Method;

use crate::provider::OpIndex;

/// Finds the operation of a method and path.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    #[expect(dead_code, reason = "read once the routes are found here")]
    pub(crate) entries: Vec<(Method, Box<str>, OpIndex)>,
}
