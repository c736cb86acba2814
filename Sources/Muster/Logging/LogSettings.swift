import Logging

/// What is logged: a level for everything, and others for some components; a plain value.
struct LogSettings: Codable, Hashable, Sendable {
  private(set) var level = Logger.Level.notice
  private(set) var levels: [LogComponent: Logger.Level] = [:]

  init() {}

  /// Reads what `MUSTER_LOG` says: a level, or `component=level`, several of them with commas between.
  ///
  /// A slip in it must not keep a job from running: what cannot be read is left out.
  ///
  /// - Parameter complain: gets a sentence for each word that is left out.
  init(_ text: String, complain: (String) -> Void = { _ in }) {
    for word in text.split(separator: ",") {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let level = Logger.Level(rawValue: String(parts.last!)) else {
        complain("MUSTER_LOG: '\(parts.last!)' is no level: there are \(Self.words(Logger.Level.allCases))")
        continue
      }
      if parts.count == 1 {
        self.level = level
      } else if let component = LogComponent(rawValue: String(parts[0])) {
        levels[component] = level
      } else {
        complain("MUSTER_LOG: '\(parts[0])' is no component: there are \(Self.words(LogComponent.allCases))")
      }
    }
  }

  /// What the environment of this process says; what is wrong with it is said by process 1, once.
  static let ofThisProcess = LogSettings(environmentVariable("MUSTER_LOG") ?? "") { complaint in
    if !WorkerProcess.isInvited { printError("muster: \(complaint)") }
  }

  subscript(component: LogComponent) -> Logger.Level { levels[component] ?? level }

  private static func words(_ values: [some RawRepresentable<String>]) -> String {
    values.map(\.rawValue).joined(separator: ", ")
  }
}
