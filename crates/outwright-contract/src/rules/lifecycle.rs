//! OW9xx: changes of the provider, waivers and reviews have dates.

mod ow901_no_lifecycle;
mod ow902_expired;
mod ow903_idle_waiver;
mod ow904_not_reviewed;
mod ow905_no_version;

use crate::effective::View;
use crate::finding::Finding;

pub use ow901_no_lifecycle::NO_LIFECYCLE;
pub use ow902_expired::EXPIRED;
pub use ow903_idle_waiver::IDLE_WAIVER;
pub use ow904_not_reviewed::NOT_REVIEWED;
pub use ow905_no_version::NO_VERSION;

/// Idle waivers are found where waivers are applied.
pub(crate) fn check(view: &View<'_>, out: &mut Vec<Finding>) {
    ow901_no_lifecycle::check(view, out);
    ow902_expired::check(view, out);
    ow904_not_reviewed::check(view, out);
    ow905_no_version::check(view, out);
}
