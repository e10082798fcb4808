//! What could not be decided of the ranks of recorded weights, in sentences.

use super::WeightRanks;
use super::ranks::is_hidden;
use crate::matrix::{CLEAR_GAP, Rank};

/// What could not be decided of recorded weights, and why: one sentence for each.
pub fn doubts(ranks: &WeightRanks) -> Vec<String> {
    let slices = ranks.ranks.iter().enumerate().map(|(k, rank)| (format!("rank of W_{k}"), rank));
    let increments = ranks.increment_ranks.iter().enumerate();
    let increments = increments.map(|(k, rank)| (format!("rank of W_{k} - W_0"), rank));
    let unfoldings = ["r1 (rows)", "r2 (columns)", "r3 (steps)"].map(str::to_owned);
    let unfoldings = unfoldings.into_iter().zip(&ranks.tensor.unfolding_ranks);
    let space = ranks.space.iter();
    let space = space.map(|rank| ("dimension of the space of learning".to_owned(), rank));
    let mut doubts: Vec<String> = (slices.chain(increments).chain(unfoldings).chain(space))
        .filter_map(|(what, rank)| doubt(&what, rank, ranks.exponent))
        .collect();
    if ranks.tensor.cp_upper.is_none() {
        let why = "no decomposition reproduces the tensor within the noise";
        doubts.push(format!("CP rank: at least {}, {why}", ranks.tensor.cp_lower.bound));
    }
    doubts
}

/// A sentence on a rank that is not known.
fn doubt(what: &str, rank: &Rank, exponent: i32) -> Option<String> {
    if rank.known().is_some() {
        return None;
    }
    let (values, floor) = rank.spectrum()?;
    let written = |value| scientific(value, exponent, 1);
    if is_hidden(rank) {
        let (largest, floor) = (written(values[0]), written(floor));
        return Some(format!(
            "{what}: hidden, because singular value 1 is {largest}, less than {CLEAR_GAP} times the \
             noise floor {floor}"
        ));
    }
    let next = written(*values.get(rank.bounds.lower)?);
    Some(format!(
        "{what}: between {} and {}, because singular value {} is {next}, less than {CLEAR_GAP} \
         times the noise floor {}",
        rank.bounds.lower,
        rank.bounds.upper,
        rank.bounds.lower + 1,
        written(floor)
    ))
}

/// A number times 2^exponent as `1.2e-300`, where that may be no f64.
pub fn scientific(number: f64, exponent: i32, decimals: usize) -> String {
    let half = exponent / 2;
    let product = number * f64::from(half).exp2() * f64::from(exponent - half).exp2();
    if product.is_normal() || number == 0.0 || !number.is_finite() {
        return format!("{product:.decimals$e}");
    }
    let power = number.abs().log10() + f64::from(exponent) * std::f64::consts::LOG10_2;
    let mantissa = number.signum() * 10.0_f64.powf(power - power.floor());
    // The mantissa may be rounded to ten.
    let text = format!("{mantissa:.decimals$e}");
    let (mantissa, carry) = text.split_once('e').expect("an exponent");
    let carry: f64 = carry.parse().expect("a number");
    format!("{mantissa}e{}", power.floor() + carry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Matrix, RankRevealing};

    fn of_values(values: [f64; 3], noise: f64) -> Rank {
        f64::rank(&Matrix::from_fn(3, 3, |i, j| if i == j { values[i] } else { 0.0 }), noise)
    }

    #[test]
    fn a_rank_that_is_not_known_is_told_with_its_reason() {
        let told = |values, exponent| doubt("r1", &of_values(values, 0.01), exponent);
        assert_eq!(told([2.0, 1.0, 0.001], 0), None);
        assert_eq!(
            told([2.0, 0.05, 0.001], 0).as_deref(),
            Some(
                "r1: between 1 and 2, because singular value 2 is 5.0e-2, less than 10 times the \
                 noise floor 1.0e-2"
            )
        );
        // Times 2^-10.
        assert_eq!(
            told([0.05, 0.02, 0.001], -10).as_deref(),
            Some(
                "r1: hidden, because singular value 1 is 4.9e-5, less than 10 times the noise floor \
                 9.8e-6"
            )
        );
    }

    /// Also of numbers that no f64 has: 2^1100 = 1.358e331, 2^-1100 = 7.362e-332.
    #[test]
    fn numbers_of_any_unit_are_written() {
        for (number, exponent, decimals, text) in [
            (1.5, 0, 1, "1.5e0"),
            (-0.75, 3, 0, "-6e0"),
            (0.0, 1100, 1, "0.0e0"),
            (1.0, 1100, 2, "1.36e331"),
            (-1.0, 1100, 2, "-1.36e331"),
            (1.0, -1100, 2, "7.36e-332"),
            // 9.96e331 rounds to ten.
            (7.334, 1100, 0, "1e332"),
        ] {
            assert_eq!(scientific(number, exponent, decimals), text);
        }
    }
}
