//! Choices by name: the names that commands read, help texts list and tables print.

use thiserror::Error;

/// A choice among values that have names.
pub trait Named: Copy + PartialEq + 'static {
    /// What is chosen, in words.
    const WHAT: &'static str;

    /// All that a name chooses, in the order of lists: the value, its name, what it is in a few
    /// words.
    fn table() -> Vec<(Self, &'static str, &'static str)>;

    /// The name that chooses this value, if one does.
    fn named(self) -> Option<&'static str> {
        Self::table().into_iter().find(|(value, ..)| *value == self).map(|(_, name, _)| name)
    }

    /// The same, or "unnamed".
    fn name(self) -> &'static str {
        self.named().unwrap_or("unnamed")
    }

    /// The value of a name.
    ///
    /// # Errors
    ///
    /// If none is called that.
    fn find(name: &str) -> Result<Self, UnknownName> {
        let found = Self::table().into_iter().find(|(_, known, _)| *known == name);
        found.map(|(value, ..)| value).ok_or_else(|| UnknownName {
            what: Self::WHAT,
            name: name.to_owned(),
            known: Self::table().into_iter().map(|(_, name, _)| name).collect(),
        })
    }
}

/// A name that no value has.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("no {what} is called {name:?}; there are {}", known.join(", "))]
pub struct UnknownName {
    /// What was to be chosen.
    pub what: &'static str,
    /// The name that was given.
    pub name: String,
    /// Those that there are.
    pub known: Vec<&'static str>,
}
