/// What is asked of PBS for the workers.
public struct PBSOptions: Sendable, Hashable {
  /// How the workers are asked for.
  public enum Shape: String, Sendable, Hashable {
    /// A job array, one element for each worker: they start as soon as there is room for one.
    case array
    /// One job with a chunk for each worker: they start together.
    case chunks
  }

  /// An array, or one job.
  public var shape = Shape.array
  /// The name of the job.
  public var name = "muster"
  /// The queue; PBS chooses if `nil`.
  public var queue: String?
  /// How long the workers may live; what the queue grants if `nil`.
  public var walltime: Duration?
  /// CPUs of each worker.
  public var cpusPerWorker = 1
  /// Of each worker, as PBS writes it: `2gb`.
  public var memoryPerWorker: String?
  /// Each chunk on a node of its own (`-l place=scatter`); otherwise nodes are shared. Only for chunks of OpenPBS.
  public var scatter = false
  /// More options of `qsub`.
  public var qsubflags: [String] = []
  /// A directory that process 1 and all nodes see, in which files of the job are kept until its workers have joined; the
  /// home directory if `nil`.
  public var sharedDirectory: String?

  public init() {}

  /// - Throws: `ClusterError` `.invalidArgument` that names the option and what is allowed.
  func validate() throws(ClusterError) {
    func invalid(_ message: String) -> ClusterError { ClusterError(.invalidArgument, "PBSManager: \(message)") }
    guard let first = name.utf8.first, first.isASCIILetter, name.utf8.count <= 15,
      name.utf8.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit || "_-.".utf8.contains($0) })
    else { throw invalid("name is '\(name)': it must be a letter and up to 14 letters, digits, '_', '-' and '.'") }
    guard (1...Word.largestCount).contains(cpusPerWorker) else {
      throw invalid("cpusPerWorker is \(cpusPerWorker): it must be from 1 to \(Word.largestCount)")
    }
    if let walltime, walltime < .seconds(1) { throw invalid("walltime is \(walltime): it must be at least a second") }
    if let queue, queue.isEmpty || queue.hasPrefix("-") { throw invalid("queue is '\(queue)': it is no queue's name") }
    if let memoryPerWorker, !Self.isSize(memoryPerWorker) {
      throw invalid("memoryPerWorker is '\(memoryPerWorker)': it must be a size such as 512mb or 2gb")
    }
    for (index, flag) in qsubflags.enumerated() {
      // `-l` and what is asked for may be two words.
      let whole = flag == "-l" ? flag + (index + 1 < qsubflags.count ? qsubflags[index + 1] : "") : flag
      if let own = Self.own.first(where: { whole.hasPrefix($0.flag) }) {
        throw invalid("qsubflags has \(whole), but \(own.flag) is \(own.what)")
      }
    }
  }

  /// `2gb`, `512MB`, `1000`
  private static func isSize(_ text: String) -> Bool {
    let digits = text.utf8.prefix(while: \.isASCIIDigit)
    let unit = text.lowercased().utf8.dropFirst(digits.count)
    return !digits.isEmpty && ["", "b", "kb", "mb", "gb", "tb"].contains(String(Substring(unit)))
  }

  /// Options of qsub that Muster gives itself.
  private static let own: [(flag: String, what: String)] = [
    ("-J", "set by Muster (one element for each worker)"), ("-t", "set by Muster (one element for each worker)"),
    ("-N", "options.name"), ("-q", "options.queue"), ("-o", "set by Muster"), ("-e", "set by Muster"),
    ("-j", "set by Muster"), ("-I", "for people: an interactive job has no workers"),
    ("-lselect", "set by Muster (cpusPerWorker, memoryPerWorker)"), ("-lplace", "options.scatter"),
    ("-lnodes", "set by Muster (cpusPerWorker)"), ("-lwalltime", "options.walltime"),
  ]
}
