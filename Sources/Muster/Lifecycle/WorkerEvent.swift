import Synchronization

/// What happens to workers, and what is said of it to those who asked with `onWorker`.
public struct WorkerEvent<Arguments: Sendable>: Sendable {
  let name: String
  let callbacks: any WritableKeyPath<WorkerCallbacks, [WorkerCallback<Arguments>]> & Sendable
}

extension WorkerEvent where Arguments == (manager: any ClusterManager, options: AddprocsOptions) {
  /// `addprocs` is about to start workers. What a callback throws is thrown by `addprocs`, and nothing is started.
  public static var starting: Self { Self(name: "starting", callbacks: \.starting) }
}

extension WorkerEvent where Arguments == ProcessID {
  /// A worker has joined, and all processes know of it. `addprocs` waits for the callbacks; what one throws is thrown
  /// by `addprocs` (several of them as `CompositeError`), and the new workers are removed.
  public static var started: Self { Self(name: "started", callbacks: \.started) }

  /// A worker is about to be removed by `rmprocs`. It can still be called, but no pool gives it work any more. It is
  /// removed when the callbacks have returned, or their time is up; what they throw is logged.
  public static var exiting: Self { Self(name: "exiting", callbacks: \.exiting) }
}

extension WorkerEvent where Arguments == (pid: ProcessID, state: WorkerExit) {
  /// A worker has gone; its status can still be asked for. What a callback throws is logged.
  public static var exited: Self { Self(name: "exited", callbacks: \.exited) }
}

/// How a worker has gone.
public enum WorkerExit: String, Sendable, Codable {
  /// It was removed.
  case terminated
  /// It was lost.
  case exterminated
}

/// Has process 1 call a function when something happens to a worker: once for every time `addprocs` starts some
/// (`.starting`), otherwise once for every worker.
///
///     try onWorker(.started) { pid in try await remotecallFetch(LoadTables(), on: pid) }
///     try onWorker(.exited) { pid, state in print("worker \(pid) was \(state)") }
///
/// Only workers that `addprocs` returns have events.
///
/// - Parameters:
///   - event: `.starting`, `.started`, `.exiting` or `.exited`.
///   - key: names the callback to `removeCallback`; one that is not used yet if `nil`.
///   - timeout: for how long the callback may put off the removal of a worker (`.exiting`, `.exited`); then it is
///     cancelled, and said so in the log.
///   - body: what to call. Callbacks of one event are called in the order in which they were added.
/// - Returns: the key.
/// - Throws: `ClusterError` `.invalidArgument` when the event has a callback of that key; `.notProcess1`.
@discardableResult
public func onWorker<Arguments>(
  _ event: WorkerEvent<Arguments>, key: String? = nil, timeout: Duration = .seconds(10),
  _ body: @escaping @Sendable (Arguments) async throws -> Void
) throws -> String {
  let cluster = Cluster.current
  guard cluster.myid == 1 else {
    throw ClusterError(
      .notProcess1, "onWorker: only process 1 hears of workers (it was called on process \(cluster.myid))")
  }
  return try cluster.lifecycle.withLock { try $0.callbacks.add(to: event, key: key, timeout: timeout, body) }
}

/// Forgets a callback.
///
/// - Returns: whether the event had one of that key.
@discardableResult
public func removeCallback<Arguments>(_ event: WorkerEvent<Arguments>, key: String) -> Bool {
  Cluster.current.lifecycle.withLock { $0.callbacks.remove(from: event, key: key) }
}

struct WorkerCallback<Arguments: Sendable>: Sendable {
  let key: String
  let timeout: Duration
  let body: @Sendable (Arguments) async throws -> Void
}

/// The callbacks of each event, in the order in which they were added.
struct WorkerCallbacks: Sendable {
  fileprivate(set) var starting: [WorkerCallback<(manager: any ClusterManager, options: AddprocsOptions)>] = []
  fileprivate(set) var started: [WorkerCallback<ProcessID>] = []
  fileprivate(set) var exiting: [WorkerCallback<ProcessID>] = []
  fileprivate(set) var exited: [WorkerCallback<(pid: ProcessID, state: WorkerExit)>] = []
  private var keys = 0

  mutating func add<Arguments>(
    to event: WorkerEvent<Arguments>, key: String?, timeout: Duration,
    _ body: @escaping @Sendable (Arguments) async throws -> Void
  ) throws(ClusterError) -> String {
    let key = key ?? unusedKey(for: event)
    guard !self[keyPath: event.callbacks].contains(where: { $0.key == key }) else {
      throw ClusterError(
        .invalidArgument,
        "onWorker: .\(event.name) has a callback with the key \"\(key)\": remove it first, or choose another key")
    }
    self[keyPath: event.callbacks].append(WorkerCallback(key: key, timeout: timeout, body: body))
    return key
  }

  mutating func remove<Arguments>(from event: WorkerEvent<Arguments>, key: String) -> Bool {
    guard let index = self[keyPath: event.callbacks].firstIndex(where: { $0.key == key }) else { return false }
    self[keyPath: event.callbacks].remove(at: index)
    return true
  }

  private mutating func unusedKey<Arguments>(for event: WorkerEvent<Arguments>) -> String {
    repeat { keys += 1 } while self[keyPath: event.callbacks].contains { $0.key == "callback \(keys)" }
    return "callback \(keys)"
  }
}
