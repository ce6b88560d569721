//! A file of Django's: the `Migration` class in it.

use std::ops::Range;

use ruff_python_ast::{Expr, ModModule, Stmt, StmtClassDef};
use ruff_text_size::Ranged;

use crate::change::Transaction;
use crate::python::{Kind, Refused, Scope, Value, bytes, with_module};

/// A migration by its app's label and its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The app's label.
    pub app: String,
    /// The name of its file, without the ending.
    pub name: String,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.app, self.name)
    }
}

/// What a file of Django's says.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) key: Key,
    pub(crate) dependencies: Vec<Key>,
    pub(crate) replaces: Vec<Key>,
    pub(crate) run_before: Vec<Key>,
    pub(crate) transaction: Transaction,
    pub(crate) operations: Vec<Value>,
    /// Imports of models, which are not those that the migration sees.
    pub(crate) model_imports: Vec<Range<usize>>,
    /// The head of the class.
    pub(crate) range: Range<usize>,
}

/// What a file turned out to be.
pub(crate) enum Read {
    Migration(Box<Parsed>),
    /// Python, and no migration.
    Other,
    Refused(Refused),
}

/// Reads a file of an app's migrations.
pub(crate) fn read(text: &str, app: &str, name: &str) -> Read {
    let key = Key {
        app: app.to_owned(),
        name: name.to_owned(),
    };
    match with_module(text, |module| migration(text, module, key)) {
        Ok(Some(parsed)) => Read::Migration(Box::new(parsed)),
        Ok(None) => Read::Other,
        Err(refused) => Read::Refused(refused),
    }
}

fn migration(text: &str, module: &ModModule, key: Key) -> Option<Parsed> {
    let mut scope = Scope::new(text);
    scope.add(&module.body);
    let class = class(&module.body, &scope)?;
    let mut bodies: Vec<&[Stmt]> = bases(class, &module.body)
        .map(|base| &base.body[..])
        .collect();
    bodies.push(&class.body);
    let mut attributes = Attributes {
        text,
        ..Attributes::default()
    };
    for body in &bodies {
        // A class's body sees what it assigned before.
        scope.add(body);
    }
    for body in &bodies {
        attributes.body(body, &scope);
    }
    attributes.after(&module.body, class, &scope);
    Some(Parsed {
        key,
        dependencies: keys(&attributes.dependencies),
        replaces: keys(&attributes.replaces),
        run_before: keys(&attributes.run_before),
        transaction: attributes.transaction.unwrap_or(Transaction::Atomic),
        operations: attributes.operations,
        model_imports: model_imports(&module.body),
        range: bytes(class.name.range()),
    })
}

/// The class named `Migration`, or the one that the name is given to.
fn class<'a>(body: &'a [Stmt], scope: &Scope<'a>) -> Option<&'a StmtClassDef> {
    let named = |name: &str| {
        body.iter().rev().find_map(|statement| match statement {
            Stmt::ClassDef(class) if class.name.as_str() == name => Some(class),
            _ => None,
        })
    };
    named("Migration").or_else(|| match scope.constant("Migration")? {
        Expr::Name(other) => named(other.id.as_str()),
        _ => None,
    })
}

/// The classes of the same module that a class inherits from directly.
fn bases<'a>(class: &'a StmtClassDef, body: &'a [Stmt]) -> impl Iterator<Item = &'a StmtClassDef> {
    let names = class.arguments.iter().flat_map(|arguments| &arguments.args);
    names.filter_map(|base| {
        let Expr::Name(name) = base else { return None };
        body.iter().find_map(|statement| match statement {
            Stmt::ClassDef(other)
                if other.name.as_str() == name.id.as_str() && other.name != class.name =>
            {
                Some(other)
            }
            _ => None,
        })
    })
}

/// What a class's body gives to the names that Django looks at.
#[derive(Default)]
struct Attributes<'a> {
    text: &'a str,
    dependencies: Vec<Value>,
    replaces: Vec<Value>,
    run_before: Vec<Value>,
    operations: Vec<Value>,
    transaction: Option<Transaction>,
}

// === impl Attributes ===

impl<'a> Attributes<'a> {
    fn body(&mut self, body: &'a [Stmt], scope: &Scope<'a>) {
        for statement in body {
            match statement {
                Stmt::Assign(assign) => {
                    for target in &assign.targets {
                        if let Expr::Name(name) = target {
                            self.assign(name.id.as_str(), scope.value(&assign.value), false);
                        }
                    }
                }
                Stmt::AnnAssign(assign) => {
                    if let (Expr::Name(name), Some(value)) = (&*assign.target, &assign.value) {
                        self.assign(name.id.as_str(), scope.value(value), false);
                    }
                }
                Stmt::AugAssign(assign) => {
                    if let Expr::Name(name) = &*assign.target {
                        self.assign(name.id.as_str(), scope.value(&assign.value), true);
                    }
                }
                Stmt::FunctionDef(_) => {}
                other => self.code(other, "operations"),
            }
        }
    }

    /// What a module does to the class after it: `Migration.operations += […]`.
    fn after(&mut self, body: &'a [Stmt], class: &StmtClassDef, scope: &Scope<'a>) {
        for statement in body {
            if statement.range().start() < class.range().end() {
                continue;
            }
            match statement {
                Stmt::AugAssign(assign) if is_operations(&assign.target) => {
                    self.assign("operations", scope.value(&assign.value), true);
                }
                Stmt::Assign(assign) if assign.targets.iter().any(is_operations) => {
                    self.assign("operations", scope.value(&assign.value), false);
                }
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
                other => self.code(other, "Migration.operations"),
            }
        }
    }

    /// Code that names the operations makes operations that cannot be seen.
    fn code(&mut self, statement: &Stmt, name: &str) {
        let range = bytes(statement.range());
        if self
            .text
            .get(range.clone())
            .is_some_and(|text| text.contains(name))
        {
            self.operations.push(Value {
                kind: Kind::Unknown("the list of operations is built by code"),
                range,
            });
        }
    }

    fn assign(&mut self, name: &str, value: Value, is_more: bool) {
        let list = match name {
            "dependencies" => &mut self.dependencies,
            "replaces" => &mut self.replaces,
            "run_before" => &mut self.run_before,
            "operations" => &mut self.operations,
            "atomic" => {
                self.transaction = Some(match value.kind {
                    Kind::Bool(false) => Transaction::None,
                    _ => Transaction::Atomic,
                });
                return;
            }
            _ => return,
        };
        if !is_more {
            list.clear();
        }
        match value.kind {
            Kind::List(values) => list.extend(values),
            _ => list.push(Value {
                kind: Kind::Unknown("the list is computed"),
                range: value.range,
            }),
        }
    }
}

fn is_operations(target: &Expr) -> bool {
    match target {
        Expr::Attribute(attribute) => {
            attribute.attr.as_str() == "operations"
                && matches!(&*attribute.value, Expr::Name(name) if name.id.as_str() == "Migration")
        }
        _ => false,
    }
}

/// Pairs of an app's label and a migration's name. `swappable_dependency(…)` names no migration
/// that could be known here.
fn keys(values: &[Value]) -> Vec<Key> {
    values
        .iter()
        .filter_map(|value| match value.list()? {
            [app, name] => Some(Key {
                app: app.text()?.to_owned(),
                name: name.text()?.to_owned(),
            }),
            _ => None,
        })
        .collect()
}

/// Imports of classes from a module of models, at the top or in functions.
fn model_imports(body: &[Stmt]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for statement in body {
        match statement {
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                let is_models = module == "models"
                    || module.ends_with(".models")
                    || module.contains(".models.");
                let has_class = import
                    .names
                    .iter()
                    .any(|alias| alias.name.as_str().starts_with(char::is_uppercase));
                if is_models && has_class && !module.starts_with("django.") {
                    found.push(bytes(import.range()));
                }
            }
            Stmt::FunctionDef(function) => found.extend(model_imports(&function.body)),
            _ => {}
        }
    }
    found
}
