import Foundation
import Glibc
import Muster
import Synchronization
import Testing

/// A manager as somebody outside the package would write it, with nothing but what is public: it starts the test runner
/// as a worker, by hand.
final class ByHandManager: ClusterManager {
  /// How process 1 and a worker find each other.
  enum Way: Sendable {
    /// The worker dials back, as its invitation says.
    case dialsBack
    /// `startWorker` listens, and says where.
    case isDialled(closeStdin: Bool, stderrToStdout: Bool)
  }

  private let count: Int
  private let way: Way
  private let nodes: [PlacementPlan.Node]
  private let children = Mutex<[ProcessID: ByHandChild]>([:])

  /// - Parameter nodes: where the workers are to be placed; nowhere in particular if there are none.
  init(_ count: Int, _ way: Way, on nodes: [PlacementPlan.Node] = []) {
    self.count = count
    self.way = way
    self.nodes = nodes
  }

  func workerCount() throws -> Int { count }

  func launch(_ request: LaunchRequest) async throws {
    if !nodes.isEmpty { try request.place(on: nodes) }
    for (index, worker) in request.workers.enumerated() {
      var config = WorkerConfig()
      // Of the workers 1, 2, 3, … those of equal parity, each naming only those behind it.
      config.ident = index + 1
      config.connectIdents = Array(stride(from: index + 3, through: count, by: 2))
      let child: ByHandChild
      switch way {
      case .dialsBack: child = try ByHandChild(["--worker"], input: request.invitation(for: worker))
      case .isDialled(let closeStdin, let stderrToStdout):
        child = try ByHandChild(
          ["--start-worker", closeStdin ? "close" : "keep", stderrToStdout ? "merge" : "separate"],
          input: clusterCookie() + "\n")
        config.connectAt = child.readAddress()
      }
      children.withLock { $0[worker.pid] = child }
      config.ospid = child.process.processIdentifier
      request.started(worker, config)
    }
  }

  func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws {
    guard let child = children.withLock({ $0.removeValue(forKey: pid) }) else { return }
    await eventually("worker \(pid) ends") { !child.process.isRunning }
    if child.process.isRunning { Glibc.kill(child.process.processIdentifier, SIGKILL) }
  }
}

/// A child whose standard input stays open.
private final class ByHandChild: Sendable {
  let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  init(_ arguments: [String], input text: String) throws {
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
  }

  /// What `startWorker` says; `nil` when it ends without a word.
  func readAddress() -> TransportAddress? {
    var line = ""
    while !line.hasSuffix("\n"), let byte = try? output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty {
      line += String(decoding: byte, as: UTF8.self)
    }
    let prefix = "muster_worker:"
    return line.hasPrefix(prefix) ? TransportAddress(String(line.dropFirst(prefix.count).dropLast())) : nil
  }
}
