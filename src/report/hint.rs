//! Finds the cause of a refusal: walks the table of rules, and the first rule that holds is the
//! hint. This runs after the refusal; a run that succeeds measures nothing.

use super::figures::Facts;
use super::rules::{self, RULES};
use super::words::{Figures, Words};
use crate::kernel::errno::Errno;
use crate::kernel::object::Made;
use crate::kernel::port::Kernel;
use crate::plan::attempt::Attempt;

/// Finds the words for the cause of a refusal, and their `figures`. None where no rule holds.
#[inline(never)] // its variables would be in the frame of every run
pub fn explain<'a, K: Kernel>(
    attempt: &Attempt<'a>,
    errno: Errno,
    made: &[Made<'a>],
    figures: &mut Figures,
    kernel: &mut K,
) -> Option<Words> {
    // What is wrong with the command line is told already.
    if attempt.refusal.is_some() {
        return None;
    }
    let here = rules::place(attempt);
    let mut facts = Facts::new(attempt, errno, made, kernel);
    RULES.iter().find_map(|rule| {
        rule.is_for(here, errno).then_some(())?;
        for (name, figure) in rule.figures.iter().zip(figures.iter_mut()) {
            *figure = facts.figure(*name)?;
        }
        Some(rule.words(attempt.step.kind))
    })
}
