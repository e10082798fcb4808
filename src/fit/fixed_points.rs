//! Fixed points and slow points of the dynamics of a trial, and their stability.
//!
//! The weights and the bias push states within one flat of R dimensions, x = bias + A z: across it
//! every state decays to the flat at rate 1. So all fixed points lie there, and so do the slow points
//! that are looked for: minima of the speed |tau dx/dt| over z, found by the Levenberg-Marquardt
//! method from many starts (Sussillo and Barak, "Opening the black box", Neural Computation 2013),
//! and from where the dynamics lead from these, so that what attracts is found however far it is.

use super::dynamics::{Dynamics, Eigenvalue, eigenvalues};
use crate::matrix::{Matrix, ThinQr};
use crate::scalar::Stream;
use crate::statistics::median;

/// How long the dynamics run from a start, in time constants.
const RUN: f64 = 30.0;
/// Steps from a start at most.
const STEPS: usize = 500;
/// The speed of a fixed point is below this, in units of the size of visited states.
const STILL: f64 = 1e-8;
/// A minimum of the speed is one of its gradient relative to it.
const FLAT: f64 = 1e-4;
/// A slow point is slower than this share of the median speed at visited states.
const SLOW: f64 = 0.1;
/// Points nearer than this, in units of the size of visited states, are one.
const SAME: f64 = 1e-3;
/// By how much starts lie around visited states, in units of their spread.
const AROUND: f64 = 0.5;

/// What there is at a point where the dynamics stand still, or nearly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointKind {
    /// Nothing moves, and states nearby come back.
    Stable,
    /// Nothing moves, and some states nearby leave.
    Unstable,
    /// A minimum of the speed that is not zero, below a tenth of the median speed at visited states.
    Slow,
}

impl PointKind {
    /// `stable`, `unstable` or `slow`.
    pub fn name(self) -> &'static str {
        match self {
            PointKind::Stable => "stable",
            PointKind::Unstable => "unstable",
            PointKind::Slow => "slow",
        }
    }
}

/// A point where the dynamics stand still, or nearly.
#[derive(Clone, Debug)]
pub struct FixedPoint {
    /// What it is.
    pub kind: PointKind,
    /// x, (N).
    pub state: Vec<f64>,
    /// |tau dx/dt|.
    pub speed: f64,
    /// The R eigenvalues of the Jacobian of tau dx/dt within the flat, the largest real part first;
    /// the N - R others are -1.
    pub eigenvalues: Vec<Eigenvalue>,
    /// From how many starts it was found.
    pub found: usize,
}

/// All that was found from many starts.
#[derive(Clone, Debug)]
pub struct FixedPoints {
    /// The points, the one found from most starts first.
    pub points: Vec<FixedPoint>,
    /// How many starts there were.
    pub starts: usize,
    /// Starts that ended at a point that is not slow, or at none.
    pub lost: usize,
}

impl Dynamics {
    /// Looks for fixed points and slow points without inputs from as many starts around the visited
    /// states (N, any number), drawn from a stream, from where the dynamics lead from these, and from
    /// the states `also` (N, any number).
    /// A point is stable by Euler's step, which is the model: all of 1 + leak lambda lie inside the
    /// unit circle.
    ///
    /// # Panics
    ///
    /// If there is no visited state, or states do not have N rows.
    pub fn fixed_points(
        &self,
        visited: &Matrix<f64>,
        also: &Matrix<f64>,
        starts: usize,
        stream: &Stream,
    ) -> FixedPoints {
        let flat = Flat::new(self);
        let size = visited.norm() / (visited.cols() as f64).sqrt();
        let size = if size > 0.0 { size } else { 1.0 };
        let slow = SLOW * median(flat.dynamics.speeds(visited));
        let mut found: Vec<FixedPoint> = Vec::new();
        let mut lost = 0;
        let all = starts_around(&flat.coordinates(visited), starts, stream);
        let ends = flat.coordinates(&self.run(flat.state(&all)));
        let all = Matrix::beside(all.rows(), [&all, &ends, &flat.coordinates(also)]);
        for start in 0..all.cols() {
            let end = flat.slowest_near(all.column(start), STILL * size);
            let Some(point) = end.and_then(|z| flat.point(&z, STILL * size, slow)) else {
                lost += 1;
                continue;
            };
            match found.iter_mut().find(|other| distance(&other.state, &point.state) < SAME * size)
            {
                Some(other) => {
                    let found = other.found + 1;
                    if point.speed < other.speed {
                        *other = point;
                    }
                    other.found = found;
                }
                None => found.push(point),
            }
        }
        found.sort_by_key(|point| std::cmp::Reverse(point.found));
        FixedPoints { points: found, starts: all.cols(), lost }
    }

    /// Where states (N, any number) are after a long time.
    fn run(&self, mut states: Matrix<f64>) -> Matrix<f64> {
        let steps = (RUN / self.leak).ceil().min(10_000.0) as usize;
        (0..steps).for_each(|_| states = self.step(&states));
        states
    }

    /// |tau dx/dt| at states (N, any number).
    fn speeds(&self, states: &Matrix<f64>) -> Vec<f64> {
        let flow = self.flow(states);
        (0..flow.cols()).map(|j| length(flow.column(j))).collect()
    }
}

/// The flat x = bias + A z, and the dynamics on it: dz/dt = -z + c o B^T phi(bias + A z).
struct Flat<'a> {
    dynamics: &'a Dynamics,
    /// The upper factor of A = Q T: |A z| = |T z|, (R, R).
    upper: Matrix<f64>,
}

impl<'a> Flat<'a> {
    fn new(dynamics: &'a Dynamics) -> Self {
        Flat { dynamics, upper: f64::thin_qr(&dynamics.columns).1 }
    }

    /// z of the points of the flat nearest to states (N, any number). Columns that are nearly
    /// dependent have coordinates that are not too large all the same.
    fn coordinates(&self, states: &Matrix<f64>) -> Matrix<f64> {
        let (columns, bias) = (&self.dynamics.columns, &self.dynamics.bias);
        let moved = Matrix::from_fn(states.rows(), states.cols(), |i, j| states[(i, j)] - bias[i]);
        let mut gram = Matrix::product(columns.t(), columns.view());
        (0..gram.rows()).for_each(|r| gram[(r, r)] += 1e-9);
        let right = Matrix::product(columns.t(), moved.view());
        gram.solve_positive(&right).unwrap_or_else(|| Matrix::zeros(right.rows(), right.cols()))
    }

    fn state(&self, z: &Matrix<f64>) -> Matrix<f64> {
        let mut states = self.dynamics.columns.times(z);
        let bias = &self.dynamics.bias;
        for state in states.data_mut().chunks_exact_mut(bias.len()) {
            state.iter_mut().zip(bias).for_each(|(x, b)| *x += b);
        }
        states
    }

    /// dz/dt and its Jacobian, (R, 1) and (R, R).
    fn flow_and_jacobian(&self, z: &Matrix<f64>) -> (Matrix<f64>, Matrix<f64>) {
        let Dynamics { columns, rows, factors, .. } = self.dynamics;
        let (rates, slopes) = self.dynamics.rates(&self.state(z));
        let projections = Matrix::product(rows.t(), rates.view());
        let flow =
            Matrix::from_fn(z.rows(), 1, |r, _| factors[r] * projections[(r, 0)] - z[(r, 0)]);
        let steep = Matrix::from_fn(columns.rows(), columns.cols(), |i, r| {
            slopes[(i, 0)] * columns[(i, r)]
        });
        let coupling = Matrix::product(rows.t(), steep.view());
        let jacobian = Matrix::from_fn(z.rows(), z.rows(), |r, s| {
            factors[r] * coupling[(r, s)] - if r == s { 1.0 } else { 0.0 }
        });
        (flow, jacobian)
    }

    /// The minimum of the speed that is reached from a start; none if none is reached.
    fn slowest_near(&self, start: &[f64], still: f64) -> Option<Matrix<f64>> {
        let mut z = Matrix::from_columns(start.len(), 1, start.to_vec());
        let (flow, jacobian) = self.flow_and_jacobian(&z);
        let (mut residual, mut slope) = (self.upper.times(&flow), self.upper.times(&jacobian));
        let mut damping = 1e-2;
        for _ in 0..STEPS {
            let speed = residual.norm();
            let gradient = Matrix::product(slope.t(), residual.view());
            if speed <= still * 1e-3 || gradient.norm() <= 1e-3 * FLAT * speed {
                break;
            }
            let mut normal = Matrix::product(slope.t(), slope.view());
            (0..normal.rows()).for_each(|r| normal[(r, r)] += damping);
            let step = normal.solve_positive(&gradient)?;
            let next = z.minus(&step);
            let (flow, jacobian) = self.flow_and_jacobian(&next);
            let there = self.upper.times(&flow);
            if there.norm() < speed {
                (z, residual, slope) = (next, there, self.upper.times(&jacobian));
                damping = (damping / 3.0).max(1e-14);
            } else if damping > 1e12 {
                break;
            } else {
                damping *= 2.0;
            }
        }
        let gradient = Matrix::product(slope.t(), residual.view()).norm();
        let speed = residual.norm();
        (speed <= still || gradient <= FLAT * speed).then_some(z)
    }

    /// What there is at a minimum of the speed; none if it is neither still nor slow.
    fn point(&self, z: &Matrix<f64>, still: f64, slow: f64) -> Option<FixedPoint> {
        let (flow, jacobian) = self.flow_and_jacobian(z);
        let speed = self.upper.times(&flow).norm();
        let eigenvalues = eigenvalues(&jacobian)?;
        let leak = self.dynamics.leak;
        let inside = |value: &Eigenvalue| (1.0 + leak * value.re).hypot(leak * value.im) < 1.0;
        let kind = match (speed <= still, eigenvalues.iter().all(inside)) {
            (true, true) => PointKind::Stable,
            (true, false) => PointKind::Unstable,
            (false, _) if speed <= slow => PointKind::Slow,
            (false, _) => return None,
        };
        let state = self.state(z).data().to_vec();
        Some(FixedPoint { kind, state, speed, eigenvalues, found: 1 })
    }
}

/// Visited points drawn at random, each moved at random, (R, starts).
fn starts_around(visited: &Matrix<f64>, starts: usize, stream: &Stream) -> Matrix<f64> {
    let mut stream = stream.named("starts");
    let spread = (0..visited.rows()).map(|r| {
        let squares: f64 = (0..visited.cols()).map(|j| visited[(r, j)].powi(2)).sum();
        (squares / visited.cols() as f64).sqrt()
    });
    let spread: Vec<f64> = spread.collect();
    let mut data = Vec::with_capacity(visited.rows() * starts);
    for _ in 0..starts {
        let from = visited.column(stream.below(visited.cols()));
        data.extend(from.iter().zip(&spread).map(|(z, s)| z + AROUND * s * stream.normal()));
    }
    Matrix::from_columns(visited.rows(), starts, data)
}

fn length(vector: &[f64]) -> f64 {
    vector.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Activation;

    /// W = c a a^T of units that are all alike: x = z a with z = c sqrt(N) tanh(z / sqrt(N)).
    fn bistable(strength: f64) -> Dynamics {
        let units = 16;
        let ones = Matrix::from_fn(units, 1, |_, _| 0.25);
        Dynamics {
            columns: ones.clone(),
            rows: ones,
            factors: vec![strength],
            bias: vec![0.0; units],
            leak: 0.2,
            activation: Activation::Tanh,
        }
    }

    fn visited(units: usize) -> Matrix<f64> {
        Matrix::normal(units, 40, 1.0, &mut Stream::new("visited", 0, 0))
    }

    fn points_of(dynamics: &Dynamics) -> FixedPoints {
        let units = dynamics.columns.rows();
        let stream = Stream::new("fixed points", 0, 0);
        dynamics.fixed_points(&visited(units), &Matrix::zeros(units, 0), 50, &stream)
    }

    #[test]
    fn a_bistable_network_has_its_two_stable_points_and_the_saddle_between() {
        let found = points_of(&bistable(2.0)).points;
        assert_eq!(found.len(), 3);
        // The root of u = 2 tanh(u), by bisection.
        let (mut low, mut high) = (1.0_f64, 3.0_f64);
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if middle < 2.0 * middle.tanh() { low = middle } else { high = middle }
        }
        let slope = 1.0 - low.tanh().powi(2);
        for point in &found {
            let u = point.state[0];
            assert!(point.state.iter().all(|x| (x - u).abs() < 1e-9), "all units alike");
            let (expected, kind, eigenvalue) = if u.abs() < 0.1 {
                (0.0, PointKind::Unstable, 1.0)
            } else {
                (low * u.signum(), PointKind::Stable, 2.0 * slope - 1.0)
            };
            assert!((u - expected).abs() < 1e-8, "{u}");
            assert_eq!(point.kind, kind);
            assert!((point.eigenvalues[0].re - eigenvalue).abs() < 1e-7, "{point:?}");
        }
        let signs: Vec<bool> = found.iter().map(|point| point.state[0] > 0.1).collect();
        assert_eq!(signs.iter().filter(|&&above| above).count(), 1);
    }

    #[test]
    fn below_the_bifurcation_only_rest_is_fixed() {
        let found = points_of(&bistable(0.8));
        assert_eq!((found.points.len(), found.lost), (1, 0));
        assert_eq!(found.points[0].kind, PointKind::Stable);
        assert_eq!(found.points[0].found, 100);
        assert!((found.points[0].eigenvalues[0].re + 0.2).abs() < 1e-9);
    }

    /// tau dx/dt = -x + 2 tanh(x) + bias, of one unit, has a ghost where it is least: at the x where
    /// tanh(x)^2 = 1/2, if the bias is a little above what the saddle-node needs.
    #[test]
    fn the_ghost_of_a_saddle_node_is_a_slow_point() {
        let ghost = -0.5_f64.sqrt().atanh();
        let bias = ghost - 2.0 * ghost.tanh() + 0.02;
        let one = Matrix::from_columns(1, 1, vec![1.0]);
        let dynamics = Dynamics {
            columns: one.clone(),
            rows: one,
            factors: vec![2.0],
            bias: vec![bias],
            leak: 0.1,
            activation: Activation::Tanh,
        };
        let found = points_of(&dynamics).points;
        let slow: Vec<_> = found.iter().filter(|point| point.kind == PointKind::Slow).collect();
        assert_eq!(slow.len(), 1, "{found:?}");
        assert!((slow[0].state[0] - ghost).abs() < 1e-3, "{slow:?}");
        assert!((slow[0].speed - 0.02).abs() < 1e-5, "{slow:?}");
        // And the one stable point on the other side.
        let still: Vec<_> = found.iter().filter(|point| point.kind != PointKind::Slow).collect();
        assert_eq!(still.len(), 1, "{found:?}");
        assert!(still[0].kind == PointKind::Stable && still[0].state[0] > 1.0);
    }

    /// A linear spiral: its rest is unstable by Euler's step, though not by the flow.
    #[test]
    fn stability_is_that_of_the_step() {
        let columns = Matrix::scaled_identity(2, 1.0);
        let rows = Matrix::from_rows(&[[0.9, 3.0], [-3.0, 0.9]]);
        let spiral = |leak| Dynamics {
            columns: columns.clone(),
            rows: rows.clone(),
            factors: vec![1.0, 1.0],
            bias: vec![0.0; 2],
            leak,
            activation: Activation::Identity,
        };
        for (leak, kind) in [(0.5, PointKind::Unstable), (0.01, PointKind::Stable)] {
            let found = points_of(&spiral(leak)).points;
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].kind, kind, "{leak}");
            let [first, second] = [found[0].eigenvalues[0], found[0].eigenvalues[1]];
            assert!((first.re + 0.1).abs() < 1e-9 && (first.im - 3.0).abs() < 1e-9);
            assert!((second.im + 3.0).abs() < 1e-9);
        }
    }
}
