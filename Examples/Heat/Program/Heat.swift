import ArgumentParser
import Foundation
import HeatModel
import Muster
import MusterMPI

/// Solves the heat equation on the ranks of an MPI job, on finer and finer grids, and compares all saved states with the
/// analytic solution, each on a rank of its own.
@main struct Heat: ClusterProgram {
  func run() async throws {
    #if MPI
      let options = Options.parseOrExit()
      // Returns on rank 0 only; the others work for it from here on.
      let manager = try await startMainLoop(options.tcp ? .tcpTransportAll : .mpiTransportAll)
      print(manager)
      if let folder = options.pictures {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      }
      var states: [State] = []
      for cells in options.cells {
        let grid = Grid(options.problem, cells: cells, states: options.states)
        var strips: [[[Double]]] = []
        let time = try await ContinuousClock().measure { strips = try await mpiDo(manager, Solve(grid: grid)) }
        states += grid.states(of: strips)
        print("\(cells) × \(cells) cells, \(grid.steps) steps: \((time / .seconds(1)).text("%.3f")) s")
      }
      // The ranks are workers, too.
      let deviations = try await pmap(Compare(pictures: options.pictures), states)
      try report(Array(zip(states, deviations)))
    #else
      _ = Options.parseOrExit()
      Options.exit(withError: Unavailable())
    #endif
  }
}

/// Says how far a state is from the analytic solution, and makes a picture of it.
struct Compare: RemoteFunction {
  let pictures: String?

  func callAsFunction(_ state: State) throws -> Deviation {
    if let pictures {
      let path = "\(pictures)/heat-\(state.grid.cells)-\(state.number).pgm"
      try Data(state.picture).write(to: URL(fileURLWithPath: path))
    }
    return state.deviation()
  }
}
