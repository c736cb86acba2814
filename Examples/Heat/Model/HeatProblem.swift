import Glibc

/// Heat in the unit square, u_t = a Δu: zero along the edges, sin(πx) sin(πy) at the beginning.
public struct HeatProblem: Codable, Sendable {
  /// a, in areas of the square per unit of time.
  public var diffusivity: Double
  public var duration: Double

  public init(diffusivity: Double, duration: Double) {
    (self.diffusivity, self.duration) = (diffusivity, duration)
  }

  /// The analytic solution.
  public func exact(_ x: Double, _ y: Double, at time: Double) -> Double {
    sin(.pi * x) * sin(.pi * y) * exp(-2 * .pi * .pi * diffusivity * time)
  }
}

/// The square in `cells` × `cells` cells, and the time in steps: central differences in space, Euler's method in time,
/// an error of second order in the size of the cells.
public struct Grid: Codable, Sendable {
  public let problem: HeatProblem
  public let cells: Int
  /// How many states on the way are saved, the last one included.
  public let states: Int

  public init(_ problem: HeatProblem, cells: Int, states: Int) {
    (self.problem, self.cells, self.states) = (problem, cells, states)
  }

  /// The length of a cell.
  public var spacing: Double { 1 / Double(cells) }

  /// The rows of points that are computed; 0 and `cells` are edges.
  public var rows: Range<Int> { 1..<cells }

  /// a Δt / h² must not be more than 1/4 (von Neumann); here it is at most 1/5.
  public var stepsPerState: Int {
    Int((5 * problem.diffusivity * problem.duration / (spacing * spacing) / Double(states)).rounded(.up))
  }

  public var steps: Int { states * stepsPerState }
  public var timeStep: Double { problem.duration / Double(steps) }

  func exact(row: Int, column: Int, at time: Double) -> Double {
    problem.exact(Double(column) * spacing, Double(row) * spacing, at: time)
  }
}
