//! Functions applied entry by entry.

use crate::scalar::vectorised;

/// A function that is applied to each entry, with its derivative.
///
/// A closure that returns value and slope is one.
///
/// # Examples
///
/// ```
/// use rankproof::tape::EntryFunction;
///
/// let square = |z: f64| (z * z, 2.0 * z);
/// let (mut values, mut slopes) = ([3.0], [0.0]);
/// square.apply(&mut values, &mut slopes);
/// assert_eq!((values, slopes), ([9.0], [6.0]));
/// ```
pub trait EntryFunction<S> {
    /// Replaces each z in `values` by f(z) and writes f'(z) into `slopes`, which is as long.
    fn apply(&self, values: &mut [S], slopes: &mut [S]);

    /// True of the identity, which is then not applied at all.
    fn is_identity(&self) -> bool {
        false
    }

    /// False if this arithmetic cannot express the function; it is then not applied.
    fn is_available(&self) -> bool {
        true
    }
}

impl<S: Copy, F: Fn(S) -> (S, S)> EntryFunction<S> for F {
    fn apply(&self, values: &mut [S], slopes: &mut [S]) {
        vectorised(
            #[inline(always)]
            || {
                for (value, slope) in values.iter_mut().zip(slopes) {
                    (*value, *slope) = self(*value);
                }
            },
        );
    }
}
