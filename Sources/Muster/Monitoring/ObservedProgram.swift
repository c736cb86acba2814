import CMuster
import FoundationEssentials
import Glibc
import Synchronization

/// A program of this user on this node that has workers, seen from another process: what `muster status` and
/// `muster kill` are made of.
///
///     for program in ObservedProgram.all() { print(try await program.status().workers.count) }
public struct ObservedProgram: Sendable, Hashable {
  /// The process id of its process 1.
  public let osPID: Int32
  private let socket: String

  /// How a program came to its end.
  public enum Ending: String, Sendable, Hashable, Codable {
    /// It has removed its workers and exited.
    case clean
    /// It has not within the time it was given, and SIGTERM ended it.
    case terminated
    /// It took SIGKILL.
    case killed
  }

  /// Those that run on this node, in the order of their process ids. What dead ones have left behind is removed.
  ///
  /// A program is seen from when it first has workers; never if `MUSTER_STATUS` is `off` there.
  public static func all() -> [ObservedProgram] {
    SocketDirectory.all().compactMap { directory in
      let socket = "\(directory)/\(StatusServer.socketName)"
      guard let connection = try? Sockets.connect(to: .unix(path: socket)), let descriptor = connection.descriptor
      else { return nil }
      defer { connection.close() }
      let pid = muster_peer_pid(descriptor)
      return pid > 0 ? ObservedProgram(osPID: Int32(pid), socket: socket) : nil
    }.sorted { $0.osPID < $1.osPID }
  }

  /// What it is doing now.
  ///
  /// - Parameter limit: how long it may take to answer; a worker that does not within a second is said to be silent.
  /// - Throws: `ClusterError` `.notConnected` when it has ended, `.timeout`, `.refused` for one that is not of this user.
  public func status(within limit: Duration = .seconds(10)) async throws -> ProgramStatus {
    try await ask(.status, within: limit)
  }

  /// Ends it: it removes its workers and exits with status 143. If it does not, it gets SIGTERM, and then SIGKILL; its
  /// workers end with it.
  ///
  /// - Parameters:
  ///   - patience: how long it may take to end by itself.
  ///   - signalPatience: how long after SIGTERM.
  /// - Throws: `ClusterError` `.notConnected` when there is no such program any more; `.timeout` when it survives all.
  @discardableResult
  public func end(patience: Duration = .seconds(15), signalPatience: Duration = .seconds(3)) async throws -> Ending {
    let cluster = Cluster.current
    let end = Promise<Bool>()
    guard let watch = ProcessWatch(osPID, ended: { _ in end.fulfil(.success(true)) }), Self.all().contains(self) else {
      throw gone
    }
    defer { watch.cancel() }
    func hasEnded(within limit: Duration) async -> Bool { await end.value(within: limit, cluster.engine) ?? false }
    // One that is stopped, or that hangs, does not answer.
    _ = try? await ask(.end, within: min(patience, .seconds(3)))
    if await hasEnded(within: patience) { return .clean }
    watch.signal(SIGTERM)
    if await hasEnded(within: signalPatience) { return .terminated }
    watch.signal(SIGKILL)
    guard await hasEnded(within: .seconds(10)) else {
      throw ClusterError(.timeout, "process \(osPID) has not ended after SIGKILL: it hangs in the kernel")
    }
    return .killed
  }

  private var gone: ClusterError {
    ClusterError(.notConnected, "there is no program with workers any more that has the process id \(osPID)")
  }

  private func ask(_ request: StatusServer.Request, within limit: Duration) async throws -> ProgramStatus {
    let cluster = Cluster.current
    let connection: any Connection
    do { connection = try Sockets.connect(to: .unix(path: socket)) } catch { throw gone }
    defer { connection.close() }
    let channel = try ByteChannel(connection: connection, engine: cluster.engine, limit: 256 << 20)
    let timer = cluster.engine.schedule(after: limit) { [osPID] in
      channel.fail(ClusterError(.timeout, "process \(osPID) has not answered within \(limit)"))
    }
    defer {
      cluster.engine.cancel(timer)
      channel.detach()
    }
    try await channel.write(Array("\(request.rawValue)\n".utf8))
    let answer = try await channel.readToEnd()
    guard !answer.isEmpty else { throw gone }
    do { return try JSONDecoder().decode(ProgramStatus.self, from: Data(answer)) } catch {
      throw ClusterError(.cannotDecode, "process \(osPID) is of another version of Muster: \(error)", cause: error)
    }
  }
}
