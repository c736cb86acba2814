import Foundation
import Muster
import Synchronization

enum WritingAManager: Page {
  static func run() async throws {
    try await start()
    let squares = try await pmap(Square(), 1...10)
    try expect(squares.last == 100 && nworkers() == 2, "\(squares)")
    try await rmprocs(workers())
  }

  struct Square: RemoteFunction {
    func callAsFunction(_ x: Int) -> Int { x * x }
  }

  /// Starts each worker with a command that passes its standard input on, such as `nice` or `docker run -i`.
  final class LauncherManager: ClusterManager {
    private let launcher: [String]
    private let count: Int
    private let children = Mutex<[ProcessID: Process]>([:])

    init(_ launcher: [String], count: Int) {
      self.launcher = launcher
      self.count = count
    }

    func workerCount() throws -> Int { count }

    func launch(_ request: LaunchRequest) async throws {
      for worker in request.workers {
        do {
          let child = try start(worker, request)
          children.withLock { $0[worker.pid] = child }
          request.started(worker, WorkerConfig())
        } catch {
          request.failed(worker, reason: "\(error)")
        }
      }
    }

    private func start(_ worker: LaunchedWorker, _ request: LaunchRequest) throws -> Process {
      let child = Process()
      child.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      child.arguments = launcher + [CommandLine.arguments[0], "--worker"] + request.options.exeflags
      child.environment = ProcessInfo.processInfo.environment
        .merging(request.environment(for: worker)) { $1 }
      child.terminationHandler = { child in
        request.failed(worker, reason: "exited with status \(child.terminationStatus) before it joined")
      }
      let input = Pipe()
      child.standardInput = input
      try child.run()
      try input.fileHandleForWriting.write(contentsOf: Data(request.invitation(for: worker).utf8))
      return child
    }

    func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws {
      guard let child = children.withLock({ $0.removeValue(forKey: pid) }) else { return }
      for _ in 1...100 where child.isRunning { try await Task.sleep(for: .milliseconds(50)) }
      if child.isRunning { Glibc.kill(child.processIdentifier, SIGKILL) }
    }
  }

  static func start() async throws {
    try await addprocs(LauncherManager(["nice", "-n", "10"], count: 2))
  }
}
