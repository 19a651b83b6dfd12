//! How alike the changes of two histories are, weighed by how rare their lines and words are.

use rayon::prelude::*;

use super::delta::{TextDelta, Trivial};
use super::lines::{DigestMap, DigestSet};
use super::load::Delta;

/// Something that a change does: this line comes, that word goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thing {
    /// Stands for it.
    number: u64,
    /// What it says; nothing until the bag was weighed.
    weight: f32,
    /// How often.
    count: u16,
}

/// Things, sorted by number, unique.
#[derive(Debug, Default)]
pub(super) struct Bag {
    things: Box<[Thing]>,
    /// What they say together; nothing until the bag was weighed.
    sum: f32,
}

impl Bag {
    /// The numbers of the things.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.things.iter().map(|thing| thing.number)
    }
}

/// All that a unit does, in lines and in words.
#[derive(Debug, Default)]
pub(super) struct Bags {
    pub(super) lines: Bag,
    pub(super) words: Bag,
}

const COMES: u64 = 0x9e37_79b9_7f4a_7c15;
const GOES: u64 = 0xc2b2_ae3d_27d4_eb4f;

/// The number of a line or word that comes.
pub(super) fn comes(number: u64) -> u64 {
    (number ^ COMES).wrapping_mul(COMES)
}

/// The number of a line or word that goes.
pub(super) fn goes(number: u64) -> u64 {
    (number ^ GOES).wrapping_mul(GOES)
}

impl Bags {
    pub(super) fn of(delta: &Delta) -> Self {
        Self { lines: bag(delta.texts().flat_map(line_things)), words: bag(delta.texts().flat_map(word_things)) }
    }

    /// What undoes it, by lines.
    pub(super) fn undoing(delta: &Delta) -> Self {
        let lines = delta.texts().flat_map(|text| &text.hunks).flat_map(|hunk| {
            let come = hunk.removed().iter().map(|&line| (comes(line), 1));
            come.chain(hunk.added().iter().map(|&line| (goes(line), 1)))
        });
        Self { lines: bag(lines), words: Bag::default() }
    }
}

fn line_things(text: &TextDelta) -> impl Iterator<Item = (u64, u16)> + '_ {
    text.hunks.iter().flat_map(|hunk| {
        let gone = hunk.removed().iter().map(|&line| (goes(line), 1));
        gone.chain(hunk.added().iter().map(|&line| (comes(line), 1)))
    })
}

fn word_things(text: &TextDelta) -> impl Iterator<Item = (u64, u16)> + '_ {
    text.words.iter().map(|&(word, count)| {
        let number = if count > 0 { comes(word) } else { goes(word) };
        (number.rotate_left(32), count.unsigned_abs().min(u32::from(u16::MAX)) as u16)
    })
}

pub(super) fn bag(things: impl Iterator<Item = (u64, u16)>) -> Bag {
    let mut things: Vec<(u64, u16)> = things.collect();
    things.sort_unstable();
    let mut bag: Vec<Thing> = Vec::with_capacity(things.len());
    for (number, count) in things {
        match bag.last_mut() {
            Some(last) if last.number == number => last.count = last.count.saturating_add(count),
            _ => bag.push(Thing { number, weight: 0.0, count }),
        }
    }
    Bag { things: bag.into(), sum: 0.0 }
}

/// Something about each of many things. It is in parts, which are filled side by side.
#[derive(Debug)]
struct ByThing<V>([DigestMap<V>; 8]);

impl<V: Default + Send> ByThing<V> {
    /// Puts down for each thing in which bags it is, ascending.
    fn new(bags: &[&Bags], put: impl Fn(&mut V, usize) + Sync) -> Self {
        let mut parts: [DigestMap<V>; 8] = Default::default();
        parts.par_iter_mut().enumerate().for_each(|(part, map)| {
            for (at, bags) in bags.iter().enumerate() {
                let things = bags.lines.numbers().chain(bags.words.numbers());
                for thing in things.filter(|&thing| Self::part(thing) == part) {
                    put(map.entry(thing).or_default(), at);
                }
            }
        });
        Self(parts)
    }

    /// The maps take the lowest and the highest bits.
    fn part(thing: u64) -> usize {
        (thing >> 32) as usize % 8
    }

    fn get(&self, thing: u64) -> Option<&V> {
        self.0[Self::part(thing)].get(&thing)
    }
}

/// How much each thing says: the rarer it is over both histories, the more.
#[derive(Debug)]
pub(super) struct Weights {
    /// What those say that are in some change.
    of: ByThing<f32>,
    /// The numbers of trivial lines, coming and going.
    little: DigestSet,
}

/// What a trivial line says, as a share of what it would say otherwise.
const LITTLE: f32 = 0.1;

impl Weights {
    pub(super) fn new<'a>(bags: impl Iterator<Item = &'a Bags>, trivial: &Trivial) -> Self {
        let bags: Vec<&Bags> = bags.collect();
        let little: DigestSet = trivial.iter().flat_map(|line| [comes(line), goes(line)]).collect();
        let all = f32::ln(bags.len() as f32 + 2.0);
        // In how many changes it is, at first.
        let mut of = ByThing::new(&bags, |count: &mut f32, _| *count += 1.0);
        of.0.par_iter_mut().flat_map_iter(|part| part).for_each(|(thing, weight)| {
            // Two is what a change and its copy have.
            let rarity = 1.0 - f32::ln(weight.max(2.0) / 2.0) / all;
            *weight = rarity.clamp(0.02, 1.0) * if little.contains(thing) { LITTLE } else { 1.0 };
        });
        Self { of, little }
    }

    /// Between nothing and one.
    pub(super) fn of(&self, thing: u64) -> f32 {
        let unknown = || if self.little.contains(&thing) { LITTLE } else { 1.0 };
        self.of.get(thing).copied().unwrap_or_else(unknown)
    }

    /// Puts down what each thing says, so that it is looked up once however often bags are compared.
    pub(super) fn weigh(&self, bags: &mut Bags) {
        for bag in [&mut bags.lines, &mut bags.words] {
            for thing in &mut bag.things {
                thing.weight = self.of(thing.number);
            }
            bag.sum = bag.things.iter().map(|thing| thing.weight * f32::from(thing.count.min(MOST))).sum();
        }
    }
}

impl Bag {
    /// The share of it that is among these, by weight, each counted once; and what it says.
    pub(super) fn trace(&self, among: &DigestSet) -> (f32, f32) {
        let (mut has, mut all) = (0.0, 0.0);
        for thing in &self.things {
            all += thing.weight;
            has += if among.contains(&thing.number) { thing.weight } else { 0.0 };
        }
        (share(has, all), all)
    }

    /// What both bags say, and what either does.
    ///
    /// # Cost
    /// Hardly more than linear in the smaller one: a commit that brings somebody else's code in is like many in some line.
    pub(super) fn overlap(&self, other: &Self) -> Overlap {
        let (few, mut many) = if self.things.len() <= other.things.len() {
            (&self.things, &other.things[..])
        } else {
            (&other.things, &self.things[..])
        };
        let mut both = 0.0;
        for thing in few {
            let skipped = below(many, thing.number);
            many = &many[skipped..];
            if let Some(it) = many.first().filter(|it| it.number == thing.number) {
                both += thing.weight * f32::from(thing.count.min(it.count).min(MOST));
            }
        }
        Overlap { both, a: self.sum, b: other.sum }
    }
}

/// How many things at the start have a lower number; found in about twice the logarithm of that many steps.
fn below(things: &[Thing], number: u64) -> usize {
    let mut end = 1;
    while end < things.len() && things[end].number < number {
        end *= 2;
    }
    let start = end / 2;
    start + things[start..things.len().min(end)].partition_point(|thing| thing.number < number)
}

/// A line that comes a hundred times says no more than one that comes a few times.
const MOST: u16 = 4;

/// What two bags have in common, by weight.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Overlap {
    pub(super) both: f32,
    pub(super) a: f32,
    pub(super) b: f32,
}

impl Overlap {
    /// The share that both have of what either has.
    pub(super) fn jaccard(self) -> f32 {
        share(self.both, self.a + self.b - self.both)
    }

    /// The share of the first that the second has too.
    pub(super) fn of_a(self) -> f32 {
        share(self.both, self.a)
    }
}

fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Things that more changes than this have lead nowhere: they are in half of them.
const COMMON: usize = 60;
/// So many of the likeliest are looked at closely, by how much is in common and again by which share that is.
const CLOSE: usize = 8;

/// Finds the changes of one history that are like a change of the other.
#[derive(Debug)]
pub(super) struct Postings {
    of: ByThing<Vec<u32>>,
    /// What the lines of each say.
    sums: Vec<f32>,
}

impl Postings {
    pub(super) fn new(bags: &[Bags]) -> Self {
        let all: Vec<&Bags> = bags.iter().collect();
        let of = ByThing::new(&all, |list: &mut Vec<u32>, at| {
            // One more than is looked at says that there are too many.
            if list.len() <= COMMON {
                list.push(at as u32);
            }
        });
        Self { of, sums: bags.iter().map(|bag| bag.lines.sum).collect() }
    }

    /// The likeliest, ascending; of bags that were weighed.
    pub(super) fn near(&self, bags: &Bags) -> Vec<usize> {
        let mut common: DigestMap<f32> = DigestMap::default();
        for (things, factor) in [(&bags.lines, 1.0), (&bags.words, 0.3)] {
            for thing in &things.things {
                let Some(list) = self.of.get(thing.number).filter(|list| list.len() <= COMMON) else { continue };
                let weight = thing.weight * factor;
                for &at in list {
                    *common.entry(u64::from(at)).or_default() += weight;
                }
            }
        }
        let own = bags.lines.sum;
        let mut near: Vec<(usize, f32, f32)> =
            common.into_iter().map(|(at, both)| (at as usize, both, both / (own + self.sums[at as usize]))).collect();
        let mut close = Vec::with_capacity(2 * CLOSE);
        near.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        close.extend(near.iter().take(CLOSE).map(|(at, ..)| *at));
        near.sort_unstable_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(&b.0)));
        close.extend(near.iter().take(CLOSE).map(|(at, ..)| *at));
        close.sort_unstable();
        close.dedup();
        close
    }
}
