//! Which mutant runs: `RANKPROOF_MUTANT` is its number, or `trace`; then the numbers of all that are
//! reached are written to the file `RANKPROOF_REACHED`, one a line.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

const UNREAD: u32 = u32::MAX;
const TRACED: u32 = u32::MAX - 1;
/// More than there are.
const MOST: usize = 1 << 16;

static ACTIVE: AtomicU32 = AtomicU32::new(UNREAD);
static REACHED: [AtomicBool; MOST] = [const { AtomicBool::new(false) }; MOST];

/// 0 for the code as it was written, `i + 1` for the mutant `first + i` of the `count` at this place.
#[inline(always)]
pub fn at(first: u32, count: u32) -> u32 {
    let active = ACTIVE.load(Relaxed);
    if active >= TRACED {
        return rarely(first, count);
    }
    let place = active.wrapping_sub(first);
    if place < count { place + 1 } else { 0 }
}

#[cold]
fn rarely(first: u32, count: u32) -> u32 {
    if ACTIVE.load(Relaxed) == UNREAD {
        let active = match env::var("RANKPROOF_MUTANT").as_deref() {
            Err(_) => 0,
            Ok("trace") => TRACED,
            Ok(number) => number.parse().expect("RANKPROOF_MUTANT is a number"),
        };
        ACTIVE.store(active, Relaxed);
        return at(first, count);
    }
    if !REACHED[first as usize].swap(true, Relaxed) {
        let numbers: String = (first..first + count).map(|number| format!("{number}\n")).collect();
        let name = env::var("RANKPROOF_REACHED").expect("a file for what is reached");
        let mut file = OpenOptions::new().create(true).append(true).open(name).expect("it opens");
        file.write_all(numbers.as_bytes()).expect("it can be written to");
    }
    0
}
