//! Links between the documents.

use std::path::Path;

use crate::read;
use crate::spec::Spec;

#[test]
fn links_between_the_documents_lead_somewhere() {
    for file in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/client-library.md",
        "docs/protocol.md",
        "docs/security.md",
        "docs/operations.md",
        "docs/performance.md",
        "docs/security.md",
    ] {
        let document = read(file);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let folder = folder.parent().unwrap();
        for link in document
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            if path.starts_with("http") {
                continue;
            }
            let to = if path.is_empty() {
                document.clone()
            } else {
                let path = folder.join(path);
                assert!(path.exists(), "{file} links to {link}");
                if anchor.is_empty() {
                    continue;
                }
                std::fs::read_to_string(path).unwrap()
            };
            let slugs = to.lines().filter(|line| line.starts_with('#')).map(slug);
            assert!(
                anchor.is_empty() || slugs.into_iter().any(|slug| slug == anchor),
                "{file} links to {link}"
            );
        }
    }
}

/// As GitHub makes it of a heading.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn every_reference_in_the_documents_leads_somewhere() {
    for path in ["docs/asyncapi.yaml", "docs/openapi.yaml"] {
        let count = Spec::load(path).follow_all();
        assert!(count > 50, "{path} has {count} references");
    }
}
