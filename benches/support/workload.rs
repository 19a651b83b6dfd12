//! Which files there are, and who has which content.

use std::fmt;

/// How many environments every workload has.
pub(crate) const ENVIRONMENTS: usize = 3;

/// What kind of drift there is, and in what kind of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// Everything is the same everywhere.
    InSync,
    /// Of a hundred files two were edited in one environment, and one is missing in one.
    Sparse,
    /// No path is in two environments.
    Disjoint,
    /// Files of at most 256 bytes, a few edited.
    ManySmall,
    /// Six files of 4 MiB, one edited.
    FewLarge,
}

/// All of them.
pub(crate) const ALL: [Workload; 5] =
    [Workload::InSync, Workload::Sparse, Workload::Disjoint, Workload::ManySmall, Workload::FewLarge];

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InSync => "in_sync",
            Self::Sparse => "sparse",
            Self::Disjoint => "disjoint",
            Self::ManySmall => "many_small",
            Self::FewLarge => "few_large",
        })
    }
}

/// One path.
pub(crate) struct Planned {
    pub(crate) path: String,
    /// For each environment; `None` where it is missing.
    pub(crate) contents: [Option<Blob>; ENVIRONMENTS],
}

/// A content before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blob {
    seed: u64,
    pub(crate) size: usize,
    /// One byte of it is another.
    edited: bool,
}

impl Workload {
    /// Paths in no particular order; about so many, but for [`Workload::FewLarge`].
    pub(crate) fn plan(self, paths: usize) -> Vec<Planned> {
        let mut random = Random(0x5eed);
        let paths = if self == Self::FewLarge { 6 } else { paths };
        (0..paths).map(|number| self.planned(number, &mut random)).collect()
    }

    fn planned(self, number: usize, random: &mut Random) -> Planned {
        let folders = ["backend/app", "backend/tests", "frontend/src/components", "docs", "deploy/conf.d"];
        let path = format!("{}/part_{:03}/file_{number:06}.py", folders[number % folders.len()], number / 100);
        let size = match self {
            Self::FewLarge => 4 << 20,
            Self::ManySmall => 1 + random.below(256),
            _ => 64 + random.below(8 << 10),
        };
        let blob = Blob { seed: random.next(), size, edited: false };
        let mut contents = [Some(blob); ENVIRONMENTS];
        let lonely = random.below(ENVIRONMENTS);
        match self {
            Self::InSync => {}
            Self::Disjoint => {
                contents = [None; ENVIRONMENTS];
                contents[lonely] = Some(blob);
            }
            Self::FewLarge => contents[lonely] = Some(Blob { edited: number == 0, ..blob }),
            Self::Sparse | Self::ManySmall => match random.below(100) {
                0 | 1 => contents[lonely] = Some(Blob { edited: true, ..blob }),
                2 => contents[lonely] = None,
                _ => {}
            },
        }
        Planned { path, contents }
    }
}

impl Blob {
    /// Lines of words.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut random = Random(self.seed);
        let mut bytes = Vec::with_capacity(self.size + 16);
        while bytes.len() < self.size {
            bytes.extend_from_slice(random.next().to_string().as_bytes());
            bytes.push(if random.below(4) == 0 { b'\n' } else { b' ' });
        }
        bytes.truncate(self.size);
        if self.edited {
            bytes[self.size / 2] ^= 1;
        }
        bytes
    }

    /// A digest that is equal where the bytes are, without making them.
    pub(crate) fn digest(self) -> [u8; 32] {
        let mut random = Random(self.seed ^ u64::from(self.edited));
        let mut digest = [0; 32];
        for part in digest.chunks_exact_mut(8) {
            part.copy_from_slice(&random.next().to_le_bytes());
        }
        digest
    }
}

/// `SplitMix64` (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below a limit that is far below 2^64.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}
