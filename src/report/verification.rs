//! The outcome of a verification as it is kept in a file.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::input::{InputError, read_text};
use crate::scalar::PRIME;
use crate::theorem::{self, Generic, Theorem, Verification};

/// What `rankproof verify --json` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerificationRecord {
    /// The version of this format, 1.
    pub schema: u32,
    /// The seed of the run.
    pub seed: u64,
    /// The modulus of exact arithmetic.
    pub prime: u64,
    /// A row for each theorem in each arithmetic.
    pub results: Vec<VerificationRow>,
}

/// How one theorem fared in one arithmetic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerificationRow {
    /// The theorem, by its id.
    pub theorem: String,
    /// What the theorem stands on, or is near to.
    #[serde(default)]
    pub source: Vec<String>,
    /// The arithmetic, by its name.
    pub arithmetic: String,
    /// Cases in all.
    pub cases: u64,
    /// Cases that stayed within the bound.
    pub held: u64,
    /// Cases that did not.
    pub violated: u64,
    /// Cases of which neither can be said.
    pub inconclusive: u64,
    /// Cases, among those held, that reach the bound.
    pub attained: u64,
    /// What its exact ranks say of generic instances; none in floating point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generic: Option<Generic>,
}

impl VerificationRecord {
    /// The record of a run.
    pub fn new(seed: u64, lines: &[(&Theorem, Verification)]) -> Self {
        let results = lines.iter().map(|(theorem, result)| VerificationRow {
            theorem: theorem.id.to_owned(),
            source: theorem.source.iter().map(|&source| source.to_owned()).collect(),
            arithmetic: result.arithmetic.name().to_owned(),
            cases: result.cases(),
            held: result.held,
            violated: result.violated,
            inconclusive: result.inconclusive,
            attained: result.attained,
            generic: result.generic,
        });
        VerificationRecord { schema: 1, seed, prime: PRIME, results: results.collect() }
    }

    /// Reads what was written.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or its rows speak of unknown theorems or do not add up.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, InputError> {
        const EXPECTED: &str = "what rankproof verify writes as JSON";
        let path = path.as_ref();
        let refused = |found: String| InputError::new(path, found, EXPECTED);
        let text = read_text(path, EXPECTED)?;
        let record: VerificationRecord =
            serde_json::from_str(&text).map_err(|error| refused(format!("says {error}")))?;
        if record.schema != 1 {
            return Err(refused(format!("has schema {}", record.schema)));
        }
        match record.results.iter().find_map(VerificationRow::mistake) {
            Some(mistake) => Err(refused(mistake)),
            None => Ok(record),
        }
    }
}

impl VerificationRow {
    fn mistake(&self) -> Option<String> {
        let VerificationRow { theorem, cases, held, .. } = self;
        let decided = held.checked_add(self.violated);
        let sum = decided.and_then(|decided| decided.checked_add(self.inconclusive));
        if theorem::find(theorem).is_none() {
            return Some(format!("names a theorem {theorem:?}"));
        }
        if sum != Some(*cases) || self.attained > *held {
            return Some(format!("counts more or fewer than {cases} cases of {theorem}"));
        }
        None
    }
}
