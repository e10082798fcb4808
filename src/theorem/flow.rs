//! The largest flow through a network whose nodes have capacities, which is the least capacity of a
//! set of nodes that every path meets (Menger; Ford and Fulkerson 1956).

/// More than anything flows.
pub(super) const UNBOUNDED: usize = usize::MAX / 2;

/// Nodes with capacities and directed edges without.
#[derive(Clone, Debug, Default)]
pub(super) struct FlowNetwork {
    /// A node `v` is an arc from its entry `2 v` to its exit `2 v + 1`.
    arcs: Vec<Arc>,
    /// The arcs that leave each entry and each exit.
    leaving: Vec<Vec<usize>>,
}

#[derive(Clone, Copy, Debug)]
struct Arc {
    to: usize,
    capacity: usize,
}

/// A node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node(usize);

impl FlowNetwork {
    /// A new node.
    pub fn node(&mut self, capacity: usize) -> Node {
        let node = Node(self.leaving.len() / 2);
        self.leaving.extend([vec![], vec![]]);
        self.arc(2 * node.0, 2 * node.0 + 1, capacity);
        node
    }

    /// A new edge.
    pub fn edge(&mut self, from: Node, to: Node) {
        self.arc(2 * from.0 + 1, 2 * to.0, UNBOUNDED);
    }

    /// An arc and the one back, which are neighbours in the list.
    fn arc(&mut self, from: usize, to: usize, capacity: usize) {
        for (from, to, capacity) in [(from, to, capacity), (to, from, 0)] {
            self.leaving[from].push(self.arcs.len());
            self.arcs.push(Arc { to, capacity });
        }
    }

    /// The largest flow with some more edges.
    pub fn largest(&self, source: Node, sink: Node, more: &[(Node, Node)]) -> usize {
        let mut rest = self.clone();
        more.iter().for_each(|&(from, to)| rest.edge(from, to));
        let mut flow = 0;
        while let Some(path) = rest.path(2 * source.0, 2 * sink.0 + 1) {
            let width = path.iter().map(|&arc| rest.arcs[arc].capacity).min().unwrap_or(0);
            for arc in path {
                rest.arcs[arc].capacity -= width;
                rest.arcs[arc ^ 1].capacity += width;
            }
            flow += width;
        }
        flow
    }

    /// The arcs of a shortest path on which something is left.
    fn path(&self, source: usize, sink: usize) -> Option<Vec<usize>> {
        const UNSEEN: usize = usize::MAX;
        let mut reached_by = vec![UNSEEN; self.leaving.len()];
        let mut queue = vec![source];
        let mut next = 0;
        while reached_by[sink] == UNSEEN {
            let &at = queue.get(next)?;
            next += 1;
            for &arc in &self.leaving[at] {
                let Arc { to, capacity } = self.arcs[arc];
                if capacity > 0 && reached_by[to] == UNSEEN && to != source {
                    reached_by[to] = arc;
                    queue.push(to);
                }
            }
        }
        let before = |&arc: &usize| match self.arcs[arc ^ 1].to {
            at if at == source => None,
            at => Some(reached_by[at]),
        };
        Some(std::iter::successors(Some(reached_by[sink]), before).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_nodes_are_the_flow() {
        let mut network = FlowNetwork::default();
        let [source, sink] = [UNBOUNDED; 2].map(|capacity| network.node(capacity));
        let [wide, narrow, end] = [5, 2, 4].map(|capacity| network.node(capacity));
        network.edge(source, wide);
        network.edge(source, narrow);
        network.edge(narrow, end);
        network.edge(end, sink);
        assert_eq!(network.largest(source, sink, &[]), 2);
        assert_eq!(network.largest(source, sink, &[(wide, end)]), 4);
        assert_eq!(network.largest(source, sink, &[(wide, sink)]), 7);
    }

    /// The second path takes back what the first one took from a node in the middle.
    #[test]
    fn a_path_can_be_given_back() {
        let mut network = FlowNetwork::default();
        let [source, sink] = [UNBOUNDED; 2].map(|capacity| network.node(capacity));
        let [a, b, c, d] = [1; 4].map(|capacity| network.node(capacity));
        for (from, to) in [(source, a), (source, b), (a, c), (a, d), (b, c), (c, sink), (d, sink)] {
            network.edge(from, to);
        }
        assert_eq!(network.largest(source, sink, &[]), 2);
    }
}
