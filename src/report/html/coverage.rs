//! The specification as a picture: each requirement is a square, in its section and at its level.

use serde::Serialize;

use crate::report::overview::{LEVELS, Overview, Standing, State, level_index};
use crate::report::text::{clean, count, line};

/// How many requirements are in each state, at one level.
#[derive(Serialize)]
pub(super) struct Row {
    name: String,
    cells: Vec<Cell>,
    total: String,
}

#[derive(Serialize)]
struct Cell {
    state: &'static str,
    number: String,
    class: &'static str,
    is_zero: bool,
}

/// One section of the specification.
#[derive(Serialize)]
pub(super) struct Section {
    name: String,
    levels: Vec<Field>,
}

/// One section at one level.
#[derive(Serialize)]
struct Field {
    level: &'static str,
    total: u64,
    tested: u64,
    words: String,
    squares: Vec<Square>,
}

#[derive(Serialize)]
struct Square {
    state: &'static str,
    title: String,
}

/// The table of levels.
pub(super) fn levels(overview: &Overview<'_>) -> Vec<Row> {
    let row = |name: &str, standing: &Standing| Row {
        name: name.to_owned(),
        cells: State::ALL
            .map(|state| Cell {
                state: state.name(),
                number: count(standing.of(state)),
                class: state.verdict().name(),
                is_zero: standing.of(state) == 0,
            })
            .into(),
        total: count(standing.total()),
    };
    LEVELS
        .iter()
        .zip(&overview.levels)
        .map(|(level, standing)| row(level.name(), standing))
        .collect()
}

/// The picture: sections in the catalogue's order.
pub(super) fn picture(overview: &Overview<'_>) -> Vec<Section> {
    let mut sections: Vec<Section> = overview
        .sections
        .iter()
        .map(|(name, levels)| Section {
            name: clean(name).into_owned(),
            levels: LEVELS
                .iter()
                .zip(levels)
                .map(|(level, standing)| Field::of(level.name(), standing))
                .collect(),
        })
        .collect();
    for requirement in &overview.result.requirements {
        let state = State::of(requirement);
        let id = clean(requirement.id.as_str());
        let square = Square {
            state: state.class(),
            title: match &requirement.untested {
                Some(why) => format!("{id}: {}: {}", state.name(), line(why, 200)),
                None => format!("{id}: {}", state.name()),
            },
        };
        if let Some(section) = overview.sections.get_index_of(requirement.id.group()) {
            sections[section].levels[level_index(requirement.level)]
                .squares
                .push(square);
        }
    }
    sections
}

impl Field {
    fn of(level: &'static str, standing: &Standing) -> Self {
        let words: Vec<_> = State::ALL
            .into_iter()
            .filter(|&state| standing.of(state) > 0)
            .map(|state| format!("{} {}", count(standing.of(state)), state.name()))
            .collect();
        Self {
            level,
            total: standing.total(),
            tested: standing.tested(),
            words: words.join(", "),
            squares: Vec::new(),
        }
    }
}
