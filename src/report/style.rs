//! The only place that knows colours.
//!
//! Colour repeats what letters, marks and words already say. The hues are the ones of Okabe and Ito that can be told apart with
//! any kind of colour vision, in the tones of the 256-colour palette that stay readable on a light and on a dark ground.

use std::fmt::{self, Display};

use owo_colors::{OwoColorize, Style, XtermColors};

/// How things look: in colour, or plain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Styles {
    coloured: bool,
}

/// What something is, for the choice of its look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Nothing special.
    Plain,
    /// A heading.
    Heading,
    /// Something to type.
    Command,
    /// Beside the point; may be overlooked.
    Dim,
    /// Needs a person.
    Alarm,
    /// Asks for a look.
    Warning,
    /// As it should be.
    Good,
    /// A line that is there and not in the base.
    Added,
    /// A line of the base that is gone.
    Removed,
    /// The part of a changed line that changed.
    Mark,
    /// A conflict.
    Conflict,
    /// Content of an environment, by the number of its variant.
    Variant(u8),
    /// No content.
    Absent,
    /// Unknown content.
    Unreadable,
}

impl Styles {
    /// With colour or without.
    pub fn new(coloured: bool) -> Self {
        Self { coloured }
    }

    /// Whether there is colour; without it, what only colour would show needs a mark.
    pub fn is_coloured(self) -> bool {
        self.coloured
    }

    /// Gives a value its look. Width and alignment are applied to the value, not to the colour codes around it.
    pub fn paint<T: Display>(self, look: Look, value: T) -> Painted<T> {
        Painted { style: self.coloured.then(|| style(look)), value }
    }
}

/// A value with its look.
#[derive(Debug, Clone, Copy)]
pub struct Painted<T> {
    style: Option<Style>,
    value: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            None => self.value.fmt(f),
            Some(style) => self.value.style(style).fmt(f),
        }
    }
}

/// Vermillion, blue, green, purple, ochre: numbers of the 256-colour palette.
const VERMILLION: u8 = 166;
const BLUE: u8 = 32;
const GREEN: u8 = 29;
const PURPLE: u8 = 133;
const OCHRE: u8 = 136;

/// The first variant is plain; so many more can be told apart by colour, after which colours come again.
const VARIANTS: [u8; 5] = [BLUE, VERMILLION, GREEN, PURPLE, OCHRE];

fn style(look: Look) -> Style {
    let style = Style::new();
    let colour = |style: Style, number: u8| style.color(XtermColors::from(number));
    match look {
        Look::Heading => style.bold(),
        Look::Command => colour(style, BLUE),
        Look::Dim | Look::Absent => style.dimmed(),
        Look::Alarm | Look::Unreadable | Look::Conflict => colour(style.bold(), VERMILLION),
        Look::Warning | Look::Removed => colour(style, VERMILLION),
        Look::Good | Look::Added => colour(style, GREEN),
        Look::Mark => style.bold().underline(),
        Look::Plain | Look::Variant(0) => style,
        Look::Variant(number) => colour(style.bold(), VARIANTS[usize::from(number - 1) % VARIANTS.len()]),
    }
}
