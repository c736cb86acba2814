/// How workers are started.
public struct AddprocsOptions: Sendable {
  /// The working directory of the workers; that of process 1 if `nil`.
  public var dir: String?
  /// The executable; that of process 1 if `nil`. It must be the same build.
  public var exename: String?
  /// Arguments of the executable, behind Muster's own.
  public var exeflags: [String] = []
  /// Environment variables in addition to those of process 1.
  public var env: [String: String] = [:]
  public var topology: Topology = .allToAll
  /// Workers connect to each other when they first need to; otherwise before `addprocs` returns.
  public var lazy = true
  /// Lets the BLAS libraries and OpenMP use a thread for every core the worker may use; otherwise one.
  public var enableThreadedBLAS = false
  /// The number of threads BLAS libraries and OpenMP use in a worker.
  public var threadsPerWorker: Int?
  /// Listen on loopback and Unix sockets only.
  public var restrict = true
  /// From the start of a process until it has joined. The default is `MUSTER_WORKER_TIMEOUT` seconds, or 60.
  public var timeout: Duration = AddprocsOptions.defaultTimeout
  /// Fewer workers than asked for will do, but not fewer than this.
  public var atLeast: Int?
  /// A process from which nothing was heard for so long is taken to be dead.
  public var heartbeatTimeout: Duration = .seconds(30)
  /// Which kind of connection the workers use.
  public var transport: TransportChoice = .automatic

  public init() {}

  private static var defaultTimeout: Duration {
    environmentVariable("MUSTER_WORKER_TIMEOUT").flatMap(Double.init).map { .seconds($0) } ?? .seconds(60)
  }

  func validate(count: Int) throws(ClusterError) {
    func invalid(_ message: String) -> ClusterError { ClusterError(.invalidArgument, "addprocs: \(message)") }
    guard count > 0 else {
      throw invalid("\(count) workers were asked for: the count must be at least 1 (use .auto for one worker per core)")
    }
    guard timeout > .zero else { throw invalid("options.timeout is \(timeout): it must be positive") }
    guard heartbeatTimeout >= .milliseconds(100) else {
      throw invalid("options.heartbeatTimeout is \(heartbeatTimeout): it must be at least 0.1 seconds")
    }
    if let atLeast, !(1...count).contains(atLeast) {
      throw invalid("options.atLeast is \(atLeast): it must be between 1 and the \(count) workers asked for")
    }
    if let threadsPerWorker, threadsPerWorker < 1 {
      throw invalid("options.threadsPerWorker is \(threadsPerWorker): it must be at least 1")
    }
  }

  /// The variables that keep libraries from starting a thread per core in each of many workers.
  var threadVariables: [String: String] {
    let count = String(threadsPerWorker ?? (enableThreadedBLAS ? UsableCores.count() : 1))
    return ["OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count, "MKL_NUM_THREADS": count]
  }
}

/// How many workers to start.
public enum WorkerCount: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// One per core that this process may use (its cpuset, its share of the control group), not per core of the host.
  case auto
  case exactly(Int)

  public init(integerLiteral value: Int) { self = .exactly(value) }

  public var description: String {
    switch self {
    case .auto: "auto"
    case .exactly(let count): "\(count)"
    }
  }

  func resolve() -> Int {
    switch self {
    case .auto: UsableCores.count()
    case .exactly(let count): count
    }
  }
}
