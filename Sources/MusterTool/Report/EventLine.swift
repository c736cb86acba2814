import FoundationEssentials

/// One line of an event log (docs/decisions/0018-events.md): which members it has depends on the event.
struct EventLine: Decodable, Equatable, Sendable {
  let event: String
  /// Seconds since the first line of the run.
  let t: Double

  var format: String?
  var version: Int?
  var time: String?
  var host: String?
  var osPID: Int32?
  var command: [String]?
  var job: String?

  var worker: Int?
  var workers: [Int]?
  var manager: String?
  var cpus: Int?
  var rank: Int?
  var reason: String?

  var map: Int?
  var function: String?
  var first: Int?
  var count: Int?
  var messages: Int?
  var start: Double?
  var seconds: Double?
  var longest: Double?
  var attempt: Int?
  var failed: Bool?
  var retried: Bool?

  var calls: Int?
  var sent: Int?
  var received: Int?
  var peak: Int?

  var level: String?
  var text: String?
  var error: String?
}
