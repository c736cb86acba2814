import Synchronization

/// A transport that has no descriptors to wait for and has to be asked again and again, as MPI.
///
/// While one is there, a thread of the Engine that waits asks it: at first all the time, then after giving way to other
/// processes, then after sleeps that grow (`PollingPause`).
public protocol PolledTransport: AnyObject, Sendable {
  /// Moves what can be moved, without blocking, and tells the ready handlers of its connections.
  ///
  /// Called by one thread at a time, but not always the same one.
  ///
  /// - Returns: whether anything has moved.
  func poll() -> Bool
}

/// Has a transport asked for input from now on, by the threads of this process that serve the cluster.
public func addPolledTransport(_ transport: any PolledTransport) { Cluster.current.engine.add(transport) }

/// Stops asking a transport. When this returns it is not being asked any more; not to be called from within its `poll`.
public func removePolledTransport(_ transport: any PolledTransport) { Cluster.current.engine.remove(transport) }

/// How long a thread that has waited in vain for a while sleeps before it asks the polled transports again: an eighth
/// of that while, up to 4 ms, and from a quarter of a second on a 64th, up to 20 ms. So an answer comes little later than
/// it could, and an idle process needs less than 1 % of a core (250 looks a second were 2.2 % of one).
package enum PollingPause {
  static let yieldingUntil: UInt64 = 50_000
  package static let longest: UInt64 = 20_000_000

  /// Nanoseconds to sleep; 0: let other processes run, but do not sleep.
  package static func after(waiting: UInt64) -> UInt64 {
    waiting < yieldingUntil ? 0 : min(longest, max(min(waiting / 8, 4_000_000), waiting / 64))
  }
}
