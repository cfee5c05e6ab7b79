//! The joint grant, the queue and its wake-ups, case by case.
