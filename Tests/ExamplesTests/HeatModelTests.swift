import Foundation
import HeatModel
import Testing

@Suite struct HeatModelTests {
  static let problem = HeatProblem(diffusivity: 0.7, duration: 0.05)

  @Test func `the analytic solution solves the problem`() {
    let u = Self.problem.exact
    let h = 1e-3
    for (x, y, t) in [(0.3, 0.6, 0.02), (0.5, 0.5, 0.1), (0.9, 0.05, 0.3)] {
      let change = (u(x, y, t + h) - u(x, y, t - h)) / (2 * h)
      let around = u(x - h, y, t) + u(x + h, y, t) + u(x, y - h, t) + u(x, y + h, t)
      #expect(abs(change - 0.7 * (around - 4 * u(x, y, t)) / (h * h)) < 1e-3 * abs(change))
      for edge in [u(0, y, t), u(1, y, t), u(x, 0, t), u(x, 1, t)] { #expect(abs(edge) < 1e-15) }
    }
    #expect(abs(u(0.5, 0.5, 0) - 1) < 1e-15)
  }

  @Test(arguments: [4, 5, 17, 64])
  func `the steps are stable, and end when they should`(cells: Int) {
    let grid = Grid(Self.problem, cells: cells, states: 3)
    #expect(0.7 * grid.timeStep <= 0.2 * grid.spacing * grid.spacing * (1 + 1e-12))
    #expect(abs(grid.timeStep * Double(grid.steps) - 0.05) < 1e-15)
    #expect(grid.steps == 3 * grid.stepsPerState)
  }

  /// As `Solve` does it between ranks.
  private func solve(_ grid: Grid, _ parts: [Range<Int>]) -> [Double] {
    var strips = parts.map { Strip(grid, rows: $0) }
    let width = grid.cells + 1
    for _ in 0..<grid.steps {
      for (before, behind) in zip(strips.indices, strips.indices.dropFirst()) {
        strips[before].values.replaceSubrange(
          (strips[before].values.count - width)..., with: strips[behind].inner.prefix(width))
        strips[behind].values.replaceSubrange(..<width, with: strips[before].inner.suffix(width))
      }
      for index in strips.indices { strips[index].advance() }
    }
    return strips.flatMap { Array($0.inner) }
  }

  @Test func `strips give the same to the last bit, however the rows are divided`() {
    let grid = Grid(Self.problem, cells: 9, states: 1)
    let whole = solve(grid, [1..<9])
    #expect(solve(grid, [1..<2, 2..<9]) == whole)
    #expect(solve(grid, [1..<4, 4..<7, 7..<9]) == whole)
    #expect(solve(grid, (1..<9).map { $0..<($0 + 1) }) == whole)
  }

  @Test func `the error is of second order`() {
    let ends = [8, 16, 32].map { cells in
      let grid = Grid(Self.problem, cells: cells, states: 2)
      return (cells: cells, error: State(grid, number: 2, values: solve(grid, [1..<cells])).deviation().norm)
    }
    #expect(abs(Deviation.order(ends[0], ends[1]) - 2) < 0.1)
    #expect(abs(Deviation.order(ends[1], ends[2]) - 2) < 0.05)
  }

  @Test func `the picture has a byte for each point`() {
    let grid = Grid(Self.problem, cells: 4, states: 1)
    let state = State(grid, number: 1, values: [0, 0.5, 1, 0.5, 0] + [Double](repeating: 0, count: 10))
    #expect(state.picture == Array("P5 5 3 255\n".utf8) + [0, 127, 255, 127, 0] + [UInt8](repeating: 0, count: 10))
  }
}
