//! A disk that is killed or loses its power at every point: each line stands once in the files.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::*;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Crash {
    /// The process ends: what was written stays.
    Kill,
    /// The power goes: what was not synced is lost, names too.
    Power,
}

#[derive(Clone, Debug, Default)]
struct Node {
    now: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Debug, Default)]
struct World {
    nodes: Vec<Node>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    /// Operations until it fails; none: it does not.
    left: Option<u32>,
    done: u32,
}

impl World {
    fn crash(&mut self, how: Crash) {
        if how == Crash::Power {
            self.names = self.durable_names.clone();
            for node in &mut self.nodes {
                node.now = node.durable.clone();
            }
        }
        self.left = None;
    }

    /// Counts an operation: false where the disk is gone; then half of it may be done.
    fn goes(&mut self) -> bool {
        self.done += 1;
        match &mut self.left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }

    fn node(&mut self, path: &Path) -> io::Result<&mut Node> {
        let at = *self.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(&mut self.nodes[at])
    }
}

#[derive(Clone, Debug, Default)]
struct Torn(Arc<Mutex<World>>);

fn gone() -> io::Error {
    io::Error::other("killed")
}

impl Disk for Torn {
    fn create(&mut self, path: &Path) -> io::Result<()> {
        let mut world = self.0.lock().unwrap();
        if !world.goes() {
            return Err(gone());
        }
        world.nodes.push(Node::default());
        let at = world.nodes.len() - 1;
        world.names.insert(path.into(), at);
        Ok(())
    }
    fn append(&mut self, path: &Path, octets: &[u8]) -> io::Result<()> {
        let mut world = self.0.lock().unwrap();
        let whole = world.goes();
        let written = if whole { octets } else { &octets[..octets.len() / 2] };
        world.node(path)?.now.extend_from_slice(written);
        if whole { Ok(()) } else { Err(gone()) }
    }
    fn length(&mut self, path: &Path) -> io::Result<Option<u64>> {
        let mut world = self.0.lock().unwrap();
        Ok(world.node(path).ok().map(|node| u64::try_from(node.now.len()).unwrap()))
    }
    fn cut(&mut self, path: &Path, octets: u64) -> io::Result<()> {
        let mut world = self.0.lock().unwrap();
        if !world.goes() {
            return Err(gone());
        }
        world.node(path)?.now.truncate(usize::try_from(octets).unwrap());
        Ok(())
    }
    fn sync(&mut self, path: &Path) -> io::Result<()> {
        let mut world = self.0.lock().unwrap();
        if !world.goes() {
            return Err(gone());
        }
        let node = world.node(path)?;
        node.durable = node.now.clone();
        Ok(())
    }
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.0.lock().unwrap();
        if !world.goes() {
            return Err(gone());
        }
        let at = world.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        world.names.insert(to.into(), at);
        Ok(())
    }
    fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        let mut world = self.0.lock().unwrap();
        if !world.goes() {
            return Err(gone());
        }
        let inside = |path: &PathBuf| path.parent() == Some(dir);
        let World { names, durable_names, .. } = &mut *world;
        durable_names.retain(|path, _| !inside(path));
        durable_names
            .extend(names.iter().filter(|(path, _)| inside(path)).map(|(path, at)| (path.clone(), *at)));
        Ok(())
    }
    fn read(&mut self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let mut world = self.0.lock().unwrap();
        Ok(world.node(path).ok().map(|node| node.now.clone()))
    }
}

const BATCHES: u64 = 12;

fn shape() -> Shape {
    Shape {
        dir: "/cdr".into(),
        stem: "cdr",
        extension: "csv",
        header: Some("number".into()),
        most_octets: 40,
        every: Duration::from_secs(1_000),
    }
}

fn open(disk: &Torn) -> io::Result<Files> {
    let (files, wrong) = Files::open(shape(), Box::new(disk.clone()), "/data/cdr.position".into(), 3)?;
    assert_eq!(wrong, None);
    Ok(files)
}

fn at(sequence: u64) -> Timestamp {
    Timestamp::from_secs(i64::try_from(sequence).unwrap() * 300)
}

/// Writes what was not delivered of batches with 0, 1 and 2 records each; flushes after each second one.
fn write(files: &mut Files) -> io::Result<()> {
    for sequence in 4..=BATCHES {
        let position = files.now.clone();
        for place in 0..sequence % 3 {
            let delivered = sequence <= position.sequence
                || (sequence == position.sequence + 1 && place < position.of_next);
            if !delivered {
                let line = format!("{} of {sequence}-{place}", files.number());
                files.put(&line, (sequence, place), at(sequence))?;
            }
        }
        files.through(sequence);
        if sequence % 2 == 0 {
            files.turn(at(sequence))?;
            files.flush()?;
        }
    }
    files.flush()
}

/// All lines of all files by name, with the name of each.
fn lines(disk: &Torn) -> Vec<String> {
    let world = disk.0.lock().unwrap();
    let files = world.names.iter().filter(|(path, _)| path.starts_with("/cdr"));
    let texts = files.map(|(_, at)| String::from_utf8(world.nodes[*at].now.clone()).unwrap());
    texts
        .flat_map(|text| {
            let mut lines: Vec<String> = text.lines().map(Into::into).collect();
            assert_eq!(lines.remove(0), "number", "each file has its head");
            lines
        })
        .collect()
}

fn expected() -> Vec<String> {
    let all = (4..=BATCHES).flat_map(|sequence| (0..sequence % 3).map(move |place| (sequence, place)));
    all.enumerate().map(|(at, (sequence, place))| format!("{} of {sequence}-{place}", at + 1)).collect()
}

#[test]
fn each_record_stands_once_in_the_files_whatever_is_killed_when() {
    let disk = Torn::default();
    write(&mut open(&disk).unwrap()).unwrap();
    assert_eq!(lines(&disk), expected());
    let operations = disk.0.lock().unwrap().done;
    assert!(operations > 60, "{operations} points to be killed at");
    for how in [Crash::Kill, Crash::Power] {
        for first in 0..operations {
            // killed a second time a few operations after it was started again
            for second in [None, Some(0), Some(2), Some(5), Some(9)] {
                let disk = Torn::default();
                disk.0.lock().unwrap().left = Some(first);
                let ended = open(&disk).and_then(|mut files| write(&mut files));
                assert!(ended.is_err(), "{how:?} at {first}");
                disk.0.lock().unwrap().crash(how);
                if let Some(second) = second {
                    disk.0.lock().unwrap().left = Some(second);
                    let _ = open(&disk).and_then(|mut files| write(&mut files));
                    disk.0.lock().unwrap().crash(how);
                }
                write(&mut open(&disk).unwrap()).unwrap();
                assert_eq!(lines(&disk), expected(), "{how:?} at {first}, then {second:?}");
            }
        }
    }
}

#[test]
fn files_end_by_size_and_by_time_and_their_names_say_their_first_number() {
    let disk = Torn::default();
    let mut files = open(&disk).unwrap();
    let at = |secs| Timestamp::from_secs(secs);
    files.put("a line of twenty octets", (4, 0), at(0)).unwrap();
    files.put("a line of twenty octets", (4, 1), at(1)).unwrap();
    files.put("c", (5, 0), at(2)).unwrap();
    assert_eq!(files.turns_at(), Some(at(1_002)));
    files.turn(at(1_001)).unwrap();
    files.flush().unwrap();
    let names =
        || disk.0.lock().unwrap().names.keys().map(|path| path.display().to_string()).collect::<Vec<_>>();
    assert_eq!(names(), ["/cdr/cdr-0000000001.csv", "/cdr/cdr-0000000003.csv.part", "/data/cdr.position"]);
    files.turn(at(1_002)).unwrap();
    assert_eq!(names(), ["/cdr/cdr-0000000001.csv", "/cdr/cdr-0000000003.csv", "/data/cdr.position"]);
}

#[test]
fn a_file_that_somebody_has_taken_away_is_told_and_the_numbers_go_on() {
    let disk = Torn::default();
    let mut files = open(&disk).unwrap();
    files.put("a", (4, 0), Timestamp::EPOCH).unwrap();
    files.flush().unwrap();
    disk.0.lock().unwrap().names.retain(|path, _| !path.starts_with("/cdr"));
    let (files, wrong) = Files::open(shape(), Box::new(disk), "/data/cdr.position".into(), 3).unwrap();
    assert!(wrong.unwrap().contains("is gone"));
    assert_eq!(files.number(), 2);
}
