//! A Kerberos realm: Debian's KDC on a free port.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::Process;
use super::{eventually, free_port, seconds};

pub const REALM: &str = "RIG.TEST";
const USUAL_PLACES: [&str; 2] = ["/usr/sbin", "/usr/bin"];

/// A realm whose KDC runs. Its files are in the folder of `KRB5_CONFIG`, which the program and the brokers read too.
pub struct Kdc {
    folder: PathBuf,
    _process: Process,
}

impl Kdc {
    /// Makes the realm anew.
    pub fn start() -> Self {
        let config = std::env::var_os("KRB5_CONFIG").expect("run it by `make kerberos`, which sets KRB5_CONFIG");
        let folder = Path::new(&config).parent().unwrap().to_owned();
        // What an earlier run has left.
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).unwrap();
        let port = free_port();
        let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
        // TCP alone: the JVM would first wait for an answer by UDP.
        let client = format!(
            "[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\ndns_lookup_realm = false\n\
             dns_canonicalize_hostname = false\nrdns = false\nudp_preference_limit = 1\n\
             [realms]\n{REALM} = {{\n kdc = 127.0.0.1:{port}\n}}\n"
        );
        write("krb5.conf", client);
        let file = |name: &str| folder.join(name).display().to_string();
        let kdc = format!(
            "[kdcdefaults]\nkdc_listen = 127.0.0.1:{port}\nkdc_tcp_listen = 127.0.0.1:{port}\n\
             [realms]\n{REALM} = {{\n database_name = {}\n key_stash_file = {}\n \
             supported_enctypes = aes256-cts-hmac-sha1-96:normal\n}}\n[logging]\nkdc = FILE:{}\n",
            file("principal"),
            file("stash"),
            file("kdc.log")
        );
        write("kdc.conf", kdc);
        run(&folder, "kdb5_util", &["create", "-s", "-r", REALM, "-P", "rig"]);
        let mut command = command(&folder, "krb5kdc");
        command.arg("-n");
        let process = Process::start(command, &folder.join("krb5kdc.log"));
        eventually(seconds(20), "KDC that listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).map(drop).map_err(|error| error.to_string())
        });
        Self { folder, _process: process }
    }

    /// Makes a principal and writes its keys to a file.
    pub fn add(&self, principal: &str, keytab: &Path) {
        self.ask(&format!("addprinc -randkey {principal}"));
        self.renew(principal, keytab);
    }

    /// Gives a principal other keys, and writes them to a file.
    pub fn renew(&self, principal: &str, keytab: &Path) {
        self.ask(&format!("ktadd -k {} {principal}", keytab.display()));
    }

    fn ask(&self, query: &str) {
        run(&self.folder, "kadmin.local", &["-r", REALM, "-q", query]);
    }
}

fn command(folder: &Path, name: &str) -> Command {
    let places = USUAL_PLACES.map(|place| Path::new(place).join(name));
    let mut command = Command::new(places.iter().find(|path| path.exists()).unwrap_or_else(|| panic!("no {name}")));
    command.env("KRB5_KDC_PROFILE", folder.join("kdc.conf"));
    command
}

fn run(folder: &Path, name: &str, arguments: &[&str]) {
    let output = command(folder, name).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // kadmin.local ends with 0 even if it could not do what it was asked for.
    assert!(output.status.success() && !said.contains("while "), "{name} {arguments:?}: {said}");
}
