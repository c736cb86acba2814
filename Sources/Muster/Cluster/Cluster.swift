import Logging
import Synchronization

/// One process's view of one cluster: who is in it, how to reach them, and the machinery that does it.
///
/// Everything the free functions (`addprocs`, `remotecall`, …) need is here; they act on `Cluster.current`, which is
/// the process-wide one unless a task-local one has been set.
final class Cluster: Sendable {
  @TaskLocal static var taskCluster: Cluster?

  /// The cluster of this process.
  static let process = Cluster()

  static var current: Cluster { taskCluster ?? process }

  let engine: Engine
  let functions = FunctionRegistry()
  let references = ReferenceTable()
  /// What channels elsewhere have lent to loops of this process, by the numbers of their receipts.
  let borrowings = Mutex<[UInt64: Borrowing]>([:])
  let releases = ReleaseBatch()
  let firstError = FirstError()
  /// Of process 1, where somebody wants one.
  let events = EventLog()
  let log: ClusterLog
  let logger: Logger
  let members: Mutex<Members>
  let pools = Mutex(PoolState())
  /// The values that functions of the program keep in this process.
  let globals = Mutex<[String: any Sendable]>([:])
  let spreading = Mutex(SpreadingState())
  let lifecycle = Mutex(Lifecycle())
  let offeredFunctions = OfferedFunctions()
  let storedFunctions = StoredFunctions()
  /// What only process 1 has: listeners, launches, managers.
  let launching = Mutex(LaunchingState())
  /// Held while this process begins to listen: several tasks may want to at once.
  let listening = Mutex(())
  /// Of process 1: where it has put its workers.
  let placements = Mutex(PlacementLedger())
  private let lazyDispatcher = Mutex<Dispatcher?>(nil)
  private let referenceCount = Atomic<UInt64>(0)
  private let receiptCount = Atomic<UInt64>(0)

  init(id: ProcessID = 1, spin: Duration = .microseconds(100)) {
    log = ClusterLog(worker: id, settings: .ofThisProcess) { [firstError, events] component, line in
      if line.level >= .error { firstError.note("\(line.message)") }
      events.record(.log(level: "\(line.level)", component: component.rawValue, text: "\(line.message)"))
    }
    logger = log[.cluster]
    engine = Engine(spin: spin, logger: log[.engine])
    members = Mutex(Members(id: id))
    releases.attach(to: self)
  }

  /// Runs requests; made with the first connection.
  var dispatcher: Dispatcher {
    lazyDispatcher.withLock { dispatcher in
      if let dispatcher { return dispatcher }
      let made = Dispatcher(engine: engine) { [unowned self] body in
        // The cluster is asked for far more often, so it is to be found first.
        await Cluster.$isInCall.withValue(true) {
          await Cluster.$taskCluster.withValue(self) { await body() }
        }
      }
      dispatcher = made
      return made
    }
  }

  var myid: ProcessID { members.withLock { $0.me } }

  func nextReference() -> RRID {
    RRID(whence: myid, id: referenceCount.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  var hasMadeReferences: Bool { referenceCount.load(ordering: .relaxed) > 0 }

  /// Names something this process asks of a channel elsewhere.
  func nextReceipt() -> Receipt {
    Receipt(process: myid, number: receiptCount.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  /// Runs `body` on the Engine, in the context of this cluster.
  func run<Result: Sendable>(_ body: @Sendable () async throws -> Result) async rethrows -> Result {
    try await withTaskExecutorPreference(engine) {
      try await Cluster.$taskCluster.withValue(self) { try await body() }
    }
  }

  /// Runs `body` to its end, with all its patience, though the task that calls may have been cancelled: for what has to be
  /// put in order then.
  func shielded<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
    await Task(executorPreference: engine) { [self] in
      await Cluster.$taskCluster.withValue(self) { await body() }
    }.value
  }

  /// Starts a task on the Engine, in the context of this cluster.
  @discardableResult
  func task(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    Task(executorPreference: engine) { [self] in
      await Cluster.$taskCluster.withValue(self) { await body() }
    }
  }
}

extension Cluster: LinkContext {
  var processID: ProcessID { myid }

  func target(named name: String) -> CallTarget { functions.target(named: name) }

  func report(_ message: String) { logger.error("\(message)") }
}
