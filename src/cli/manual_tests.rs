//! The man pages in `packaging/man` are generated from the command line. `make man` writes them, and a test compares
//! them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::arguments::Arguments;
use super::{DONE, FAILED, USAGE};

/// The pages by file name.
fn pages() -> BTreeMap<String, String> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let mut pages = BTreeMap::new();
    let program = Man::new(command.clone());
    pages.insert("warrener.1".to_owned(), rendered(&program) + &more());
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let name = format!("warrener-{}", subcommand.get_name());
        let page = Man::new(subcommand.clone()).title(name.clone());
        let also = "\n.SH \"SEE ALSO\"\n.BR warrener (1)\n";
        pages.insert(format!("{name}.1"), rendered(&page) + also);
    }
    pages
}

fn rendered(page: &Man) -> String {
    let mut text = Vec::new();
    page.render(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// Sections that cannot be generated from the command line.
fn more() -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, what) in [
        (DONE, "Stopped on request, or completed without a mistake."),
        (FAILED, "Failed. lag: a cluster was not read completely in time, or a group was not found."),
        (USAGE, "Wrong configuration or usage: all mistakes are listed, and nothing was started."),
    ] {
        roff.control("TP", []).text([bold(code.to_string())]).text([roman(what)]);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for (name, flag) in [
        ("WARRENER_CONFIG", "--config"),
        ("WARRENER_BROKERS", "--brokers"),
        ("WARRENER_LISTEN", "--listen"),
        ("WARRENER_LOG_LEVEL", "--log-level"),
    ] {
        roff.control("TP", []).text([bold(name)]).text([roman("Used if "), bold(flag), roman(" is not given.")]);
    }
    roff.control("SH", ["SIGNALS"]);
    roff.text([roman("SIGTERM and SIGINT stop the exporter within two seconds; a second one ends it at once. SIGHUP reads the configuration file again.")]);
    roff.control("SH", ["FILES"]).control("TP", []).text([bold("/etc/warrener/warrener.toml")]);
    roff.text([roman("Configuration file of the systemd unit.")]);
    format!("\n{}", roff.to_roff())
}

#[test]
fn the_man_pages_are_those_of_this_command_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/man");
    let pages = pages();
    if crate::golden_tests::is_writing() {
        for (name, text) in &pages {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let held = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let held: BTreeMap<String, String> =
        held.map(|name| (name.clone(), fs::read_to_string(folder.join(&name)).unwrap())).collect();
    assert_eq!(held, pages, "`make man` writes them anew");
}
