//! Tells the program which revision and compiler it was built from.

#![allow(clippy::disallowed_methods, reason = "a build script reads its environment; the ban is the core's")]

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The log grows with every commit; HEAD itself names the branch alone. In a worktree they are elsewhere, in a source
    // archive nowhere, and a path that is missing would run this script at every build.
    for file in ["HEAD", "logs/HEAD"] {
        let path = first_line("git", &["rev-parse", "--git-path", file]);
        if let Some(path) = path.filter(|path| std::path::Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    println!("cargo::rerun-if-env-changed=WARRENER_REVISION");
    let revision = std::env::var("WARRENER_REVISION").ok();
    let revision = revision.or_else(|| first_line("git", &["rev-parse", "--short=12", "HEAD"]));
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    println!("cargo::rustc-env=WARRENER_REVISION={}", revision.unwrap_or_default());
    println!("cargo::rustc-env=WARRENER_RUSTC={}", first_line(&rustc, &["--version"]).unwrap_or_default());
}

/// A source archive has no revision: then it is empty.
fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned())
}
