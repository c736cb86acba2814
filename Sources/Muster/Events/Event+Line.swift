extension Event {
  /// Texts are cut there: an error may hold the whole output of a program.
  private static let longestText = 2000

  /// The line of the file.
  ///
  /// - Parameters:
  ///   - time: when it happened, in monotonic nanoseconds.
  ///   - start: of the log.
  func line(at time: UInt64, since start: UInt64) -> [UInt8] {
    func seconds(_ time: UInt64) -> Double { time > start ? Double(time - start) * 1e-9 : 0 }
    var line = JSONLine(name, seconds: seconds(time))
    switch self {
    case .launching(let workers, let manager):
      line.add("workers", workers.map(\.rawValue))
      line.add("manager", manager)
    case .joined(let arrived): arrived.write(to: &line)
    case .lost(let worker, let host, let reason):
      line.add("worker", worker.rawValue)
      line.add("host", host)
      line.add("reason", Self.cut(reason))
    case .removed(let worker): line.add("worker", worker.rawValue)
    case .map(let number, let function):
      line.add("map", number)
      line.add("function", Self.cut(function))
    case .item(let done): done.write(to: &line, seconds(done.start), isOne: true)
    case .items(let done): done.write(to: &line, seconds(done.start), isOne: false)
    case .failure(let failed): failed.write(to: &line, Self.cut(failed.error))
    case .traffic(let worker, let traffic):
      line.add("worker", worker.rawValue)
      line.add("calls", traffic.calls)
      line.add("sent", traffic.sent)
      line.add("received", traffic.received)
    case .memory(let worker, let peak):
      line.add("worker", worker.rawValue)
      line.add("peak", peak)
    case .scheduler(let text), .warning(let text): line.add("text", Self.cut(text))
    case .timeLeft(let left): line.add("seconds", left)
    case .log(let level, let component, let text):
      line.add("level", level)
      line.add("component", component)
      line.add("text", Self.cut(text))
    case .dropped(let count): line.add("count", count)
    case .failed(let error): line.add("error", Self.cut(error))
    case .end: break
    }
    return line.line()
  }

  private var name: String {
    switch self {
    case .launching: "launching"
    case .joined: "joined"
    case .lost: "lost"
    case .removed: "removed"
    case .map: "map"
    case .item: "item"
    case .items: "items"
    case .failure: "failure"
    case .traffic: "traffic"
    case .memory: "memory"
    case .scheduler: "scheduler"
    case .warning: "warning"
    case .timeLeft: "timeLeft"
    case .log: "log"
    case .dropped: "dropped"
    case .failed: "failed"
    case .end: "end"
    }
  }

  fileprivate static func cut(_ text: String) -> String {
    text.utf8.count <= longestText ? text : String(text.prefix(longestText)) + "…"
  }
}

extension Event.Arrived {
  fileprivate func write(to line: inout JSONLine) {
    line.add("worker", worker.rawValue)
    line.add("host", host)
    line.add("cpus", cpus)
    line.add("manager", manager)
    line.add("osPID", Int(osPID))
    line.add("rank", rank)
  }
}

extension Event.ItemsDone {
  fileprivate func write(to line: inout JSONLine, _ start: Double, isOne: Bool) {
    line.add("map", map)
    line.add("worker", worker.rawValue)
    if isOne {
      line.add("first", first)
    } else {
      line.add("messages", messages)
      line.add("longest", Double(longest) * 1e-9)
    }
    line.add("count", count)
    line.add("function", function.map(Event.cut))
    line.add("start", start)
    line.add("seconds", Double(duration) * 1e-9)
    if isOne { line.add("attempt", attempt) }
    if isFailed { line.add("failed", true) }
  }
}

extension Event.FailedItems {
  fileprivate func write(to line: inout JSONLine, _ error: String) {
    line.add("map", map)
    line.add("first", positions.lowerBound)
    line.add("count", positions.count)
    line.add("attempt", attempt)
    line.add("retried", isRetried)
    line.add("worker", worker?.rawValue)
    line.add("error", error)
  }
}
