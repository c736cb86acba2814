import Glibc

/// A linear axis: the values it spans and where its ticks are.
struct Axis {
  let values: ClosedRange<Double>
  let ticks: [Double]
  private let decimals: Int

  /// An axis over the given values with about `tickCount` ticks at round numbers.
  init(_ values: ClosedRange<Double>, tickCount: Int) {
    self.values = values
    let span = max(values.upperBound - values.lowerBound, .leastNormalMagnitude)
    let power = pow(10, floor(log10(span / Double(tickCount))))
    let step = [1, 2, 5, 10].map { $0 * power }.first { span / $0 <= Double(tickCount) + 1e-9 } ?? 10 * power
    decimals = max(0, -Int(floor(log10(step) + 1e-9)))
    let first = Int((values.lowerBound / step - 1e-9).rounded(.up))
    let last = Int((values.upperBound / step + 1e-9).rounded(.down))
    ticks = first <= last ? (first...last).map { Double($0) * step } : []
  }

  /// Where a value lies, from 0 at the lower end to 1 at the upper.
  func fraction(of value: Double) -> Double {
    (value - values.lowerBound) / (values.upperBound - values.lowerBound)
  }

  /// The label of a tick, with a true minus sign.
  func label(_ tick: Double) -> String {
    let text = tick.fixed(decimals)
    return text.hasPrefix("-") ? "−" + text.dropFirst() : text
  }
}
