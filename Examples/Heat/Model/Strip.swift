/// Some rows of the grid, between copies of the rows before and behind them.
public struct Strip: Sendable {
  public let grid: Grid
  public let rows: Range<Int>
  /// The points from edge to edge, row by row: first the row before `rows`, then those, then the one behind.
  public var values: [Double]
  private var next: [Double]

  /// At the beginning; the copies are still to be filled, unless they are edges.
  public init(_ grid: Grid, rows: Range<Int>) {
    (self.grid, self.rows) = (grid, rows)
    values = Array(repeating: 0, count: (rows.count + 2) * (grid.cells + 1))
    for row in rows {
      for column in 1..<grid.cells {
        values[(row - rows.lowerBound + 1) * (grid.cells + 1) + column] = grid.exact(row: row, column: column, at: 0)
      }
    }
    next = values
  }

  /// Points in a row.
  public var width: Int { grid.cells + 1 }

  /// The rows themselves.
  public var inner: ArraySlice<Double> { values[width..<(values.count - width)] }

  /// Goes one step on in time. The copies have to be those of this time.
  public mutating func advance() {
    let factor = grid.problem.diffusivity * grid.timeStep / (grid.spacing * grid.spacing)
    for row in 1...rows.count {
      for point in (row * width + 1)..<(row * width + width - 1) {
        let around = values[point - width] + values[point - 1] + values[point + 1] + values[point + width]
        next[point] = values[point] + factor * (around - 4 * values[point])
      }
    }
    swap(&values, &next)
  }
}
