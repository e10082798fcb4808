//! Tables of the page.

use maud::{Markup, html};

use super::formula::formula;
use crate::report::number;

/// A table that scrolls by itself where the page is too narrow for it.
pub struct Sheet {
    /// What it shows; also its name for those who hear it.
    pub caption: String,
    /// A header for each column.
    pub headers: Vec<String>,
    /// How many columns, from the first, name their rows.
    pub naming: usize,
    /// A cell for each header.
    pub rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words, with formulas in them.
    Words(String),
    /// A number as it is written already.
    Written(String),
    /// A number, shown by four digits and kept in full.
    Number(f64),
    /// What should not be overlooked.
    Alarm(String),
    /// A theorem by its id.
    Theorem(String),
}

impl Cell {
    /// A number if the text is one.
    pub fn read(text: &str) -> Self {
        match text.parse::<f64>() {
            Ok(_) => Cell::Written(text.to_owned()),
            Err(_) => Cell::Words(text.to_owned()),
        }
    }

    fn markup(&self) -> Markup {
        match self {
            Cell::Words(text) => formula(text),
            Cell::Written(text) => html! { (text) },
            Cell::Alarm(text) => html! { strong { (text) } },
            Cell::Theorem(id) => html! { a href={ "#" (id) } { (id) } },
            Cell::Number(value) => html! { data value=(value) { (number(*value)) } },
        }
    }
}

impl Sheet {
    /// The table.
    pub fn markup(&self) -> Markup {
        let numeric: Vec<bool> = (0..self.headers.len()).map(|i| self.is_numeric(i)).collect();
        let class = |column: usize| numeric[column].then_some("number");
        html! {
            div.scroll role="region" tabindex="0" aria-label=(self.caption) {
                table {
                    caption { span { (formula(&self.caption)) } }
                    thead {
                        tr {
                            @for (column, header) in self.headers.iter().enumerate() {
                                th scope="col" class=[class(column)] { (formula(header)) }
                            }
                        }
                    }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                @for (column, cell) in row.iter().enumerate() {
                                    @if column < self.naming {
                                        th scope="row" class=[class(column)] { (cell.markup()) }
                                    } @else {
                                        td class=[class(column)] { (cell.markup()) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn is_numeric(&self, column: usize) -> bool {
        let words = |cell: &Cell| matches!(cell, Cell::Words(_) | Cell::Theorem(_));
        self.rows.iter().all(|row| row.get(column).is_some_and(|cell| !words(cell)))
    }
}
