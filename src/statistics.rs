//! Mean and variance of a list of numbers, each in one pass of its own: exact where a running update
//! would round; and the median.

/// Mean and variance of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    /// How many there are.
    pub count: usize,
    /// Their mean; NaN of none.
    pub mean: f64,
    /// The sum of their squared deviations from it.
    pub squares: f64,
}

impl Moments {
    /// Of these numbers.
    pub fn of(numbers: impl Iterator<Item = f64> + Clone) -> Self {
        let count = numbers.clone().count();
        let mean = numbers.clone().sum::<f64>() / count as f64;
        let squares = numbers.map(|number| (number - mean).powi(2)).sum();
        Moments { count, mean, squares }
    }

    /// The mean squared deviation from the mean; NaN of no numbers.
    pub fn variance(&self) -> f64 {
        self.squares / self.count as f64
    }

    /// The standard error of the mean; NaN of less than two numbers.
    pub fn standard_error(&self) -> f64 {
        let count = self.count as f64;
        (self.squares / (count - 1.0) / count).sqrt()
    }
}

/// The median of those that are numbers, of an even count the mean of the two in the middle; NaN of none.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.retain(|x| !x.is_nan());
    numbers.sort_by(f64::total_cmp);
    let Some(last) = numbers.len().checked_sub(1) else { return f64::NAN };
    (numbers[last / 2] + numbers[last.div_ceil(2)]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle_of_what_is_a_number() {
        assert_eq!(median(vec![5.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![5.0, f64::NAN, 1.0, 2.0, 9.0]), 3.5);
        assert!(median(vec![f64::NAN]).is_nan());
    }

    #[test]
    fn moments_are_those_of_their_definition() {
        let moments = Moments::of([1.0, 2.0, 6.0].into_iter());
        assert_eq!((moments.count, moments.mean, moments.squares), (3, 3.0, 14.0));
        assert_eq!(moments.variance(), 14.0 / 3.0);
        assert_eq!(moments.standard_error(), (7.0_f64 / 3.0).sqrt());
        let none = Moments::of(std::iter::empty());
        assert!(none.mean.is_nan() && none.variance().is_nan());
        assert!(Moments::of([1.0].into_iter()).standard_error().is_nan());
    }
}
