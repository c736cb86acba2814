import Glibc
import Synchronization

/// Tells, from a thread of its own, when a descriptor has input or room.
///
/// A pair of pipes has a descriptor for each direction, and `Connection.descriptor` is only one: so the connections here
/// have none, and tell by themselves.
final class Readiness: Sendable {
  private let loop: PollLoop

  init() throws {
    let loop = try PollLoop()
    self.loop = loop
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { pointer in
        Unmanaged<PollLoop>.fromOpaque(pointer!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(loop).toOpaque())
    pthread_detach(thread)
  }

  deinit { loop.stop() }

  /// Calls `action` once, as soon as there is input (or, with `output`, room), or the other end has gone.
  func await(_ descriptor: Int32, output: Bool = false, then action: @escaping @Sendable () -> Void) {
    loop.add(descriptor, events: Int16(output ? POLLOUT : POLLIN), action)
  }

  /// To be called before a descriptor is closed.
  func forget(_ descriptor: Int32) { loop.remove(descriptor) }
}

/// What the thread does, as long as `Readiness` is there.
private final class PollLoop: Sendable {
  private struct Entry: Sendable {
    let events: Int16
    let action: @Sendable () -> Void
    /// Tells it from another one for the same descriptor.
    let number: UInt64
  }

  private struct State: Sendable {
    var entries: [Int32: Entry] = [:]
    var nextNumber: UInt64 = 0
    var isStopped = false
  }

  private let state = Mutex(State())
  private let wakeReader: Int32
  private let wakeWriter: Int32

  init() throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw NamedPipeError("making a pipe") }
    (wakeReader, wakeWriter) = (ends[0], ends[1])
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
  }

  deinit {
    close(wakeReader)
    close(wakeWriter)
  }

  func add(_ descriptor: Int32, events: Int16, _ action: @escaping @Sendable () -> Void) {
    state.withLock { state in
      state.entries[descriptor] = Entry(events: events, action: action, number: state.nextNumber)
      state.nextNumber += 1
    }
    wake()
  }

  func remove(_ descriptor: Int32) { state.withLock { _ = $0.entries.removeValue(forKey: descriptor) } }

  func stop() {
    state.withLock { $0.isStopped = true }
    wake()
  }

  private func wake() {
    var byte: UInt8 = 0
    // A full pipe wakes as well.
    _ = write(wakeWriter, &byte, 1)
  }

  func run() {
    while true {
      let (entries, isStopped) = state.withLock { ($0.entries, $0.isStopped) }
      if isStopped { return }
      var polled = [pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0)]
      polled += entries.map { pollfd(fd: $0.key, events: $0.value.events, revents: 0) }
      poll(&polled, nfds_t(polled.count), -1)
      if polled[0].revents != 0 { drainWakes() }
      for entry in polled.dropFirst() where entry.revents != 0 { act(entry.fd, number: entries[entry.fd]!.number) }
    }
  }

  private func act(_ descriptor: Int32, number: UInt64) {
    let action = state.withLock { state -> (@Sendable () -> Void)? in
      guard let entry = state.entries[descriptor], entry.number == number else { return nil }
      state.entries[descriptor] = nil
      return entry.action
    }
    action?()
  }

  private func drainWakes() {
    withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      while read(wakeReader, buffer.baseAddress!, buffer.count) > 0 {}
    }
  }
}
