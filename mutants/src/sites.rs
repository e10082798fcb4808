//! Where a file can be changed, and into what: the changes of cargo-mutants, and whole numbers that
//! are one larger.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Arm, Attribute, BinOp, Block, Expr, ExprBinary, ExprCall, ExprIf, ExprLit, ExprMatch,
    ExprRepeat, ExprUnary, ExprWhile, GenericArgument, ImplItemFn, Item, ItemFn, Lit, Pat,
    PathArguments, ReturnType, Signature, Stmt, TraitItemFn, Type, UnOp,
};

/// A place that can be changed.
pub struct Site {
    /// The bytes that are replaced; none where something is put in.
    pub range: Range<usize>,
    pub kind: Kind,
    /// Counted from 1.
    pub line: usize,
    pub column: usize,
    pub mutants: Vec<Mutant>,
}

#[derive(Clone, Copy)]
pub enum Kind {
    /// An expression is another one.
    Expression,
    /// A function returns at once.
    Body,
    /// An arm of a match, which has no guard, is passed over.
    Arm,
}

#[derive(Clone)]
pub struct Mutant {
    /// What runs instead.
    pub code: String,
    /// The change in words.
    pub change: String,
}

/// The sites of a file, outer before inner, and the names of its modules that are tests.
pub fn sites(text: &str) -> syn::Result<(Vec<Site>, BTreeSet<String>)> {
    let file = syn::parse_file(text)?;
    let mut finder = Finder { text, sites: Vec::new(), tests: BTreeSet::new() };
    finder.visit_file(&file);
    let mut sites = finder.sites;
    // Two sites of the same bytes were found from outside.
    sites.sort_by_key(|site| (site.range.start, !site.range.is_empty(), Reverse(site.range.end)));
    Ok((sites, finder.tests))
}

struct Finder<'a> {
    text: &'a str,
    sites: Vec<Site>,
    tests: BTreeSet<String>,
}

impl Finder<'_> {
    fn source(&self, node: &impl Spanned) -> &str {
        &self.text[node.span().byte_range()]
    }

    fn line(&self, at: usize) -> &str {
        let (before, after) = self.text.split_at(at);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let end = at + after.find('\n').unwrap_or(after.len());
        &self.text[start..end]
    }

    fn add(&mut self, range: Range<usize>, kind: Kind, mutants: Vec<Mutant>) {
        let before = &self.text[..range.start];
        let line = 1 + before.matches('\n').count();
        let column = 1 + before.len() - before.rfind('\n').map_or(0, |end| end + 1);
        if !mutants.is_empty() {
            self.sites.push(Site { range, kind, line, column, mutants });
        }
    }

    /// An expression that may be each of `codes`.
    fn replace(&mut self, node: &impl Spanned, codes: Vec<String>) {
        let source = self.source(node).to_owned();
        let mutants = codes.into_iter().map(|code| {
            let change = format!("`{}` -> `{}`", short(&source), short(&code));
            Mutant { code, change }
        });
        let mutants = mutants.collect();
        self.add(node.span().byte_range(), Kind::Expression, mutants);
    }

    /// A condition that is not a comparison, of which the operators are changed anyway, is negated.
    fn negate(&mut self, condition: &Expr) {
        let is_other = matches!(
            condition,
            Expr::Call(_) | Expr::MethodCall(_) | Expr::Path(_) | Expr::Field(_) | Expr::Macro(_)
        );
        if is_other {
            let code = format!("!{}", self.source(condition));
            self.replace(condition, vec![code]);
        }
    }

    fn function(&mut self, attributes: &[Attribute], signature: &Signature, block: &Block) -> bool {
        if is_test(attributes) || signature.constness.is_some() {
            return false;
        }
        if signature.ident != "default" && !block.stmts.is_empty() {
            let source = short(self.source(block));
            let mutants = values(&signature.output)
                .into_iter()
                .filter(|value| source != format!("{{ {value} }}"));
            let mutants = mutants.map(|code| {
                let change = format!("fn {} returns `{code}`", signature.ident);
                Mutant { code, change }
            });
            let mutants = mutants.collect();
            let start = block.brace_token.span.open().byte_range().end;
            self.add(start..start, Kind::Body, mutants);
        }
        true
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            Item::Trait(item) => &item.attrs,
            _ => return,
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        } else if let Item::Mod(item) = item {
            self.tests.insert(item.ident.to_string());
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if self.function(&item.attrs, &item.sig, &item.block) {
            self.visit_block(&item.block);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if self.function(&item.attrs, &item.sig, &item.block) {
            self.visit_block(&item.block);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default
            && self.function(&item.attrs, &item.sig, block)
        {
            self.visit_block(block);
        }
    }

    // What the compiler computes.
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_path_arguments(&mut self, _: &'ast PathArguments) {}
    fn visit_angle_bracketed_generic_arguments(
        &mut self,
        _: &'ast syn::AngleBracketedGenericArguments,
    ) {
    }
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_expr_repeat(&mut self, repeat: &'ast ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    /// How much is set aside makes no difference.
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if !self.source(&call.func).ends_with("with_capacity") {
            visit::visit_expr_call(self, call);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let attributes = match statement {
            Stmt::Local(local) => &local.attrs[..],
            _ => &[],
        };
        if !is_test(attributes) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        let source = short(self.source(binary));
        let (left, right) = (self.source(&binary.left), self.source(&binary.right));
        let operator = self.source(&binary.op).to_owned();
        let mutants = others(&binary.op).iter().map(|other| Mutant {
            code: match other.ends_with('=') && !matches!(*other, "==" | "!=") {
                true => format!("{left} {other} {right}"),
                false => format!("({left}) {other} ({right})"),
            },
            change: format!("`{operator}` -> `{other}` in `{source}`"),
        });
        let mutants: Vec<_> = mutants.collect();
        if !has_let(&binary.left) && !has_let(&binary.right) {
            self.add(binary.span().byte_range(), Kind::Expression, mutants);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        if matches!(unary.op, UnOp::Neg(_) | UnOp::Not(_)) {
            let code = self.source(&unary.expr).to_owned();
            self.replace(unary, vec![code]);
        }
        visit::visit_expr_unary(self, unary);
    }

    /// Named with the line that it stands in, so that one number can be argued and not all.
    fn visit_expr_lit(&mut self, literal: &'ast ExprLit) {
        if let Lit::Int(number) = &literal.lit
            && let Ok(value) = number.base10_parse::<u64>()
            && value < u64::MAX
        {
            let code = format!("{}{}", value + 1, number.suffix());
            let range = literal.span().byte_range();
            let line = short(self.line(range.start));
            let change = format!("`{}` -> `{code}` in `{line}`", self.source(literal));
            self.add(range, Kind::Expression, vec![Mutant { code, change }]);
        }
    }

    fn visit_expr_if(&mut self, branch: &'ast ExprIf) {
        self.negate(&branch.cond);
        visit::visit_expr_if(self, branch);
    }

    fn visit_expr_while(&mut self, repeat: &'ast ExprWhile) {
        self.negate(&repeat.cond);
        visit::visit_expr_while(self, repeat);
    }

    fn visit_expr_match(&mut self, choice: &'ast ExprMatch) {
        self.visit_expr(&choice.expr);
        let all = |arm: &Arm| matches!(arm.pat, Pat::Wild(_)) && arm.guard.is_none();
        let has_rest = choice.arms.last().is_some_and(all);
        for arm in &choice.arms {
            if let Some((_, guard)) = &arm.guard {
                if !has_let(guard) {
                    self.replace(guard.as_ref(), vec!["true".into(), "false".into()]);
                }
                self.visit_expr(guard);
            } else if has_rest && !all(arm) {
                let end = arm.pat.span().byte_range().end;
                let change = format!("no arm `{}`", short(self.source(&arm.pat)));
                self.add(end..end, Kind::Arm, vec![Mutant { code: String::new(), change }]);
            }
            self.visit_expr(&arm.body);
        }
    }
}

/// Whether an item is compiled for tests alone.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => {
            list.path.is_ident("cfg") && list.tokens.to_string().trim() == "test"
        }
        syn::Meta::NameValue(_) => false,
    })
}

/// Whether a condition binds names, which a chain of conditions alone may do.
fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn others(operator: &BinOp) -> &'static [&'static str] {
    match operator {
        BinOp::Add(_) => &["-", "*"],
        BinOp::Sub(_) => &["+", "/"],
        BinOp::Mul(_) => &["+", "/"],
        BinOp::Div(_) => &["%", "*"],
        BinOp::Rem(_) => &["/", "+"],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::BitXor(_) => &["&", "|"],
        BinOp::BitAnd(_) => &["|", "^"],
        BinOp::BitOr(_) => &["&", "^"],
        BinOp::Shl(_) => &[">>"],
        BinOp::Shr(_) => &["<<"],
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::Lt(_) => &["==", ">"],
        BinOp::Le(_) => &[">"],
        BinOp::Gt(_) => &["==", "<"],
        BinOp::Ge(_) => &["<"],
        BinOp::AddAssign(_) => &["-=", "*="],
        BinOp::SubAssign(_) => &["+=", "/="],
        BinOp::MulAssign(_) => &["+=", "/="],
        BinOp::DivAssign(_) => &["%=", "*="],
        BinOp::RemAssign(_) => &["/=", "+="],
        BinOp::BitXorAssign(_) => &["&=", "|="],
        BinOp::BitAndAssign(_) => &["|=", "^="],
        BinOp::BitOrAssign(_) => &["&=", "^="],
        BinOp::ShlAssign(_) => &[">>="],
        BinOp::ShrAssign(_) => &["<<="],
        _ => &[],
    }
}

/// What a function might return without doing anything.
fn values(output: &ReturnType) -> Vec<String> {
    match output {
        ReturnType::Default => vec!["()".into()],
        ReturnType::Type(_, kind) => values_of(kind),
    }
}

fn values_of(kind: &Type) -> Vec<String> {
    match kind {
        Type::Path(path) => {
            let segment = path.path.segments.last().expect("a path has a last part");
            let inner: Vec<_> = match &segment.arguments {
                PathArguments::AngleBracketed(list) => list.args.iter().collect(),
                _ => Vec::new(),
            };
            let first = || match inner.first() {
                Some(GenericArgument::Type(kind)) => values_of(kind),
                _ => Vec::new(),
            };
            let each = |around: &dyn Fn(&str) -> String| {
                first().iter().map(|value| around(value)).collect::<Vec<_>>()
            };
            let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
            match segment.ident.to_string().as_str() {
                "bool" => texts(&["true", "false"]),
                "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => texts(&["0", "1"]),
                "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => texts(&["0", "1", "-1"]),
                "f32" | "f64" => texts(&["0.0", "1.0", "-1.0"]),
                "String" => texts(&["String::new()", "String::from(\"xyzzy\")"]),
                "Vec" => [texts(&["vec![]"]), each(&|value| format!("vec![{value}]"))].concat(),
                "Option" => [texts(&["None"]), each(&|value| format!("Some({value})"))].concat(),
                "Box" => each(&|value| format!("Box::new({value})")),
                "Result" if inner.is_empty() => texts(&["Ok(Default::default())"]),
                "Result" => each(&|value| format!("Ok({value})")),
                _ => texts(&["Default::default()"]),
            }
        }
        Type::Tuple(tuple) => {
            let firsts = tuple.elems.iter().map(|kind| values_of(kind).into_iter().next());
            let firsts: Option<Vec<_>> = firsts.collect();
            firsts.map(|firsts| format!("({})", firsts.join(", "))).into_iter().collect()
        }
        Type::Reference(reference) if reference.mutability.is_none() => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => {
                vec!["\"\"".into(), "\"xyzzy\"".into()]
            }
            Type::Slice(_) => vec!["&[]".into()],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// On one line, and not too long.
fn short(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= 90 {
        return line;
    }
    let begin: String = line.chars().take(60).collect();
    let end: String = line.chars().skip(line.chars().count() - 25).collect();
    format!("{begin} ... {end}")
}
