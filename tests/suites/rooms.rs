//! Checks the imports in `src/`: each folder imports only folders below it, and no file imports,
//! directly or indirectly, a file that imports it. See `src/lib.rs`.
//!
//! An import is any path that leads to another file: in a `use`, in code, or among the tokens of a
//! macro (including `sym` operands of `asm!`). A path through re-exports leads to the file that
//! defines the item. `mod x;` is not an import; `#[cfg(test)]` code is not read. Method calls name
//! no file, so they are not seen.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, ItemUse, Meta, Token, TraitItem, UseTree};

/// The folders of `src/`, from floor 1 upwards.
const FLOORS: [&str; 6] = ["kernel", "cli", "plan", "report", "run", "sys"];

/// The roots of the library and of the program: they may import any file, and no file may import
/// them.
const ROOTS: [&str; 2] = ["src/lib.rs", "src/main.rs"];

/// The name by which the program imports the library.
const LIBRARY: &str = "ipcmk";

#[test]
fn every_import_of_src_points_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = read(&root, "src");
    assert!(files.len() > ROOTS.len(), "src/ has no files");
    let wrong = Program::load(&files).complaints();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// The Rust files below a folder: path from `root`, text.
fn read(root: &Path, folder: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(root.join(folder)).expect("src/ can be read") {
        let entry = entry.expect("src/ can be read");
        let name = entry.file_name().into_string().expect("names are UTF-8");
        let path = format!("{folder}/{name}");
        if entry.file_type().expect("src/ can be read").is_dir() {
            files.append(&mut read(root, &path));
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).expect("src/ can be read");
            files.insert(path, text);
        }
    }
    files
}

/// A file, by its index in [`Program::files`].
type File = usize;

/// A module, by its index in [`Program::modules`].
type Module = usize;

/// What a name refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// An item that this file defines.
    Item(File),
    /// A module.
    Module(Module),
}

/// A name in a module, or an import of one.
#[derive(Clone, Debug)]
enum Name {
    /// An item or module that is defined here.
    Here(Target),
    /// The path of a `use`.
    Use(Vec<String>),
}

/// A path in a module, as written.
struct Import {
    path: Vec<String>,
    glob: bool,
    line: usize,
}

struct Scope {
    file: File,
    parent: Option<Module>,
    /// The root of its crate.
    root: Module,
    names: BTreeMap<String, Vec<Name>>,
    globs: Vec<Vec<String>>,
    imports: Vec<Import>,
}

#[derive(Default)]
struct Program {
    files: Vec<String>,
    /// Whether each file contains more than `mod` and `use`.
    has_code: Vec<bool>,
    modules: Vec<Scope>,
    /// Macros by name, with the files that define them: their scope is textual.
    macros: BTreeMap<String, Vec<File>>,
    /// Files of modules that exist in tests only.
    of_tests: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Program {
    /// Reads the crates of these files.
    fn load(texts: &BTreeMap<String, String>) -> Self {
        let mut program = Self::default();
        for root in ROOTS {
            if texts.contains_key(root) {
                program.load_file(texts, root, None);
            }
        }
        for file in texts.keys() {
            if !program.files.contains(file) && !program.of_tests.contains(file) {
                let wrong = format!("{file}: no `mod` declares it");
                program.wrong.push(wrong);
            }
        }
        program
    }

    /// Reads a file as a module, and the modules that it declares.
    fn load_file(
        &mut self,
        texts: &BTreeMap<String, String>,
        path: &str,
        parent: Option<Module>,
    ) -> Module {
        let text = texts.get(path).unwrap_or_else(|| panic!("no file {path}"));
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let file = self.files.len();
        self.files.push(path.to_owned());
        self.has_code.push(false);
        // The folder of its modules' files, unless an attribute names another.
        let path = Path::new(path);
        let folder = match path.file_name().and_then(|name| name.to_str()) {
            Some("lib.rs" | "main.rs" | "mod.rs") => path.with_file_name(""),
            _ => path.with_extension(""),
        };
        let module = self.new_module(file, parent);
        Reader {
            program: self,
            texts,
            module,
            folder,
        }
        .items(&parsed.items);
        module
    }

    fn new_module(&mut self, file: File, parent: Option<Module>) -> Module {
        let module = self.modules.len();
        self.modules.push(Scope {
            file,
            parent,
            root: parent.map_or(module, |parent| self.modules[parent].root),
            names: BTreeMap::new(),
            globs: Vec::new(),
            imports: Vec::new(),
        });
        module
    }

    fn define(&mut self, module: Module, name: String, what: Name) {
        let names = &mut self.modules[module].names;
        names.entry(name).or_default().push(what);
    }

    /// What a path in a module refers to; empty if that is in another crate.
    fn resolve(
        &self,
        module: Module,
        path: &[String],
        on_the_way: &mut BTreeSet<(Module, String)>,
    ) -> Vec<Target> {
        let Some((first, rest)) = path.split_first() else {
            return Vec::new();
        };
        let scope = &self.modules[module];
        let mut targets = match first.as_str() {
            "crate" => vec![Target::Module(scope.root)],
            "self" => vec![Target::Module(module)],
            "super" => scope.parent.map(Target::Module).into_iter().collect(),
            name => self.look_up(module, name, on_the_way),
        };
        if targets.is_empty() && first == LIBRARY {
            let library = |&at: &Module| self.files[self.modules[at].file] == ROOTS[0];
            let library = (0..self.modules.len()).find(library);
            targets.extend(library.map(Target::Module));
        }
        for name in rest {
            let mut next = Vec::new();
            for target in targets {
                match target {
                    // A variant, or an associated item.
                    Target::Item(_) => next.push(target),
                    Target::Module(at) if name == "super" => {
                        next.extend(self.modules[at].parent.map(Target::Module));
                    }
                    Target::Module(at) if name == "self" => next.push(Target::Module(at)),
                    Target::Module(at) => {
                        let found = self.look_up(at, name, on_the_way);
                        if found.is_empty() {
                            // A macro of that file defines it, or it is re-exported from another
                            // crate.
                            next.push(Target::Item(self.modules[at].file));
                        }
                        next.extend(found);
                    }
                }
            }
            targets = next;
        }
        targets.sort();
        targets.dedup();
        targets
    }

    /// What a name in a module refers to.
    fn look_up(
        &self,
        module: Module,
        name: &str,
        on_the_way: &mut BTreeSet<(Module, String)>,
    ) -> Vec<Target> {
        let scope = &self.modules[module];
        // In `mod x; pub use x::x;` the name of the `use` refers to itself; this time only what is
        // not a `use` counts.
        let key = (module, name.to_owned());
        let first_time = on_the_way.insert(key.clone());
        let mut targets = Vec::new();
        for what in scope.names.get(name).into_iter().flatten() {
            match what {
                Name::Here(target) => targets.push(*target),
                Name::Use(path) if first_time => {
                    targets.extend(self.resolve(module, path, on_the_way));
                }
                Name::Use(_) => {}
            }
        }
        if first_time {
            if !scope.names.contains_key(name) {
                for glob in &scope.globs {
                    for target in self.resolve(module, glob, on_the_way) {
                        if let Target::Module(at) = target {
                            targets.extend(self.look_up(at, name, on_the_way));
                        }
                    }
                }
            }
            on_the_way.remove(&key);
        }
        targets
    }

    /// The files that an import leads to.
    fn imported(&self, module: Module, import: &Import) -> BTreeSet<File> {
        let mut files = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut targets = self.resolve(module, &import.path, &mut BTreeSet::new());
        if let ([name], true) = (import.path.as_slice(), targets.is_empty()) {
            files.extend(self.macros.get(name).into_iter().flatten());
        }
        while let Some(target) = targets.pop() {
            match target {
                Target::Item(file) => {
                    files.insert(file);
                }
                Target::Module(at) => {
                    files.insert(self.modules[at].file);
                    // A glob includes all re-exports.
                    if import.glob && seen.insert(at) {
                        let scope = &self.modules[at];
                        let uses = scope
                            .names
                            .values()
                            .flatten()
                            .filter_map(|name| match name {
                                Name::Use(path) => Some(path),
                                Name::Here(_) => None,
                            });
                        for path in uses.chain(&scope.globs) {
                            targets.extend(self.resolve(at, path, &mut BTreeSet::new()));
                        }
                    }
                }
            }
        }
        files
    }

    /// All pairs of a file and one that it imports, with the first line and path that imports it.
    fn edges(&self) -> BTreeMap<(File, File), String> {
        let mut edges = BTreeMap::new();
        for (module, scope) in self.modules.iter().enumerate() {
            for import in &scope.imports {
                for file in self.imported(module, import) {
                    if file != scope.file {
                        let glob = if import.glob { "::*" } else { "" };
                        let path = import.path.join("::");
                        let how = format!("line {}: {path}{glob}", import.line);
                        edges.entry((scope.file, file)).or_insert(how);
                    }
                }
            }
        }
        edges
    }

    /// Lists each import, circle and file that breaks a rule.
    fn complaints(&self) -> Vec<String> {
        let mut wrong = self.wrong.clone();
        for file in &self.files {
            if !ROOTS.contains(&file.as_str()) && floor(file).is_none() {
                let rooms = FLOORS.join(", ");
                wrong.push(format!("{file}: stands in none of the folders {rooms}"));
            }
        }
        let edges = self.edges();
        for (&(from, to), how) in &edges {
            let (from, to) = (&self.files[from], &self.files[to]);
            if let Some(rule) = broken_rule(from, to) {
                wrong.push(format!("{from} imports {to} ({how}): {rule}"));
            }
        }
        // A file with nothing but `mod` and `use` is replaced by what it re-exports.
        let circled: BTreeMap<(File, File), String> = edges
            .into_iter()
            .filter(|&((from, to), _)| self.has_code[from] && self.has_code[to])
            .collect();
        let mut told = BTreeSet::new();
        for start in 0..self.files.len() {
            let Some(way) = shortest_circle(&circled, start) else {
                continue;
            };
            if !told.insert(start) {
                continue;
            }
            let mut line = self.files[start].clone();
            let ends = way.iter().skip(1).chain([&start]);
            for (from, to) in way.iter().zip(ends) {
                let how = &circled[&(*from, *to)];
                line.push_str(&format!(" imports {} ({how})", self.files[*to]));
            }
            line.push_str(": no file imports, straight or by a detour, one that imports it");
            let all: Vec<&str> = reached(&circled, start)
                .into_keys()
                .filter(|&file| file != start && reached(&circled, file).contains_key(&start))
                .inspect(|&file| {
                    told.insert(file);
                })
                .map(|file| self.files[file].as_str())
                .collect();
            if all.len() >= way.len() {
                line.push_str(&format!("; with it go round {}", all.join(", ")));
            }
            wrong.push(line);
        }
        wrong
    }
}

/// The floor of a file's folder, from 1.
fn floor(file: &str) -> Option<usize> {
    let (room, _) = file.strip_prefix("src/")?.split_once('/')?;
    Some(FLOORS.iter().position(|&name| name == room)? + 1)
}

/// The rule that an import breaks, if it breaks one.
fn broken_rule(from: &str, to: &str) -> Option<String> {
    if ROOTS.contains(&to) {
        return Some("no file imports the root of its crate".to_owned());
    }
    let (from, to) = (floor(from)?, floor(to)?);
    let (room, other) = (FLOORS[from - 1], FLOORS[to - 1]);
    (to > from)
        .then(|| format!("{room} is floor {from}, {other} is floor {to}, and imports point down"))
}

/// The files that a file imports, directly or indirectly, each with its predecessor on a shortest
/// path.
fn reached(edges: &BTreeMap<(File, File), String>, start: File) -> BTreeMap<File, File> {
    let mut came_from = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for &(_, to) in edges.range((at, 0)..=(at, File::MAX)).map(|(edge, _)| edge) {
            if let Entry::Vacant(entry) = came_from.entry(to) {
                entry.insert(at);
                queue.push_back(to);
            }
        }
    }
    came_from
}

/// A shortest path from a file back to itself.
fn shortest_circle(edges: &BTreeMap<(File, File), String>, start: File) -> Option<Vec<File>> {
    let came_from = reached(edges, start);
    let mut way = vec![*came_from.get(&start)?];
    while let Some(&last) = way.last()
        && last != start
    {
        way.push(came_from[&last]);
    }
    way.reverse();
    Some(way)
}

/// Reads the items of a module.
struct Reader<'a> {
    program: &'a mut Program,
    texts: &'a BTreeMap<String, String>,
    module: Module,
    /// The folder of the files of its modules.
    folder: PathBuf,
}

impl Reader<'_> {
    fn file(&self) -> File {
        self.program.modules[self.module].file
    }

    fn items(&mut self, items: &[Item]) {
        for item in items {
            self.visit_item(item);
        }
    }

    fn import(&mut self, path: Vec<String>, glob: bool, line: usize) {
        let imports = &mut self.program.modules[self.module].imports;
        imports.push(Import { path, glob, line });
    }

    /// The files of `mod name;`: all that `path` attributes name, or the default one.
    fn module_files(&self, declared: &ItemMod) -> Vec<String> {
        let own = PathBuf::from(&self.program.files[self.file()]);
        let named: Vec<String> = declared
            .attrs
            .iter()
            .flat_map(path_attribute)
            .map(|path| normal(&own.with_file_name(path)))
            .collect();
        if !named.is_empty() {
            return named;
        }
        let name = declared.ident.to_string();
        let usual = [
            self.folder.join(format!("{name}.rs")),
            self.folder.join(&name).join("mod.rs"),
        ];
        let usual = usual.iter().map(|path| normal(path));
        usual.filter(|path| self.texts.contains_key(path)).collect()
    }

    /// Collects the paths of a `use` tree.
    fn use_tree(&mut self, tree: &UseTree, mut path: Vec<String>) {
        let (ident, alias) = match tree {
            UseTree::Path(next) => {
                path.push(next.ident.to_string());
                return self.use_tree(&next.tree, path);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, path.clone());
                }
                return;
            }
            UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                self.import(path.clone(), true, line);
                self.program.modules[self.module].globs.push(path);
                return;
            }
            UseTree::Name(name) => (&name.ident, &name.ident),
            UseTree::Rename(rename) => (&rename.ident, &rename.rename),
        };
        let mut alias = alias.to_string();
        if ident != "self" {
            path.push(ident.to_string());
        } else if alias == "self" {
            alias = path.last().cloned().unwrap_or_default();
        }
        self.import(path.clone(), false, ident.span().start().line);
        self.program.define(self.module, alias, Name::Use(path));
    }

    /// Collects the paths in unparsed tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(first) => {
                    // `$name` of a macro is not a path, but `$crate` is.
                    if at > 1 && is_punct(tokens.get(at - 2), '$') && first != "crate" {
                        continue;
                    }
                    let mut path = vec![first.to_string()];
                    while is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':') {
                        at += 2;
                        match tokens.get(at) {
                            Some(TokenTree::Ident(next)) => path.push(next.to_string()),
                            Some(TokenTree::Group(group))
                                if group.delimiter() == Delimiter::Brace =>
                            {
                                self.use_group(group.stream(), &path);
                                path.clear();
                            }
                            _ => break,
                        }
                        at += 1;
                    }
                    self.path(path, first);
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// Collects the group of a `use` inside a macro.
    fn use_group(&mut self, tokens: TokenStream, path: &[String]) {
        type Trees = syn::punctuated::Punctuated<UseTree, Token![,]>;
        let parser = Trees::parse_terminated;
        for tree in syn::parse::Parser::parse2(parser, tokens)
            .into_iter()
            .flatten()
        {
            self.use_tree(&tree, path.to_vec());
        }
    }

    /// Adds a path in code. A single name is an item of the module, or was counted at its `use`.
    fn path(&mut self, path: Vec<String>, first: &Ident) {
        if path.len() > 1 {
            self.import(path, false, first.span().start().line);
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name): (&[Attribute], Option<&Ident>) = match item {
            Item::Const(item) => (&item.attrs, Some(&item.ident)),
            Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            Item::ExternCrate(item) => (&item.attrs, None),
            Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            Item::ForeignMod(item) => (&item.attrs, None),
            Item::Impl(item) => (&item.attrs, None),
            Item::Macro(item) => (&item.attrs, None),
            Item::Mod(item) => (&item.attrs, None),
            Item::Static(item) => (&item.attrs, Some(&item.ident)),
            Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            Item::TraitAlias(item) => (&item.attrs, Some(&item.ident)),
            Item::Type(item) => (&item.attrs, Some(&item.ident)),
            Item::Union(item) => (&item.attrs, Some(&item.ident)),
            Item::Use(item) => (&item.attrs, None),
            _ => panic!(
                "{}: an item that syn does not know",
                self.program.files[self.file()]
            ),
        };
        let file = self.file();
        if attributes.iter().any(is_for_tests) {
            if let Item::Mod(declared) = item {
                let files = self.module_files(declared);
                self.program.of_tests.extend(files);
            }
            return;
        }
        if let Some(name) = name {
            let what = Name::Here(Target::Item(file));
            self.program.define(self.module, name.to_string(), what);
        }
        if !matches!(item, Item::Mod(_) | Item::Use(_) | Item::ExternCrate(_)) {
            self.program.has_code[file] = true;
        }
        if let Item::Macro(made) = item
            && let Some(name) = &made.ident
        {
            let (name, what) = (name.to_string(), Name::Here(Target::Item(file)));
            let files = self.program.macros.entry(name.clone()).or_default();
            files.push(file);
            let is_exported = |attribute: &Attribute| attribute.path().is_ident("macro_export");
            if made.attrs.iter().any(is_exported) {
                let root = self.program.modules[self.module].root;
                self.program.define(root, name.clone(), what.clone());
            }
            self.program.define(self.module, name, what);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, declared: &'ast ItemMod) {
        let name = declared.ident.to_string();
        let parent = self.module;
        if let Some((_, items)) = &declared.content {
            let module = self.program.new_module(self.file(), Some(parent));
            let what = Name::Here(Target::Module(module));
            self.program.define(parent, name.clone(), what);
            Reader {
                folder: self.folder.join(&name),
                program: self.program,
                texts: self.texts,
                module,
            }
            .items(items);
            return;
        }
        let files = self.module_files(declared);
        let own = &self.program.files[self.file()];
        assert!(!files.is_empty(), "{own}: no file for `mod {name}`");
        for file in files {
            let module = self.program.load_file(self.texts, &file, Some(parent));
            let what = Name::Here(Target::Module(module));
            self.program.define(parent, name.clone(), what);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.use_tree(&item.tree, Vec::new());
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => panic!(
                "{}: an item that syn does not know",
                self.program.files[self.file()]
            ),
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        let attributes = match item {
            TraitItem::Const(item) => &item.attrs,
            TraitItem::Fn(item) => &item.attrs,
            TraitItem::Type(item) => &item.attrs,
            TraitItem::Macro(item) => &item.attrs,
            _ => panic!(
                "{}: an item that syn does not know",
                self.program.files[self.file()]
            ),
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<&Ident> = path.segments.iter().map(|segment| &segment.ident).collect();
        if let Some(first) = names.first() {
            self.path(names.iter().map(ToString::to_string).collect(), first);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        // A macro of another file needs no `use`.
        let names = called.path.segments.iter();
        let names: Vec<&Ident> = names.map(|segment| &segment.ident).collect();
        if let Some(first) = names.first() {
            let path = names.iter().map(ToString::to_string).collect();
            self.import(path, false, first.span().start().line);
        }
        self.tokens(called.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    // `pub(in path)` restricts visibility, and imports nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// Whether an item with this attribute exists in tests only: `cfg(test)`, `cfg(all(test, ...))`.
fn is_for_tests(attribute: &Attribute) -> bool {
    fn needs_test(meta: &Meta) -> bool {
        match meta {
            Meta::Path(path) => path.is_ident("test"),
            Meta::List(list) if list.path.is_ident("all") => {
                parse_metas(&list.tokens).iter().any(needs_test)
            }
            _ => false,
        }
    }
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            parse_metas(&list.tokens).iter().any(needs_test)
        }
        _ => false,
    }
}

fn parse_metas(tokens: &TokenStream) -> Vec<Meta> {
    type Metas = syn::punctuated::Punctuated<Meta, Token![,]>;
    let metas = syn::parse::Parser::parse2(Metas::parse_terminated, tokens.clone());
    metas.into_iter().flatten().collect()
}

/// The file of `path = "..."`, alone or in a `cfg_attr`.
fn path_attribute(attribute: &Attribute) -> Vec<String> {
    fn named(meta: &Meta) -> Vec<String> {
        match meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => vec![text.value()],
                _ => Vec::new(),
            },
            Meta::List(list) if list.path.is_ident("cfg_attr") => {
                parse_metas(&list.tokens).iter().flat_map(named).collect()
            }
            _ => Vec::new(),
        }
    }
    named(&attribute.meta)
}

/// A path without `.` and `..`.
fn normal(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.iter().map(|part| part.to_str().expect("UTF-8")) {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The complaints about a program of these files.
fn complaints(files: &[(&str, &str)]) -> Vec<String> {
    let owned = |&(path, text): &(&str, &str)| (path.to_owned(), text.to_owned());
    Program::load(&files.iter().map(owned).collect()).complaints()
}

/// The roots and `mod.rs` files of a program with two files `a.rs` and `b.rs` in each of two
/// folders.
const TREE: [(&str, &str); 6] = [
    ("src/lib.rs", "pub mod kernel; pub mod cli;"),
    ("src/main.rs", "mod sys;"),
    (
        "src/kernel/mod.rs",
        "mod a; pub mod b; pub use a::{A, Kind as Sort};",
    ),
    (
        "src/cli/mod.rs",
        "//! Prose.\npub mod a; mod b; pub use self::b::*;",
    ),
    (
        "src/sys/mod.rs",
        r#"#[cfg_attr(target_arch = "x86_64", path = "arch/x86_64.rs")]
        #[cfg_attr(target_arch = "aarch64", path = "arch/aarch64.rs")]
        mod arch; mod start; pub fn code() {}"#,
    ),
    ("src/sys/arch/aarch64.rs", "pub fn trap() {}"),
];

/// The complaints about [`TREE`] with these files: kernel's a and b, cli's a and b, sys's start,
/// and arch for x86_64.
fn with(files: [&str; 6]) -> Vec<String> {
    let paths = [
        "src/kernel/a.rs",
        "src/kernel/b.rs",
        "src/cli/a.rs",
        "src/cli/b.rs",
        "src/sys/start.rs",
        "src/sys/arch/x86_64.rs",
    ];
    let files = paths.into_iter().zip(files);
    complaints(&TREE.into_iter().chain(files).collect::<Vec<_>>())
}

/// Fails unless one of the complaints contains all these words.
fn assert_wrong(complaints: &[String], words: &[&str]) {
    let has_all = |complaint: &String| words.iter().all(|&word| complaint.contains(word));
    assert!(
        complaints.iter().any(has_all),
        "no {words:?} in {complaints:#?}"
    );
}

#[test]
fn a_house_in_order_passes() {
    let wrong = with([
        "pub struct A; pub enum Kind { Shm } macro_rules! rows { () => { $crate::kernel::A } }",
        // The path goes through a re-export, and leads to a.rs, not to mod.rs.
        "use super::A; pub use heapless::Vec; pub struct B(A); #[cfg(test)] use crate::cli::b::C;",
        "use crate::kernel::{self, b::{B, Vec}, Sort}; use super::C; fn f() -> kernel::A { Sort::Shm }",
        "use core::fmt; pub struct C; impl C { #[cfg(test)] fn f(_: super::a::D) {} }
         #[cfg(test)] mod tests { use crate::cli::a::D; }",
        "use ipcmk::cli::C; pub fn start() { super::arch::trap(); }",
        "pub fn trap() { asm!(\"ud2\") }",
    ]);
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn an_upward_import_is_found() {
    for text in [
        "use crate::cli::C;",
        "use crate::{kernel::A, cli as above};",
        "use super::super::cli::*;",
        "pub use crate::cli::C as D;",
        "fn f() { use crate::cli::b; }",
        "fn f() -> Option<crate::cli::C> { None }",
        "fn f() { crate::cli::C::new() }",
        "impl crate::cli::Trait for A {}",
        "#[derive(crate::cli::C)] pub struct A;",
        "fn f() { assert!(true, \"{}\", crate::cli::C) }",
        "macro_rules! made { () => { use $crate::cli::{C}; } }",
    ] {
        let wrong = with([
            "pub struct A; pub struct Kind;",
            text,
            "",
            "pub struct C;",
            "",
            "",
        ]);
        let rule = "kernel is floor 1, cli is floor 2";
        assert_wrong(&wrong, &["src/kernel/b.rs imports src/cli/", rule]);
    }
    let wrong = with(["", "", "fn f() { crate::f() }", "", "", ""]);
    assert_wrong(&wrong, &["src/cli/a.rs imports src/lib.rs", "root"]);
}

#[test]
fn a_circle_is_found() {
    // Each makes a.rs and b.rs of cli import each other.
    for text in [
        "use super::b::C; pub struct D;",
        "use crate::cli::C as Other; pub struct D;",
        "use super::*; pub struct D;",
        "pub struct D; fn f() { let _ = crate::cli::b::C::new(); }",
        "pub struct D; fn f() { asm!(\"call {b}\", b = sym crate::cli::C) }",
        "pub struct D; fn f() { use crate::cli as rooms; rooms::b::f() }",
        "pub struct D; rows! {}",
    ] {
        let b =
            "use crate::cli::a::D; pub struct C; #[macro_export] macro_rules! rows { () => {} }";
        let wrong = with(["pub struct A; pub struct Kind;", "", text, b, "", ""]);
        assert_wrong(
            &wrong,
            &["src/cli/a.rs imports src/cli/b.rs", "imports src/cli/a.rs"],
        );
    }
}

#[test]
fn a_circle_by_asm_sym_and_by_an_alternative_file_is_found() {
    let wrong = with([
        "pub struct A; pub struct Kind;",
        "",
        "",
        "",
        "pub fn start() { super::arch::trap() }",
        "fn _start() { naked_asm!(\"call {start}\", start = sym crate::sys::start::start) }",
    ]);
    let way = [
        "src/sys/arch/x86_64.rs imports src/sys/start.rs",
        "imports src/sys/arch/x86_64.rs",
    ];
    assert_wrong(&wrong, &way);
}

#[test]
fn a_circle_by_a_detour_is_found() {
    let wrong = complaints(&[
        ("src/lib.rs", "mod run;"),
        (
            "src/run/mod.rs",
            "mod a; mod b; mod c; pub use a::A; pub fn code() { b::f() }",
        ),
        ("src/run/a.rs", "pub struct A; fn f() { super::code() }"),
        ("src/run/b.rs", "use crate::run::c::C; pub fn f() {}"),
        ("src/run/c.rs", "use super::A; pub struct C;"),
    ]);
    assert_wrong(
        &wrong,
        &[
            "src/run/mod.rs imports src/run/a.rs (line 1: a::A) imports src/run/mod.rs",
            "with it go round src/run/a.rs, src/run/b.rs, src/run/c.rs",
        ],
    );
    let wrong = complaints(&[
        ("src/lib.rs", "mod run;"),
        ("src/run/mod.rs", "mod a; mod b; mod c; pub use a::A;"),
        ("src/run/a.rs", "pub struct A; fn f() { super::b::f() }"),
        ("src/run/b.rs", "use crate::run::c::C; pub fn f() {}"),
        ("src/run/c.rs", "use super::A; pub struct C;"),
    ]);
    let c_imports_a = "imports src/run/c.rs (line 1: crate::run::c::C) imports src/run/a.rs";
    assert_wrong(&wrong, &["src/run/a.rs imports src/run/b.rs", c_imports_a]);
}

#[test]
fn a_file_outside_the_rooms_is_found() {
    let wrong = complaints(&[("src/lib.rs", "mod draft;"), ("src/draft.rs", "")]);
    assert_wrong(
        &wrong,
        &["src/draft.rs: stands in none of the folders kernel, cli"],
    );
    let wrong = complaints(&[("src/lib.rs", ""), ("src/kernel/lost.rs", "")]);
    assert_wrong(&wrong, &["src/kernel/lost.rs: no `mod` declares it"]);
}
