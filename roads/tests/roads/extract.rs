//! Writes small `.osm.pbf` files, byte by byte after the format's description, so that a test can
//! lay the very streets it speaks of.

use std::io::Write;

use ridecast_roads::{LoadError, RoadNetwork};
use tempfile::NamedTempFile;

/// Map data in the order of calls.
#[derive(Default)]
pub(crate) struct Extract {
    strings: Vec<String>,
    nodes: Vec<u8>,
    ways: Vec<u8>,
    /// Write the block of ways before the block of nodes.
    pub(crate) ways_first: bool,
}

impl Extract {
    /// A node at a place in degrees.
    pub(crate) fn node(self, id: i64, latitude: f64, longitude: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "degrees times 1e7 fit in 64 bits"
        )]
        let units = |degrees: f64| (degrees * 1e7).round() as i64;
        self.raw_node(id, units(latitude), units(longitude))
    }

    /// A node at a place in units of 1e-7 degrees, sensible or not.
    pub(crate) fn raw_node(mut self, id: i64, latitude: i64, longitude: i64) -> Self {
        let mut node = Vec::new();
        for (field, value) in [(1, id), (8, latitude), (9, longitude)] {
            number(&mut node, field, zigzag(value));
        }
        bytes(&mut self.nodes, 1, &node);
        self
    }

    /// A way along nodes with tags written `key=value`.
    pub(crate) fn way(mut self, nodes: &[i64], tags: &[&str]) -> Self {
        let (mut keys, mut values, mut refs) = (Vec::new(), Vec::new(), Vec::new());
        for tag in tags {
            let (key, value) = tag.split_once('=').expect("a tag is key=value");
            varint(&mut keys, self.string(key));
            varint(&mut values, self.string(value));
        }
        let mut last = 0;
        for &id in nodes {
            varint(&mut refs, zigzag(id - last));
            last = id;
        }
        let mut way = Vec::new();
        number(&mut way, 1, 1);
        for (field, packed) in [(2, &keys), (3, &values), (8, &refs)] {
            bytes(&mut way, field, packed);
        }
        bytes(&mut self.ways, 3, &way);
        self
    }

    /// The file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut header = Vec::new();
        bytes(&mut header, 4, b"OsmSchema-V0.6");
        let mut file = blob("OSMHeader", &header);
        let mut groups = [&self.nodes, &self.ways];
        if self.ways_first {
            groups.reverse();
        }
        for group in groups {
            // String 0 is reserved.
            let mut strings = Vec::new();
            bytes(&mut strings, 1, b"");
            for string in &self.strings {
                bytes(&mut strings, 1, string.as_bytes());
            }
            let mut block = Vec::new();
            bytes(&mut block, 1, &strings);
            bytes(&mut block, 2, group);
            file.extend(blob("OSMData", &block));
        }
        file
    }

    /// The network in it.
    pub(crate) fn load(&self) -> Result<RoadNetwork, LoadError> {
        load_bytes(&self.to_bytes())
    }

    fn string(&mut self, string: &str) -> u64 {
        let found = self.strings.iter().position(|s| s == string);
        let index = found.unwrap_or_else(|| {
            self.strings.push(string.to_owned());
            self.strings.len() - 1
        });
        index as u64 + 1
    }
}

/// Loads a file with these contents.
pub(crate) fn load_bytes(contents: &[u8]) -> Result<RoadNetwork, LoadError> {
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(contents).expect("room for a temporary file");
    RoadNetwork::load(file.path(), &mut |_| {})
}

fn blob(kind: &str, content: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    bytes(&mut body, 1, content);
    let mut header = Vec::new();
    bytes(&mut header, 1, kind.as_bytes());
    number(&mut header, 3, body.len() as u64);
    let header_len = u32::try_from(header.len()).expect("a short header");
    [header_len.to_be_bytes().as_slice(), &header, &body].concat()
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}
