//! `man`: the manual pages.

use std::io;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::args::{Cli, ManArgs};
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::{Failure, print};

/// Prints the page of the program, or writes those of all commands into a folder.
///
/// # Errors
/// Where they cannot be written.
pub fn man(args: &ManArgs) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    command.build();
    let Some(folder) = &args.folder else {
        let page = page(&command).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
        print(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Success);
    };
    write(&command, folder)?;
    Ok(Exit::Success)
}

/// The pages of a command and of those in it.
fn write(command: &Command, folder: &Path) -> Result<(), Failure> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = folder.join(format!("{name}.1"));
    let written = page(command).and_then(|page| {
        let mut file = output::create(&path).map_err(io::Error::other)?;
        io::Write::write_all(&mut file, &page)?;
        io::Write::flush(&mut file)
    });
    written.map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let inner = command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set() && inner.get_name() != "help");
    inner.into_iter().try_for_each(|inner| write(inner, folder))
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}
