//! Parameters as an ordered list of named matrices, and as one vector.
//!
//! What learns (a network, a model of a recording) is seen by what moves it (an optimizer, a
//! trajectory) as [`Blocks`] alone: names, shapes, and the operations of a vector space. A
//! gradient is of the same type, each of its matrices in factors `Lambda Phi^T`.

mod block;

use std::collections::BTreeSet;
use std::sync::Arc;

use thiserror::Error;

pub use block::{Block, Multiplier};

use crate::matrix::{Matrix, RankRevealing};
use crate::scalar::{Scalar, Stream};

/// Names and shapes (rows, columns) of blocks, in order.
pub type Shapes = Vec<(String, (usize, usize))>;

/// An ordered list of named matrices: a vector.
///
/// # Examples
///
/// ```
/// use rankproof::blocks::{Block, Blocks, Subset};
/// use rankproof::matrix::Matrix;
///
/// let mut blocks = Blocks::default()
///     .with("W", Block::scaled_identity(2, 1.0))
///     .with("C", Matrix::from_rows(&[[3.0, 4.0]]));
/// assert_eq!(blocks.norm_squared(), 2.0 + 25.0);
/// let readout = Subset::named(&blocks, ["C"])?;
/// let direction = blocks.only(&readout);
/// blocks.add_scaled(-1.0, &direction);
/// assert_eq!(blocks.norm_squared(), 2.0);
/// # Ok::<(), rankproof::blocks::NoSuchBlock>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Blocks<S> {
    /// Names are shared: every gradient and every point of a run has the same ones.
    entries: Vec<(Arc<str>, Block<S>)>,
}

impl<S> Default for Blocks<S> {
    /// No block.
    fn default() -> Self {
        Blocks { entries: Vec::new() }
    }
}

/// A name that no block has.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("no block is named {name}; there are: {known}")]
pub struct NoSuchBlock {
    /// The name.
    pub name: String,
    /// The names that there are.
    pub known: String,
}

/// Some of the blocks: those that are trained, for example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subset {
    /// All of them, of whatever names.
    All,
    /// Those of these names.
    Named(BTreeSet<String>),
}

impl Subset {
    /// The blocks of these names. Whether they are there is found where the subset is used.
    pub fn only<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Subset::Named(names.into_iter().map(String::from).collect())
    }

    /// No block.
    pub fn none() -> Self {
        Subset::Named(BTreeSet::new())
    }

    /// The blocks of these names, all of them among `blocks`.
    ///
    /// # Errors
    ///
    /// If one of the names is not there.
    pub fn named<'a, S: Scalar>(
        blocks: &Blocks<S>,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, NoSuchBlock> {
        let subset = Subset::only(names);
        subset.check(blocks).map(|()| subset)
    }

    /// Whether all that it names are among these blocks.
    ///
    /// # Errors
    ///
    /// If one of the names is not there.
    pub(crate) fn check<S: Scalar>(&self, blocks: &Blocks<S>) -> Result<(), NoSuchBlock> {
        match self {
            Subset::All => Ok(()),
            Subset::Named(names) => {
                names.iter().try_for_each(|name| blocks.index(name).map(|_| ()))
            }
        }
    }

    /// What is in one of the two.
    pub(crate) fn union(&self, other: &Self) -> Self {
        match (self, other) {
            (Subset::Named(a), Subset::Named(b)) => Subset::Named(a | b),
            _ => Subset::All,
        }
    }

    /// True of the name of a block that belongs to it.
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Subset::All => true,
            Subset::Named(names) => names.contains(name),
        }
    }
}

impl<S: Scalar> Blocks<S> {
    /// The list with one more block at its end, or with another one in the place of that name.
    pub fn with(mut self, name: &str, block: impl Into<Block<S>>) -> Self {
        match self.index(name) {
            Ok(index) => self.entries[index].1 = block.into(),
            Err(_) => self.entries.push((name.into(), block.into())),
        }
        self
    }

    /// Dense blocks of entries in general position, each from the part of the stream that has its
    /// name.
    pub fn random<N: AsRef<str>>(shapes: &[(N, (usize, usize))], stream: &Stream) -> Self {
        let block = |(name, (rows, cols)): &(N, (usize, usize))| {
            let name = name.as_ref();
            (name.into(), Block::from(Matrix::random(*rows, *cols, &mut stream.named(name))))
        };
        Blocks { entries: shapes.iter().map(block).collect() }
    }

    /// The number of blocks.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if there is no block.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Names and blocks, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Block<S>)> {
        self.entries.iter().map(|(name, block)| (&**name, block))
    }

    /// Names and shapes, in order.
    pub fn shapes(&self) -> Shapes {
        self.entries.iter().map(|(name, block)| (name.to_string(), block.shape())).collect()
    }

    /// The place of a block in the order.
    ///
    /// # Errors
    ///
    /// If there is none of this name.
    pub fn index(&self, name: &str) -> Result<usize, NoSuchBlock> {
        self.entries.iter().position(|(own, _)| **own == *name).ok_or_else(|| {
            let names: Vec<_> = self.entries.iter().map(|(name, _)| &**name).collect();
            NoSuchBlock { name: name.into(), known: names.join(", ") }
        })
    }

    /// The block of this name.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn get(&self, name: &str) -> Result<&Block<S>, NoSuchBlock> {
        Ok(&self.entries[self.index(name)?].1)
    }

    /// The block of this name, to change.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn get_mut(&mut self, name: &str) -> Result<&mut Block<S>, NoSuchBlock> {
        let index = self.index(name)?;
        Ok(&mut self.entries[index].1)
    }

    /// A list of the same names, made block by block.
    pub fn replaced<R>(&self, mut block: impl FnMut(&str, &Block<S>) -> Block<R>) -> Blocks<R> {
        let entry = |(name, own): &(Arc<str>, Block<S>)| (name.clone(), block(name, own));
        Blocks { entries: self.entries.iter().map(entry).collect() }
    }

    /// The same blocks, all stored in full.
    pub fn into_dense(self) -> Self {
        self.into_dense_where(|_| true)
    }

    /// The same blocks, those of some names stored in full.
    pub(crate) fn into_dense_where(self, is_chosen: impl Fn(&str) -> bool) -> Self {
        let dense = |(name, block): (Arc<str>, Block<S>)| {
            if is_chosen(&name) { (name, block.into_dense()) } else { (name, block) }
        };
        Blocks { entries: self.entries.into_iter().map(dense).collect() }
    }

    /// Whether the other ones have the same names and shapes, in the same order.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        let pairs = self.entries.iter().zip(&other.entries);
        self.len() == other.len()
            && pairs.into_iter().all(|(a, b)| a.0 == b.0 && a.1.shape() == b.1.shape())
    }

    /// The blocks, in order.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Block<S>> {
        self.entries.iter_mut().map(|(_, block)| block)
    }

    /// The same blocks with zero for all that are not in the subset.
    pub fn only(&self, subset: &Subset) -> Self {
        self.replaced(|name, block| {
            if subset.contains(name) {
                block.clone()
            } else {
                Block::zero(block.shape().0, block.shape().1)
            }
        })
    }

    /// Multiplies everything by a number in place.
    pub fn scale(&mut self, scale: S) {
        self.entries.iter_mut().for_each(|(_, block)| block.scale(scale));
    }

    /// Adds `scale * other` in place.
    ///
    /// # Panics
    ///
    /// If names or shapes differ.
    pub fn add_scaled(&mut self, scale: S, other: &Self) {
        self.assert_alike(other);
        for ((_, own), (_, other)) in self.entries.iter_mut().zip(&other.entries) {
            own.add_scaled(scale, other);
        }
    }

    /// The sum of the products of corresponding entries.
    ///
    /// # Panics
    ///
    /// If names or shapes differ.
    pub fn inner_product(&self, other: &Self) -> S {
        self.assert_alike(other);
        let pairs = self.entries.iter().zip(&other.entries);
        pairs.fold(S::ZERO, |sum, ((_, a), (_, b))| sum + a.inner_product(b))
    }

    /// The sum of the squares of all entries.
    pub fn norm_squared(&self) -> S {
        self.inner_product(self)
    }

    /// The square root of the sum of squares as an f64; 0 where there are no real numbers.
    pub fn norm(&self) -> f64 {
        self.norm_squared().size().sqrt()
    }

    /// True if no entry is a NaN or an infinity.
    pub fn is_finite(&self) -> bool {
        self.entries.iter().all(|(_, block)| block.is_finite())
    }

    /// The same blocks in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Blocks<R> {
        self.replaced(|_, block| block.map(&convert))
    }

    fn assert_alike(&self, other: &Self) {
        let own = self.entries.iter().map(|(name, _)| name);
        let other = other.entries.iter().map(|(name, _)| name);
        assert!(own.eq(other), "blocks of other names");
    }
}

impl<S: RankRevealing> Blocks<S> {
    /// Makes factors no wider than their rank.
    pub fn compress(&mut self) {
        self.entries.iter_mut().for_each(|(_, block)| block.compress());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Factors;
    use crate::scalar::Fp;

    fn shapes() -> Shapes {
        vec![("W".into(), (3, 3)), ("B".into(), (3, 1)), ("C".into(), (2, 3))]
    }

    fn blocks(case: u64) -> Blocks<Fp> {
        Blocks::random(&shapes(), &Stream::new("blocks", 0, case))
    }

    /// All entries in one list: what the operations are held against.
    fn entries(blocks: &Blocks<Fp>) -> Vec<Fp> {
        blocks.iter().flat_map(|(_, block)| block.to_matrix().data().to_vec()).collect()
    }

    #[test]
    fn operations_are_those_of_the_list_of_all_entries() {
        let (mut a, mut b) = (blocks(0), blocks(1));
        let thin = |case| Matrix::random(3, 1, &mut Stream::new("thin", 0, case));
        b = b.with("W", Factors::new(thin(0), thin(1)));
        let (x, y) = (entries(&a), entries(&b));
        let pairing = x.iter().zip(&y).fold(Fp::ZERO, |sum, (&x, &y)| sum + x * y);
        assert_eq!(a.inner_product(&b), pairing);
        let three = Fp::from_integer(3);
        a.add_scaled(three, &b);
        a.scale(three);
        let expected: Vec<_> = x.iter().zip(&y).map(|(&x, &y)| three * (x + three * y)).collect();
        assert_eq!(entries(&a), expected);
        assert_eq!(a.map(|x| -x).inner_product(&b), -a.inner_product(&b));
    }

    #[test]
    fn a_subset_is_checked_against_the_names() {
        let blocks = blocks(0);
        let subset = Subset::named(&blocks, ["W", "C"]).unwrap();
        let part = blocks.only(&subset);
        assert_eq!(part.shapes(), shapes());
        assert_eq!(part.get("W"), blocks.get("W"));
        assert_eq!(part.get("B").unwrap().to_matrix(), Matrix::zeros(3, 1));
        assert_eq!(blocks.only(&Subset::All), blocks);
        let error = Subset::named(&blocks, ["W", "V"]).unwrap_err();
        assert_eq!(error.to_string(), "no block is named V; there are: W, B, C");
    }

    #[test]
    #[should_panic(expected = "blocks of other names")]
    fn blocks_of_other_names_are_not_added() {
        let other = Blocks::default().with("W", Matrix::zeros(3, 3));
        blocks(0).add_scaled(Fp::ONE, &other);
    }
}
