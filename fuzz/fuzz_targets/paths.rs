#![no_main]
//! Paths into a file: the file is good, the path is the input.

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use rankproof::file::Source;
use rankproof_fuzz::with_file;

/// Structs, cells, text and numbers.
const FILE: &[u8] = include_bytes!("../../tests/data/recordings/session_v7.mat");

thread_local! {
    static SOURCE: RefCell<Option<Source>> = const { RefCell::new(None) };
}

fuzz_target!(|path: &str| {
    SOURCE.with_borrow_mut(|source| {
        if source.is_none() {
            with_file("session.mat", FILE, |path| *source = Source::open(path).ok());
        }
        let source = source.as_mut().expect("a file that is read");
        let _ = source.find(path).map(|(path, found)| (path.len(), found.nodes().len()));
        let _ = source.value(path);
    });
});
