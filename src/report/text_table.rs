//! Tables as text.

use std::fmt;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// Rows under headers, in columns that are aligned by spaces: to the left, if nothing else is said.
#[derive(Clone, Debug)]
pub struct TextTable(Table);

impl TextTable {
    /// A table without rows.
    pub fn new<T: ToString>(headers: impl IntoIterator<Item = T>) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(headers.into_iter().map(|header| header.to_string()));
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((if index == 0 { 0 } else { 2 }, 0));
        }
        TextTable(table)
    }

    /// Aligns a column to the right, as numbers are.
    pub fn align_right(&mut self, column: usize) {
        self.align(column, CellAlignment::Right);
    }

    /// Aligns a column to the left, as words are.
    pub fn align_left(&mut self, column: usize) {
        self.align(column, CellAlignment::Left);
    }

    fn align(&mut self, column: usize, to: CellAlignment) {
        if let Some(column) = self.0.column_mut(column) {
            column.set_cell_alignment(to);
        }
    }

    /// Adds a row, with a cell for each header.
    pub fn add_row<T: ToString>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.0.add_row(cells.into_iter().map(|cell| cell.to_string()));
    }

    /// Adds several.
    pub fn add_rows<T: ToString, R: IntoIterator<Item = T>>(
        &mut self,
        rows: impl IntoIterator<Item = R>,
    ) {
        rows.into_iter().for_each(|row| self.add_row(row));
    }
}

/// Each row on a line that ends without spaces.
impl fmt::Display for TextTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_string().lines().try_for_each(|line| writeln!(f, "{}", line.trim_end()))
    }
}
