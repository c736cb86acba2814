import CMuster
import Glibc
import Logging
import Synchronization

/// A batch system says that a job is about to end: `sbatch --signal=B:USR1@120`, a time limit, preemption, `scancel`.
public enum AllocationWarning: Sendable, Hashable, CaseIterable, Codable {
  /// SIGTERM
  case terminate
  /// SIGUSR1
  case user1
  /// SIGUSR2
  case user2

  var signal: Int32 {
    switch self {
    case .terminate: SIGTERM
    case .user1: SIGUSR1
    case .user2: SIGUSR2
    }
  }
}

/// The warnings that reach this process from now on, as events:
///
///     for await warning in allocationWarnings() { … }
///
/// As long as somebody iterates the signals do nothing else: SIGTERM does not end the process. Who ends it then is the
/// program, or the batch system when the time it grants is over (Slurm's `KillWait`).
public func allocationWarnings() -> AsyncStream<AllocationWarning> {
  AsyncStream { continuation in
    let key = SignalWatch.shared.add(on: Cluster.current.engine) { continuation.yield($0) }
    continuation.onTermination = { _ in SignalWatch.shared.remove(key) }
  }
}

/// Brings signals to those who have asked for them, on the Engine.
final class SignalWatch: IOSource {
  static let shared = SignalWatch()

  private struct State: ~Copyable {
    var observers: [Int: @Sendable (AllocationWarning) -> Void] = [:]
    var nextKey = 0
    var pipe: Pipe?
    var engine: Engine?
  }

  private let state = Mutex(State())

  /// Calls `observer` on the polling thread for each warning.
  ///
  /// - Returns: what `remove` takes.
  func add(on engine: Engine, _ observer: @escaping @Sendable (AllocationWarning) -> Void) -> Int {
    state.withLock { state in
      // Kept for ever: a signal that came before the last observer went may be written to it after that.
      if state.pipe == nil, let pipe = try? Pipe() {
        for end in [pipe.reader, pipe.writer] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        state.pipe = pipe
      }
      if state.engine == nil, let pipe = state.pipe {
        try? engine.poller.add(self, descriptor: pipe.reader)
        for warning in AllocationWarning.allCases { _ = muster_watch_signal(warning.signal, pipe.writer) }
        state.engine = engine
      }
      state.nextKey += 1
      state.observers[state.nextKey] = observer
      return state.nextKey
    }
  }

  func remove(_ key: Int) {
    state.withLock { state in
      guard state.observers.removeValue(forKey: key) != nil, state.observers.isEmpty else { return }
      for warning in AllocationWarning.allCases { muster_unwatch_signal(warning.signal) }
      if let pipe = state.pipe { state.engine?.poller.remove(descriptor: pipe.reader) }
      state.engine = nil
    }
  }

  func readable() -> Bool {
    guard let descriptor = state.withLock({ $0.pipe?.reader }) else { return false }
    var byte: UInt8 = 0
    var hadAny = false
    while read(descriptor, &byte, 1) == 1 {
      hadAny = true
      guard let warning = AllocationWarning.allCases.first(where: { $0.signal == Int32(byte) }) else { continue }
      deliver(warning)
    }
    return hadAny
  }

  /// Tells everybody who has asked.
  fileprivate func deliver(_ warning: AllocationWarning) {
    Cluster.process.events.record(.warning("\(warning)"))
    for observer in state.withLock({ Array($0.observers.values) }) { observer(warning) }
  }
}

/// An agent passes on what the batch system has told its step: before a preemption Slurm warns the steps of a job, and not
/// the program in its script.
struct PassOnWarning: RemoteAction, InternalFunction {
  let warning: AllocationWarning

  func callAsFunction() {
    Cluster.current.logger(.slurm).notice("the batch system warns of the end of the workers' step (\(warning))")
    SignalWatch.shared.deliver(warning)
  }

  /// Has this process, an agent, pass on its warnings. One of them does it for all.
  static func begin(in cluster: Cluster) {
    guard environmentVariable("SLURM_PROCID") == "0" else { return }
    _ = SignalWatch.shared.add(on: cluster.engine) { warning in
      cluster.task { _ = try? await cluster.call(PassOnWarning(warning: warning), on: 1, Nothing()) }
    }
  }
}
