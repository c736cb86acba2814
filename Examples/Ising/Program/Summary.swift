import IsingModel

extension Parameters {
  /// What is going to be computed, for the reader of the terminal.
  var summary: String {
    """
    Two-dimensional Ising model on \(simulation.side) × \(simulation.side) spins: \(temperatures.count) temperatures \
    × \(seeds.count) seeds, \(runs.count) runs
    each run: Wolff cluster updates, \(simulation.thermalisation) sweeps to thermalise, \
    \(simulation.measurements) measurements in \(simulation.bins) bins
    """
  }

  /// What the columns of the table are.
  var explanation: String {
    """
    m² is the correlation of spins half the lattice apart; errors are one standard deviation, from the scatter of \
    \(simulation.bins * seeds.count) bins
    at each temperature; τ is the longer of the two integrated autocorrelation times, in sweeps. (size): so near the \
    critical
    temperature that \(simulation.side) × \(simulation.side) spins differ from the infinite lattice, not compared.
    """
  }

  /// The caption of the picture.
  var caption: String {
    """
    Two-dimensional Ising model, \(simulation.side) × \(simulation.side) spins, \
    \(simulation.measurements * seeds.count) measurements at each temperature
    """
  }
}

extension Duration {
  var seconds: Double { self / .seconds(1) }
}
