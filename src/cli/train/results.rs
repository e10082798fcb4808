//! What `train` prints and writes: every block that learned, and its ranks.

use std::path::Path;

use crate::bounds::Bounds;
use crate::file::write_npz;
use crate::matrix::{Factors, Matrix, Rank, SingularValues, count_for_share};
use crate::named::Named;
use crate::network::architecture::Shipped;
use crate::training::{BlockTrajectory, Trajectory};

use super::super::output::{paragraph, table};
use super::{Arguments, Space};

/// What became of a block, from the core of the tensor of its increments.
pub(super) struct Report {
    /// The rank of W_k - c_k W_0 for k = 1..=K.
    ranks: Vec<Rank>,
    /// The singular values of the same, descending, as many for each.
    spectra: Vec<Vec<f64>>,
    unfoldings: [Rank; 3],
    cp: Option<Bounds>,
    /// Effective dimensions of what all gradients are made of, the errors and the activity.
    sources: [usize; 2],
}

/// The share of all squares that effective dimensions hold.
const SHARE: f64 = 0.95;

/// As many dimensions, of these singular values, as hold the share; none of nothing.
fn effective(values: &[f64]) -> usize {
    let squares: Vec<f64> = values.iter().map(|value| value * value).collect();
    if squares.iter().all(|&square| square == 0.0) {
        return 0;
    }
    count_for_share(&squares, SHARE)
}

/// The effective dimensions of the left factors of gradients, Lambda, and of the right ones, Phi.
fn sources(block: BlockTrajectory<'_, f64>) -> [usize; 2] {
    let gradients = (0..block.gradients().len()).filter_map(|j| block.gradient(j));
    let (left, right): (Vec<_>, Vec<_>) = gradients.map(|g| (&g.left, &g.right)).unzip();
    let (rows, cols) = block.shape();
    [(left, rows), (right, cols)].map(|(side, size)| {
        let squares = f64::singular_values(&squares(&side, size));
        effective(&squares.into_iter().map(f64::sqrt).collect::<Vec<_>>())
    })
}

/// A matrix whose singular values are the squares of those of matrices of `size` rows side by side, X X^T
/// or X^T X: the smaller, as there may be many neurons, or many columns.
fn squares(side: &[&Matrix<f64>], size: usize) -> Matrix<f64> {
    let width: usize = side.iter().map(|matrix| matrix.cols()).sum();
    if width >= size {
        let mut sum = Matrix::zeros(size, size);
        for matrix in side {
            sum.add_scaled(1.0, &Matrix::product(matrix.view(), matrix.t()));
        }
        return sum;
    }
    let column = |one: &&Matrix<f64>| {
        let products = side.iter().map(|other| Matrix::product(one.t(), other.view()));
        Matrix::beside(one.cols(), &products.collect::<Vec<_>>()).transposed()
    };
    let columns: Vec<_> = side.iter().map(column).collect();
    Matrix::beside(width, &columns)
}

impl Report {
    pub fn of(block: BlockTrajectory<'_, f64>) -> Self {
        let reduced = block.increments().reduced();
        let noise = block.tensor_noise();
        let spectra: Vec<_> = reduced.slices.iter().map(f64::singular_values).collect();
        let rank =
            |(k, values): (usize, &Vec<f64>)| Rank::of_spectrum(values.clone(), block.noise(k + 1));
        Report {
            ranks: spectra.iter().enumerate().map(rank).collect(),
            unfoldings: reduced.unfolding_ranks(noise),
            cp: reduced.tight_cp_bracket(noise).map(|bracket| bracket.bounds()),
            sources: sources(block),
            spectra,
        }
    }

    /// The table over learning steps and what follows it.
    fn describe(&self, losses: &[f64]) -> String {
        let last = self.ranks.len();
        let mut table =
            table(&["k", "loss", "rank of the increment", "largest singular values"], 0);
        let mut steps: Vec<usize> =
            (0..).map(|power| 1 << power).take_while(|&k| k < last).collect();
        steps.push(last);
        for k in steps {
            let values = self.spectra[k - 1].iter().take(6).map(|value| format!("{value:.1e}"));
            table.add_row([
                k.to_string(),
                format!("{:.6}", losses[k]),
                self.ranks[k - 1].to_string(),
                values.collect::<Vec<_>>().join(" "),
            ]);
        }
        let [r1, r2, r3] = &self.unfoldings;
        let cp = match self.cp {
            Some(Bounds { lower, upper }) if lower == upper => lower.to_string(),
            Some(Bounds { lower, upper }) => format!("{lower} to {upper}"),
            None => "inconclusive".to_owned(),
        };
        let mut text = format!("\n{}\nThe increments as a tensor\n", table);
        text += &paragraph("  unfolding", &format!("{r1} (rows), {r2} (columns), {r3} (steps)"));
        text += &paragraph("  CP rank", &cp);
        text + &self.describe_effective()
    }

    /// What effective-telescoping compares.
    fn describe_effective(&self) -> String {
        let along = |rank: &Rank| rank.spectrum().map_or(0, |(values, _)| effective(values));
        let [rows, columns, steps] = self.unfoldings.each_ref().map(along);
        let [errors, activity] = self.sources;
        let movement = format!("{rows} (rows), {columns} (columns), {steps} (steps)");
        let mut text = "\nDimensions that hold 95 % of all squares\n".to_owned();
        text += &paragraph("  movement ", &movement);
        text += &paragraph("  errors   ", &errors.to_string());
        text + &paragraph("  activity ", &activity.to_string())
    }
}

/// Every block by its name: followed ones at all steps, the others of the start.
pub(super) fn save(
    path: &Path,
    arguments: &Arguments,
    trajectory: &Trajectory<f64>,
    reports: &[Report],
    space: Option<&Space>,
) -> anyhow::Result<()> {
    let steps = trajectory.steps();
    write_npz(path, |npz| {
        for (name, block) in trajectory.start.iter() {
            let (rows, cols) = block.shape();
            match trajectory.of(name) {
                Ok(history) if arguments.factors && name == "W" => {
                    let (left, right, coefficients) = factors(history, steps);
                    let terms = left.cols();
                    npz.array("left", &[rows, terms], &row_major(&left))?;
                    npz.array("right", &[cols, terms], &row_major(&right))?;
                    let shape = [steps + 1, terms];
                    npz.array("coefficients", &shape, &row_major(&coefficients))?;
                }
                Ok(history) => {
                    let slices = (0..=steps).map(|k| row_major(&history.weights_at(k)));
                    npz.array_in_parts(name, &[steps + 1, rows, cols], slices)?;
                }
                Err(_) if is_vector(name) => npz.array(name, &[rows], block.to_matrix().data())?,
                Err(_) => npz.array(name, &[rows, cols], &row_major(&block.to_matrix()))?,
            }
        }
        if let Some(Space { basis, identity }) = space {
            npz.array("basis", &[basis.rows(), basis.cols()], &row_major(basis))?;
            let left = |k| trajectory.of("W").map_or(1.0, |history| history.remainder(k));
            let identity: Vec<_> = (0..=steps).map(|k| left(k) * identity).collect();
            npz.array("identity", &[steps + 1], &identity)?;
        }
        npz.array("loss", &[steps + 1], &trajectory.losses)?;
        let several = reports.len() > 1;
        for ((name, _), report) in trajectory.followed().zip(reports) {
            let width = report.spectra.first().map_or(0, Vec::len);
            let spectra = [vec![0.0; width], report.spectra.concat()].concat();
            let name =
                if several && name != "W" { format!("{name}.spectra") } else { "spectra".into() };
            npz.array(&name, &[steps + 1, width], &spectra)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Whether a block is a bias or a state, a list of numbers.
fn is_vector(name: &str) -> bool {
    let own = name.rsplit('.').next().unwrap_or(name);
    own.starts_with("bias") || ["h0", "x0"].contains(&own)
}

/// The factors of all gradients of a block side by side, (m, R) and (n, R), and their coefficients
/// in W_k - c_k W_0, (K + 1, R).
fn factors(
    block: BlockTrajectory<'_, f64>,
    steps: usize,
) -> (Matrix<f64>, Matrix<f64>, Matrix<f64>) {
    let (rows, cols) = block.shape();
    let gradients = block.gradients();
    let owner: Vec<usize> = (gradients.iter().enumerate())
        .flat_map(|(j, gradient): (usize, &Factors<f64>)| std::iter::repeat_n(j, gradient.width()))
        .collect();
    let coefficients =
        Matrix::from_fn(steps + 1, owner.len(), |k, r| block.coefficient(k, owner[r]));
    let left = Matrix::beside(rows, gradients.iter().map(|gradient| &gradient.left));
    let right = Matrix::beside(cols, gradients.iter().map(|gradient| &gradient.right));
    (left, right, coefficients)
}

fn row_major(matrix: &Matrix<f64>) -> Vec<f64> {
    matrix.transposed().data().to_vec()
}

/// The loss and the ranks of every block that was followed.
pub(super) fn describe(
    arguments: &Arguments,
    trajectory: &Trajectory<f64>,
    reports: &[Report],
    space: Option<&Space>,
) -> String {
    let (task, neurons) = (arguments.task.name(), arguments.neurons);
    let kind = match arguments.architecture {
        Shipped::Rnn => String::new(),
        other => format!(", {}", other.name()),
    };
    let learn =
        space.map_or(String::new(), |space| format!(", which learn as {} do", space.basis.cols()));
    let losses = &trajectory.losses;
    let mut text =
        format!("{task}{kind} with {neurons} neurons{learn}: loss {:.6} at the start\n", losses[0]);
    for ((name, block), report) in trajectory.followed().zip(reports) {
        if reports.len() > 1 || arguments.architecture != Shipped::Rnn {
            let (rows, cols) = block.shape();
            text += &format!("\n{name}, {rows} x {cols}\n");
        }
        text += &report.describe(losses);
    }
    match &arguments.out {
        Some(path) => text + &format!("\nWritten to {}\n", path.display()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;
    use crate::task::Dimensions;
    use crate::theorem::{Case, Setting};

    #[test]
    fn effective_dimensions_hold_the_share() {
        // 16 of 25, 100 of 101, nothing.
        let values: [&[f64]; 4] = [&[4.0, 3.0], &[10.0, 1.0], &[0.0, 0.0], &[]];
        assert_eq!(values.map(effective), [2, 1, 0, 0]);
    }

    /// Against the singular values of all factors side by side.
    #[test]
    fn sources_are_those_of_all_gradients() {
        // As many columns as neurons and more, and fewer.
        for neurons in [9, 60] {
            sources_are_those_with(neurons);
        }
    }

    fn sources_are_those_with(neurons: usize) {
        let dimensions = Dimensions { neurons, d_in: 2, d_out: 3, steps: 4, trials: 3 };
        let setting = Setting { learning_steps: 3, ..Setting::plain(dimensions) };
        let case = Case::<f64>::draw(&setting, Stream::new("sources", 0, 0), None).expect("f64");
        let trajectory = case.train().expect("a run that ends");
        let block = trajectory.of("W").expect("it is followed");
        let side = |of: fn(&Factors<f64>) -> &Matrix<f64>| {
            let all = Matrix::beside(neurons, block.gradients().iter().map(of));
            effective(&f64::singular_values(&all))
        };
        let expected = [side(|gradient| &gradient.left), side(|gradient| &gradient.right)];
        assert_eq!(sources(block), expected);
        assert!(neurons != 9 || expected == [1, 2], "{expected:?}");
    }
}
