/// One line of the report.
struct Measurement: Sendable {
  enum Unit: String {
    case seconds = "s"
    case perSecond = "1/s"
    case bytesPerSecond = "B/s"
    case bytes = "B"
    /// Fractions of one core.
    case cores = "core"
  }

  let row: String
  let transport: SocketKind
  let median: Double
  let p99: Double
  let unit: Unit
  let raw: Double?

  var ratio: Double? { raw.map { median / $0 } }

  init(_ row: String, _ bench: Bench, median: Double, p99: Double, unit: Unit, raw: Double? = nil) {
    self.row = row
    transport = bench.socket
    self.median = median
    self.p99 = p99
    self.unit = unit
    self.raw = raw
  }

  /// The duration of one operation.
  static func time(_ row: String, _ bench: Bench, _ ours: Summary, raw: Summary? = nil) -> Measurement {
    Measurement(row, bench, median: ours.median, p99: ours.p99, unit: .seconds, raw: raw?.median)
  }

  /// How much is done per second, when `work` of it took as long as the summaries say; the p99 is the rate of the
  /// slowest percent.
  static func rate(
    _ row: String, _ bench: Bench, of work: Int, unit: Unit = .perSecond, _ ours: Summary, raw: Summary? = nil
  ) -> Measurement {
    let work = Double(work)
    return Measurement(
      row, bench, median: work / ours.median, p99: work / ours.p99, unit: unit, raw: raw.map { work / $0.median })
  }

  /// For scripts.
  var json: String {
    let rest = raw.map { ", \"raw\": \($0), \"ratio\": \(median / $0)" } ?? ""
    return """
      {"row": "\(row)", "transport": "\(transport)", "median": \(median), "p99": \(p99), "unit": "\(unit.rawValue)"\(rest)}
      """
  }
}
