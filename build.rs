//! Builds the live map page with npm, for the program to carry it along.
//!
//! Only with the cargo feature `page` (on by default), and only when the page's
//! sources have changed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the page is made of, below `web/`.
const SOURCES: [&str; 10] = [
    "drive.html",
    "index.html",
    "package.json",
    "package-lock.json",
    "public",
    "ride.html",
    "sdk",
    "share.html",
    "src",
    "vite.config.ts",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_PAGE").is_none() {
        return;
    }
    for source in SOURCES {
        println!("cargo::rerun-if-changed=web/{source}");
    }
    if let Err(problem) = build() {
        println!("cargo::error=the live map page could not be built: {problem}");
        println!(
            "cargo::error=it needs Node.js 20.19 or newer with npm; to build without the page: --no-default-features"
        );
    }
}

fn build() -> Result<(), String> {
    let variable = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .ok_or(format!("{name} is not set"))
    };
    let web = variable("CARGO_MANIFEST_DIR")?.join("web");
    let out = variable("OUT_DIR")?.join("page");
    // npm leaves this file behind when it has installed what the lock file says.
    let installed = web.join("node_modules/.package-lock.json");
    if !is_newer(&installed, &web.join("package-lock.json")) {
        npm(&web, &["ci", "--no-audit", "--no-fund"])?;
    }
    let out = out.to_str().ok_or("the build folder's name is not UTF-8")?;
    npm(
        &web,
        &["run", "build", "--", "--outDir", out, "--emptyOutDir"],
    )
}

fn is_newer(file: &Path, than: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    matches!((changed(file), changed(than)), (Ok(file), Ok(than)) if file >= than)
}

fn npm(folder: &Path, args: &[&str]) -> Result<(), String> {
    let output = Command::new("npm")
        .args(args)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("npm cannot be started ({error})"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().replace('\n', " | ");
    Err(format!(
        "npm {} failed: {} {}",
        args.join(" "),
        text(&output.stdout),
        text(&output.stderr)
    ))
}
