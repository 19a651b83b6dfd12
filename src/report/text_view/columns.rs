//! Side by side: a column for each distinct text, the base's line numbers in the gutter.

use std::io::{self, Write};

use crate::compare::text::Redacted;
use crate::report::layout::{fit, pad};
use crate::report::style::Look;
use crate::report::text_view::lines::Line;
use crate::report::text_view::regions::{
    CONTEXT, ROWS, Row, Sign, rows, write_foot, write_head, write_region_head, write_regions,
};
use crate::report::text_view::{FileRegion, FileView, Screen, TextView};

/// Narrower columns than this cannot be read.
const NARROWEST: usize = 40;
const BETWEEN: &str = " │ ";

/// Writes each file with its texts side by side, equal ones in one column; the base has a column of its own when no environment has it.
/// When a column would be narrower than 40, files are written region by region instead, and that is said.
pub fn write_columns(view: &TextView, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let needed = view.files.iter().map(|file| {
        let columns = columns_of(view, file).len();
        gutter_of(file) + columns * NARROWEST + columns.saturating_sub(1) * BETWEEN.chars().count()
    });
    let needed = needed.max().unwrap_or(0);
    if needed > screen.columns {
        writeln!(out, "columns need a width of {needed} here, and there are {}: shown by regions", screen.columns)?;
        return write_regions(view, screen, out);
    }
    for (at, file) in view.files.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        write_head(view, file, screen, out)?;
        write_file(view, file, screen, out)?;
    }
    write_foot(view, screen, out)
}

/// A column: its heading, and its text (`None` for the base).
struct Column {
    heading: String,
    text: Option<usize>,
}

fn columns_of(view: &TextView, file: &FileView) -> Vec<Column> {
    let Some(base) = &file.base else { return Vec::new() };
    let base_column = Column { heading: "base".to_owned(), text: None };
    let texts = file.texts.iter().enumerate().map(|(at, text)| Column {
        heading: format!("{} ({})", view.names(&text.environments), view.equal(&text.environments)),
        text: Some(at),
    });
    base.base.equal.is_empty().then_some(base_column).into_iter().chain(texts).collect()
}

fn gutter_of(file: &FileView) -> usize {
    let lines = file.base.as_ref().map_or(0, |base| base.document.line_count());
    lines.max(1).to_string().len().max(4) + 3
}

fn write_file(view: &TextView, file: &FileView, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let columns = columns_of(view, file);
    let Some(base) = &file.base else { return Ok(()) };
    if file.changed().next().is_none() {
        return Ok(());
    }
    let gutter = gutter_of(file);
    let between = (columns.len() - 1) * BETWEEN.chars().count();
    let room = (screen.columns - gutter - between) / columns.len();
    let headings: Vec<String> = columns.iter().map(|column| pad(&fit(&column.heading, room), room)).collect();
    let headings = headings.join(BETWEEN);
    writeln!(out)?;
    writeln!(out, "{}{}", " ".repeat(gutter), screen.styles.paint(Look::Heading, headings.trim_end()))?;

    let paper = Paper { file, base: &base.document, columns: &columns, gutter, room, screen };
    let mut shown = 0;
    for (at, region) in file.regions.iter().enumerate().filter(|(_, region)| region.class.is_changed()) {
        writeln!(out)?;
        write_region_head(view, file, region, screen, out)?;
        let first = region.base.start.saturating_sub(CONTEXT).max(shown);
        paper.write_kept(first..region.base.start, region, true, out)?;
        paper.write_region(region, out)?;
        let kept = file.regions.get(at + 1).map_or(0, |next| next.base.len()).min(CONTEXT);
        paper.write_kept(region.base.end..region.base.end + kept, region, false, out)?;
        shown = region.base.end + kept;
    }
    Ok(())
}

/// A cell of the table: a line of a text, or of the base where the text has lost it.
#[derive(Default, Clone)]
struct Cell {
    row: Option<Row>,
}

struct Paper<'a> {
    file: &'a FileView,
    base: &'a Redacted,
    columns: &'a [Column],
    gutter: usize,
    room: usize,
    screen: Screen,
}

impl Paper<'_> {
    /// Lines that all have: before a region (`above`) or after it.
    fn write_kept(
        &self,
        lines: std::ops::Range<usize>,
        region: &FileRegion,
        above: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for line in lines {
            let cells: Vec<Cell> = self
                .columns
                .iter()
                .map(|column| {
                    let text = column.text.map(|text| {
                        let side = &region.texts[text];
                        if above {
                            side.start - (region.base.start - line)
                        } else {
                            side.end + (line - region.base.end)
                        }
                    });
                    Cell { row: Some(Row { sign: Sign::Kept, base: Some(line), text, marks: Vec::new() }) }
                })
                .collect();
            self.write(Some(line), &cells, out)?;
        }
        Ok(())
    }

    /// Lines of the base one under the other; what a text has instead beside them, what it has more between them.
    fn write_region(&self, region: &FileRegion, out: &mut dyn Write) -> io::Result<()> {
        let stacks: Vec<Stack> = self.columns.iter().map(|column| self.stack(region, column.text)).collect();
        for at in 0..=region.base.len() {
            let more = stacks.iter().map(|stack| stack.before[at].len()).max().unwrap_or(0);
            for number in 0..more {
                let cells: Vec<Cell> =
                    stacks.iter().map(|stack| stack.before[at].get(number).cloned().unwrap_or_default()).collect();
                self.write(None, &cells, out)?;
            }
            if at < region.base.len() {
                let cells: Vec<Cell> = stacks.iter().map(|stack| stack.at[at].clone()).collect();
                self.write(Some(region.base.start + at), &cells, out)?;
            }
        }
        Ok(())
    }

    fn stack(&self, region: &FileRegion, text: Option<usize>) -> Stack {
        let lines = region.base.len();
        let mut stack = Stack { at: vec![Cell::default(); lines], before: vec![Vec::new(); lines + 1] };
        let Some(text) = text else {
            for (cell, line) in stack.at.iter_mut().zip(region.base.clone()) {
                cell.row = Some(Row { sign: Sign::Kept, base: Some(line), text: None, marks: Vec::new() });
            }
            return stack;
        };
        // Removed lines that the next added ones stand in for.
        let mut free: std::collections::VecDeque<usize> = std::collections::VecDeque::new();
        let mut next = 0;
        for row in rows(self.file, region, text) {
            match (row.sign, row.base.map(|line| line - region.base.start)) {
                (Sign::Added, _) | (_, None) => match free.pop_front() {
                    Some(at) => stack.at[at].row = Some(row),
                    None => stack.before[next].push(Cell { row: Some(row) }),
                },
                (sign, Some(at)) => {
                    if sign == Sign::Removed {
                        free.push_back(at);
                    } else {
                        free.clear();
                    }
                    next = at + 1;
                    stack.at[at].row = Some(row);
                }
            }
        }
        stack
    }

    /// Writes a row of the table: as many rows of the terminal as its highest cell takes.
    fn write(&self, line: Option<usize>, cells: &[Cell], out: &mut dyn Write) -> io::Result<()> {
        let styles = self.screen.styles;
        let digits = self.gutter - 3;
        let cells: Vec<Printed> =
            cells.iter().zip(self.columns).map(|(cell, column)| self.print(cell, column)).collect();
        for at in 0..cells.iter().map(|cell| cell.rows.len()).max().unwrap_or(0).max(1) {
            let number = line.filter(|_| at == 0).map(|line| (line + 1).to_string()).unwrap_or_default();
            let gutter = styles.paint(Look::Dim, format!("  {number:>digits$} ")).to_string();
            let texts = cells.iter().map(|cell| match cell.rows.get(at) {
                Some(row) => {
                    let sign = if at == 0 { cell.sign } else { ' ' };
                    let sign = cell.look.map_or_else(|| sign.to_string(), |look| styles.paint(look, sign).to_string());
                    let blanks = " ".repeat(self.room.saturating_sub(row.width() + 2));
                    format!("{sign} {}{blanks}", row.paint(styles, cell.look))
                }
                None => " ".repeat(self.room),
            });
            let texts: Vec<String> = texts.collect();
            writeln!(out, "{}", format!("{gutter}{}", texts.join(BETWEEN)).trim_end())?;

            let carets: Vec<Option<String>> = cells.iter().map(|cell| cell.rows.get(at)?.carets()).collect();
            if !styles.is_coloured() && carets.iter().any(Option::is_some) {
                let cell = |carets: Option<String>| pad(&format!("  {}", carets.unwrap_or_default()), self.room);
                let carets: Vec<String> = carets.into_iter().map(cell).collect();
                writeln!(out, "{}", format!("{}{}", " ".repeat(self.gutter), carets.join(BETWEEN)).trim_end())?;
            }
        }
        Ok(())
    }

    fn print(&self, cell: &Cell, column: &Column) -> Printed {
        let nothing = Printed { sign: ' ', look: None, rows: Vec::new() };
        let Some(row) = &cell.row else { return nothing };
        let (document, line) = match (column.text, row.text, row.base) {
            (Some(text), Some(line), _) => (&self.file.texts[text].document, line),
            (_, _, Some(line)) => (self.base, line),
            _ => return nothing,
        };
        let room = self.room.saturating_sub(2);
        match row.sign {
            Sign::Kept => Printed { rows: Line::new(document, line, &row.marks).rows(room, 1), ..nothing },
            // The line is not there: the sign alone says so.
            Sign::Removed => Printed { sign: '-', look: Some(Look::Removed), rows: vec![Line::default()] },
            Sign::Added => {
                let rows = Line::new(document, line, &row.marks).rows(room, ROWS);
                Printed { sign: '+', look: Some(Look::Added), rows }
            }
        }
    }
}

/// A cell as rows of the terminal.
struct Printed {
    sign: char,
    look: Option<Look>,
    rows: Vec<Line>,
}

/// A column of a region.
struct Stack {
    /// For each line of the base: that line, what stands in for it, or that it is gone.
    at: Vec<Cell>,
    /// Before each line of the base, and after the last one: lines that the text has more.
    before: Vec<Vec<Cell>>,
}
