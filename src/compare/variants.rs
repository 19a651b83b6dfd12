//! Sorts the contents of one row into variants.

use crate::compare::{Cell, NOT_COMPARED};
use crate::snapshot::{Algorithms, Content, Digests};

/// Contents of one row that are known to be equal.
struct Class<'a> {
    /// The first content.
    content: &'a Content,
    /// What any member knows.
    digests: Digests,
    /// Bit by environment.
    members: u64,
    /// Whether it equals another class cannot be told.
    undecided: bool,
}

/// Fills in the cells of the environments that have a readable content; the others are left as they are.
///
/// Two files that have one size and no digest under a common algorithm are neither equal nor different: each becomes unreadable,
/// unless a third file tells.
pub(super) fn assign(contents: &[Option<&Content>], cells: &mut [Cell]) {
    let classes = classes(contents);
    let mut variant = 0;
    for class in &classes {
        let cell = if class.undecided { Cell::Unreadable(NOT_COMPARED) } else { Cell::Variant(variant) };
        variant += u8::from(!class.undecided);
        for environment in environments(class.members) {
            cells[environment] = cell;
        }
    }
}

/// Groups of environments whose files at this path have one size and are not told apart by what is known: for each class of equal
/// contents the member that knows most.
pub(super) fn undecided(contents: &[Option<&Content>]) -> Vec<Vec<usize>> {
    let classes = classes(contents);
    let mut groups: Vec<(u64, Vec<usize>)> = Vec::new();
    for class in classes.iter().filter(|class| class.undecided) {
        let Content::File(file) = class.content else { continue };
        let known = |environment: usize| match contents[environment] {
            Some(Content::File(file)) => Algorithms::known(&file.digests).count(),
            _ => 0,
        };
        let Some(member) =
            environments(class.members).max_by_key(|&environment| (known(environment), std::cmp::Reverse(environment)))
        else {
            continue;
        };
        match groups.iter_mut().find(|(size, _)| *size == file.size) {
            Some((_, members)) => members.push(member),
            None => groups.push((file.size, vec![member])),
        }
    }
    for (_, members) in &mut groups {
        members.sort_unstable();
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

/// Environments of a set, in order.
pub(super) fn environments(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = set.trailing_zeros() as usize;
        // Takes the lowest bit away.
        set &= set.checked_sub(1)?;
        Some(bit)
    })
}

/// Classes in order of their first environment. At most 52 contents, so all pairs are looked at.
fn classes<'a>(contents: &[Option<&'a Content>]) -> Vec<Class<'a>> {
    let mut classes: Vec<Class<'a>> = Vec::with_capacity(2);
    for (environment, content) in contents.iter().enumerate() {
        let Some(content) = *content else { continue };
        if matches!(content, Content::Unreadable { .. }) {
            continue;
        }
        let digests = if let Content::File(file) = content { file.digests } else { Digests::default() };
        match classes.iter_mut().find(|class| same(class.content, &class.digests, content, &digests) == Some(true)) {
            Some(class) => {
                class.members |= 1 << environment;
                class.digests.merge(digests);
            }
            None => classes.push(Class { content, digests, members: 1 << environment, undecided: false }),
        }
    }
    // A file that joined a class may have brought the digest that links it to another one.
    while let Some((a, b)) = pair(&classes, |same| same == Some(true)) {
        let joined = classes.remove(b);
        classes[a].members |= joined.members;
        classes[a].digests.merge(joined.digests);
    }
    for a in 0..classes.len() {
        for b in a + 1..classes.len() {
            let (x, y) = (&classes[a], &classes[b]);
            if same(x.content, &x.digests, y.content, &y.digests).is_none() {
                classes[a].undecided = true;
                classes[b].undecided = true;
            }
        }
    }
    place_folder(&mut classes);
    classes
}

/// A folder is whatever submodule a tree has in its place; of several, it cannot be told which.
fn place_folder(classes: &mut Vec<Class<'_>>) {
    let Some(folder) = classes.iter().position(|class| matches!(class.content, Content::Directory)) else { return };
    let is_submodule = |class: &Class<'_>| matches!(class.content, Content::Submodule { .. });
    let mut submodules = (0..classes.len()).filter(|&at| is_submodule(&classes[at]));
    match (submodules.next(), submodules.next()) {
        (Some(submodule), None) => {
            let joined = classes.remove(folder.max(submodule));
            classes[folder.min(submodule)].members |= joined.members;
        }
        (Some(_), Some(_)) => classes[folder].undecided = true,
        (None, _) => {}
    }
}

fn pair(classes: &[Class<'_>], wanted: impl Fn(Option<bool>) -> bool) -> Option<(usize, usize)> {
    (0..classes.len()).flat_map(|a| (a + 1..classes.len()).map(move |b| (a, b))).find(|&(a, b)| {
        let (x, y) = (&classes[a], &classes[b]);
        wanted(same(x.content, &x.digests, y.content, &y.digests))
    })
}

/// Whether two contents are equal; `None` when it cannot be told.
fn same(a: &Content, a_digests: &Digests, b: &Content, b_digests: &Digests) -> Option<bool> {
    match (a, b) {
        (Content::File(x), Content::File(y)) if x.size == y.size && x.size > 0 => a_digests.same(b_digests),
        (Content::File(x), Content::File(y)) => Some(x.size == y.size),
        (Content::Symlink { target: x }, Content::Symlink { target: y }) => Some(x == y),
        (Content::Submodule { commit: x }, Content::Submodule { commit: y }) => Some(x == y),
        (Content::Special(x), Content::Special(y)) => Some(x == y),
        (Content::Directory, Content::Directory) => Some(true),
        _ => Some(false),
    }
}

/// Whether it stands for a folder. The place of a submodule does: what is a folder in a checkout is a link to another repository in
/// a git tree, and neither is wrong.
pub(super) fn is_folder(content: &Content) -> bool {
    matches!(content, Content::Directory | Content::Submodule { .. })
}
