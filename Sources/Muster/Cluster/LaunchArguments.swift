/// What a command line says to Muster before it says anything to the program: `--procs N` and `--machine-file F`, in any
/// order, each with its value in the next argument or behind `=`.
struct LaunchArguments: Equatable, Sendable {
  struct MachineFile: Equatable, Sendable {
    let path: String
    /// From `mpich:F`; `nil`: it is found out.
    let format: Hostfile.Format?

    init(_ text: String) {
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      format = parts.count == 2 ? Hostfile.Format(rawValue: String(parts[0])) : nil
      path = format == nil ? text : String(parts[1])
    }
  }

  /// Local ones.
  private(set) var workers: WorkerCount?
  private(set) var machineFile: MachineFile?
  /// How many arguments this takes.
  private(set) var count = 0

  /// Reads them.
  ///
  /// - Parameter arguments: of the program, without its name.
  /// - Throws: `ClusterError` `.invalidArgument` that names the option.
  init(_ arguments: ArraySlice<String>) throws(ClusterError) {
    var rest = arguments
    while let (option, value) = try Self.take(&rest) {
      switch option {
      case .procs:
        guard workers == nil else { throw option.error("is there twice") }
        workers = try Self.workerCount(value)
      case .machineFile:
        guard machineFile == nil else { throw option.error("is there twice") }
        machineFile = MachineFile(value)
        guard !value.isEmpty else { throw option.error("is followed by nothing") }
      }
    }
    count = arguments.count - rest.count
  }

  private enum Option: String, CaseIterable {
    case procs = "--procs"
    case machineFile = "--machine-file"

    private var takes: String {
      switch self {
      case .procs: "the number of local workers, or auto"
      case .machineFile: "a hostfile, with its format in front if that is needed, as in mpich:hosts"
      }
    }

    func error(_ what: String) -> ClusterError {
      ClusterError(.invalidArgument, "\(rawValue) \(what): it takes \(takes)")
    }
  }

  /// The option that comes first, if it is one of ours, with its value.
  private static func take(_ rest: inout ArraySlice<String>) throws(ClusterError) -> (Option, String)? {
    guard let word = rest.first else { return nil }
    for option in Option.allCases {
      if word == option.rawValue {
        rest.removeFirst()
        guard let value = rest.popFirst() else { throw option.error("is followed by nothing") }
        return (option, value)
      }
      if word.hasPrefix(option.rawValue + "=") {
        rest.removeFirst()
        return (option, String(word.dropFirst(option.rawValue.utf8.count + 1)))
      }
    }
    return nil
  }

  private static func workerCount(_ value: String) throws(ClusterError) -> WorkerCount {
    if value == "auto" { return .auto }
    guard let count = Int(value), count > 0 else { throw Option.procs.error("is followed by '\(value)'") }
    return .exactly(count)
  }
}
