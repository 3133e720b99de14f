//! Rows as a table, as JSON, or as comma-separated values.

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::Rows;

/// Something that stands in a row of a table.
pub(crate) trait Row: Serialize {
    /// The heads of the columns.
    const HEADS: &'static [&'static str];
    /// The cells, as many as there are heads.
    fn cells(&self) -> Vec<String>;
}

/// Prints rows; a table as wide as its widest cells, the last column as it is.
pub(crate) fn rows<R: Row>(rows: &[R], form: Rows, out: &mut dyn Write) -> io::Result<()> {
    match form {
        Rows::Table => table(rows, out),
        Rows::Json => json(rows, out),
        Rows::Jsonl => json_lines(rows, out),
        Rows::Csv => csv(R::HEADS, rows.iter().map(Row::cells), out),
    }
}

/// One JSON array.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// One JSON object per line.
pub(crate) fn json_lines<T: Serialize>(values: &[T], out: &mut dyn Write) -> io::Result<()> {
    for value in values {
        serde_json::to_writer(&mut *out, value)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Comma-separated values with a header.
pub(crate) fn csv(
    heads: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(heads).map_err(io::Error::from)?;
    for row in rows {
        writer.write_record(&row).map_err(io::Error::from)?;
    }
    writer.flush()
}

fn table<R: Row>(rows: &[R], out: &mut dyn Write) -> io::Result<()> {
    let heads = R::HEADS.iter().map(|head| head.to_uppercase()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(heads).chain(rows.iter().map(Row::cells)).collect();
    let mut widths = vec![0_usize; R::HEADS.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for line in &lines {
        let mut text = String::new();
        for (width, cell) in widths.iter().zip(line) {
            text.push_str(cell);
            let missing = width.saturating_sub(cell.chars().count()).saturating_add(2);
            text.extend(std::iter::repeat_n(' ', missing));
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}

/// One thing: in a table each field on a line of its own, and what is nothing is left out.
pub(crate) fn one<R: Row>(row: &R, form: Rows, out: &mut dyn Write) -> io::Result<()> {
    match form {
        Rows::Table => fields(R::HEADS.iter().copied().zip(row.cells()), out),
        Rows::Json => json(row, out),
        Rows::Jsonl => json_lines(core::slice::from_ref(row), out),
        Rows::Csv => csv(R::HEADS, core::iter::once(row.cells()), out),
    }
}

/// Names and values, each pair on a line.
pub(crate) fn fields<'a>(
    fields: impl Iterator<Item = (&'a str, String)>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let lines: Vec<(&str, String)> = fields.filter(|(_, value)| !value.is_empty()).collect();
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    lines.iter().try_for_each(|(name, value)| writeln!(out, "{name:width$}  {value}"))
}
