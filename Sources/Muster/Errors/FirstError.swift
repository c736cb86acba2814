import CMuster
import Synchronization

/// What went wrong first in the run of a program: what comes after it is often no more than its consequence.
///
/// Losses of workers are noted, items that end a map, and what is logged as an error; what a program throws and catches
/// itself is not.
final class FirstError: Sendable {
  private struct Entry: Sendable {
    let text: String
    let time: UInt64
    let worker: ProcessID?
    let host: String?
  }

  private struct State: Sendable {
    var first: Entry?
    var followed = 0
  }

  private let start = muster_now()
  private let state = Mutex(State())

  func note(_ text: String, worker: ProcessID? = nil, host: String? = nil) {
    let time = muster_now()
    state.withLock { state in
      if state.first == nil {
        state.first = Entry(text: text, time: time, worker: worker, host: host)
      } else {
        state.followed += 1
      }
    }
  }

  /// What to say when the program ends with `error`: the first error apart, how many followed, and then that one; only
  /// `error` where it is the first.
  func report(_ error: any Error) -> String {
    let text = "\(error)"
    let (first, followed) = state.withLock { ($0.first, $0.followed) }
    guard let first else { return text }
    let head = "first error (\(Self.describe(first, start: start))): \(first.text)"
    let count = "\(followed) more \(followed == 1 ? "error" : "errors") followed"
    if first.text == text { return followed == 0 ? head : "\(head)\n\n\(count)." }
    return "\(head)\n\n\(followed == 0 ? "" : "\(count). ")The program ended with:\n\(text)"
  }

  /// `12.3 s after start, worker 5 on node2`
  private static func describe(_ entry: Entry, start: UInt64) -> String {
    let tenths = (entry.time - start) / 100_000_000
    let place = entry.worker.map { worker in
      ", worker \(worker)" + (entry.host.map { $0.isEmpty ? "" : " on \($0)" } ?? "")
    }
    return "\(tenths / 10).\(tenths % 10) s after start\(place ?? "")"
  }
}

extension Cluster {
  /// Notes an error for the end of the program; where it is of a worker, that is named.
  func noteError(_ error: any Error) {
    guard !(error is CancellationError) else { return }
    let worker = Self.worker(of: error)
    firstError.note("\(error)", worker: worker, host: worker.flatMap(host(of:)))
  }

  static func worker(of error: any Error) -> ProcessID? {
    switch error {
    case let error as RemoteError: error.pid
    case let error as ProcessExitedError: error.pid
    case let error as ClusterError: error.worker
    default: nil
    }
  }

  func host(of pid: ProcessID) -> String? { members.withLock { $0[pid]?.info.host } }
}

/// What to print when a program ends with an error: the first error of its run, with its time, worker and host, apart from
/// those that followed from it.
///
/// A `ClusterProgram` does so by itself; this is for a `main()` of your own.
public func failureReport(_ error: any Error) -> String { Cluster.current.firstError.report(error) }
