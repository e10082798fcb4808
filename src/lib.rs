//! rankproof

pub mod matrix;
pub mod network;
pub mod recording;
pub mod report;
pub mod scalar;
pub mod task;
pub mod tensor;
pub mod theorem;
pub mod training;
