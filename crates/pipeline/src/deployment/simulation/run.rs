//! One life of a deployment: who says what when, and what of it is lost.

mod check;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::engine::{Disk, Engine};
use super::random::Random;
use super::task::{Next, Task, failure};
use super::world::{Answer, Call, World};
use crate::deployment::{Event, Outcome, State, step};
use crate::id::Epoch;
use crate::plan::Plan;
use crate::time::Timestamp;

/// Far more than any deployment needs: beyond it, it does not end. A bake ends by the wall clock,
/// and a clock that is set back three times by an hour makes it look 10,800 times more, with three
/// events each.
const MOST: u64 = 100_000;
/// Where the wall clock begins.
const WALL: u64 = 1_800_000_000_000;
const HOUR: u64 = 3_600_000;

/// How a life went.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) outcome: Option<Outcome>,
    pub(super) violations: Vec<String>,
    pub(super) events: u64,
    pub(super) crashes: u64,
    pub(super) lost: u64,
}

/// Something that happens at its time.
#[derive(Debug)]
enum Happening {
    /// A call arrives.
    Call { by: Epoch, number: u64, call: Call },
    /// An answer arrives.
    Answer {
        by: Epoch,
        number: u64,
        answer: Answer,
    },
    /// The time of a step is over.
    Late { by: Epoch, effect: u64 },
    /// The engine dies.
    Crash,
    /// Another one goes on.
    Recover,
    /// Somebody wants it stopped.
    Abort,
    /// The wall clock is set.
    SetClock,
}

pub(super) struct Run<'a> {
    plan: &'a Plan,
    random: Random,
    world: World<'a>,
    disk: Disk,
    engine: Option<Engine>,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: std::collections::BTreeMap<u64, Happening>,
    now: u64,
    /// What the wall clock shows beyond the time that passed.
    offset: u64,
    epoch: u64,
    numbers: u64,
    /// What else may go wrong: all ends well once nothing does.
    faults: u64,
    faults_in_way_back: u64,
    life: Life,
}

// === impl Run ===

impl<'a> Run<'a> {
    pub(super) fn new(plan: &'a Plan, strategy: &str, mut random: Random) -> Self {
        let broken = random.once_in(6);
        Self {
            plan,
            world: World::before(plan, strategy, broken),
            disk: Disk::default(),
            engine: None,
            queue: BinaryHeap::new(),
            happenings: std::collections::BTreeMap::new(),
            now: 0,
            offset: WALL,
            epoch: 1,
            numbers: 0,
            faults: random.below(8),
            faults_in_way_back: 0,
            life: Life {
                outcome: None,
                violations: vec![],
                events: 0,
                crashes: 0,
                lost: 0,
            },
            random,
        }
    }

    /// Lives it through, and lets arrive what is still on its way when it is over.
    pub(super) fn live(mut self) -> Life {
        for _ in 0..self.random.below(4) {
            let at = self.random.below(200_000);
            let what = match self.random.below(4) {
                0 => Happening::Abort,
                1 => Happening::SetClock,
                _ => Happening::Crash,
            };
            self.schedule(at, what);
        }
        self.take_over(Event::LeaseTaken, State::Queued);
        while let Some(Reverse((at, number))) = self.queue.pop() {
            self.now = at;
            self.life.events += 1;
            if self.life.events > MOST {
                self.violated("it does not end");
                break;
            }
            if let Some(happening) = self.happenings.remove(&number) {
                self.happen(happening);
            }
        }
        self.check_end();
        self.life.violations.append(&mut self.world.violations);
        self.life
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Call { by, number, call } => self.arrive(by, number, &call),
            Happening::Answer { by, number, answer } => self.hear(by, number, answer),
            Happening::Late { by, effect } => {
                if self.is_performing(by, effect) {
                    self.give_up(by);
                    self.decide(Event::Failed(failure("not done in time")));
                }
            }
            Happening::Crash => self.crash(),
            Happening::Recover => self.recover(),
            Happening::Abort => self.abort(),
            Happening::SetClock => {
                let by = self.random.below(2 * HOUR);
                self.offset = self.offset + by - HOUR;
            }
        }
        self.check_untouched();
    }

    // --- the engine ---

    fn take_over(&mut self, event: Event, state: State) {
        self.epoch += 1;
        self.engine = Some(Engine::new(Epoch(self.epoch), state));
        self.decide(event);
    }

    fn decide(&mut self, event: Event) {
        let now = Timestamp(self.now + self.offset);
        let Some(engine) = &mut self.engine else {
            return;
        };
        let is_new = engine.decide(self.plan, &mut self.disk, event, now);
        self.check_recovery(now);
        let Some(engine) = &self.engine else {
            return;
        };
        if let State::Finished { outcome, .. } = engine.state {
            self.life.outcome = Some(outcome);
            self.engine = None;
            return;
        }
        if !is_new {
            return;
        }
        let (by, effect) = (engine.epoch, engine.effect);
        // A bake ends by its own clock, and each of its looks is an effect of its own.
        let deadline = engine.task.as_ref().map(|task| task.step.deadline);
        let deadline = deadline.unwrap_or_default().as_millis() as u64;
        self.schedule(deadline, Happening::Late { by, effect });
        self.carry_on(None);
    }

    /// The next call of the step, or what came of it.
    fn carry_on(&mut self, answer: Option<Answer>) {
        let (plan, Some(engine)) = (self.plan, &mut self.engine) else {
            return;
        };
        let epoch = engine.epoch;
        let Some(next) = engine
            .task
            .as_mut()
            .map(|task| Task::next(task, answer, plan, epoch, &mut engine.in_doubt))
        else {
            return;
        };
        match next {
            Next::Tell(event) => self.decide(event),
            Next::Call(after, call) => self.send(epoch, after, call),
        }
    }

    fn is_performing(&self, by: Epoch, effect: u64) -> bool {
        let engine = self.engine.as_ref();
        engine.is_some_and(|engine| engine.epoch == by && engine.effect == effect)
    }

    fn crash(&mut self) {
        if let Some(engine) = self.engine.take() {
            self.life.crashes += 1;
            self.give_up(engine.epoch);
            let after = self.random.between(1, 60_000);
            self.schedule(after, Happening::Recover);
        }
    }

    /// What the runtime does in the engine's own process ends with its caller.
    fn give_up(&mut self, by: Epoch) {
        self.happenings.retain(|_, happening| match happening {
            Happening::Call {
                by: caller, call, ..
            } => *caller != by || call.is_of_proxy(),
            _ => true,
        });
    }

    fn recover(&mut self) {
        if !self.disk.is_consistent(self.plan) {
            self.violated("the journal's last intent is not what the state asks for");
        }
        let state = self.disk.state();
        let by = || "someone".to_owned();
        let wanted = match self.random.below(4) {
            0 => Event::SupersedeRequested { by: by() },
            1 => Event::AbortRequested { by: by() },
            _ => Event::Recovered,
        };
        // As the engine does: what is not heeded any more is finished first.
        let now = Timestamp(self.now + self.offset);
        let next = step(self.plan, &state, wanted.clone(), now);
        let event = if next.state == state {
            Event::Recovered
        } else {
            wanted
        };
        self.take_over(event, state);
    }

    fn abort(&mut self) {
        let Some(engine) = &self.engine else {
            return;
        };
        let (epoch, effect) = (engine.epoch, engine.effect);
        self.decide(Event::AbortRequested {
            by: "someone".to_owned(),
        });
        if !self.is_performing(epoch, effect) {
            self.give_up_before(epoch, effect);
        }
    }

    /// An abort drops the step that was being performed; what was just begun goes on.
    fn give_up_before(&mut self, by: Epoch, effect: u64) {
        let awaited = self
            .engine
            .as_ref()
            .map_or(u64::MAX, |engine| engine.awaited);
        debug_assert!(!self.is_performing(by, effect));
        self.happenings.retain(|_, happening| match happening {
            Happening::Call {
                by: caller,
                call,
                number,
            } => *caller != by || call.is_of_proxy() || *number >= awaited,
            _ => true,
        });
    }

    // --- the way to the world and back ---

    fn send(&mut self, by: Epoch, after: u64, call: Call) {
        self.numbers += 1;
        let number = self.numbers;
        if let Some(engine) = &mut self.engine {
            engine.awaited = number;
        }
        let mut takes = after + self.random.between(1, 60);
        if self.strikes() {
            match self.random.below(4) {
                // Lost on its way.
                0 => return,
                // Much later, perhaps when nobody waits for it any more.
                1 => takes += self.random.below(400_000),
                // Twice, as by a client that tries again.
                2 if call.is_of_proxy() => {
                    let again = Happening::Call {
                        by,
                        number,
                        call: call.clone(),
                    };
                    let later = takes + self.random.below(100_000);
                    self.schedule(later, again);
                }
                _ => takes += self.random.below(5_000),
            }
        }
        self.schedule(takes, Happening::Call { by, number, call });
    }

    fn arrive(&mut self, by: Epoch, number: u64, call: &Call) {
        let startup = self.random.below(3_000);
        let answer = self.world.apply(call, self.now, startup);
        let mut takes = self.random.between(1, 60);
        if self.strikes() {
            match self.random.below(3) {
                0 => return,
                1 => takes += self.random.below(400_000),
                _ => {
                    let answer = answer.clone();
                    let again = takes + self.random.below(50_000);
                    self.schedule(again, Happening::Answer { by, number, answer });
                }
            }
        }
        self.schedule(takes, Happening::Answer { by, number, answer });
    }

    /// Only an answer that is waited for is heard.
    fn hear(&mut self, by: Epoch, number: u64, answer: Answer) {
        let Some(engine) = &mut self.engine else {
            return;
        };
        if engine.epoch == by && engine.awaited == number {
            engine.awaited = u64::MAX;
            self.carry_on(Some(answer));
        }
    }

    /// Whether something goes wrong this time.
    fn strikes(&mut self) -> bool {
        if self.faults == 0 || !self.random.once_in(6) {
            return false;
        }
        self.faults -= 1;
        self.life.lost += 1;
        let state = self.engine.as_ref().map(|engine| &engine.state);
        if matches!(state, Some(State::Reverting { .. })) {
            self.faults_in_way_back += 1;
        }
        true
    }

    fn schedule(&mut self, after: u64, happening: Happening) {
        self.numbers += 1;
        self.happenings.insert(self.numbers, happening);
        self.queue.push(Reverse((self.now + after, self.numbers)));
    }
}
