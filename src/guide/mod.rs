//! Guides, one for each of three readers, and one for all of them.
//!
//! - [`theorems`]: you want to check the mathematics, or have a conjecture.
//! - [`weights`]: you have weights that were recorded while a network learned.
//! - [`recordings`]: you have a recording of neurons.
//! - [`machines`]: you have many machines.
//!
//! What they show of the program is what it prints: the tests run their commands.

#[doc = include_str!("theorems.md")]
pub mod theorems {}

#[doc = include_str!("weights.md")]
pub mod weights {}

#[doc = include_str!("recordings.md")]
pub mod recordings {}

#[doc = include_str!("machines.md")]
pub mod machines {}
