/// The table for people.
enum Table {
  static let heading = line(["row", "transport", "median", "p99", "unit", "raw", "ratio", "target", ""])

  static func line(_ measurement: Measurement, target: Target?) -> String {
    let scale = Scale(for: measurement.median, of: measurement.unit)
    return line([
      measurement.row, measurement.transport.rawValue, scale.number(measurement.median), scale.number(measurement.p99),
      scale.unit, measurement.raw.map(scale.number) ?? "–", measurement.ratio.map { Scale.rounded($0) } ?? "–",
      target?.text(in: scale) ?? "–", target.map { $0.isMet(by: measurement) ? "met" : "missed" } ?? "",
    ])
  }

  private static func line(_ cells: [String]) -> String {
    // Numbers stand at the right; a negative width means left.
    let widths = [-13, -10, 9, 9, -5, 9, 7, -14, 0]
    return zip(cells, widths).map { cell, width in
      let padding = String(repeating: " ", count: max(0, abs(width) - cell.count))
      return width < 0 ? cell + padding : padding + cell
    }.joined(separator: " ")
  }
}

/// A unit with a prefix that suits a number.
struct Scale {
  let factor: Double
  let unit: String

  init(for value: Double, of unit: Measurement.Unit) {
    let prefixes: [(Double, String)] = [(1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ")]
    let (factor, prefix) = unit == .cores ? (1, "") : prefixes.first { abs(value) >= $0.0 } ?? (1, "")
    self.factor = factor
    self.unit = prefix + (unit == .perSecond ? "/s" : unit.rawValue)
  }

  func number(_ value: Double) -> String { Self.rounded(value / factor) }

  /// About three digits.
  static func rounded(_ value: Double) -> String {
    let decimals = [(100.0, 0), (10, 1), (0.1, 2)].first { abs(value) >= $0.0 }?.1 ?? 5
    guard decimals > 0 else { return String(Int(value.rounded())) }
    let power = (0..<decimals).reduce(1) { product, _ in product * 10 }
    let scaled = Int((abs(value) * Double(power)).rounded())
    let fraction = String(scaled % power)
    let sign = value < 0 ? "-" : ""
    return "\(sign)\(scaled / power)." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}
