//! A page of the documents taken apart: its fenced blocks, its prose, its headings, its links and what
//! stands in backticks. Pure.

/// A page and its text.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// Where it lies, from the top folder.
    pub(super) path: String,
    text: String,
}

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// The number of its first line of text.
    pub(super) line: usize,
    /// What stands behind the fence.
    pub(super) language: String,
    /// What is in it.
    pub(super) text: String,
    /// Whether nothing but empty lines lies between it and the block before.
    pub(super) follows: bool,
}

/// A piece of the prose, and the number of its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The number of the line.
    pub(super) line: usize,
    /// The piece.
    pub(super) text: String,
}

impl Page {
    /// A page with this text.
    pub(super) fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// How many lines it has.
    pub(super) fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// Its fenced blocks.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let (mut open, mut follows) = (false, false);
        for (number, line) in self.text.lines().enumerate() {
            match line.strip_prefix("```") {
                Some(_) if open => (open, follows) = (false, true),
                Some(language) => {
                    open = true;
                    blocks.push(Block {
                        line: number + 2,
                        language: language.trim().to_owned(),
                        text: String::new(),
                        follows,
                    });
                }
                None if open => {
                    let block = blocks.last_mut().expect("one is open");
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                None => follows &= line.trim().is_empty(),
            }
        }
        blocks
    }

    /// The lines outside of fenced blocks.
    pub(super) fn prose(&self) -> Vec<Piece> {
        let mut open = false;
        let mut prose = Vec::new();
        for (number, line) in self.text.lines().enumerate() {
            if line.starts_with("```") {
                open = !open;
            } else if !open {
                prose.push(Piece {
                    line: number + 1,
                    text: line.to_owned(),
                });
            }
        }
        prose
    }

    /// What stands in backticks, in the prose.
    pub(super) fn spans(&self) -> Vec<Piece> {
        let mut spans = Vec::new();
        for Piece { line, text } in self.prose() {
            let inside = text.split('`').skip(1).step_by(2);
            spans.extend(inside.map(|text| Piece {
                line,
                text: text.to_owned(),
            }));
        }
        spans
    }

    /// Where its links lead.
    pub(super) fn links(&self) -> Vec<Piece> {
        let mut links = Vec::new();
        for Piece { line, text } in self.prose() {
            let outside: Vec<&str> = text.split('`').step_by(2).collect();
            for rest in outside.join("``").split("](").skip(1) {
                let target = rest.split(')').next().unwrap_or_default();
                links.push(Piece {
                    line,
                    text: target.to_owned(),
                });
            }
        }
        links
    }

    /// The names under which links find its headings, made as GitHub makes them.
    pub(super) fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        for Piece { text, .. } in self.prose() {
            let Some(heading) = text.strip_prefix('#') else {
                continue;
            };
            let name = anchor(heading.trim_start_matches('#').trim());
            let before = anchors.iter().filter(|other| **other == name).count();
            anchors.push(match before {
                0 => name,
                count => format!("{name}-{count}"),
            });
        }
        anchors
    }

    /// The first line of its first paragraph.
    pub(super) fn first_sentence(&self) -> String {
        let prose = self.prose().into_iter().map(|piece| piece.text);
        let mut paragraphs = prose.filter(|text| !text.is_empty() && !text.starts_with('#'));
        paragraphs.next().unwrap_or_default()
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    let lower = kept.flat_map(char::to_lowercase);
    lower.map(|c| if c == ' ' { '-' } else { c }).collect()
}

mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_apart() {
        let page = Page::new(
            "a.md",
            "# Up, down\n\nFor you: `NAME` and [x](b.md#c), `[y](z)`.\n\n```bash\ncurl x\n```\n\n\
             ```json\n{}\n# no heading `X`\n```\n\n## Up down\nthen\n```\nlast\n```\n",
        );
        let block = |line, language: &str, text: &str, follows| Block {
            line,
            language: language.to_owned(),
            text: text.to_owned(),
            follows,
        };
        let blocks = [
            block(6, "bash", "curl x\n", false),
            block(10, "json", "{}\n# no heading `X`\n", true),
            block(17, "", "last\n", false),
        ];
        assert_eq!(page.blocks(), blocks);
        let texts = |pieces: Vec<Piece>| -> Vec<String> {
            pieces.into_iter().map(|piece| piece.text).collect()
        };
        assert_eq!(texts(page.spans()), ["NAME", "[y](z)"]);
        assert_eq!(texts(page.links()), ["b.md#c"]);
        assert_eq!(page.anchors(), ["up-down", "up-down-1"]);
        assert!(page.first_sentence().starts_with("For you"));
        assert_eq!(page.lines(), 18);
    }
}
