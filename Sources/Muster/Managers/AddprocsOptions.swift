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
  /// Which workers may be connected to each other; the same for all workers of a cluster.
  public var topology: Topology = .allToAll
  /// Workers connect to each other when they first need to; otherwise before `addprocs` returns.
  public var lazy = true
  /// Lets the BLAS libraries and OpenMP use a thread for every core the worker may use, and gives each worker an equal
  /// part of the cores; otherwise one thread, and one core.
  public var enableThreadedBLAS = false
  /// How many cores each worker gets, and the number of threads BLAS libraries and OpenMP use in it.
  public var threadsPerWorker: Int?
  /// Where the workers are put; each on a core of its own by default. More workers than cores are not bound, unless the
  /// policy is strict: then they are an error.
  public var placement = PlacementPolicy.core
  /// What each worker may run on: its cores by default.
  public var bindTo = BindTarget.automatic
  /// How many cores of its machine process 1 keeps for itself; by default workers share them with it.
  public var reservedCores = 0
  /// Listen on loopback and Unix sockets only. Managers of workers on other hosts do not look at it.
  public var restrict = true
  /// Over which of its addresses a host is reached from others: the name of an interface (`ib0`), a network (`10.1.0.0/16`,
  /// `fd00::/8`) or an address. By default a host tells all it has; who dials tries them at once, and the first that proves
  /// itself is taken.
  public var interface: String?
  /// From the start of a process until it has joined. The default is `MUSTER_WORKER_TIMEOUT` seconds, or 60.
  public var timeout: Duration = AddprocsOptions.defaultTimeout
  /// Fewer workers than asked for will do, but not fewer than this.
  public var atLeast: Int?
  /// A process from which nothing was heard for so long is taken to be dead.
  public var heartbeatTimeout: Duration = .seconds(30)
  /// Which kind of connection the workers use.
  public var transport: TransportChoice = .automatic

  public init() {}

  private static var defaultTimeout: Duration { timeout(environmentVariable("MUSTER_WORKER_TIMEOUT")) }

  /// Reads seconds; what is no time a cluster could wait is as if it were not there.
  static func timeout(_ text: String?) -> Duration {
    guard let seconds = text.flatMap(Double.init), seconds > 0, seconds < 1e9 else { return .seconds(60) }
    return .seconds(seconds)
  }

  func validate(count: Int) throws(ClusterError) {
    try validate()
    guard count > 0 else {
      throw Self.invalid(
        "\(count) workers were asked for: the count must be at least 1 (use .auto for one worker per core)")
    }
    if let atLeast, atLeast > count {
      throw Self.invalid("options.atLeast is \(atLeast): it must be between 1 and the \(count) workers asked for")
    }
  }

  private static func invalid(_ message: String) -> ClusterError {
    ClusterError(.invalidArgument, "addprocs: \(message)")
  }

  /// Before anything is started to find out how many workers there are to be.
  func validate() throws(ClusterError) {
    func invalid(_ message: String) -> ClusterError { Self.invalid(message) }
    guard timeout > .zero else { throw invalid("options.timeout is \(timeout): it must be positive") }
    guard heartbeatTimeout >= .milliseconds(100) else {
      throw invalid("options.heartbeatTimeout is \(heartbeatTimeout): it must be at least 0.1 seconds")
    }
    if let atLeast, atLeast < 1 {
      throw invalid("options.atLeast is \(atLeast): it must be between 1 and the number of workers asked for")
    }
    if let threadsPerWorker, threadsPerWorker < 1 {
      throw invalid("options.threadsPerWorker is \(threadsPerWorker): it must be at least 1")
    }
    guard reservedCores >= 0 else { throw invalid("options.reservedCores is \(reservedCores): it must be at least 0") }
  }
}
