//! What a long operation tells its caller while it runs.

/// The step that a load or a preparation is in, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// First pass over the file: which ways a car may drive. Counted in bytes of the file.
    ReadingWays,
    /// Second pass over the file: where the nodes of those ways lie. Counted in bytes of the file.
    ReadingNodes,
    /// Cutting ways into edges, keeping the largest strongly connected part, indexing.
    /// Counted in ways.
    Connecting,
    /// Contracting the nodes for the router. Counted in nodes; the algorithm does not tell
    /// how far it is, so only the start and the end are reported.
    PreparingRoutes,
}

/// How far a long operation has come. Within a phase `done` never falls and ends at `total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The current step.
    pub phase: Phase,
    /// Work done in this phase, in the phase's unit.
    pub done: u64,
    /// All the work of this phase, in the phase's unit.
    pub total: u64,
}
