import Foundation
import Muster
import Synchronization

/// Starts workers on this machine that talk to process 1 and to each other over named pipes, and over nothing else.
///
/// A worker is this executable again, with `workerFlag` as its first argument; its `main` calls `serve` then. It finds
/// on its standard input what it has to know, the cluster cookie included.
public final class NamedPipeManager: ClusterManager, CustomStringConvertible {
  /// The first argument of a worker.
  public static let workerFlag = "--named-pipe-worker"
  private static let nameOfProcess1 = "process-1"

  private struct State: Sendable {
    var directory: NamedPipeDirectory?
    var listener: NamedPipeListener?
    var children: [ProcessID: Child] = [:]
  }

  private let count: Int
  private let state: Mutex<State>

  /// For process 1.
  public init(_ count: Int) {
    self.count = count
    state = Mutex(State())
  }

  /// For a worker.
  private init(_ directory: NamedPipeDirectory) {
    count = 0
    state = Mutex(State(directory: directory))
  }

  public var description: String { "NamedPipeManager(\(count))" }

  // MARK: In process 1

  public func workerCount() throws -> Int { count }

  public func launch(_ request: LaunchRequest) async throws {
    let directory = try openDirectory()
    for worker in request.workers {
      var config = WorkerConfig()
      let name = "worker-\(worker.ticket)"
      config.connectAt = .custom(name)
      let lines = [clusterCookie(), "\(worker.ticket)", directory.path, name]
      do {
        let child = try Child(arguments: [Self.workerFlag] + request.options.exeflags, input: lines) { reason in
          request.failed(worker, reason: reason)
        }
        state.withLock { $0.children[worker.pid] = child }
        config.ospid = child.process.processIdentifier
        request.started(worker, config)
      } catch {
        request.failed(worker, reason: "\(error)")
      }
    }
  }

  private func openDirectory() throws -> NamedPipeDirectory {
    try state.withLock { state in
      if let directory = state.directory { return directory }
      let directory = try NamedPipeDirectory()
      state.listener = try directory.listen(as: Self.nameOfProcess1) { processMessages($0) }
      state.directory = directory
      return directory
    }
  }

  public func kill(_ pid: ProcessID, _ config: WorkerConfig) async throws {
    await state.withLock({ $0.children[pid] })?.end(within: .seconds(5))
    let unused = state.withLock { state -> NamedPipeDirectory? in
      state.children[pid] = nil
      guard state.children.isEmpty else { return nil }
      state.listener = nil
      return state.directory.take()
    }
    unused?.remove()
  }

  // MARK: In a worker

  public func connect(_ pid: ProcessID, _ config: WorkerConfig) async throws -> (any Connection)? {
    // Workers connect to process 1, not the other way round.
    guard myid() != 1, case .custom(let name) = config.connectAt else { return nil }
    return try state.withLock { $0.directory }?.connect(to: name)
  }

  /// The life of a worker; ends with process 1.
  public static func serve() async throws -> Never {
    guard let cookie = readLine(), let ticket = readLine().flatMap(UInt64.init), let path = readLine(),
      let name = readLine()
    else { throw ClusterError(.notAWorker, "\(workerFlag) is for NamedPipeManager, not for you") }
    let directory = try NamedPipeDirectory(path: path)
    try initWorker(cookie: cookie, manager: NamedPipeManager(directory), ticket: ticket)
    let listener = try directory.listen(as: name) { processMessages($0) }
    processMessages(try directory.connect(to: nameOfProcess1), incoming: false)
    while true {
      try await Task.sleep(for: .seconds(3600))
      withExtendedLifetime(listener) {}
    }
  }
}

/// A process that was started here.
private final class Child: Sendable {
  let process = Process()
  private let ended: AsyncStream<Never>

  init(arguments: [String], input: [String], ended tell: @escaping @Sendable (String) -> Void) throws {
    let (ended, continuation) = AsyncStream<Never>.makeStream()
    self.ended = ended
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    process.standardInput = pipe
    process.terminationHandler = { process in
      tell("exited with status \(process.terminationStatus) before it joined")
      continuation.finish()
    }
    try process.run()
    try pipe.fileHandleForWriting.write(contentsOf: Data((input.joined(separator: "\n") + "\n").utf8))
    try pipe.fileHandleForWriting.close()
  }

  /// Waits for its end, and brings it about if it does not come by itself.
  func end(within patience: Duration) async {
    let timer = Task { [process] in
      try await Task.sleep(for: patience)
      Glibc.kill(process.processIdentifier, SIGKILL)
    }
    for await _ in ended {}
    timer.cancel()
  }
}
