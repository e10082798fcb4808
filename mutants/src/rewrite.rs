//! The text of a file with every change behind the switch.

use std::ops::Range;

use crate::sites::{Kind, Site};

/// Where a mutant's code stands in the rewritten text, and where all of its site does.
pub struct Placed {
    pub number: u32,
    pub code: Range<usize>,
    pub site: Range<usize>,
}

/// The rewritten text; the mutants count from `first`. What a mutant runs is not rewritten itself, so
/// that the text grows in proportion.
pub fn rewrite(text: &str, sites: &[Site], first: u32) -> (String, Vec<Placed>) {
    let mut writer = Writer { text, out: String::new(), placed: Vec::new() };
    let mut numbered = Vec::new();
    let mut next = first;
    for site in sites.iter().filter(|site| !site.mutants.is_empty()) {
        numbered.push((site, next));
        next += site.mutants.len() as u32;
    }
    writer.part(0..text.len(), &numbered);
    (writer.out, writer.placed)
}

struct Writer<'a> {
    text: &'a str,
    out: String,
    placed: Vec<Placed>,
}

impl Writer<'_> {
    /// A part of the text with the sites in it, outer before inner.
    fn part(&mut self, range: Range<usize>, mut sites: &[(&Site, u32)]) {
        let mut read = range.start;
        while let [(site, number), rest @ ..] = sites {
            self.out.push_str(&self.text[read..site.range.start]);
            let inside = rest.iter().take_while(|(inner, _)| inner.range.end <= site.range.end);
            let (inner, after) = rest.split_at(inside.count());
            self.site(site, *number, inner);
            (read, sites) = (site.range.end, after);
        }
        self.out.push_str(&self.text[read..range.end]);
    }

    fn site(&mut self, site: &Site, number: u32, inner: &[(&Site, u32)]) {
        let start = self.out.len();
        let mut codes = Vec::new();
        let at = format!("crate::mutants::at({number}, {})", site.mutants.len());
        match site.kind {
            Kind::Expression => {
                self.out.push_str(&format!("(match {at} {{ 0 => "));
                self.part(site.range.clone(), inner);
                codes = self.arms(site, "");
                self.out.push_str(" })");
            }
            Kind::Body => {
                self.out.push_str(&format!(" match {at} {{ 0 => {{}}"));
                codes = self.arms(site, "return ");
                self.out.push_str(" }; ");
            }
            Kind::Arm => self.out.push_str(&format!(" if {at} == 0 ")),
        }
        let whole = start..self.out.len();
        codes.resize(site.mutants.len(), whole.clone());
        let placed = codes.into_iter().zip(number..);
        self.placed.extend(placed.map(|(code, number)| Placed {
            number,
            code,
            site: whole.clone(),
        }));
    }

    /// An arm for each mutant; the last one for all other numbers, as the compiler asks for. Says
    /// where their code stands.
    fn arms(&mut self, site: &Site, before: &str) -> Vec<Range<usize>> {
        let mut codes = Vec::new();
        for (i, mutant) in site.mutants.iter().enumerate() {
            let last = i + 1 == site.mutants.len();
            let pattern = if last { "_".to_owned() } else { (i + 1).to_string() };
            self.out.push_str(&format!(", {pattern} => {before}"));
            let start = self.out.len();
            self.out.push_str(&mutant.code);
            codes.push(start..self.out.len());
        }
        codes
    }
}
