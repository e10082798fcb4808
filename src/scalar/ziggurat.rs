//! Standard normal numbers by the ziggurat: layers of one area that cover the density, so that of most
//! numbers no more is taken than one draw of 64 bits, a product and a comparison.
//!
//! G. Marsaglia and W. W. Tsang, "The ziggurat method for generating random variables", Journal of
//! Statistical Software 5 (2000). Layer and place in it come from different bits (J. A. Doornik, "An
//! improved ziggurat method to generate normal random samples", 2005).

use std::sync::LazyLock;

use super::Stream;

const LAYERS: usize = 256;

/// Where the tail begins.
const TAIL: f64 = 3.654_152_885_361_009;

/// The area of each layer; that of the lowest with the tail.
const AREA: f64 = 0.004_928_673_233_992_336;

static ZIGGURAT: LazyLock<Ziggurat> = LazyLock::new(Ziggurat::new);

pub(super) struct Ziggurat {
    /// The half width of each layer, from the lowest up, and 0 above the last. The lowest is as wide as
    /// if its tail were a part of its rectangle.
    widths: [f64; LAYERS + 1],
    /// The density, 1 at its top, at these.
    heights: [f64; LAYERS + 1],
}

impl Ziggurat {
    /// The one that all draws share.
    pub fn shared() -> &'static Self {
        &ZIGGURAT
    }

    fn new() -> Self {
        let mut widths = [0.0; LAYERS + 1];
        widths[0] = AREA / density(TAIL);
        widths[1] = TAIL;
        for layer in 2..LAYERS {
            let below: f64 = widths[layer - 1];
            widths[layer] = (-2.0 * (AREA / below + density(below)).ln()).sqrt();
        }
        Ziggurat { widths, heights: widths.map(density) }
    }

    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        loop {
            let bits = stream.bits();
            let layer = (bits % LAYERS as u64) as usize;
            // Uniform in [-1, 1), of the upper 53 bits.
            let place = ((bits >> 11) as i64 - (1 << 52)) as f64 / (1u64 << 52) as f64;
            let number = place * self.widths[layer];
            // Under the layer above, the density is higher than this one.
            if number.abs() < self.widths[layer + 1] {
                return number;
            }
            if layer == 0 {
                return tail(stream).copysign(place);
            }
            let [low, high] = [self.heights[layer], self.heights[layer + 1]];
            if low + (high - low) * stream.uniform() < density(number) {
                return number;
            }
        }
    }
}

/// The normal density over that at 0.
fn density(number: f64) -> f64 {
    (-0.5 * number * number).exp()
}

/// A number beyond the lowest layer (G. Marsaglia, "Generating a variable from the tail of the normal
/// distribution", Technometrics 6, 1964).
fn tail(stream: &mut Stream) -> f64 {
    loop {
        let beyond = -(1.0 - stream.uniform()).ln() / TAIL;
        if -2.0 * (1.0 - stream.uniform()).ln() >= beyond * beyond {
            return TAIL + beyond;
        }
    }
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::*;

    /// The constants belong to each other: the last layer ends at the top of the density.
    #[test]
    fn layers_have_one_area_and_end_at_the_top() {
        let Ziggurat { widths, heights } = Ziggurat::shared();
        for layer in 1..LAYERS {
            let area = widths[layer] * (heights[layer + 1] - heights[layer]);
            assert!((area - AREA).abs() < 1e-11, "layer {layer}: {area}");
        }
        assert!(widths.is_sorted_by(|a, b| a > b));
    }

    /// Kolmogorov-Smirnov at level 1e-3: numbers beyond the layers follow the normal law there.
    #[test]
    fn the_tail_is_that_of_the_normal_law() {
        const DRAWS: usize = 200_000;
        let (law, mut stream) = (Normal::standard(), Stream::new("tail", 0, 0));
        let mut numbers: Vec<_> = (0..DRAWS).map(|_| tail(&mut stream)).collect();
        numbers.sort_by(f64::total_cmp);
        let below = |number: f64| 1.0 - law.sf(number) / law.sf(TAIL);
        let distance = (numbers.iter().enumerate())
            .map(|(i, &number)| (below(number) - i as f64 / DRAWS as f64).abs())
            .fold(0.0, f64::max);
        assert!(distance < 1.95 / (DRAWS as f64).sqrt(), "distance {distance}");
    }

    /// As many as the law has there: four standard deviations of 8 million draws are 6 percent.
    #[test]
    fn numbers_beyond_the_layers_are_as_many_as_of_the_normal_law() {
        const DRAWS: usize = 8_000_000;
        let mut stream = Stream::new("beyond the layers", 0, 0);
        let draws = (0..DRAWS).map(|_| Ziggurat::shared().draw(&mut stream));
        let found = draws.filter(|number| number.abs() > TAIL).count() as f64;
        let expected = 2.0 * Normal::standard().sf(TAIL) * DRAWS as f64;
        assert!((found - expected).abs() < 4.0 * expected.sqrt(), "{found}, expected {expected}");
    }
}
