//! Reading a `.osm.pbf` file.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use osmpbf::{BlobDecode, BlobReader, PrimitiveBlock};

use crate::connect::{self, FoundWay};
use crate::lat_lon::LatLon;
use crate::network::RoadNetwork;
use crate::progress::{Phase, Progress};
use crate::tags::Road;

/// Why a network could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is not there or cannot be opened.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not an OSM extract, or it is cut off or damaged.
    #[error("{} is not a whole .osm.pbf file: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: osmpbf::Error,
    },
    /// The file is sound, but no car can drive anywhere in it.
    #[error("{} holds no roads that a car can drive on", path.display())]
    NoRoads {
        /// The file.
        path: PathBuf,
    },
    /// More nodes or edges than 32-bit ids can count: a continent.
    #[error("{} is too large: more than {} nodes or edges", path.display(), u32::MAX)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

pub(crate) fn load(
    path: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<RoadNetwork, LoadError> {
    // A file has its nodes before its ways. Reading it twice, ways first, means that only the
    // nodes of roads are ever held in memory, not the corners of every building.
    let mut ways = Vec::new();
    let mut node_index: HashMap<i64, usize> = HashMap::new();
    for_each_block(path, Phase::ReadingWays, progress, |block| {
        for way in block.groups().flat_map(|group| group.ways()) {
            if let Some(road) = Road::from_tags(way.tags()) {
                let nodes = way.refs().map(|id| {
                    let next = node_index.len();
                    *node_index.entry(id).or_insert(next)
                });
                ways.push(FoundWay {
                    road,
                    nodes: nodes.collect(),
                });
            }
        }
    })?;

    let mut places = vec![None; node_index.len()];
    let mut put = |id: i64, nano_lat: i64, nano_lon: i64| {
        let (latitude, longitude) = (degrees(nano_lat), degrees(nano_lon));
        // A damaged position is treated as one that is not there.
        let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        if let (Some(&n), true) = (node_index.get(&id), on_earth) {
            places[n] = Some(LatLon {
                latitude,
                longitude,
            });
        }
    };
    for_each_block(path, Phase::ReadingNodes, progress, |block| {
        for group in block.groups() {
            group
                .nodes()
                .for_each(|node| put(node.id(), node.nano_lat(), node.nano_lon()));
            group
                .dense_nodes()
                .for_each(|node| put(node.id(), node.nano_lat(), node.nano_lon()));
        }
    })?;

    connect::connect(ways, &places, progress).map_err(|error| match error {
        connect::Error::NoRoads => LoadError::NoRoads {
            path: path.to_owned(),
        },
        connect::Error::TooLarge => LoadError::TooLarge {
            path: path.to_owned(),
        },
    })
}

/// The division gives the very number that the decimals stand for; osmpbf's own `lat()` multiplies
/// by 1e-9 and is a little off.
#[expect(
    clippy::cast_precision_loss,
    reason = "places on earth are below 2^53; what is above is refused anyway"
)]
fn degrees(nanodegrees: i64) -> f64 {
    nanodegrees as f64 / 1e9
}

/// Calls `visit` with each block of map data, and `progress` with the bytes read.
fn for_each_block(
    path: &Path,
    phase: Phase,
    progress: &mut dyn FnMut(Progress),
    mut visit: impl FnMut(&PrimitiveBlock),
) -> Result<(), LoadError> {
    let open = |source| LoadError::Open {
        path: path.to_owned(),
        source,
    };
    let damaged = |source| LoadError::Damaged {
        path: path.to_owned(),
        source,
    };

    let file = File::open(path).map_err(open)?;
    let total = file.metadata().map_err(open)?.len();
    progress(Progress {
        phase,
        done: 0,
        total,
    });
    let blobs = BlobReader::new_seekable(BufReader::new(file)).map_err(damaged)?;
    for blob in blobs {
        let blob = blob.map_err(damaged)?;
        if let BlobDecode::OsmData(block) = blob.decode().map_err(damaged)? {
            visit(&block);
        }
        if let Some(offset) = blob.offset() {
            progress(Progress {
                phase,
                done: offset.0.min(total),
                total,
            });
        }
    }
    progress(Progress {
        phase,
        done: total,
        total,
    });
    Ok(())
}
