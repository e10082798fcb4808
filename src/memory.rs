//! Whether what is asked for fits into memory, asked before any of it is allocated.
//!
//! An allocation that fails ends a program without a word, and one that the system grants and cannot
//! keep ends it later. So whoever is about to allocate by sizes that a user chose adds up what it
//! will need, and refuses in a sentence.

use thiserror::Error;

/// What work will hold at one time.
#[derive(Default)]
pub(crate) struct Memory {
    /// What it is for, and bytes. Floats, because sizes of users overflow integers.
    parts: Vec<(String, f64)>,
}

/// More than there is.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{} of memory are needed, most of it for {most}, and {} are free", bytes(*.needed), bytes(*.free))]
pub(crate) struct OutOfMemory {
    pub needed: f64,
    pub free: f64,
    pub most: String,
}

impl Memory {
    /// Adds as many numbers of `size` bytes as the product of `lengths`.
    pub fn and(mut self, what: impl Into<String>, size: usize, lengths: &[usize]) -> Self {
        let count: f64 = lengths.iter().map(|&length| length as f64).product();
        self.parts.push((what.into(), count * size as f64));
        self
    }

    /// Holds it against what is free.
    ///
    /// # Errors
    ///
    /// If more is needed.
    pub fn check(&self) -> Result<(), OutOfMemory> {
        self.within(free())
    }

    fn within(&self, free: f64) -> Result<(), OutOfMemory> {
        let needed: f64 = self.parts.iter().map(|(_, bytes)| bytes).sum();
        if needed <= free {
            return Ok(());
        }
        let most = self.parts.iter().max_by(|one, other| one.1.total_cmp(&other.1));
        let most = most.map_or_else(String::new, |(what, _)| what.clone());
        Err(OutOfMemory { needed, free, most })
    }
}

/// In the unit that leaves one to three digits before the point.
pub(crate) fn bytes(count: f64) -> String {
    const UNITS: [&str; 7] = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
    let place = ((count.max(1.0).log10() / 3.0) as usize).min(UNITS.len() - 1);
    let number = count / 1000_f64.powi(place as i32);
    match number {
        number if place == 0 || (100.0..1e6).contains(&number) => {
            format!("{number:.0} {}", UNITS[place])
        }
        number if number < 100.0 => format!("{number:.1} {}", UNITS[place]),
        number => format!("{number:.0e} {}", UNITS[place]),
    }
}

/// Bytes that a process may still have: what the system has, what its limits leave, and the address
/// space. Other systems than Linux tell none but the last.
fn free() -> f64 {
    /// What no processor of today addresses.
    const MOST: f64 = (1_u64 << 47) as f64;
    let limits = [in_system(), in_group(), in_process()];
    limits.into_iter().flatten().fold(MOST, f64::min)
}

/// The number behind a label of a file of the kernel, by its place among the words.
fn told(path: &str, label: &str, place: usize) -> Option<f64> {
    let text = std::fs::read_to_string(path).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(label))?;
    rest.split_whitespace().nth(place)?.parse().ok()
}

fn in_system() -> Option<f64> {
    Some(1024.0 * told("/proc/meminfo", "MemAvailable:", 0)?)
}

/// Of a container.
fn in_group() -> Option<f64> {
    told("/sys/fs/cgroup/memory.max", "", 0)
}

/// Below `ulimit -v`.
fn in_process() -> Option<f64> {
    let most = told("/proc/self/limits", "Max address space", 0)?;
    Some((most - 1024.0 * told("/proc/self/status", "VmSize:", 0)?).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_is_added_up_and_held_against_what_is_free() {
        let memory = Memory::default().and("a list", 8, &[1000]).and("a table", 8, &[300, 1000]);
        assert_eq!(memory.within(2_408_000.0), Ok(()));
        assert_eq!(
            memory.within(2e6).unwrap_err().to_string(),
            "2.4 MB of memory are needed, most of it for a table, and 2.0 MB are free"
        );
        // A product that overflows every integer.
        let most = usize::MAX;
        let endless = Memory::default().and("everything", 8, &[most, most, most]);
        let message = endless.check().unwrap_err().to_string();
        assert!(
            message.starts_with("5e40 EB of memory are needed, most of it for everything"),
            "{message}"
        );
        assert_eq!(Memory::default().and("a number", 8, &[]).check(), Ok(()));
    }

    #[test]
    fn bytes_are_told_in_their_unit() {
        let told = [0.0, 999.0, 1e3, 7.2e9, 123.4e9, 8e12, 1e25].map(bytes);
        assert_eq!(
            told,
            ["0 bytes", "999 bytes", "1.0 kB", "7.2 GB", "123 GB", "8.0 TB", "1e7 EB"]
        );
    }
}
