/// What `addprocs` would do: a plain value, for which nothing has been started. Made by `planLaunch`.
///
/// There is nothing secret in it: a worker finds its secret on its standard input, or where it has none in a file that only
/// its user can read.
public struct LaunchPlan: Sendable, Hashable {
  /// A command line, in words.
  public struct Command: Sendable, Hashable {
    public var words: [String]
    /// The host on which it is run; `nil`: this one.
    public var host: String?
    /// How often.
    public var times: Int
    /// What for.
    public var purpose: String

    public init(_ words: [String], on host: String? = nil, times: Int = 1, purpose: String) {
      self.words = words
      self.host = host
      self.times = times
      self.purpose = purpose
    }
  }

  /// Workers on one host.
  public struct Host: Sendable, Hashable {
    public var name: String
    /// `.auto` where the host has to be asked.
    public var workers: WorkerCount
    /// Whether it is this one.
    public var isHere: Bool

    public init(_ name: String, workers: WorkerCount, isHere: Bool = false) {
      self.name = name
      self.workers = workers
      self.isHere = isHere
    }
  }

  /// The manager in its own words.
  public var manager = ""
  /// In the order in which workers get their numbers.
  public var hosts: [Host] = []
  /// In the order in which they are run.
  public var commands: [Command] = []
  /// What else there is to know.
  public var notes: [String] = []
  /// Who of the launchers binds workers itself, if one does: then there is no placement.
  public var binder: String?
  /// Whether the workers of all hosts are placed at once, where the policy says so (`spansNodes`).
  public var placesAcrossHosts = false
  /// Where process 1 would listen: a port 0 is one that the system chooses.
  public var addresses: [TransportAddress] = []
  /// Which worker would get what, where the hosts are as they are assumed to be; `nil` where somebody else decides.
  public var placement: PlacementPlan?
  /// As they would apply.
  public var options = AddprocsOptionsSummary()

  public init() {}
}

/// The times and ways of a launch.
public struct AddprocsOptionsSummary: Sendable, Hashable {
  /// From the start of a worker until it has joined.
  public var timeout: Duration = .zero
  /// A process that is silent for so long is lost.
  public var heartbeatTimeout: Duration = .zero
  public var topology: Topology = .allToAll
  public var transport: TransportChoice = .automatic
  /// No other host can connect.
  public var isRestricted = true

  init() {}

  init(_ options: AddprocsOptions) {
    timeout = options.timeout
    heartbeatTimeout = options.heartbeatTimeout
    topology = options.topology
    transport = options.transport
    isRestricted = options.restrict
  }
}

extension LaunchPlan.Command: CustomStringConvertible {
  /// As one would type it into a shell.
  public var description: String {
    words.map { word in
      let isPlain = word.utf8.allSatisfy { $0.isASCIILetter || $0.isASCIIDigit || "/._-=,:@%+".utf8.contains($0) }
      return isPlain && !word.isEmpty ? word : SSHOptions.Shell.posix.quoted(word)
    }.joined(separator: " ")
  }
}
