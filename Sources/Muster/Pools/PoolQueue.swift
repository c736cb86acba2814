import DequeModule

/// Which workers of a pool are free, who has the others and who waits for one; a plain value.
struct PoolQueue: Sendable {
  /// Something that was waited for: a worker, or the news that one is free.
  struct Grant: Sendable, Equatable {
    let receipt: Receipt
    let pid: ProcessID
  }

  private struct Waiter: Sendable {
    let receipt: Receipt
    /// Takes the worker; otherwise only wants to know.
    let takes: Bool
  }

  private(set) var members: Set<ProcessID>
  private(set) var free: Deque<ProcessID>
  private var takers: [ProcessID: Receipt] = [:]
  private var waiters = Deque<Waiter>()
  /// The default pool stands for process 1 while there are no workers, as in Julia.
  private let fallback: ProcessID?
  /// Processes that have gone get nothing, whatever of theirs is still on its way.
  private var gone: Set<ProcessID> = []

  init(_ pids: [ProcessID] = [], fallback: ProcessID? = nil) {
    members = []
    free = []
    self.fallback = fallback
    for pid in pids { _ = push(pid) }
  }

  var isReady: Bool { !free.isEmpty || (members.isEmpty && fallback != nil) }

  /// How many wait.
  var waiterCount: Int { waiters.count }

  // MARK: Workers

  /// Adds a worker, unless it is there already.
  mutating func push(_ pid: ProcessID) -> [Grant] {
    members.insert(pid).inserted ? offer(pid) : []
  }

  /// A worker that was taken is free again. One that was not is none the freer for it.
  mutating func put(_ pid: ProcessID) -> [Grant] {
    takers.removeValue(forKey: pid) == nil ? [] : offer(pid)
  }

  /// Forgets a worker. Returns who waits in vain, because it was the last one; also where process 1 stands in for
  /// workers: whoever waits here began while there were some.
  mutating func remove(_ pid: ProcessID) -> [Receipt] {
    members.remove(pid)
    takers[pid] = nil
    free.removeAll { $0 == pid }
    guard members.isEmpty else { return [] }
    defer { waiters = [] }
    return waiters.map(\.receipt)
  }

  /// Those who only want to know are told, and the worker goes to the first that takes it.
  private mutating func offer(_ pid: ProcessID) -> [Grant] {
    var grants: [Grant] = []
    while let waiter = waiters.popFirst() {
      grants.append(Grant(receipt: waiter.receipt, pid: pid))
      guard waiter.takes else { continue }
      takers[pid] = waiter.receipt
      return grants
    }
    free.append(pid)
    return grants
  }

  // MARK: Those who want one

  enum Answer: Sendable, Equatable {
    case worker(ProcessID)
    case mustWait
    /// There are none, and nobody is waiting for what may never come.
    case noWorkers
    /// The process that asks has gone.
    case gone
  }

  mutating func request(_ receipt: Receipt, takes: Bool) -> Answer {
    if gone.contains(receipt.process) { return .gone }
    if let pid = free.first {
      if takes {
        free.removeFirst()
        takers[pid] = receipt
      }
      return .worker(pid)
    }
    if members.isEmpty { return fallback.map { .worker($0) } ?? .noWorkers }
    waiters.append(Waiter(receipt: receipt, takes: takes))
    return .mustWait
  }

  /// Takes a worker if one is free.
  mutating func takeIfFree(_ receipt: Receipt) -> ProcessID? {
    guard isReady, case .worker(let pid) = request(receipt, takes: true) else { return nil }
    return pid
  }

  /// Nobody wants what was requested any more; a worker that was granted for it goes to the next.
  mutating func cancel(_ receipt: Receipt) -> [Grant] {
    waiters.removeAll { $0.receipt == receipt }
    guard let pid = takers.first(where: { $0.value == receipt })?.key else { return [] }
    return put(pid)
  }

  /// A process has gone: what it waits for is forgotten, what it has is free again.
  mutating func lose(_ process: ProcessID) -> (grants: [Grant], refused: [Receipt]) {
    gone.insert(process)
    let waited = waiters.filter { $0.receipt.process == process }.map(\.receipt)
    waiters.removeAll { $0.receipt.process == process }
    let held = takers.filter { $0.value.process == process }.keys.sorted()
    return (held.flatMap { put($0) }, waited)
  }
}
