import CMuster
import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// Tells other processes of this user on this node what the program is doing, and lets them end it.
///
/// A Unix socket, `status.sock`, in the directory of the program's sockets (mode 0700); who connects must be of the same
/// user (SO_PEERCRED). One line is asked, `status` or `end`, and one line of JSON answered. As long as nobody asks it
/// costs a descriptor.
final class StatusServer: IOSource {
  static let socketName = "status.sock"
  private static let maximumClients = 16
  /// Who asks has to do so at once, and to take the answer.
  private static let patience: Duration = .seconds(10)

  enum Request: String, Sendable {
    case status, end
  }

  /// When it was started: with the first workers.
  let start = muster_now()
  private let listener: SocketListener
  private let cluster: Cluster
  private let clients = Atomic<Int>(0)

  init(in directory: String, of cluster: Cluster) throws {
    self.cluster = cluster
    // A program that is stopped takes nobody in, and who cannot knock would not find it, to end it.
    listener = try Sockets.listen(at: .unix(path: "\(directory)/\(Self.socketName)"), backlog: 4096)
    try cluster.engine.poller.add(self, descriptor: listener.descriptor!)
  }

  func close() {
    cluster.engine.poller.remove(descriptor: listener.descriptor!)
    listener.close()
  }

  func readable() -> Bool {
    var hadAny = false
    while let connection = try? listener.accept() {
      hadAny = true
      guard clients.load(ordering: .relaxed) < Self.maximumClients else {
        connection.close()
        continue
      }
      clients.wrappingAdd(1, ordering: .relaxed)
      cluster.task { [self] in
        await serve(connection)
        clients.wrappingSubtract(1, ordering: .relaxed)
      }
    }
    return hadAny
  }

  private func serve(_ connection: any Connection) async {
    defer { connection.close() }
    guard let channel = try? ByteChannel(connection: connection, engine: cluster.engine, limit: 64) else { return }
    let timer = cluster.engine.schedule(after: Self.patience) {
      channel.fail(ClusterError(.timeout, "nothing was asked"))
    }
    defer {
      cluster.engine.cancel(timer)
      channel.detach()
    }
    guard let request = try? await readRequest(channel) else { return }
    if let answer = try? Self.line(await cluster.status()) { try? await channel.write(answer) }
    if request == .end { cluster.endProgram() }
  }

  private func readRequest(_ channel: ByteChannel) async throws -> Request? {
    var line: [UInt8] = []
    while let byte = try await channel.read(1).first, byte != UInt8(ascii: "\n") { line.append(byte) }
    return Request(rawValue: String(decoding: line, as: UTF8.self))
  }

  private static func line(_ status: ProgramStatus) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(status)) + [UInt8(ascii: "\n")]
  }
}

extension Cluster {
  /// The exit status of a program that somebody has ended: that of one ended by SIGTERM, as a shell says it.
  private static let endedStatus: Int32 = 128 + SIGTERM

  /// Lets `muster status` see this program, unless `MUSTER_STATUS` is `off`. What goes wrong is not worth a failure.
  func offerStatus() {
    guard self === Cluster.process, myid == 1, environmentVariable("MUSTER_STATUS") != "off",
      launching.withLock({ $0.status == nil })
    else { return }
    do {
      let server = try StatusServer(in: try socketDirectory().path, of: self)
      let other = launching.withLock { state in
        if state.status == nil { state.status = server }
        return state.status !== server
      }
      if other { server.close() }
    } catch {
      logger(.monitoring).debug("the program cannot be seen by 'muster status': \(error)")
    }
  }

  /// Removes all workers and exits: what `muster kill` asks for.
  fileprivate func endProgram() {
    let isFirst = launching.withLock { state in
      defer { state.isEnding = true }
      return !state.isEnding
    }
    guard isFirst else { return }
    logger(.monitoring).notice("this program was asked to end (muster kill): removing its workers")
    task { [self] in
      await shutdown()
      exit(Self.endedStatus)
    }
  }

  /// What fails because the program is being ended is not its error.
  func waitIfEnding() async {
    guard launching.withLock({ $0.isEnding }) else { return }
    await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
  }
}
