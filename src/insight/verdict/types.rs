//! What is said about a unit in a target.

use crate::path::TreePath;
use crate::snapshot::CommitId;

/// What is known of one unit in one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Which of the units that were judged.
    pub unit: usize,
    /// The environment it was looked for in.
    pub target: usize,
    /// Whether it is there.
    pub verdict: Verdict,
    /// The strongest evidence of that there is anything of it in the target; `None` when there is none.
    pub tier: Option<Tier>,
    /// The facts, strongest first.
    pub evidence: Vec<Proof>,
}

/// Whether a target has a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It has.
    Present,
    /// It has not.
    Absent,
    /// It has some of it.
    Partly {
        /// What it lacks, sorted by path.
        missing: Vec<Missing>,
    },
    /// It cannot be said.
    Unproven {
        /// Why.
        because: Doubt,
    },
}

/// What a target lacks of a unit in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The file, as the unit calls it.
    pub path: TreePath,
    /// How many of the lines that the unit adds are not there.
    pub added: usize,
    /// How many of the lines that the unit removes are still there.
    pub removed: usize,
}

/// Why nothing can be said about a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// Something is much alike, and nothing proves that it is the same: the share of changed lines that agree, in thousandths.
    SimilarOnly(u16),
    /// Only what is said about it agrees: a trailer, a change id, or subject, author and date.
    SaidOnly,
    /// A file could not be read, in words.
    Unreadable(String),
    /// It changes nothing that could be looked for: only lines that are everywhere, only what is beside the text, or only files that go, in a tree
    /// that never had all files.
    Nothing,
    /// What it brings was changed again by later units, which are there: nothing of it is missing, and nothing tells that it ever was there.
    Overtaken,
    /// The file is there under no name that is known, so that nothing can be said about its lines.
    NoFile,
    /// It is too large, or no text, and the target has another content.
    Opaque,
}

/// How strong evidence is; the first is the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// The same commit, or the same contents at the same paths.
    SameContent,
    /// An equal verbatim patch id.
    PatchId,
    /// A three-way replay changes nothing.
    Replay,
    /// All added lines are in place and all removed ones are gone, which was not so in the base.
    Containment,
    /// A patch id that is equal but for white space.
    BlankPatchId,
    /// The changes are similar, and no others are as similar to either.
    Similarity,
    /// What is said about it: trailers, a change id, or subject, author and date.
    Said,
}

impl Tier {
    /// Its number, 1 to 7.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }
}

/// A fact for or against a unit being in a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// How strong it is.
    pub tier: Tier,
    /// The commit of the target that it is about, where there is one.
    pub commit: Option<CommitId>,
    /// What it says.
    pub fact: Fact,
}

/// What a proof says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The target's history has the very commit.
    SameCommit,
    /// So many of so many files have the same content at the same path.
    SameFiles(usize, usize),
    /// The target has a commit with the same patch.
    SamePatch,
    /// The target has a commit with the same patch but for white space.
    SamePatchButBlanks,
    /// Replaying it changes nothing in so many of so many files.
    ReplayChangesNothing(usize, usize),
    /// So many of so many changed lines are as the unit would have them.
    LinesInPlace(usize, usize),
    /// The changes agree in so many thousandths of their weight.
    Similar(u16),
    /// A commit of the target says that it is a copy.
    Trailer,
    /// The same change id.
    ChangeId,
    /// The same subject, author and date.
    SameSubject,
    /// A later commit of the target takes it back.
    TakenBack,
    /// A later unit of the source takes it back.
    TakenBackAtSource(usize),
    /// It takes back an earlier unit of the source.
    TakesBack(usize),
}

/// Whether a unit would apply to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applies {
    /// Everywhere at the lines where it was made.
    Clean,
    /// Without conflict, and elsewhere.
    Offset {
        /// By how many lines at most.
        lines: usize,
    },
    /// Not without a decision.
    Conflict {
        /// Where, in the order of the files.
        conflicts: Vec<Conflict>,
    },
    /// Nothing was tried.
    NotTried {
        /// Why.
        because: NotTried,
    },
}

/// Why nothing was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTried {
    /// It is there already.
    Present,
    /// A file could not be read, in words.
    Unreadable(String),
}

/// A place where a unit and a target disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The file in the target, by its common path; the unit's path when the target has none.
    pub path: TreePath,
    /// What is in the way.
    pub kind: ConflictKind,
}

/// What is in the way of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConflictKind {
    /// Both changed the same lines.
    Region {
        /// The first line in the target's file, from 1.
        line: usize,
        /// The target's lines.
        ours: Vec<u8>,
        /// The unit's lines.
        theirs: Vec<u8>,
    },
    /// The target has no such file.
    NoFile,
    /// The target has another file at the path of a new one.
    Exists,
    /// The file is to go away, and the target's is another.
    Edited,
    /// It is no text, and the target's content is not the one it was made on.
    Binary,
    /// File, link or submodule: the target has something else.
    Kind,
}
