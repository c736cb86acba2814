/// What docs/performance.md asks of a row.
enum Target: Sendable {
  case atMost(Double)
  case atLeast(Double)
  /// Of ours to the raw limit.
  case ratioAtMost(Double)
  case ratioAtLeast(Double)

  func isMet(by measurement: Measurement) -> Bool {
    let ratio = measurement.ratio ?? .nan
    return switch self {
    case .atMost(let limit): measurement.median <= limit
    case .atLeast(let limit): measurement.median >= limit
    case .ratioAtMost(let limit): ratio <= limit
    case .ratioAtLeast(let limit): ratio >= limit
    }
  }

  /// As it stands in a column whose numbers are in `scale`.
  func text(in scale: Scale) -> String {
    switch self {
    case .atMost(let limit): "≤ \(scale.number(limit)) \(scale.unit)"
    case .atLeast(let limit): "≥ \(scale.number(limit)) \(scale.unit)"
    case .ratioAtMost(let limit): "≤ \(limit) × raw"
    case .ratioAtLeast(let limit): "≥ \(limit) × raw"
    }
  }
}
