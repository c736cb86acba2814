/// Something the Engine waits for: a connection, a listener, a pipe, a child process.
///
/// The callbacks run on the one thread that holds the polling role, never two at a time, and must not block or run a
/// user's code.
protocol IOSource: AnyObject, Sendable {
  /// Input may be there (also: the peer has gone). Returns whether there was any, which tells the Engine to spin.
  @discardableResult func readable() -> Bool
  /// Output that did not fit before may fit now.
  func writable()
  /// Whether more is likely to come soon, so that a spinning thread may call `readable` without having been told.
  var isBusy: Bool { get }
}

extension IOSource {
  func writable() {}
  var isBusy: Bool { false }
}

/// Something that holds messages back until the Engine is about to wait, so that many leave in one write.
protocol Flushable: AnyObject, Sendable {
  func flush()
}
