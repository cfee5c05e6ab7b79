//! Whether anybody still waits for a call that runs in a task of its own.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::{Context, Waker};

use super::flights::Flight;

/// Whether the caller of a call that runs in a task of its own is still there.
#[derive(Debug, Default)]
pub(super) struct Gone {
    is: Cell<bool>,
    /// Who else may want what it asks for: then it is gone once all are.
    flight: Option<Arc<Flight>>,
    heard: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Gone {
    /// Of a call that several callers may wait for.
    pub(super) fn of(flight: Arc<Flight>) -> Self {
        Self { flight: Some(flight), ..Self::default() }
    }

    /// The caller left.
    pub(super) fn leave(&self) {
        self.is.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Whether there is news, once; else wakes when there is.
    pub(super) fn is_news(&self, cx: &Context<'_>) -> bool {
        let deserted = self.flight.as_ref().is_some_and(|flight| flight.is_deserted(cx));
        if self.is.get() || deserted {
            return !self.heard.replace(true);
        }
        self.waker.replace(Some(cx.waker().clone()));
        false
    }
}
