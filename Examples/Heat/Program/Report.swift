import Foundation
import HeatModel

/// Prints the errors at the end for each grid, and those of the finest grid on the way there.
///
/// - Throws: `NotConverging` if the error does not go down as the square of the size of the cells.
func report(_ results: [(state: State, deviation: Deviation)]) throws {
  let ends = results.filter { $0.state.number == $0.state.grid.states }
    .map { (cells: $0.state.grid.cells, error: $0.deviation.norm) }
  let orders = zip(ends, ends.dropFirst()).map { Deviation.order($0, $1) }

  print("\ncells   error (L²)  order")
  for (end, order) in zip(ends, [nil] + orders) {
    let columns = [Double(end.cells).text("%5.0f"), end.error.text("%.4e"), order?.text("%5.3f")]
    print(columns.compactMap { $0 }.joined(separator: "   "))
  }
  print("\n time    error (L²)   largest error, on the finest grid")
  for (state, deviation) in results where state.grid.cells == ends.last?.cells {
    print("\(state.time.text("%6.4f"))   \(deviation.norm.text("%.4e"))   \(deviation.largest.text("%.4e"))")
  }
  if let order = orders.first(where: { !(1.8...2.2).contains($0) }) { throw NotConverging(order: order) }
}

struct NotConverging: Error, CustomStringConvertible {
  let order: Double

  var description: String {
    "the order of convergence is \(order.text("%.2f")) and should be 2: the grids are too coarse for so long a time"
  }
}

extension Double {
  func text(_ format: String) -> String { String(format: format, self) }
}
