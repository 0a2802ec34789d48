//! From the text of a file to the paths in it.

use proc_macro2::{Delimiter, Group, Literal, Spacing, TokenStream, TokenTree};

/// A path as it is written.
pub(super) struct Written {
    pub(super) segments: Vec<String>,
    /// What a `use` binds it to.
    pub(super) name: Option<String>,
    /// The inline modules around it, from the outermost.
    pub(super) inside: Vec<String>,
    pub(super) line: usize,
}

/// The paths of a file in the order of its text.
///
/// # Errors
/// The text is not Rust.
pub(super) fn read(source: &str) -> Result<Vec<Written>, String> {
    let tokens: TokenStream = source.parse().map_err(|error| format!("{error}"))?;
    let mut reader = Reader::default();
    reader.read(tokens);
    Ok(reader.paths)
}

#[derive(Default)]
struct Reader {
    inside: Vec<String>,
    paths: Vec<Written>,
}

impl Reader {
    fn read(&mut self, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = match token {
                TokenTree::Ident(word) if word == "mod" => self.module(&tokens, at),
                TokenTree::Ident(word) if word == "use" => {
                    self.tree(&tokens, at + 1, Vec::new(), true)
                }
                TokenTree::Ident(word) if word == "pub" => past_visibility(&tokens, at),
                TokenTree::Ident(_) if begins_path(&tokens, at) => {
                    self.tree(&tokens, at, Vec::new(), false)
                }
                TokenTree::Group(group) => {
                    self.read(group.stream());
                    at + 1
                }
                TokenTree::Literal(literal) => {
                    self.quoted(literal);
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    fn module(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        match (tokens.get(at + 1), tokens.get(at + 2)) {
            (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) => {
                self.inside.push(plain(&name.to_string()));
                self.read(body.stream());
                self.inside.pop();
                at + 3
            }
            _ => at + 1,
        }
    }

    /// A path in an attribute, such as serde's `with = "crate::…"`.
    fn quoted(&mut self, literal: &Literal) {
        let text = literal.to_string();
        let text = text.trim_matches('"');
        let is_path = ["crate::", "super::", "self::"]
            .iter()
            .any(|start| text.starts_with(start));
        let Some(tokens) = is_path.then(|| text.parse().ok()).flatten() else {
            return;
        };
        let first = self.paths.len();
        self.read(tokens);
        for path in self.paths.iter_mut().skip(first) {
            path.line = literal.span().start().line;
        }
    }

    /// Reads the path, or in a `use` the tree, that begins at `at` below `path`, and answers where it
    /// ends.
    fn tree(
        &mut self,
        tokens: &[TokenTree],
        mut at: usize,
        mut path: Vec<String>,
        of_use: bool,
    ) -> usize {
        let line = tokens.get(at).map_or(0, |token| token.span().start().line);
        if are_colons(tokens, at) {
            // A crate from outside: a name that no module has.
            path.push(String::new());
            at += 2;
        }
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(word)) => path.push(plain(&word.to_string())),
                Some(TokenTree::Group(group))
                    if of_use && group.delimiter() == Delimiter::Brace =>
                {
                    self.branches(group, &path);
                    return at + 1;
                }
                // `*`, or the `<` after a path's last `::`.
                _ => {
                    self.found(path, None, line);
                    return at;
                }
            }
            at += 1;
            if !are_colons(tokens, at) {
                break;
            }
            at += 2;
        }
        let name = of_use.then(|| match (tokens.get(at), tokens.get(at + 1)) {
            (Some(TokenTree::Ident(word)), Some(name)) if word == "as" => plain(&name.to_string()),
            _ => last_name(&path),
        });
        self.found(path, name, line);
        at
    }

    fn branches(&mut self, group: &Group, path: &[String]) {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = self.tree(&tokens, at, path.to_vec(), true);
            let comma = tokens.iter().skip(at).position(|token| is(token, ','));
            at += comma.map_or(tokens.len(), |past| past + 1);
        }
    }

    fn found(&mut self, segments: Vec<String>, name: Option<String>, line: usize) {
        if !segments.is_empty() {
            self.paths.push(Written {
                segments,
                name,
                inside: self.inside.clone(),
                line,
            });
        }
    }
}

/// `self` at the end of a `use` names what stands before it.
fn last_name(path: &[String]) -> String {
    let name = path.iter().rfind(|segment| *segment != "self");
    name.cloned().unwrap_or_default()
}

/// Past `pub`, and past `(in path)`: who may see something is no use of it.
fn past_visibility(tokens: &[TokenTree], at: usize) -> usize {
    let Some(TokenTree::Group(group)) = tokens.get(at + 1) else {
        return at + 1;
    };
    match group.stream().into_iter().next() {
        Some(TokenTree::Ident(word)) if word == "in" => at + 2,
        _ => at + 1,
    }
}

/// Whether the identifier at `at` is the first of a path; that of a method stands behind a dot.
fn begins_path(tokens: &[TokenTree], at: usize) -> bool {
    let keyword = tokens.get(at).is_some_and(is_keyword);
    let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
    let follows_colons = at >= 2 && are_colons(tokens, at - 2);
    let of_method = before(1).is_some_and(|token| is(token, '.'));
    are_colons(tokens, at + 1) && !follows_colons && (keyword || !of_method)
}

fn is_keyword(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(word) if word == "crate" || word == "super" || word == "self")
}

fn are_colons(tokens: &[TokenTree], at: usize) -> bool {
    let first = matches!(
        tokens.get(at),
        Some(TokenTree::Punct(mark)) if mark.as_char() == ':' && mark.spacing() == Spacing::Joint
    );
    first && tokens.get(at + 1).is_some_and(|token| is(token, ':'))
}

fn is(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == mark)
}

/// The name without `r#`, as the file of a module has it.
fn plain(name: &str) -> String {
    name.trim_start_matches("r#").to_owned()
}
