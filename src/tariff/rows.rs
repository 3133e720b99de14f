//! Files of destinations: CSV of `prefix,destination`, comments after `#`.

use super::error::Problem;
use super::place::{Place, Places};
use crate::charging::catalogue::build::Row;

/// Reads the rows; every fault has its place.
pub(super) fn read(places: &mut Places, file: &str, text: &str) -> (Vec<Row>, Vec<(Place, Problem)>) {
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let mut record = csv::StringRecord::new();
    let mut headed = false;
    loop {
        let from = reader.position().byte();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let why = Problem::Rows { file: file.into(), why: error.to_string().into() };
                faults.push((place_at(file, text, from), why));
                break;
            }
        }
        let from = record.position().map_or(from, csv::Position::byte);
        let mut fields = record.iter();
        match (fields.next(), fields.next(), fields.next()) {
            (Some(prefix), Some(destination), None) if !headed => {
                headed = true;
                if (prefix, destination) != ("prefix", "destination") {
                    faults.push((place_at(file, text, from), header(&record)));
                    return (rows, faults);
                }
            }
            _ if !headed => {
                faults.push((place_at(file, text, from), header(&record)));
                return (rows, faults);
            }
            (Some(prefix), Some(destination), None) => {
                let origin = places.add(file, place_at(file, text, from).span);
                rows.push(Row { origin, prefix: prefix.into(), destination: destination.into() });
            }
            _ => faults.push((place_at(file, text, from), Problem::Fields { found: record.len() })),
        }
    }
    if !headed && faults.is_empty() {
        faults.push((place_at(file, text, 0), Problem::Header { found: "".into() }));
    }
    (rows, faults)
}

fn header(record: &csv::StringRecord) -> Problem {
    Problem::Header { found: record.iter().take(8).collect::<Vec<_>>().join(",").into() }
}

/// The row that begins at `from`, empty lines and comments before it left out.
fn place_at(file: &str, text: &str, from: u64) -> Place {
    let start = usize::try_from(from).unwrap_or(usize::MAX).min(text.len());
    let (_, rest) = text.split_at_checked(start).unwrap_or((text, ""));
    let mut at = start;
    for line in rest.split_inclusive('\n') {
        if line.trim().is_empty() || line.starts_with('#') {
            at = at.saturating_add(line.len());
        } else {
            let length = line.trim_end().len();
            return Place { file: file.into(), span: at..at.saturating_add(length) };
        }
    }
    Place { file: file.into(), span: start..start }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Told = (Vec<(String, String, usize)>, Vec<(usize, Problem)>);

    fn rows(text: &str) -> Told {
        let mut places = Places::default();
        let (rows, faults) = read(&mut places, "world.csv", text);
        let line = |start: usize| text.get(..start).unwrap().matches('\n').count() + 1;
        let told = rows.iter().map(|row| {
            let place = places.get(row.origin).unwrap();
            (row.prefix.to_string(), row.destination.to_string(), line(place.span.start))
        });
        (
            told.collect(),
            faults.into_iter().map(|(place, problem)| (line(place.span.start), problem)).collect(),
        )
    }

    #[test]
    fn rows_know_their_lines() {
        let (rows, faults) =
            rows("# world\nprefix,destination\n\n7 , russia\r\n# gap\n\"49\",\"germany\"\n1,us");
        assert_eq!(faults, []);
        let wanted = [("7", "russia", 4), ("49", "germany", 6), ("1", "us", 7)];
        assert_eq!(rows, wanted.map(|(prefix, name, line)| (prefix.to_owned(), name.to_owned(), line)));
    }

    #[test]
    fn another_header_and_rows_of_other_width_are_refused() {
        let header = |found: &str| Problem::Header { found: found.into() };
        assert_eq!(rows("prefix;destination\n7;russia\n").1, [(1, header("prefix;destination"))]);
        assert_eq!(rows("destination,prefix\n").1, [(1, header("destination,prefix"))]);
        assert_eq!(rows("").1, [(1, header(""))]);
        let (kept, faults) = rows("prefix,destination\n7\n49,germany\n1,us,x\n");
        assert_eq!(faults, [(2, Problem::Fields { found: 1 }), (4, Problem::Fields { found: 3 })]);
        assert_eq!(kept.len(), 1);
    }
}
