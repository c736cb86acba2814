/// Something that happened in the run of a program, as process 1 knows it. What each means, and its members in the file, is
/// said in docs/decisions/0018-events.md.
enum Event: Sendable {
  case launching(workers: [ProcessID], manager: String)
  case joined(Arrived)
  case lost(ProcessID, host: String, reason: String)
  case removed(ProcessID)
  case map(Int, function: String)
  case item(ItemsDone)
  case items(ItemsDone)
  case failure(FailedItems)
  case traffic(ProcessID, Traffic)
  case memory(ProcessID, peak: Int)
  /// What a batch system says: of its queue, of the end.
  case scheduler(String)
  case warning(String)
  case timeLeft(Double)
  case log(level: String, component: String, text: String)
  case dropped(Int)
  /// The error that ended the program.
  case failed(String)
  case end

  struct Arrived: Sendable {
    let worker: ProcessID
    let host: String
    let cpus: Int
    let manager: String
    let osPID: Int32
    let rank: Int?
  }

  /// One message of a map with its answer, or several short ones.
  struct ItemsDone: Sendable {
    let map: Int
    let worker: ProcessID
    /// The first position; those that were short are not in a row.
    var first = 0
    var count = 0
    var messages = 1
    var attempt = 1
    var isFailed = false
    /// In monotonic nanoseconds, and how many of them.
    var start: UInt64
    var duration: UInt64
    /// What was done, where that is not said by the map.
    var function: String?
    /// Of the longest one.
    var longest: UInt64 = 0
  }

  struct FailedItems: Sendable {
    let map: Int
    let positions: Range<Int>
    let attempt: Int
    let isRetried: Bool
    let worker: ProcessID?
    let error: String
  }

  /// Whether who reads the file while the program runs, or after it was killed, has to see it.
  var isUrgent: Bool {
    switch self {
    case .item, .items, .traffic, .memory, .failure, .map: false
    default: true
    }
  }
}

/// What has gone over the connections to a process, from the point of view of this one.
struct Traffic: Hashable, Sendable {
  /// Functions of the other process called from here.
  var calls = 0
  /// Bytes of the connection's contents.
  var sent = 0
  var received = 0

  static func + (left: Traffic, right: Traffic) -> Traffic {
    Traffic(
      calls: left.calls + right.calls, sent: left.sent + right.sent, received: left.received + right.received)
  }
}
