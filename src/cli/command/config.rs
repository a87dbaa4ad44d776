//! `config show` and `init`.

use std::fmt::Write as _;
use std::time::Instant;

use crate::cli::args::{ConfigArgs, ConfigCommand, InitArgs};
use crate::cli::config::{self, Completed};
use crate::cli::exit::Exit;
use crate::cli::{Failure, output, say, settings};
use crate::transport::{Patience, Retrying, Target, probe};
use crate::verdict::TargetInfo;

/// Does what is to be done with the configuration.
///
/// # Errors
/// Where standard output cannot be written.
pub fn config(args: &ConfigArgs, completed: &Completed) -> Result<Exit, Failure> {
    match &args.command {
        ConfigCommand::Show(args) => {
            crate::cli::print(&config::show(completed, args.json))?;
            Ok(Exit::Success)
        }
    }
}

/// Writes a configuration, with what the server says of itself.
///
/// # Errors
/// A file that is there already, a server that cannot be asked, and a file that cannot be written.
pub fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let name = args.config.display().to_string();
    if args.config.exists() && !args.force {
        let text = format!("{name} is there already; --force writes over it");
        return Err(Failure::new(Exit::Usage, text));
    }
    let info = match &args.server.base {
        None => None,
        Some(base) => {
            let base = probe::base_url(base)?;
            let client = settings::client(&args.server, &base, 1, Instant::now())?;
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| Failure::new(Exit::Unjudged, error.to_string()))?;
            let transport = Retrying::new(client, Patience::default(), |notice| say(&notice));
            let (target, _) = runtime.block_on(Target::probe(&transport, &base, args.server.fhir))?;
            Some(target.info())
        }
    };
    output::replace(&args.config, text(args, info.as_ref()))?;
    let mut told = format!("{name} is written");
    if let Some(info) = &info {
        let software = info.software.as_deref().unwrap_or("a server without a name");
        let _ = write!(told, ": {} is {software}, FHIR {}", info.base, info.release);
    }
    crate::cli::print(&format!(
        "{}\nnext: fhir-assay run\n",
        crate::report::console::cleaned(&told)
    ))?;
    Ok(Exit::Success)
}

/// The file.
fn text(args: &InitArgs, info: Option<&TargetInfo>) -> String {
    let quoted = |text: &str| toml_edit::Value::from(text).to_string();
    let mut text = String::from(
        "\
# What `fhir-assay` goes by in this folder. Every option of `fhir-assay run` is a key, without its dashes.
# Flags win over FHIR_ASSAY_* in the environment, that over a target, and that over [run].
# `fhir-assay config show` prints what is in force, and where it comes from.

[run]
",
    );
    let target = quoted(&args.name);
    let _ = match info {
        Some(_) => writeln!(text, "target = {target}"),
        None => writeln!(text, "# target = {target}"),
    };
    text.push_str(
        "\
# Known failures: only new ones fail the gate. `fhir-assay baseline update --baseline FILE` writes the file.
# baseline = \"fhir-assay.baseline.yaml\"
# fail-on = \"shall\"
# jobs = 16
# report = [\"html=reports/fhir.html\", \"junit=reports/fhir.xml\", \"json=reports/fhir.json\"]

",
    );
    let Some(info) = info else {
        text.push_str("# [targets.server]\n# base = \"https://fhir.example.org/r4\"\n");
        return text;
    };
    let _ = writeln!(text, "[targets.{}]", args.name);
    if let Some(software) = &info.software {
        let _ = writeln!(
            text,
            "# {}",
            crate::report::console::cleaned(software).replace('\n', " ")
        );
    }
    let _ = writeln!(text, "base = {}", quoted(&info.base));
    let _ = writeln!(text, "fhir = {}", quoted(info.release.name()));
    text.push_str(
        "\
# Secrets stay in the environment; here stands the name of the variable.
# bearer-env = \"FHIR_TOKEN\"
# header = { X-Tenant = \"a\" }
# allow-writes = true
",
    );
    text
}
