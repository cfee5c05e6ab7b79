//! OW5xx: degradation is decided, and never dressed up.

mod ow501_no_fallback;
mod ow502_made_up;
mod ow503_no_because;
mod ow504_nothing_kept;
mod ow505_not_showable;

use crate::effective::View;
use crate::finding::Finding;

pub use ow501_no_fallback::NO_FALLBACK;
pub use ow502_made_up::MADE_UP;
pub use ow503_no_because::NO_BECAUSE;
pub use ow504_nothing_kept::NOTHING_KEPT;
pub use ow505_not_showable::NOT_SHOWABLE;

pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    for op in view.operations {
        ow501_no_fallback::check(op, out);
        ow502_made_up::check(op, out);
        ow503_no_because::check(op, out);
        ow504_nothing_kept::check(op, out);
        ow505_not_showable::check(op, out);
    }
}

/// The content type of a fixed answer that names none.
pub(crate) const JSON: &str = "application/json";

/// `application/json`, or anything built on it (RFC 6839 section 3.1).
fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == JSON || kind.ends_with("+json")
}
