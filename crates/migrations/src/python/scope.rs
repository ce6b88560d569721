//! Names of a module, and expressions resolved with them.

use std::cell::Cell;
use std::ops::Range;

use indexmap::IndexMap;
use ruff_python_ast::name::Name;
use ruff_python_ast::{
    Expr, ExprCall, FStringPart, InterpolatedStringElement, Number, Operator, Stmt,
};
use ruff_text_size::Ranged;

use super::bytes;
use super::value::{Call, Kind, Value};

/// Deeper nested values are not written by people, nor by Django.
const DEEPEST: usize = 64;

/// How many expressions one file may ask for: `a = b + b; b = c + c; …` doubles with each line.
const MOST: usize = 200_000;

/// The names that a module's top level, and a class in it, give to things.
pub(crate) struct Scope<'a> {
    text: &'a str,
    /// Later ones win.
    constants: IndexMap<&'a str, &'a Expr>,
    /// Names that are not simply assigned once.
    moving: Vec<&'a str>,
    imports: IndexMap<&'a str, Import<'a>>,
    left: Cell<usize>,
}

/// What a name stands for that was imported.
struct Import<'a> {
    /// `None` where the module itself is imported.
    module: Option<&'a str>,
    name: &'a str,
}

// === impl Scope ===

impl<'a> Scope<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            constants: IndexMap::new(),
            moving: Vec::new(),
            imports: IndexMap::new(),
            left: Cell::new(MOST),
        }
    }

    /// Takes in what the statements of one level assign and import.
    pub(crate) fn add(&mut self, body: &'a [Stmt]) {
        for statement in body {
            match statement {
                Stmt::Assign(assign) => {
                    for target in &assign.targets {
                        self.assign(target, Some(&assign.value));
                    }
                }
                Stmt::AnnAssign(assign) => self.assign(&assign.target, assign.value.as_deref()),
                Stmt::AugAssign(assign) => self.assign(&assign.target, None),
                Stmt::Import(import) => {
                    for alias in &import.names {
                        let name = alias.name.as_str();
                        let head = name.split('.').next().unwrap_or(name);
                        match &alias.asname {
                            Some(asname) => self.import(asname.as_str(), None, name),
                            None => self.import(head, None, head),
                        }
                    }
                }
                Stmt::ImportFrom(import) => {
                    let module = import.module.as_ref().map_or("", |module| module.as_str());
                    for alias in &import.names {
                        let name = alias.name.as_str();
                        let asname = alias.asname.as_ref().map_or(name, |asname| asname.as_str());
                        self.import(asname, Some(module), name);
                    }
                }
                _ => {}
            }
        }
    }

    /// Returns what was assigned to a name.
    pub(crate) fn constant(&self, name: &str) -> Option<&'a Expr> {
        self.constants.get(name).copied()
    }

    /// Returns what an expression is worth.
    pub(crate) fn value(&self, expression: &'a Expr) -> Value {
        self.at(expression, 0)
    }

    fn import(&mut self, known_as: &'a str, module: Option<&'a str>, name: &'a str) {
        self.imports.insert(known_as, Import { module, name });
    }

    fn assign(&mut self, target: &'a Expr, value: Option<&'a Expr>) {
        let Expr::Name(name) = target else { return };
        let name = name.id.as_str();
        match value {
            Some(value) if self.constants.insert(name, value).is_none() => {}
            _ => self.moving.push(name),
        }
    }

    fn at(&self, expression: &'a Expr, depth: usize) -> Value {
        let range = bytes(expression.range());
        let unknown = |why| Value {
            kind: Kind::Unknown(why),
            range: range.clone(),
        };
        let Some(left) = self.left.get().checked_sub(1) else {
            return unknown("the file says too much");
        };
        self.left.set(left);
        if depth > DEEPEST {
            return unknown("it is nested too deep");
        }
        let kind = match expression {
            Expr::NoneLiteral(_) => Kind::None,
            Expr::BooleanLiteral(literal) => Kind::Bool(literal.value),
            Expr::NumberLiteral(literal) => number(&literal.value),
            Expr::BytesLiteral(_) | Expr::UnaryOp(_) | Expr::EllipsisLiteral(_) => Kind::Constant,
            Expr::StringLiteral(literal) => {
                let text = literal.value.to_str().to_owned();
                let verbatim = self.verbatim(&text, &range);
                Kind::Text { text, verbatim }
            }
            Expr::FString(_) => self.f_string(expression, depth),
            Expr::List(list) => self.list(&list.elts, depth),
            Expr::Tuple(tuple) => self.list(&tuple.elts, depth),
            Expr::Set(set) => self.list(&set.elts, depth),
            Expr::Dict(dict) => Kind::Dict(
                dict.items
                    .iter()
                    .filter_map(|item| {
                        let key = self.at(item.key.as_ref()?, depth + 1);
                        Some((key, self.at(&item.value, depth + 1)))
                    })
                    .collect(),
            ),
            Expr::BinOp(operation) if operation.op == Operator::Add => {
                let left = self.at(&operation.left, depth + 1);
                let right = self.at(&operation.right, depth + 1);
                add(left, right)
            }
            Expr::Call(call) => self.call(call, depth),
            Expr::Name(name) => return self.name(name.id.as_str(), range, depth),
            Expr::Attribute(_) => match self.path(expression) {
                Some(path) => Kind::Name(path),
                None => Kind::Unknown("it is computed"),
            },
            Expr::Lambda(_) => Kind::Lambda,
            _ => Kind::Unknown("it is computed"),
        };
        Value { kind, range }
    }

    fn name(&self, name: &str, range: Range<usize>, depth: usize) -> Value {
        let known = self
            .constants
            .get(name)
            .filter(|_| !self.moving.contains(&name));
        match known {
            Some(expression) => self.at(expression, depth + 1),
            None if self.moving.contains(&name) => Value {
                kind: Kind::Unknown("the name is assigned more than once"),
                range,
            },
            None => Value {
                kind: Kind::Name(match self.imports.get(name) {
                    Some(import) => import.path(),
                    None => name.to_owned(),
                }),
                range,
            },
        }
    }

    fn list(&self, elements: &'a [Expr], depth: usize) -> Kind {
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            let Expr::Starred(starred) = element else {
                values.push(self.at(element, depth + 1));
                continue;
            };
            let value = self.at(&starred.value, depth + 1);
            match value.kind {
                Kind::List(inner) => values.extend(inner),
                _ => values.push(Value {
                    kind: Kind::Unknown("a star over something that is not a list"),
                    range: value.range,
                }),
            }
        }
        Kind::List(values)
    }

    fn call(&self, call: &'a ExprCall, depth: usize) -> Kind {
        let Some(name) = self.called(&call.func) else {
            return Kind::Unknown("it is computed");
        };
        let Kind::List(arguments) = self.list(&call.arguments.args, depth) else {
            return Kind::Unknown("it is computed");
        };
        let mut found = Call {
            name: Name::new(name),
            has_unknown: call.arguments.args.iter().any(Expr::is_starred_expr),
            arguments,
            keywords: Vec::with_capacity(call.arguments.keywords.len()),
        };
        for keyword in &call.arguments.keywords {
            let value = self.at(&keyword.value, depth + 1);
            match (&keyword.arg, value.kind) {
                (Some(name), kind) => found.keywords.push((
                    name.id.clone(),
                    Value {
                        kind,
                        range: value.range,
                    },
                )),
                (None, Kind::Dict(entries)) => {
                    for (key, value) in entries {
                        if let Some(key) = key.text() {
                            found.keywords.push((Name::new(key), value));
                        }
                    }
                }
                (None, _) => found.has_unknown = true,
            }
        }
        Kind::Call(Box::new(found))
    }

    /// The dotted path of a name, with what its head was imported from.
    fn path(&self, expression: &Expr) -> Option<String> {
        let mut parts = Vec::new();
        let mut head = expression;
        while let Expr::Attribute(attribute) = head {
            parts.push(attribute.attr.as_str());
            head = &attribute.value;
        }
        let Expr::Name(name) = head else { return None };
        let mut path = match self.imports.get(name.id.as_str()) {
            Some(import) => import.path(),
            None => name.id.to_string(),
        };
        for part in parts.iter().rev() {
            path.push('.');
            path.push_str(part);
        }
        Some(path)
    }

    /// The last part of the path of what is called.
    fn called(&self, function: &'a Expr) -> Option<&'a str> {
        let mut head = function;
        while let Expr::Attribute(attribute) = head {
            head = &attribute.value;
        }
        let Expr::Name(name) = head else { return None };
        Some(match function {
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => {
                let name = name.id.as_str();
                self.imports.get(name).map_or(name, Import::last)
            }
        })
    }

    fn f_string(&self, expression: &'a Expr, depth: usize) -> Kind {
        let Expr::FString(literal) = expression else {
            return Kind::Unknown("it is computed");
        };
        let mut text = String::new();
        for part in &literal.value {
            match part {
                FStringPart::Literal(literal) => text.push_str(&literal.value),
                FStringPart::FString(string) => {
                    for element in &string.elements {
                        match element {
                            InterpolatedStringElement::Literal(literal) => {
                                text.push_str(&literal.value);
                            }
                            InterpolatedStringElement::Interpolation(inner)
                                if inner.format_spec.is_none() && inner.conversion.is_none() =>
                            {
                                match self.at(&inner.expression, depth + 1).kind {
                                    Kind::Text { text: inner, .. } => text.push_str(&inner),
                                    Kind::Int(number) => text.push_str(&number.to_string()),
                                    _ => {
                                        return Kind::Unknown(
                                            "the f-string holds what is computed",
                                        );
                                    }
                                }
                            }
                            InterpolatedStringElement::Interpolation(_) => {
                                return Kind::Unknown("the f-string holds what is computed");
                            }
                        }
                    }
                }
            }
        }
        Kind::Text {
            text,
            verbatim: None,
        }
    }

    /// Finds where a literal's content stands, if it is written out without escapes.
    fn verbatim(&self, text: &str, range: &Range<usize>) -> Option<usize> {
        let source = self.text.get(range.clone())?;
        let quotes = source.find(['"', '\''])?;
        let opening = match source.get(quotes..quotes + 3) {
            Some("\"\"\"" | "'''") if source.len() >= quotes + 6 => quotes + 3,
            _ => quotes + 1,
        };
        source
            .get(opening..)?
            .starts_with(text)
            .then_some(range.start + opening)
    }
}

// === impl Import ===

impl<'a> Import<'a> {
    fn path(&self) -> String {
        match self.module {
            Some(module) => [module, ".", self.name].concat(),
            None => self.name.to_owned(),
        }
    }

    fn last(&self) -> &'a str {
        let dot = self.name.bytes().rposition(|byte| byte == b'.');
        &self.name[dot.map_or(0, |dot| dot + 1)..]
    }
}

fn number(number: &Number) -> Kind {
    match number {
        Number::Int(int) => int.as_i64().map_or(Kind::Constant, Kind::Int),
        Number::Float(_) | Number::Complex { .. } => Kind::Constant,
    }
}

fn add(left: Value, right: Value) -> Kind {
    match (left.kind, right.kind) {
        (Kind::List(mut left), Kind::List(right)) => {
            left.extend(right);
            Kind::List(left)
        }
        (Kind::Text { text: left, .. }, Kind::Text { text: right, .. }) => Kind::Text {
            text: left + &right,
            verbatim: None,
        },
        (Kind::List(mut known), _) | (_, Kind::List(mut known)) => {
            // What is known is kept; what is not is said.
            known.push(Value {
                kind: Kind::Unknown("a part of the list is computed"),
                range: right.range,
            });
            Kind::List(known)
        }
        _ => Kind::Unknown("it is computed"),
    }
}
