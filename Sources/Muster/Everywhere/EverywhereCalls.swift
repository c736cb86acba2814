import DequeModule
import Synchronization

/// Runs the function of an `everywhere`; the answer is its error, if it throws one. As a user's function it may be
/// interrupted.
struct EverywhereCall<F: RemoteThunk>: RemoteThunk {
  let id: RRID
  let position: Int
  let function: F

  func callAsFunction() async throws -> BatchFailure? {
    let (promise, isFirst) = Cluster.current.spreading.withLock { $0.recent.begin(id, position) }
    // It came on two ways.
    guard isFirst else { return try await promise.wait().get() }
    let failure = await run()
    promise.fulfil(.success(failure))
    return failure
  }

  private func run() async -> BatchFailure? {
    do {
      _ = try await function()
      return nil
    } catch is CancellationError where Task.isCancelled {
      let me = myid()
      return BatchFailure(ClusterError(.interrupted, "\(F.self) on process \(me) was interrupted", worker: me))
    } catch {
      return BatchFailure(error)
    }
  }
}

/// Reaches a share of the targets from the process that runs it.
struct PassOn<F: RemoteThunk>: RemoteThunk, InternalFunction {
  let id: RRID
  let targets: [SpreadTarget]
  let function: F

  func callAsFunction() async -> SpreadReport {
    let outcome = await Spreading(cluster: Cluster.current, id: id, function: function).reach(targets)
    var report = outcome.report
    report.unreached += outcome.errors.keys
    return report
  }
}

/// Has process 1 repeat a function on workers that join from now on; answers who is there already.
struct KeepForLateJoiners<F: RemoteThunk>: RemoteThunk, InternalFunction {
  let function: F

  func callAsFunction() -> KeptFunction {
    let cluster = Cluster.current
    let id = cluster.nextReference()
    return cluster.members.withLock { members in
      let number = cluster.spreading.withLock { spreading in
        spreading.late.add { cluster, pid in
          let call = EverywhereCall(id: id, position: pid.rawValue, function: function)
          if let failure = try await cluster.call(call, on: pid, Nothing()) { throw failure.error }
        }
      }
      return KeptFunction(number: number, procs: members.procs)
    }
  }
}

struct KeptFunction: Codable, Sendable {
  let number: Int
  let procs: [ProcessID]
}

struct ForgetForLateJoiners: RemoteAction, InternalFunction {
  let number: Int

  func callAsFunction() {
    let removed = Cluster.current.spreading.withLock { $0.late.remove(number) }
    // Outside of the lock: with it goes what the function has captured.
    withExtendedLifetime(removed) {}
  }
}

/// What a process knows of calls of `everywhere`.
struct SpreadingState: Sendable {
  var recent = RecentCalls()
  /// On process 1 only.
  var late = LateFunctions()
}

/// The calls that began here lately, with what they came to: the same call may come again, from another process.
struct RecentCalls: Sendable {
  /// What comes again does so within the time of one call of `everywhere`.
  static let limit = 256

  private struct Key: Hashable {
    let id: RRID
    let position: Int
  }

  private var promises: [Key: Promise<BatchFailure?>] = [:]
  private var order = Deque<Key>()

  mutating func begin(_ id: RRID, _ position: Int) -> (promise: Promise<BatchFailure?>, isFirst: Bool) {
    let key = Key(id: id, position: position)
    if let promise = promises[key] { return (promise, false) }
    if order.count == Self.limit { promises[order.removeFirst()] = nil }
    let promise = Promise<BatchFailure?>()
    promises[key] = promise
    order.append(key)
    return (promise, true)
  }
}
