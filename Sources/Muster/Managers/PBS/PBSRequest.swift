/// What `qsub` is asked for: a pure function of options and dialect.
struct PBSRequest: Sendable, Hashable {
  let dialect: PBSDialect
  let workers: Int
  let options: PBSOptions

  /// `-J 1-1` is refused by OpenPBS: one worker is a job without elements.
  var isArray: Bool { options.shape == .array && workers > 1 }

  /// The arguments of qsub before the script.
  var arguments: [String] {
    var words = ["-N", options.name]
    if let queue = options.queue { words += ["-q", queue] }
    // The job writes into files of its own: what PBS brings back may come late, and to where nobody looks.
    words += ["-j", "oe", "-o", "/dev/null"]
    if isArray { words += [dialect == .openPBS ? "-J" : "-t", "1-\(workers)"] }
    for resource in resources { words += ["-l", resource] }
    return words + options.qsubflags
  }

  private var resources: [String] {
    let chunks = options.shape == .chunks ? workers : 1
    var resources: [String]
    switch dialect {
    case .openPBS:
      var chunk = "select=\(chunks):ncpus=\(options.cpusPerWorker):mpiprocs=1"
      if let memory = options.memoryPerWorker { chunk += ":mem=\(memory)" }
      resources = [chunk]
      if options.shape == .chunks { resources.append("place=\(options.scatter ? "scatter" : "free")") }
    case .torque:
      resources = ["nodes=\(chunks):ppn=\(options.cpusPerWorker)"]
      if let memory = options.memoryPerWorker { resources.append("mem=\(memory)") }
    }
    if let walltime = options.walltime { resources.append("walltime=\(Self.time(walltime))") }
    return resources
  }

  /// `hours:minutes:seconds`, rounded up.
  private static func time(_ duration: Duration) -> String {
    let (seconds, rest) = duration.components
    let total = seconds + (rest > 0 ? 1 : 0)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(two(total / 3600)):\(two(total / 60 % 60)):\(two(total % 60))"
  }
}
