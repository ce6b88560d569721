//! Where the check is.

/// Where the check is: the keys and items that lead there.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) parent: Option<&'a Place<'a>>,
    pub(super) step: Step<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

// === impl Place ===

impl<'a> Place<'a> {
    pub(super) fn key(&'a self, key: &'a str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Key(key),
        }
    }

    pub(super) fn item(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Item(index),
        }
    }

    pub(super) fn name(&self) -> String {
        let mut name = self.parent.map(Place::name).unwrap_or_default();
        match self.step {
            Step::Key(key) if name.is_empty() => key.clone_into(&mut name),
            Step::Key(key) => name.extend([".", key]),
            Step::Item(index) => name.push_str(&format!("[{index}]")),
        }
        name
    }
}

pub(super) const TOP: Place<'static> = Place {
    parent: None,
    step: Step::Key(""),
};
