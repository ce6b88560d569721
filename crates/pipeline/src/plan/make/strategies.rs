//! The strategies: the order of the parts.

use super::Draft;
use super::steps::{instances, quick};
use crate::plan::{Action, Occupant, Side, Stage, Step};

impl Draft<'_> {
    pub(super) fn first(&self) -> Vec<Step> {
        let mut steps = self.prepare();
        steps.extend(self.start(self.replaceable.clone()));
        steps.extend(self.smoke());
        steps.extend(self.take_over());
        steps.push(self.switch());
        steps.extend(self.retire_singletons());
        steps.extend(self.swap_singletons());
        steps.extend(self.bake());
        steps.push(quick(Stage::Finalising, Action::MarkStable));
        steps.extend(self.retire());
        steps
    }

    pub(super) fn blue_green(&self) -> Vec<Step> {
        let mut steps = self.prepare();
        steps.extend(self.start(self.replaceable.clone()));
        steps.extend(self.smoke());
        steps.push(self.switch());
        steps.extend(self.swap_singletons());
        steps.extend(self.bake());
        steps.push(quick(Stage::Finalising, Action::MarkStable));
        steps.push(self.drain(Side::Previous, None, Stage::Finalising));
        steps.push(self.stop(Side::Previous, None, Stage::Finalising));
        steps
    }

    pub(super) fn recreate(&self) -> Vec<Step> {
        let mut steps = self.prepare();
        steps.push(quick(Stage::Switching, Action::Hold));
        // While requests wait, nothing is routed: so the old release can be drained and stopped.
        steps.push(self.route(Vec::new(), Vec::new()));
        steps.push(self.drain(Side::Previous, None, Stage::Switching));
        steps.push(self.stop(Side::Previous, None, Stage::Switching));
        steps.extend(self.swap_database());
        steps.extend(self.start(self.target.sizes.clone()));
        steps.extend(self.smoke());
        steps.push(self.switch());
        steps.push(quick(Stage::Switching, Action::Resume));
        steps.extend(self.bake());
        steps.push(quick(Stage::Finalising, Action::MarkStable));
        steps
    }

    pub(super) fn rolling(&self, previous: &Occupant) -> Vec<Step> {
        let routed = &self.facts.workload.routed;
        let new_size = self.replaceable.get(routed).copied().unwrap_or(1);
        let old_size = previous.sizes.get(routed).copied().unwrap_or(0);
        let mut steps = self.prepare();
        let mut sizes = self.replaceable.clone();
        for number in 1..=new_size {
            sizes.insert(routed.clone(), number);
            steps.extend(self.start(sizes.clone()));
            if number == 1 {
                steps.extend(self.smoke());
            }
            let is_last = number == new_size;
            // The last new one takes the place of all old ones that are left.
            let leaving = if is_last {
                number..=old_size
            } else {
                number..=number.min(old_size)
            };
            let staying = if is_last {
                Vec::new()
            } else {
                instances(routed, number + 1..=old_size)
            };
            steps.push(Step {
                makes_live: is_last.then_some(Side::Target),
                ..self.route(instances(routed, 1..=number), staying)
            });
            let leaving = instances(routed, leaving);
            if !leaving.is_empty() {
                steps.push(self.drain(Side::Previous, Some(leaving.clone()), Stage::Switching));
                steps.push(self.stop(Side::Previous, Some(leaving), Stage::Switching));
            }
        }
        steps.extend(self.swap_singletons());
        steps.extend(self.bake());
        steps.push(quick(Stage::Finalising, Action::MarkStable));
        steps.push(self.stop(Side::Previous, None, Stage::Finalising));
        steps
    }
}
