//! The dossier of an integration: what a team, an auditor and the person on call take away, made from the contract alone.
//!
//! Four chapters per provider, and an overview of all of them:
//!
//! 1. architecture and failure modes,
//! 2. timeouts, retries and limits, with the worst case of each operation,
//! 3. security and secrets,
//! 4. signals and runbooks.
//!
//! What nobody decided stands there as `UNDECIDED`; what the check found stands there too.

mod architecture;
mod failures;
mod limits;
mod overview;
mod pictures;
mod security;
mod signals;
mod words;

use outwright_contract::Profile;

use crate::paper::{self, Block, Pictures, heading};

/// The dossier of some contracts.
#[derive(Clone, Debug, PartialEq)]
pub struct Dossier {
    overview: Vec<Block>,
    providers: Vec<Provider>,
}

/// The chapters of one provider.
#[derive(Clone, Debug, PartialEq)]
struct Provider {
    name: String,
    chapters: [Chapter; 4],
}

/// One of the four outputs; its headings begin at level 2.
#[derive(Clone, Debug, PartialEq)]
struct Chapter {
    /// The name of its file, without `.md`.
    slug: &'static str,
    title: &'static str,
    blocks: Vec<Block>,
}

/// A file of a dossier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path below the dossier's folder, with `/` between parts.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The dossier of these profiles, in their order.
#[must_use]
pub fn dossier(profiles: &[Profile]) -> Dossier {
    let chapters = |profile: &Profile| {
        [
            Chapter {
                slug: "architecture",
                title: "Architecture and failure modes",
                blocks: architecture::blocks(profile),
            },
            Chapter {
                slug: "limits",
                title: "Timeouts, retries and limits",
                blocks: limits::blocks(profile),
            },
            Chapter {
                slug: "security",
                title: "Security and secrets",
                blocks: security::blocks(profile),
            },
            Chapter {
                slug: "signals",
                title: "Signals and runbooks",
                blocks: signals::blocks(profile),
            },
        ]
    };
    let provider = |profile: &Profile| Provider {
        name: profile.provider.clone(),
        chapters: chapters(profile),
    };
    Dossier {
        overview: overview::blocks(profiles),
        providers: profiles.iter().map(provider).collect(),
    }
}

/// What the whole is called.
const TITLE: &str = "Integration dossier";

impl Dossier {
    /// All of it as one text; pictures are told in words.
    #[must_use]
    pub fn markdown(&self) -> String {
        paper::markdown(&self.whole(), Pictures::Told)
    }

    /// All of it as one page that needs nothing beside it.
    #[must_use]
    pub fn html(&self) -> String {
        paper::page(TITLE, &self.whole())
    }

    /// One page for all, one text for all, and per provider a folder with its four chapters and their pictures.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let mut files = vec![
            File { path: "index.html".to_owned(), text: self.html() },
            File { path: "README.md".to_owned(), text: self.readme() },
        ];
        for provider in &self.providers {
            let folder = file_name(&provider.name);
            for chapter in &provider.chapters {
                let title = format!("{}: {}", provider.name, lower(chapter.title));
                let mut blocks = vec![heading(1, &title, &title)];
                blocks.extend(chapter.blocks.iter().cloned());
                let path = format!("{folder}/{}.md", chapter.slug);
                files.push(File { path, text: paper::markdown(&blocks, Pictures::Linked) });
                for block in &chapter.blocks {
                    if let Block::Picture(picture) = block {
                        let path = format!("{folder}/{}.svg", picture.name());
                        files.push(File { path, text: picture.svg() });
                    }
                }
            }
        }
        files
    }

    /// The overview, with the way to the chapters.
    fn readme(&self) -> String {
        let mut text = paper::markdown(&self.overview, Pictures::Linked);
        text.push_str("\n## Chapters\n\n");
        for provider in &self.providers {
            let folder = file_name(&provider.name);
            let links = provider
                .chapters
                .iter()
                .map(|chapter| format!("[{}]({folder}/{}.md)", lower(chapter.title), chapter.slug));
            let links: Vec<String> = links.collect();
            text.push_str(&format!("- {}: {}\n", provider.name, links.join(", ")));
        }
        text
    }

    fn whole(&self) -> Vec<Block> {
        let mut blocks = self.overview.clone();
        for provider in &self.providers {
            let name = &provider.name;
            blocks.push(heading(2, name, &format!("provider-{name}")));
            for chapter in &provider.chapters {
                blocks.push(heading(3, chapter.title, &format!("{name}-{}", chapter.slug)));
                blocks.extend(chapter.blocks.iter().map(|block| below(name, chapter.slug, block)));
            }
        }
        blocks
    }
}

/// A block of a chapter inside of the whole: its headings stand two levels lower, under names of their own.
fn below(provider: &str, chapter: &str, block: &Block) -> Block {
    match block {
        Block::Heading { level, text, id } => {
            heading((level + 2).min(4), text, &format!("{provider}-{chapter}-{id}"))
        }
        Block::Text(_) | Block::List(_) | Block::Steps(_) | Block::Table(_) | Block::Picture(_) => {
            block.clone()
        }
    }
}

/// A provider's name as the name of a folder: names are 1 to 64 letters, digits, `_`, `-` or `.`, so that only dots alone must be kept from meaning another folder.
fn file_name(name: &str) -> String {
    if name.bytes().all(|b| b == b'.') { "provider".to_owned() } else { name.replace('/', "-") }
}

fn lower(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
