//! Named random streams: everything random in the project is drawn from one.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::ziggurat::Ziggurat;

/// A ChaCha stream that is a function of a purpose, a seed and a case number.
///
/// Two streams of different names are independent, so adding a draw in one place never changes
/// the numbers drawn in another. The samplers are our own, because the value streams of
/// distributions change between versions of the `rand` crates and published numbers rest on them.
///
/// # Examples
///
/// ```
/// use rankproof::scalar::Stream;
///
/// let stream = Stream::new("invariant-subspace/exact", 7, 42);
/// let (mut inputs, mut weights) = (stream.named("inputs"), stream.named("weights"));
/// assert_ne!(inputs.bits(), weights.bits());
/// assert_eq!(stream.named("inputs").uniform(), stream.named("inputs").uniform());
/// ```
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u8; 32],
    generator: ChaCha12Rng,
    /// Which of the streams that run beside this one is meant.
    direction: u64,
    beside: Option<Box<Stream>>,
}

impl Stream {
    /// The stream of this purpose, seed and case.
    pub fn new(purpose: &str, seed: u64, case: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&fingerprint(purpose).to_le_bytes());
        key[8..16].copy_from_slice(&seed.to_le_bytes());
        key[16..24].copy_from_slice(&case.to_le_bytes());
        Stream::of(key, 0)
    }

    fn of(key: [u8; 32], direction: u64) -> Self {
        Stream { key, generator: ChaCha12Rng::from_seed(key), direction, beside: None }
    }

    /// The same stream with another one [beside](Stream::beside) it, and beside all of its parts:
    /// the same place, and another direction to leave it in.
    pub fn along(&self, direction: u64) -> Self {
        Stream { direction, beside: None, ..self.clone() }
    }

    /// The stream that runs beside this one, for what belongs to a number and is not to change it.
    pub fn beside(&mut self) -> &mut Stream {
        let Stream { beside, direction, key, .. } = self;
        beside.get_or_insert_with(|| {
            Box::new(Stream::of(*key, 0).named("beside").named(&direction.to_string()))
        })
    }

    /// The stream of one named part of what this one is for. It does not depend on how much was
    /// drawn from this one.
    pub fn named(&self, part: &str) -> Self {
        let mut key = self.key;
        let chained =
            fingerprint(part) ^ u64::from_le_bytes(key[24..].try_into().expect("8 bytes"));
        key[24..].copy_from_slice(&chained.rotate_left(17).to_le_bytes());
        Stream::of(key, self.direction)
    }

    /// The 32 bytes that determine the stream, to seed another generator with.
    pub fn key(&self) -> [u8; 32] {
        self.key
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in 0..bound.
    ///
    /// # Panics
    ///
    /// If the bound is zero.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "a number below zero was asked for");
        // The bias of at most bound / 2^64 is far below what any run could show.
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    /// Standard normal (Box-Muller; the second of the pair is not kept).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Fills with standard normal numbers, others than [`normal`](Self::normal) would draw and several
    /// times as fast: for nulls, which take millions.
    pub fn fill_normal(&mut self, numbers: &mut [f64]) {
        let ziggurat = Ziggurat::shared();
        numbers.iter_mut().for_each(|number| *number = ziggurat.draw(self));
    }

    /// A permutation of 0..length (Fisher-Yates).
    pub fn permutation(&mut self, length: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..length).collect();
        for last in (1..length).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

/// FNV-1a, 64 bits: a hash that is the same on every machine and in every version.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, Normal};

    #[test]
    fn names_separate_streams_and_repeat_them() {
        let stream = Stream::new("a", 1, 2);
        let draw = |mut stream: Stream| (0..8).map(|_| stream.bits()).collect::<Vec<_>>();
        assert_eq!(draw(stream.named("x").named("y")), draw(stream.named("x").named("y")));
        for other in [
            stream.named("y"),
            stream.named("y").named("x"),
            Stream::new("a", 1, 3).named("x").named("y"),
            Stream::new("a", 2, 2).named("x").named("y"),
            Stream::new("b", 1, 2).named("x").named("y"),
        ] {
            assert_ne!(draw(stream.named("x").named("y")), draw(other));
        }
    }

    /// Kolmogorov-Smirnov at level 1e-3, for a fixed seed.
    fn assert_normal(mut draws: Vec<f64>) {
        draws.sort_by(f64::total_cmp);
        let law = Normal::standard();
        let distance = draws
            .iter()
            .enumerate()
            .map(|(i, &x)| (law.cdf(x) - i as f64 / draws.len() as f64).abs())
            .fold(0.0, f64::max);
        assert!(distance < 1.95 / (draws.len() as f64).sqrt(), "distance {distance}");
    }

    #[test]
    fn normal_draws_follow_the_normal_law() {
        let mut stream = Stream::new("kolmogorov", 0, 0);
        assert_normal((0..20_000).map(|_| stream.normal()).collect());
    }

    /// Also far out, where numbers come from the tail beside the layers.
    #[test]
    fn filled_draws_follow_the_normal_law() {
        let mut draws = vec![0.0; 1_000_000];
        Stream::new("ziggurat", 0, 0).fill_normal(&mut draws);
        let law = Normal::standard();
        for beyond in [3.0, 3.6, 3.7, 4.2] {
            for sign in [-1.0, 1.0] {
                let found = draws.iter().filter(|&&x| sign * x > beyond).count() as f64;
                let expected = law.cdf(-beyond) * draws.len() as f64;
                let error = expected.sqrt();
                assert!((found - expected).abs() < 4.0 * error, "{beyond}: {found} {expected}");
            }
        }
        let count = draws.len() as f64;
        let moment = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / count;
        // Means of powers have variances of 1, 2, 15 and 96 over the number of draws.
        for (power, expected, variance) in
            [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]
        {
            let error = (variance / count).sqrt();
            assert!((moment(power) - expected).abs() < 4.0 * error, "{power}: {}", moment(power));
        }
        assert_normal(draws);
    }

    #[test]
    fn permutations_are_permutations_and_bounded_draws_reach_their_ends() {
        let mut stream = Stream::new("permutation", 0, 0);
        let mut order = stream.permutation(50);
        assert_ne!(order, (0..50).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..50).collect::<Vec<_>>());
        let seen: std::collections::BTreeSet<_> = (0..200).map(|_| stream.below(5)).collect();
        assert_eq!(seen, (0..5).collect());
    }
}
