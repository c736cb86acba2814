/// Memory that was offered to `Connection.write`, not taken, and will not be offered again. It is released with this.
package final class OfferedMemory: Sendable {
  private let queue: OutputQueue

  init(_ queue: consuming OutputQueue) { self.queue = queue }
}

/// A connection that sends from the memory it is offered, and may still do so when nobody offers it any more.
package protocol SendsFromMemory: Connection {
  /// Takes over the memory until nothing is sent from it any more.
  func keep(_ memory: OfferedMemory)
}
