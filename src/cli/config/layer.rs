//! Which words win: flags over the environment, that over the section of the target, that over `[run]`.

use clap::{Arg, ArgMatches};

use super::{File, Options, PREFIX, Setting, Source, is_flag, is_list, name_of, was_given};
use crate::cli::settings::{SettingsError, did_you_mean};

/// What may be said of a run, in its three places.
pub(super) struct Layers<'l> {
    pub given: &'l ArgMatches,
    pub variables: &'l [(String, String)],
    pub file: Option<&'l File>,
    pub options: &'l Options,
    /// Whether the command has something to do without a server.
    pub is_idle: bool,
}

/// Variables that name no option.
const OTHERS: [&str; 2] = ["FHIR_ASSAY_CONFIG", "FHIR_ASSAY_TARGET"];

/// The server under test: an address, or the name of a target.
enum Slot {
    Base,
    Target(String),
    Empty,
}

impl Layers<'_> {
    /// What is put in, each option once.
    ///
    /// # Errors
    /// Variables that name no option or hold what it refuses; targets that are not there; a base URL beside a target.
    pub fn settle(&self) -> Result<Vec<Setting>, SettingsError> {
        let environment = self.environment()?;
        let slot = self.slot(&environment)?;
        let mut settled: Vec<Setting> = Vec::new();
        // An option of a lower layer gives way where a higher one has it, or has one that excludes it.
        let mut taken: Vec<&Arg> = self
            .options
            .all()
            .filter(|option| was_given(self.given, option.get_id().as_str()))
            .collect();
        let target = match &slot {
            Slot::Target(name) => self
                .file
                .and_then(|file| file.targets.get(name))
                .map_or(&[][..], Vec::as_slice),
            Slot::Base | Slot::Empty => &[],
        };
        let run = self.file.map_or(&[][..], |file| &file.run);
        for layer in [environment.as_slice(), target, run] {
            let mut here: Vec<&Arg> = Vec::new();
            for setting in layer {
                let Some(option) = self.options.get(&setting.option) else {
                    continue;
                };
                let is_taken = taken
                    .iter()
                    .any(|other| other.get_id() == option.get_id() || self.options.conflict(other, option));
                // Without its target, an address of a lower layer is none.
                let is_replaced =
                    setting.option == "base" && matches!(slot, Slot::Target(_)) && !is_of(target, setting);
                let is_idle = setting.option == "base" && self.needs_no_server();
                if !is_taken && !is_replaced && !is_idle {
                    settled.push(setting.clone());
                    here.push(option);
                }
            }
            taken.extend(here);
        }
        Ok(settled)
    }

    fn environment(&self) -> Result<Vec<Setting>, SettingsError> {
        let mut settings = Vec::new();
        for (variable, value) in self.variables {
            if OTHERS.contains(&variable.as_str()) {
                continue;
            }
            let name = variable[PREFIX.len()..].to_lowercase().replace('_', "-");
            let name = if name == "base-url" { "base".to_owned() } else { name };
            let Some(option) = self.options.get(&name) else {
                return Err(SettingsError::Variable {
                    variable: variable.clone(),
                    why: format!(
                        "`run` has no option `--{name}`{}",
                        did_you_mean(&name, self.options.names())
                    ),
                });
            };
            let values: Vec<String> = if is_list(option) {
                value
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned)
                    .collect()
            } else if is_flag(option) {
                match value.as_str() {
                    "1" | "true" | "yes" => vec!["true".to_owned()],
                    "0" | "false" | "no" => vec!["false".to_owned()],
                    _ => {
                        return Err(SettingsError::Variable {
                            variable: variable.clone(),
                            why: "it is `true` or `false`".to_owned(),
                        });
                    }
                }
            } else {
                vec![value.clone()]
            };
            if let Some(why) = values.iter().find_map(|value| self.options.against(option, value)) {
                return Err(SettingsError::Variable {
                    variable: variable.clone(),
                    why,
                });
            }
            settings.push(Setting {
                option: name,
                values,
                source: Source::Environment(variable.clone()),
            });
        }
        Ok(settings)
    }

    fn slot(&self, environment: &[Setting]) -> Result<Slot, SettingsError> {
        let asked = self.given.get_one::<String>("target").cloned();
        let has_base = was_given(self.given, "base");
        if self.needs_no_server() && asked.is_none() {
            return Ok(Slot::Empty);
        }
        let target = match (asked, has_base) {
            (Some(_), true) => return Err(SettingsError::BaseAndTarget),
            (Some(name), false) => name,
            (None, true) => return Ok(Slot::Base),
            (None, false) => {
                let variable = self.variables.iter().find(|(name, _)| name == "FHIR_ASSAY_TARGET");
                let has_base = environment.iter().any(|setting| setting.option == "base");
                let named = self.file.and_then(|file| file.target.as_ref());
                match (variable, has_base, named) {
                    (Some(_), true, _) => return Err(SettingsError::BaseAndTarget),
                    (Some((_, name)), ..) => name.clone(),
                    (None, true, _) => return Ok(Slot::Base),
                    (None, false, Some((name, _))) => name.clone(),
                    (None, false, None) => return self.nobody_said(),
                }
            }
        };
        let known = self
            .file
            .map(|file| file.targets.keys().map(String::as_str).collect::<Vec<_>>());
        let known = known.unwrap_or_default();
        if known.contains(&target.as_str()) {
            return Ok(Slot::Target(target));
        }
        Err(SettingsError::NoTarget {
            hint: if known.is_empty() {
                format!("; there is no section [targets.{target}] in {}", self.file_name())
            } else {
                let near = did_you_mean(&target, known.iter().copied());
                format!("{near}; {} has {}", self.file_name(), known.join(", "))
            },
            name: target,
        })
    }

    /// Whether a recording or a report stands in the place of the server.
    fn needs_no_server(&self) -> bool {
        ["replay", "from"].iter().any(|id| was_given(self.given, id))
    }

    /// Nobody said which server. Where the file has some, the embedded one is hardly meant.
    fn nobody_said(&self) -> Result<Slot, SettingsError> {
        let names: Vec<&str> = self
            .file
            .iter()
            .flat_map(|file| file.targets.keys())
            .map(String::as_str)
            .collect();
        let has_base = self
            .file
            .is_some_and(|file| file.run.iter().any(|setting| setting.option == "base"));
        if names.is_empty() || has_base || self.is_idle {
            return Ok(Slot::Empty);
        }
        Err(SettingsError::WhichTarget {
            names: names.join(", "),
            file: self.file_name(),
        })
    }

    fn file_name(&self) -> String {
        self.file
            .map_or_else(|| super::FILE.to_owned(), |file| file.source.name().to_string())
    }
}

fn is_of(layer: &[Setting], setting: &Setting) -> bool {
    layer.iter().any(|mine| std::ptr::eq(mine, setting))
}

/// The name of an option for people.
pub(super) fn told(option: &Arg) -> &str {
    name_of(option).unwrap_or_default()
}
