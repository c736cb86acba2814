/// What a program and its workers are doing at one moment: a plain value, and as JSON what `muster status --json` prints.
public struct ProgramStatus: Codable, Sendable, Hashable {
  /// A remote call that runs in a process.
  public struct Call: Codable, Sendable, Hashable {
    /// The type of the function, without its module.
    public let function: String
    /// Whose call it is.
    public let caller: ProcessID
    /// For how long it has run; 0 for one that has just begun.
    public let seconds: Double
  }

  public enum State: String, Codable, Sendable, Hashable, CaseIterable {
    /// It has been launched, and has not joined yet.
    case starting
    case idle
    /// It runs calls.
    case busy
    /// It does not answer: it has been stopped, say, or its host is gone.
    case silent
    /// It is being removed.
    case leaving
    /// It was lost; `reason` says why.
    case lost
  }

  public struct Worker: Codable, Sendable, Hashable {
    public let id: ProcessID
    public let state: State
    public let host: String
    /// Its process id on its host, where that is known.
    public let osPID: Int32?
    /// The CPUs that it is bound to; `nil`: to none.
    public let cpus: CPUSet?
    /// In no order.
    public let calls: [Call]
    /// How process 1 reaches it: `unix:…`, `tcp:10.0.0.3:9300`.
    public let connection: String?
    /// What `setStatus` has said of it, where that was a text.
    public let note: String?
    /// Why it was lost.
    public let reason: String?
  }

  /// Of process 1.
  public let osPID: Int32
  public let host: String
  /// Its command line.
  public let command: [String]
  /// Such as `Slurm job 17`.
  public let job: String?
  /// Since when it has had workers.
  public let seconds: Double
  /// What runs on process 1 for others.
  public let calls: [Call]
  /// In the order of their numbers.
  public let workers: [Worker]
}

extension ProgramStatus.Call {
  /// The name of a function as people know it: without its module, and without what Muster packs it in
  /// (`Muster.Batch<Program.Square>` is `Square`); `nil` for Muster's own.
  static func displayName(_ name: String) -> String? {
    var name = name[...]
    while name.hasPrefix("Muster.") {
      guard let open = name.firstIndex(of: "<") else { return nil }
      name = firstArgument(of: name[name.index(after: open)...])
    }
    let plain = name.prefix { $0 != "<" }
    guard let dot = plain.firstIndex(of: ".") else { return String(name) }
    return String(name[name.index(after: dot)...])
  }

  /// Up to the comma or the bracket that ends it.
  private static func firstArgument(of text: Substring) -> Substring {
    var depth = 0
    let end = text.firstIndex { character in
      switch character {
      case "<", "(": depth += 1
      case ">", ")":
        if depth == 0 { return true }
        depth -= 1
      case ",": return depth == 0
      default: break
      }
      return false
    }
    return text[..<(end ?? text.endIndex)]
  }
}
