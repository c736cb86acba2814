/// What one process has done in a run.
struct WorkerSummary: Encodable, Equatable, Sendable {
  enum Ending: String, Encodable, Sendable {
    case removed, lost
    /// It was there when the log ended.
    case stayed
  }

  let worker: Int
  var host = ""
  var manager: String?
  var cpus: Int?
  var rank: Int?
  /// When it joined, and when it had gone, in seconds since the start.
  var joined: Double
  var left: Double
  var ending = Ending.stayed
  var reason: String?
  /// For how long it had something to do for a map.
  var busy = 0.0
  var items = 0
  /// Calls of it by process 1, and bytes that process 1 has sent to it and received.
  var calls = 0
  var sent = 0
  var received = 0
  /// The most memory that was resident, in bytes.
  var peakMemory: Int?

  var present: Double { max(0, left - joined) }
  /// Which part of its time it was busy; `nil` for none.
  var utilisation: Double? { present > 0 ? min(1, busy / present) : nil }
}
