import CMuster
import Logging
import Synchronization
import Testing
import TransportConformance

@testable import Muster

/// A listening process, and those it let in.
private final class Door: Sendable {
  let cluster = Cluster(id: 1, spin: .zero)
  let rendezvous: Rendezvous
  let joined = Recorder<Hello>()
  let connections = Recorder<any Connection>()
  private let directory: TestDirectory

  init() throws {
    let directory = try TestDirectory()
    self.directory = directory
    let listener = try Sockets.listen(at: .unix(path: directory.path + "/1.sock"), backlog: 500)
    rendezvous = Rendezvous(
      listener: listener, handshake: cluster.handshake, cluster: cluster, admit: { _ in nil },
      joined: { [joined, connections] connection, hello in
        connections.append(connection)
        joined.append(hello)
      })
    try rendezvous.start()
  }

  func close() {
    rendezvous.close()
    cluster.engine.stop()
  }

  func knock() throws -> any Connection { try Sockets.connect(to: rendezvous.listener.address) }

  /// A worker that does everything right.
  func join(ticket: UInt64) async throws {
    let connection = try knock()
    let handshake = cluster.handshake
    try await Task(executorPreference: cluster.engine) {
      _ = try await handshake.dial(connection, from: 0, to: 1, ticket: ticket)
    }.value
  }
}

extension TestDirectory: @unchecked Sendable {}  // immutable

@Test func `sixty-four may be half open, the next waits in the backlog until silent ones give way`() async throws {
  let door = try Door()
  defer { door.close() }
  let silent = try (0..<Rendezvous.maximumHalfOpen).map { _ in try door.knock() }
  let worker = Task { try await door.join(ticket: 65) }
  // The worker gets in only when a silent one has been dropped; never are there more than 64.
  await eventually("the worker was not let in") {
    #expect(door.rendezvous.halfOpenCount <= Rendezvous.maximumHalfOpen)
    return door.joined.elements.contains { $0.ticket == 65 }
  }
  try await worker.value
  let dropped = silent.count { connection in
    do { return try Conformance.readOnce(connection, 1) != [] } catch { return true }
  }
  #expect(dropped >= 1)
}

@Test func `among garbage of many kinds a good worker still joins, and the log says it once`() async throws {
  let door = try Door()
  defer { door.close() }
  var generator = SplitMix64(seed: 8)
  var knocking: [any Connection] = []
  for index in 0..<200 {
    let connection = try door.knock()
    let garbage = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
      UInt8.random(in: 0...255, using: &generator)
    }
    if index % 3 > 0 { _ = try? Conformance.write(garbage, to: connection) }
    if index % 3 > 1 { connection.close() } else { knocking.append(connection) }
    if index % 50 == 0 { try await door.join(ticket: UInt64(index + 1)) }
  }
  try await door.join(ticket: 1_000)
  #expect(door.joined.elements.map(\.ticket) == [1, 51, 101, 151, 1_000])
  for connection in knocking { connection.close() }
  await eventually("some are half open still") { door.rendezvous.halfOpenCount == 0 }
}

@Test func `many workers may dial at the same time`() async throws {
  let door = try Door()
  defer { door.close() }
  try await withThrowingTaskGroup(of: Void.self) { group in
    for ticket in 1...150 { group.addTask { try await door.join(ticket: UInt64(ticket)) } }
    try await group.waitForAll()
  }
  #expect(Set(door.joined.elements.map(\.ticket)) == Set(1...150))
}

@Test func `a closed door lets nobody in`() async throws {
  let door = try Door()
  let address = door.rendezvous.listener.address
  door.close()
  #expect(throws: TransportError.self) { try Sockets.connect(to: address) }
}
