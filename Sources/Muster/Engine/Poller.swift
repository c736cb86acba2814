import CMuster
import Glibc
import Synchronization

/// Linux epoll, an eventfd that wakes it, and the table of sources behind the descriptors.
///
/// Sources without a descriptor (in-process connections) call `signal(_:)` instead. `poll` is called only by the holder
/// of the Engine's polling role; everything else from any thread.
final class Poller: Sendable {
  private let epoll: Int32
  private let wakeDescriptor: Int32
  private let state = Mutex(State())

  private struct State: Sendable {
    var sources: [any IOSource & Sendable] = []
    var freeTags: [Int] = []
    var tags: [Int32: Int] = [:]
    var signalled: [any IOSource] = []

    mutating func forget(_ descriptor: Int32) {
      guard let tag = tags.removeValue(forKey: descriptor) else { return }
      sources[tag] = Nobody.shared
      freeTags.append(tag)
    }
  }

  private static let wakeTag = UInt64.max
  private static let batch = 64
  private static let input = UInt32(MUSTER_INPUT)
  private static let output = UInt32(MUSTER_OUTPUT)

  init() {
    epoll = muster_epoll_create()
    wakeDescriptor = muster_eventfd()
    precondition(epoll >= 0 && wakeDescriptor >= 0, "Muster needs epoll and eventfd: no descriptors left (ulimit -n)?")
    _ = muster_epoll_add(epoll, wakeDescriptor, Self.input, Self.wakeTag)
  }

  deinit {
    close(epoll)
    close(wakeDescriptor)
  }

  /// Watches a descriptor for input, level-triggered, until `remove`.
  func add(_ source: any IOSource, descriptor: Int32) throws(ClusterError) {
    let failed = state.withLock { state -> Int32 in
      let tag: Int
      if let free = state.freeTags.popLast() {
        tag = free
        state.sources[tag] = source
      } else {
        tag = state.sources.count
        state.sources.append(source)
      }
      state.tags[descriptor] = tag
      if muster_epoll_add(epoll, descriptor, Self.input, UInt64(tag)) == 0 { return 0 }
      let number = errno
      state.forget(descriptor)
      return number
    }
    if failed != 0 {
      throw ClusterError(.notConnected, "cannot watch descriptor \(descriptor): \(describe(errno: failed))")
    }
  }

  /// Says which of input and output are waited for.
  ///
  /// With neither the descriptor leaves epoll for a while: hang-ups would be reported again and again otherwise.
  func setInterest(descriptor: Int32, input: Bool, output: Bool) {
    state.withLock { state in
      guard let tag = state.tags[descriptor] else { return }
      let events = (input ? Self.input : 0) | (output ? Self.output : 0)
      if events == 0 {
        _ = muster_epoll_remove(epoll, descriptor)
      } else if muster_epoll_modify(epoll, descriptor, events, UInt64(tag)) != 0, errno == ENOENT {
        _ = muster_epoll_add(epoll, descriptor, events, UInt64(tag))
      }
    }
  }

  /// Forgets a descriptor. To be called before it is closed: the number may be used again at once.
  func remove(descriptor: Int32) {
    state.withLock { state in
      _ = muster_epoll_remove(epoll, descriptor)
      state.forget(descriptor)
    }
  }

  /// A source without a descriptor has input (or, for a writer that waited, room).
  func signal(_ source: any IOSource) {
    state.withLock { $0.signalled.append(source) }
  }

  var hasSignals: Bool { state.withLock { !$0.signalled.isEmpty } }

  func wake() {
    var one: UInt64 = 1
    _ = write(wakeDescriptor, &one, 8)
  }

  /// Waits up to `nanoseconds` (negative: until something happens) and calls the sources that are ready.
  ///
  /// - Returns: the sources that had input, so that the Engine may look at them directly for a while.
  func poll(nanoseconds: Int64, ready: inout [any IOSource]) {
    ready.removeAll(keepingCapacity: true)
    let signalled = state.withLock { state in
      let taken = state.signalled
      state.signalled.removeAll(keepingCapacity: true)
      return taken
    }
    for source in signalled {
      source.writable()
      if source.readable() { ready.append(source) }
    }
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.batch) { tags in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.batch) { events in
        let timeout = signalled.isEmpty ? nanoseconds : 0
        let count = muster_epoll_wait(epoll, tags.baseAddress!, events.baseAddress!, Int32(Self.batch), timeout)
        for index in 0..<max(0, Int(count)) {
          dispatch(tag: tags[index], events: events[index], ready: &ready)
        }
      }
    }
  }

  private func dispatch(tag: UInt64, events: UInt32, ready: inout [any IOSource]) {
    if tag == Self.wakeTag {
      var count: UInt64 = 0
      _ = read(wakeDescriptor, &count, 8)
      return
    }
    let source = state.withLock { $0.sources[Int(tag)] }
    if events & Self.output != 0 { source.writable() }
    if events & ~Self.output != 0, source.readable() { ready.append(source) }
  }

  /// Stands where a source was removed while an event for it was already on its way.
  private final class Nobody: IOSource {
    static let shared = Nobody()
    func readable() -> Bool { false }
  }
}
