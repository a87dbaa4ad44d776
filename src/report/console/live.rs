//! The run as it goes on.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{failures, headline, lines};
use crate::report::problem::Problem;
use crate::report::rules::Rules;
use crate::report::style::Style;
use crate::report::text::{count, counted, line};
use crate::verdict::{RunEvent, Tally, Verdict};

/// How the console shows how far the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A bar on standard error, for a terminal.
    Bar,
    /// A plain line now and then, for a log.
    Lines,
    /// Not at all.
    Quiet,
}

/// What the console tells of the cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telling {
    /// What failed or could not be judged, as it happens.
    #[default]
    Failures,
    /// Every case in a line, and everything that was found in it, warnings too.
    Cases,
    /// Every event as a [line](super::lines) of JSON, for programs.
    Lines,
}

/// What the bar is made of. Not every font of a Windows console has the finer pieces.
const BAR: &str = if cfg!(windows) { "=>-" } else { "━╸─" };

/// After so many full tellings of one problem, further ones take two lines.
const TOLD_IN_FULL: u32 = 3;

/// Which problems were told already.
#[derive(Debug, Default)]
pub(super) struct Told(HashMap<(String, String), u32>);

impl Told {
    /// Whether this problem was told in full often enough. Counts it.
    pub fn enough_of(&mut self, problem: &Problem<'_>) -> bool {
        let rule = problem.rule.map_or_else(String::new, |rule| rule.id.to_string());
        let times = self.0.entry((rule, problem.message.to_owned())).or_default();
        *times += 1;
        *times > TOLD_IN_FULL
    }
}

/// Shows a run as it goes on: failures to `out` (standard output), progress and notices to `err` (standard error).
///
/// The closing [`summary`](super::summary) is not written here, since it names the reports that are written after the run.
#[derive(Debug)]
pub struct Console<'a, O, E> {
    out: O,
    err: E,
    style: Style,
    progress: Progress,
    telling: Telling,
    bar: ProgressBar,
    rules: Rules<'a>,
    told: Told,
    tally: Tally,
    planned: u64,
    done: u64,
}

impl<'a, O: Write, E: Write> Console<'a, O, E> {
    /// A console that has shown nothing yet.
    pub fn new(out: O, err: E, style: Style, progress: Progress, rules: Rules<'a>) -> Self {
        Self {
            out,
            err,
            style,
            progress,
            telling: Telling::default(),
            bar: ProgressBar::hidden(),
            rules,
            told: Told::default(),
            tally: Tally::default(),
            planned: 0,
            done: 0,
        }
    }

    /// The same console, telling more or otherwise.
    #[must_use]
    pub const fn telling(mut self, telling: Telling) -> Self {
        self.telling = telling;
        self
    }

    /// Shows one event.
    ///
    /// # Errors
    /// Where one of the two outputs fails.
    pub fn handle(&mut self, event: &RunEvent) -> io::Result<()> {
        if self.telling == Telling::Lines {
            return lines::write(event, &mut self.out);
        }
        match event {
            RunEvent::Started {
                planned,
                left_out,
                base,
            } => {
                self.planned = *planned as u64;
                self.start(*left_out as u64, base)
            }
            RunEvent::CaseStarted(id) => {
                self.bar.set_message(line(id.as_str(), 60).into_owned());
                Ok(())
            }
            RunEvent::CaseFinished(case) => {
                // The events tell of cases that were left out too; they are no work done.
                if matches!(case.verdict, Verdict::Skip | Verdict::Inapplicable) && case.steps.is_empty() {
                    return if self.telling == Telling::Cases {
                        self.say(&headline(case, self.style))
                    } else {
                        Ok(())
                    };
                }
                self.done += 1;
                self.tally.add(case.verdict);
                let tells_all = self.telling == Telling::Cases;
                if tells_all || matches!(case.verdict, Verdict::Fail | Verdict::Error) {
                    let mut text = if tells_all {
                        headline(case, self.style)
                    } else {
                        String::new()
                    };
                    text += &failures(case, tells_all, &self.rules, self.style, &mut self.told);
                    self.say(&text)?;
                }
                self.advance()
            }
            RunEvent::Notice(text) => {
                let err = &mut self.err;
                self.bar.suspend(|| writeln!(err, "{}", line(text, 400)))
            }
            RunEvent::Waiting => Ok(()),
            RunEvent::Finished(_) => {
                self.bar.finish_and_clear();
                self.out.flush()
            }
        }
    }

    /// The two outputs again.
    pub fn into_outputs(self) -> (O, E) {
        (self.out, self.err)
    }

    /// Writes to the first output, past the bar.
    fn say(&mut self, text: &str) -> io::Result<()> {
        let out = &mut self.out;
        self.bar.suspend(|| {
            out.write_all(text.as_bytes())?;
            out.flush()
        })
    }

    fn start(&mut self, left_out: u64, base: &str) -> io::Result<()> {
        match self.progress {
            Progress::Bar => {
                let bar = ProgressBar::with_draw_target(Some(self.planned), ProgressDrawTarget::stderr());
                let template = "{bar:28} {pos}/{len}  {eta} left  {prefix}  {wide_msg}";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style.progress_chars(BAR));
                }
                bar.enable_steady_tick(Duration::from_millis(120));
                self.bar = bar;
                Ok(())
            }
            Progress::Lines => {
                let (planned, left_out) = (counted(self.planned, "case", "cases"), count(left_out));
                writeln!(self.err, "testing {}: {planned}, {left_out} left out", line(base, 200))
            }
            Progress::Quiet => Ok(()),
        }
    }

    fn advance(&mut self) -> io::Result<()> {
        let (failed, errors) = (self.tally.of(Verdict::Fail), self.tally.of(Verdict::Error));
        let wrong = format!("{} failed, {} not judged", count(failed), count(errors));
        match self.progress {
            Progress::Bar => {
                self.bar.set_position(self.done.min(self.planned));
                if failed + errors > 0 {
                    self.bar.set_prefix(wrong);
                }
                Ok(())
            }
            // At each tenth of the work, so that a log of ten thousand cases stays short.
            Progress::Lines if self.planned > 0 && self.passes_a_tenth() => {
                let (done, planned) = (count(self.done), counted(self.planned, "case", "cases"));
                writeln!(self.err, "{done} of {planned}, {wrong}")
            }
            Progress::Lines | Progress::Quiet => Ok(()),
        }
    }

    const fn passes_a_tenth(&self) -> bool {
        self.done > 0 && self.done * 10 / self.planned > (self.done - 1) * 10 / self.planned
    }
}
