//! Compares the command line with `docs/src/reference/command-line.md`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use clap::{Arg, Command as Clap, ValueEnum};
use regex::Regex;

use super::*;
use crate::documentation::{DocPage, DocTable, codes, link};

/// An option as the reference describes it, and as clap defines it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Flag {
    names: Vec<String>,
    variable: Option<String>,
    value: Option<String>,
    /// The commands that take it. The empty name stands for no command.
    commands: BTreeSet<String>,
}

fn reference() -> DocPage {
    DocPage::read("docs/src/reference/command-line.md")
}

fn commands() -> Clap {
    let mut command = Arguments::command();
    command.build();
    command
}

/// All commands except `help`, which takes no options.
fn subcommands(all: &Clap) -> impl Iterator<Item = &Clap> {
    all.get_subcommands().filter(|command| command.get_name() != "help")
}

fn flag(arg: &Arg) -> Option<Flag> {
    let long = arg.get_long()?;
    let aliases = arg.get_visible_aliases().unwrap_or_default();
    let short = arg.get_short().map(|short| format!("-{short}"));
    let names = std::iter::once(long).chain(aliases).map(|name| format!("--{name}")).chain(short);
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let variable = Regex::new(r"\[env: ([A-Z_]+)\]").unwrap().captures(&help).map(|found| found[1].to_owned());
    let takes_value = arg.get_action().takes_values();
    let value = arg.get_value_names().filter(|_| takes_value).map(|names| {
        match (names[0].as_str(), arg.get_value_delimiter()) {
            (name, Some(mark)) => format!("{name}[{mark}{name}...]"),
            (name, None) => name.to_owned(),
        }
    });
    Some(Flag { names: names.collect(), variable, value, commands: BTreeSet::new() })
}

/// All options of all commands, by their first name.
fn flags(all: &Clap) -> BTreeMap<String, Flag> {
    let mut flags: BTreeMap<String, Flag> = BTreeMap::new();
    let named = subcommands(all).map(|command| (command.get_name(), command));
    for (name, command) in named.chain([("", all)]) {
        for found in command.get_arguments().filter_map(flag) {
            let held = flags.entry(found.names[0].clone()).or_default();
            let commands = std::mem::take(&mut held.commands);
            assert!(commands.is_empty() || *held == found, "{name}: another {found:?}");
            *held = Flag { commands, ..found };
            held.commands.insert(name.to_owned());
        }
    }
    flags
}

fn documented(table: &DocTable, all: &BTreeSet<String>) -> BTreeMap<String, Flag> {
    let rows = table.rows.iter().map(|row| {
        let commands = match row[3].as_str() {
            "all" => all.iter().cloned().chain([String::new()]).collect(),
            "without a command" => [String::new()].into(),
            // `run` may be left out.
            some => some
                .split(", ")
                .flat_map(|name| [name, if name == "run" { "" } else { name }])
                .map(str::to_owned)
                .collect(),
        };
        let one = |cell: &str| codes(cell).first().map(|code| (*code).to_owned());
        let names: Vec<String> = codes(&row[0]).into_iter().map(str::to_owned).collect();
        (names[0].clone(), Flag { variable: one(&row[1]), value: one(&row[2]), commands, names })
    });
    let flags: BTreeMap<_, _> = rows.collect();
    assert_eq!(flags.len(), table.rows.len(), "a row stands there twice");
    flags
}

#[test]
fn the_reference_has_a_row_for_every_option_and_no_other() {
    let clap = commands();
    let all: BTreeSet<String> = subcommands(&clap).map(|command| command.get_name().to_owned()).collect();
    assert_eq!(documented(&reference().section("## Options").only_table(), &all), flags(&clap));
}

#[test]
fn the_reference_names_the_default_of_every_option_that_has_one() {
    let clap = commands();
    let table = reference().section("## Options").only_table();
    let mut defaults = 0;
    for arg in subcommands(&clap).flat_map(Clap::get_arguments).filter(|arg| !arg.get_default_values().is_empty()) {
        let name = format!("`--{}`", arg.get_long().unwrap());
        let default = format!("`{}`", arg.get_default_values()[0].to_str().unwrap());
        if arg.get_action().takes_values() {
            let meaning = table.rows.iter().find(|row| row[0] == name).unwrap().last().unwrap();
            let said = [format!("default {default}"), format!("{default} (default)")];
            assert!(said.iter().any(|said| meaning.contains(said)), "{name}: {default}");
            defaults += 1;
        }
    }
    assert_eq!(defaults, 2);
}

#[test]
fn the_reference_has_a_row_and_a_section_for_every_command() {
    let (page, clap) = (reference(), commands());
    let table = page.introduction().only_table();
    let name = |cell: &str| codes(cell)[0].to_owned();
    let rows: Vec<String> = table.rows.iter().map(|row| name(&row[0])).collect();
    assert_eq!(rows, clap.get_subcommands().map(Clap::get_name).collect::<Vec<_>>());
    for cell in table.rows.iter().map(|row| &row[0]).filter(|cell| name(cell) != "help") {
        assert_eq!(link(cell).1, format!("#{}", name(cell)));
        page.section(&format!("## {}", name(cell)));
    }
    let shells = Shell::value_variants().iter().map(|shell| format!("`{shell}`")).collect::<Vec<_>>();
    let (last, others) = shells.split_last().unwrap();
    assert!(page.section("## completion").text().contains(&format!("{} or {last}", others.join(", "))));
}

#[test]
fn the_reference_names_every_variable_that_is_read() {
    let asked = RefCell::new(BTreeSet::new());
    let env = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        None
    };
    for line in ["run --brokers a:1", "check", "demo", "lag --config a"] {
        let args = std::iter::once("warrener").chain(line.split(' ')).map(OsString::from);
        drop(parse(args, &env));
    }
    let table = reference().section("## Options").only_table();
    let named: BTreeSet<String> = table.rows.iter().flat_map(|row| codes(&row[1])).map(str::to_owned).collect();
    assert_eq!(named, asked.into_inner());
}

#[test]
fn the_reference_lists_the_exit_codes() {
    let table = reference().section("## Exit codes").only_table();
    let codes: Vec<&str> = table.rows.iter().map(|row| row[0].as_str()).collect();
    let ours = [DONE, FAILED, USAGE].map(|code| code.to_string());
    assert_eq!(codes.split_last(), Some((&"128 + signal", &ours.each_ref().map(String::as_str)[..])));
    for (signal, name) in [(libc::SIGABRT, "SIGABRT"), (libc::SIGSEGV, "SIGSEGV")] {
        assert!(table.row("128 + signal")[1].contains(&format!("{}: {name}", 128 + signal)), "{name}");
    }
}
