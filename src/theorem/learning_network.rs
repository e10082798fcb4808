//! The network of dependencies along which a linear recurrent network learns, and its cuts.
//!
//! Let x be any vector. All that D_k makes of it is made of numbers that depend on x linearly, step
//! by step: of B^T x and C x, of what states and errors of each gradient make of x, of G_j x and of
//! D_j x. These are the nodes; a node has as many numbers as its capacity, and an edge says that
//! one is a linear function of others. A set of nodes that every path from x to D_k x meets
//! determines D_k x, so rank D_k is at most the number of numbers in it. The least is the largest
//! flow.
//!
//! With A_j = (1-a) I + a W_j, a state meets x as
//!
//! ```text
//! h_t^T x = sum_{i<t} u_{t-1-i}^T B^T (A_j^T)^i x + h_0^T (A_j^T)^t x
//! ```
//!
//! and B^T (A_j^T)^i is B^T and what depends on D_j^T x, if W_0 = w I, on P^T x too, if W_0 = w I +
//! P Q^T. D_j^T x depends on what the errors of earlier gradients make of x. Errors are the same
//! with C and A_j, and D_j x depends on what earlier states make of x.

use super::flow::{FlowNetwork, Node, UNBOUNDED};

/// Columns of B, b or h_0, or rows of C.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Source {
    /// How many.
    pub count: usize,
    pub is_trained: bool,
    /// Zero at the first gradient.
    pub is_zero: bool,
    /// The first time step that has it as an input.
    pub first: usize,
}

/// W_0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// w I + P Q^T with this many columns, or none.
    LowRank(usize),
    Any,
}

/// What the network is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub neurons: usize,
    pub steps: usize,
    /// Trials in each gradient.
    pub batch: usize,
    /// Trials of all gradients.
    pub trials: usize,
    pub start: Start,
    /// B.
    pub inputs: Source,
    /// b.
    pub bias: Source,
    pub states: Source,
    /// Whether all trials share h_0.
    pub is_common: bool,
    /// Whether h_0 is B_0 times a vector for each trial.
    pub is_along_inputs: bool,
    pub outputs: Source,
    pub decays: bool,
    /// Whether steps are along combinations of gradients, or share rows and columns with them alone.
    pub is_gd_like: bool,
}

/// What the least cuts allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cuts {
    /// Rank D after k gradients, for k = 0, 1, ...
    pub weights: Vec<usize>,
    /// Rank G_j.
    pub gradients: Vec<usize>,
}

impl Plan {
    /// Of the changes after 0 to `last` gradients, and of one gradient more.
    pub fn cuts(&self, last: usize) -> Cuts {
        let alone = [false, true].map(|is_later| self.gradient_alone(is_later));
        let mut learning = Learning::new(self);
        let mut cuts = Cuts { weights: vec![0], gradients: vec![] };
        for j in 0..=last {
            learning.run(cuts.weights[j]);
            let rank = learning.gradient().min(alone[usize::from(j > 0)]);
            cuts.gradients.push(rank);
            if j < last {
                cuts.weights.push(learning.learn(rank));
            }
        }
        cuts
    }

    /// Of a gradient whatever its weights are: of the first one from any start.
    fn gradient_alone(&self, is_later: bool) -> usize {
        let mut alone = Plan { start: Start::Any, decays: true, ..self.clone() };
        // A state along the inputs that stayed so would be one of them.
        alone.is_along_inputs &= !is_later;
        for source in [&mut alone.bias, &mut alone.states] {
            source.is_zero &= !is_later;
        }
        let mut learning = Learning::new(&alone);
        learning.run(0);
        learning.gradient()
    }
}

/// The network up to some gradient.
struct Learning<'p> {
    plan: &'p Plan,
    network: FlowNetwork,
    /// From x to states, and from errors to D_k x.
    sides: [Side<'p>; 2],
    /// Edges from states to the errors that they meet, of all gradients; of a spectral rule, from
    /// the rows of gradients to the columns.
    meetings: Vec<(Node, Node)>,
    steps: Vec<(Node, Node)>,
}

impl<'p> Learning<'p> {
    fn new(plan: &'p Plan) -> Self {
        let mut network = FlowNetwork::default();
        let sides = [false, true].map(|flips| Side::new(plan, flips, &mut network));
        Learning { plan, network, sides, meetings: vec![], steps: vec![] }
    }

    /// One gradient more, at weights with a change of this rank.
    fn run(&mut self, rank: usize) {
        self.sides.iter_mut().for_each(|side| side.run(&mut self.network, rank));
        let [rows, columns] = &self.sides;
        self.meetings.extend(rows.states.iter().copied().zip(columns.errors[1..].iter().copied()));
    }

    fn flow(&self, edges: &[(Node, Node)]) -> usize {
        let [source, sink] = self.sides.each_ref().map(|side| side.outside);
        self.network.largest(source, sink, edges)
    }

    /// What the rank of the last gradient is at most.
    fn gradient(&self) -> usize {
        self.flow(&self.meetings[self.meetings.len() - self.plan.steps..])
    }

    /// What the rank of the change is at most after a step along all gradients so far, of which the
    /// last has this rank.
    fn learn(&mut self, rank: usize) -> usize {
        let of_sum = self.flow(&self.meetings);
        self.sides.iter_mut().for_each(|side| side.learn(&mut self.network, rank));
        if self.plan.is_gd_like {
            return of_sum;
        }
        // A spectral step is M Q M with a combination M of gradients and any matrix Q.
        let step = self.network.node(of_sum);
        let [rows, columns] = &self.sides;
        self.steps.extend([(rows.all_rows, step), (step, columns.all_columns)]);
        self.flow(&self.steps)
    }
}

/// The part from x to the states, or, with all edges turned, from the errors to D_k x.
struct Side<'p> {
    plan: &'p Plan,
    flips: bool,
    /// x, or D_k x.
    outside: Node,
    inputs: Track,
    bias: Track,
    start: Track,
    outputs: Track,
    /// What Q P^T makes of x: P^T x, and Q^T x of the transpose.
    low_rank: Option<[Node; 2]>,
    /// What states make of x with W_0 in the place of W, where that is the same in all gradients; and
    /// what the part that all trials share does.
    unlearned: Vec<[Node; 2]>,
    /// What all gradients so far make of x, and their transposes.
    all_rows: Node,
    all_columns: Node,
    has_learned: bool,
    /// What states h_0..h_T and errors l_0..l_T of the present gradient make of x.
    states: Vec<Node>,
    errors: Vec<Node>,
}

/// What a source makes of x in the course of learning.
struct Track {
    source: Source,
    /// What it makes of x, W_0 x, W_0^2 x, ... at the start, as far as they are kept.
    starts: Vec<Node>,
    /// Whether its like are the same at all gradients, and their powers with W_0 are kept.
    is_still: bool,
    /// What its gradients so far make of x.
    gains: Node,
    /// Zero so far.
    is_zero: bool,
}

impl<'p> Side<'p> {
    fn new(plan: &'p Plan, flips: bool, network: &mut FlowNetwork) -> Self {
        let outside = network.node(plan.neurons);
        // All that learning leaves as it is keeps what it makes of W_0 x, W_0^2 x, ...
        let are_still =
            |sources: &[Source]| !plan.decays && sources.iter().all(|source| !source.is_trained);
        let mut track = |source: Source, is_still: bool| {
            let powers =
                if is_still && plan.start != Start::LowRank(0) { plan.steps + 1 } else { 1 };
            Track {
                source,
                starts: (0..powers).map(|_| network.node(source.count)).collect(),
                is_still,
                gains: network.node(UNBOUNDED),
                is_zero: source.is_zero,
            }
        };
        let of_states = [plan.inputs, plan.bias, plan.states];
        let is_still = are_still(&of_states);
        let [inputs, bias, start] = of_states.map(|source| track(source, is_still));
        let outputs = track(plan.outputs, are_still(&[plan.outputs]));
        let [all_rows, all_columns] = [(); 2].map(|()| network.node(UNBOUNDED));
        let mut side = Side {
            plan,
            flips,
            outside,
            inputs,
            bias,
            start,
            outputs,
            low_rank: None,
            unlearned: vec![],
            all_rows,
            all_columns,
            has_learned: false,
            states: vec![],
            errors: vec![],
        };
        side.connect_starts(network);
        side
    }

    /// An edge from what is nearer to x.
    fn edge(&self, network: &mut FlowNetwork, from: Node, to: Node) {
        if self.flips { network.edge(to, from) } else { network.edge(from, to) }
    }

    /// A node that depends on these.
    fn node(&self, network: &mut FlowNetwork, capacity: usize, on: &[Node]) -> Node {
        let node = network.node(capacity);
        on.iter().for_each(|&from| self.edge(network, from, node));
        node
    }

    fn connect_starts(&mut self, network: &mut FlowNetwork) {
        if let Start::LowRank(r @ 1..) = self.plan.start {
            self.low_rank = Some([(); 2].map(|()| self.node(network, r, &[self.outside])));
        }
        for track in [&self.inputs, &self.bias, &self.start, &self.outputs] {
            if track.source.is_zero {
                continue;
            }
            let of_transpose = std::ptr::eq(track, &self.outputs);
            for (power, &node) in track.starts.iter().enumerate() {
                let along = std::ptr::eq(track, &self.start) && self.plan.is_along_inputs;
                match self.low_rank {
                    // B v depends on B^T x.
                    _ if along => self.edge(network, self.inputs.starts[power], node),
                    Some([p, q]) if power > 0 => {
                        self.edge(network, track.starts[0], node);
                        self.edge(network, if of_transpose { q } else { p }, node);
                    }
                    _ => self.edge(network, self.outside, node),
                }
            }
        }
        if self.inputs.is_still {
            self.unlearned =
                (0..=self.plan.steps).map(|t| self.unlearned_state(network, t)).collect();
        }
    }

    /// With W_0 in the place of W, by how much the states at time t differ, and one of them.
    fn unlearned_state(&self, network: &mut FlowNetwork, t: usize) -> [Node; 2] {
        let upto =
            |track: &Track, powers: usize| track.starts[..powers.min(track.starts.len())].to_vec();
        let of_inputs = |track: &Track| upto(track, t.saturating_sub(track.source.first));
        let (mut own, mut shared) = (of_inputs(&self.inputs), of_inputs(&self.bias));
        let of_start = if self.plan.is_common { &mut shared } else { &mut own };
        of_start.extend(upto(&self.start, t + 1));
        shared.extend(&own);
        [self.node(network, self.plan.trials - 1, &own), self.node(network, 1, &shared)]
    }

    /// What a source makes of x, W_0 x, ... at the present gradient, as far as it is kept.
    fn present(&self, network: &mut FlowNetwork, track: &Track) -> Vec<Node> {
        match track.source {
            _ if track.is_zero => vec![network.node(0)],
            Source { is_trained: false, .. } => track.starts.clone(),
            Source { count, .. } => {
                vec![self.node(network, count, &[track.starts[0], track.gains])]
            }
        }
    }

    /// What a source with 1 to `most` powers of A makes of x beside what is kept, each by itself.
    /// `learned` is what learning so far makes of x, `low_rank` what Q P^T does.
    fn beyond(
        &self,
        network: &mut FlowNetwork,
        track: &Track,
        learned: Node,
        low_rank: Option<Node>,
    ) -> Vec<Node> {
        // Before the first step A is that of the start.
        let is_nothing = track.is_zero || track.is_still && !self.has_learned;
        let count = if is_nothing { 0 } else { track.source.count };
        let beyond = (1..=self.plan.steps).map(|power| {
            // One power of A less one of the start is a change; of more, some follow W_0.
            let is_change = track.is_still && power == 1;
            let mut on = vec![learned];
            match self.plan.start {
                _ if is_change => {}
                Start::LowRank(_) => on.extend(low_rank),
                Start::Any => on.push(self.outside),
            }
            self.node(network, count, &on)
        });
        beyond.collect()
    }

    /// Nodes that depend on the first, on the first two, ...
    fn upto(&self, network: &mut FlowNetwork, nodes: &[Node]) -> Vec<Node> {
        let mut upto: Vec<Node> = vec![];
        for &node in nodes {
            let on: Vec<_> = upto.last().copied().into_iter().chain([node]).collect();
            upto.push(self.node(network, UNBOUNDED, &on));
        }
        upto
    }

    /// The states and errors of a gradient at weights with a change of this rank.
    fn run(&mut self, network: &mut FlowNetwork, rank: usize) {
        let Plan { steps, batch, .. } = *self.plan;
        let turned = self.node(network, rank, &[self.all_columns]);
        let straight = self.node(network, rank, &[self.all_rows]);
        let [p, q] = self.low_rank.map_or([None; 2], |both| both.map(Some));
        // What it makes of x, and what it makes beyond that with more powers.
        let [inputs, bias] = [&self.inputs, &self.bias].map(|track| {
            let beyond = self.beyond(network, track, turned, p);
            let beyond = self.upto(network, &beyond);
            (self.present(network, track), beyond, track.source.first)
        });
        let start = self.present(network, &self.start);
        let beyond_start = self.beyond(network, &self.start, turned, p);
        let mut states = vec![];
        for t in 0..=steps {
            let unlearned = self.unlearned.get(t);
            // The powers 0 to the last one, where there is any.
            let of_inputs = |(now, beyond, first): &(Vec<Node>, Vec<Node>, usize)| {
                let Some(power) = t.checked_sub(1 + first) else { return vec![] };
                let now = if unlearned.is_some() { &[] } else { &now[..now.len().min(power + 1)] };
                let beyond = power.checked_sub(1).map(|last| beyond[last]);
                now.iter().copied().chain(beyond).collect()
            };
            let (mut own, mut shared) = (of_inputs(&inputs), of_inputs(&bias));
            let of_start = if self.plan.is_common { &mut shared } else { &mut own };
            of_start.extend(t.checked_sub(1).map(|last| beyond_start[last]));
            if let Some(&[differences, first]) = unlearned {
                own.push(differences);
                shared.push(first);
            } else {
                of_start.extend(&start[..start.len().min(t + 1)]);
            }
            shared.extend(&own);
            let differences = self.node(network, batch - 1, &own);
            let first = self.node(network, 1, &shared);
            states.push(self.node(network, batch, &[differences, first]));
        }
        let now = self.present(network, &self.outputs);
        let beyond = self.beyond(network, &self.outputs, straight, q);
        let beyond = self.upto(network, &beyond);
        let errors = (0..=steps).map(|t| {
            let power = steps - t;
            let mut on = now[..now.len().min(power + 1)].to_vec();
            on.extend(power.checked_sub(1).map(|last| beyond[last]));
            self.node(network, batch, &on)
        });
        (self.states, self.errors) = (states, errors.collect());
    }

    /// The gradients by W, of this rank, and by all that is trained.
    fn learn(&mut self, network: &mut FlowNetwork, rank: usize) {
        self.has_learned = true;
        let [rows, columns] = [self.rows(network, rank), self.columns(network, rank)];
        self.all_rows = self.node(network, UNBOUNDED, &[self.all_rows, rows]);
        self.all_columns = self.node(network, UNBOUNDED, &[self.all_columns, columns]);
        let gained = |network: &mut FlowNetwork, track: &Track, on: &[Node]| {
            if !track.source.is_trained {
                return track.gains;
            }
            let own = self.node(network, track.source.count, on);
            self.node(network, UNBOUNDED, &[track.gains, own])
        };
        let [inputs, bias] = [&self.inputs, &self.bias]
            .map(|track| gained(network, track, &self.errors[1 + track.source.first..]));
        let start = gained(network, &self.start, &self.errors[..1]);
        let outputs = gained(network, &self.outputs, &self.states);
        (self.inputs.gains, self.bias.gains) = (inputs, bias);
        (self.start.gains, self.outputs.gains) = (start, outputs);
        for track in [&mut self.bias, &mut self.start] {
            track.is_zero &= !track.source.is_trained;
        }
    }

    /// G_j x, which is the sum over i of (A^T)^i C^T times sums of errors times what states make of x.
    fn rows(&self, network: &mut FlowNetwork, rank: usize) -> Node {
        let upto = self.upto(network, &self.states[..self.plan.steps]);
        let count = self.plan.outputs.count;
        let powers: Vec<_> =
            upto.iter().map(|&states| self.node(network, count, &[states])).collect();
        self.node(network, rank, &powers)
    }

    /// G_j^T x: the same of A^i B and sums of inputs; of the part of states that trials share there
    /// is one for each time.
    fn columns(&self, network: &mut FlowNetwork, rank: usize) -> Node {
        let Plan { inputs, bias, states, is_common, .. } = *self.plan;
        let errors = &self.errors[1..];
        if !is_common && states.count > 0 {
            return self.node(network, rank, errors);
        }
        let first = if states.count > 0 { 0 } else { 1 + bias.first };
        let shared =
            if states.count + bias.count > 0 { &errors[first.min(errors.len())..] } else { &[] };
        let mut on: Vec<_> = shared.iter().map(|&error| self.node(network, 1, &[error])).collect();
        let from: Vec<_> = errors[1.min(errors.len())..].iter().rev().copied().collect();
        for errors in self.upto(network, &from) {
            on.push(self.node(network, inputs.count, &[errors]));
        }
        self.node(network, rank, &on)
    }
}
