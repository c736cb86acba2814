import Foundation
import Testing

@Suite struct HeatTests {
  #if MPI
    /// The table of the grids: cells and error, and after the first the order.
    private func grids(_ example: Example) -> [[Double]] {
      example.output.matches(of: /(?m)^ +\d+   \d\.\d+e-\d+(   \d\.\d+)?$/).map { match in
        match.output.0.split(separator: " ").map { Double($0)! }
      }
    }

    @Test(.enabled(if: Example.canRunRanks, "there is no mpirun here"))
    func `it converges to the analytic solution on any number of ranks, to the same numbers`() async throws {
      var errors: [[Double]] = []
      // 4 cells have 3 rows, so with 5 ranks some have none; with 3 they are of different heights.
      let cases = [(nil, ["8", "16"]), (1, ["8", "16"]), (3, ["8", "16", "32"]), (5, ["4", "8"])]
      for (ranks, cells) in cases {
        let example = try await Example.run("Heat", ["--cells"] + cells, ranks: ranks)
        #expect(example.code == 0, "\(example)")
        #expect(example.output.hasPrefix("MPIManager(\(ranks ?? 1) ranks, mpiTransportAll)\n"), "\(example)")
        let table = grids(example)
        #expect(table.map { "\(Int($0[0]))" } == cells, "\(example)")
        for order in table.dropFirst().map({ $0[2] }) { #expect(abs(order - 2) < 0.1, "\(example)") }
        // The states of the finest grid, the last of which is that of the other table.
        let states = example.output.matches(of: /(?m)^(\d\.\d+)   (\S+)   (\S+)$/).map(\.output)
        #expect(states.map(\.1) == ["0.0250", "0.0500", "0.0750", "0.1000"], "\(example)")
        #expect(Double(states.last?.2 ?? "") == table.last?[1], "\(example)")
        errors.append(table.filter { $0[0] == 8 }.map { $0[1] })
      }
      #expect(Set(errors).count == 1 && errors[0].count == 1, "\(errors)")
    }

    @Test(.enabled(if: Example.canRunRanks, "there is no mpirun here"))
    func `over sockets it is the same, and there are pictures`() async throws {
      try await withFolder { folder in
        let example = try await Example.run(
          "Heat",
          ["--tcp", "--cells", "8", "16", "--states", "2", "--diffusivity", "0.5", "--pictures", folder + "/p"],
          ranks: 3)
        #expect(example.code == 0, "\(example)")
        #expect(example.output.hasPrefix("MPIManager(3 ranks, tcpTransportAll)\n"), "\(example)")
        let pictures = try FileManager.default.contentsOfDirectory(atPath: folder + "/p").sorted()
        #expect(pictures == ["heat-16-1.pgm", "heat-16-2.pgm", "heat-8-1.pgm", "heat-8-2.pgm"])
        let picture = try Data(contentsOf: URL(fileURLWithPath: folder + "/p/heat-16-1.pgm"))
        #expect(picture.starts(with: Data("P5 17 15 255\n".utf8)) && picture.count == 13 + 17 * 15)
      }
    }

    @Test func `a solution that does not converge is an error`() async throws {
      // Until the heat has gone, and with it what the coarse grid has in common with the solution.
      let example = try await Example.run("Heat", ["--cells", "4", "8", "--duration", "10"])
      #expect(example.code == 1, "\(example)")
      #expect(example.errors.contains("the order of convergence is"), "\(example)")
    }
  #else
    @Test func `without MPI it says how to build it with MPI`() async throws {
      let example = try await Example.run("Heat", [])
      #expect(example.code == 1 && example.errors.contains("--traits MPI"), "\(example)")
    }
  #endif
}
