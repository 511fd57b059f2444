//! What is to be done, and in which order.
//!
//! `step` makes a request into steps, one an object, in the order of output. `attempt` is what a
//! run is in the middle of: the explanation of a refusal starts from it.

pub mod attempt;
pub mod step;
