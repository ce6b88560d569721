//! Carries out plans: journal, executor, recovery, steps.
