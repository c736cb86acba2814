import Glibc

/// The temperatures of all points at a time.
public struct State: Codable, Sendable {
  public let grid: Grid
  /// The first that is saved is number 1.
  public let number: Int
  /// Without the first and the last row, which are edges.
  public let values: [Double]

  public init(_ grid: Grid, number: Int, values: [Double]) {
    (self.grid, self.number, self.values) = (grid, number, values)
  }

  public var time: Double { grid.timeStep * Double(number * grid.stepsPerState) }

  /// How far it is from the analytic solution.
  public func deviation() -> Deviation {
    var (sum, largest) = (0.0, 0.0)
    for (position, value) in values.enumerated() {
      let (row, column) = position.quotientAndRemainder(dividingBy: grid.cells + 1)
      let difference = value - grid.exact(row: row + 1, column: column, at: time)
      sum += difference * difference
      largest = max(largest, difference.magnitude)
    }
    return Deviation(norm: grid.spacing * sum.squareRoot(), largest: largest)
  }

  /// A picture in the format PGM: white is what the hottest point was at the beginning.
  public var picture: [UInt8] {
    Array("P5 \(grid.cells + 1) \(grid.cells - 1) 255\n".utf8) + values.map { UInt8(255 * min(max($0, 0), 1)) }
  }
}

extension Grid {
  /// The saved states, put together from the rows of all strips; a strip without rows has saved nothing.
  public func states(of strips: [[[Double]]]) -> [State] {
    (1...states).map { number in
      State(self, number: number, values: strips.filter { !$0.isEmpty }.flatMap { $0[number - 1] })
    }
  }
}

public struct Deviation: Codable, Sendable {
  /// The root of the integral of the square (L²).
  public let norm: Double
  /// Anywhere.
  public let largest: Double

  /// The order of convergence that two grids show: how the error goes down with the size of the cells.
  public static func order(_ coarse: (cells: Int, error: Double), _ fine: (cells: Int, error: Double)) -> Double {
    log(coarse.error / fine.error) / log(Double(fine.cells) / Double(coarse.cells))
  }
}
