/// A pool of given workers.
///
///     let pool = WorkerPool([2, 3])
///     let squares = try await pmap(Square(), 1...100, on: pool)
///
/// It belongs to the process that made it. It may be sent to others and used there: they ask the owner, which keeps it
/// while any of them has it. Workers that a process had taken when it ended are free again.
// @unchecked: a class that has subclasses has to say it; the only property is constant and Sendable.
public class WorkerPool: AbstractWorkerPool, Codable, @unchecked Sendable {
  let handle: PoolHandle

  /// A pool of these workers, all of them free.
  public convenience init(_ pids: some Sequence<ProcessID>) {
    self.init(PoolHandle(PoolCore(Array(pids)), in: .current))
  }

  init(_ handle: PoolHandle) { self.handle = handle }

  public func push(_ pid: ProcessID) async throws { try await handle.push(pid) }

  public func put(_ pid: ProcessID) { handle.put(pid) }

  public func take() async throws -> ProcessID { try await handle.request(takes: true) }

  public func wait() async throws { _ = try await handle.request(takes: false) }

  /// In the process that owns the pool.
  public func remove(_ pid: ProcessID) { handle.core?.remove(pid) }

  public var count: Int {
    get async throws {
      if let core = handle.core { return core.count }
      return try await workers.count
    }
  }

  public var isReady: Bool {
    get async throws {
      if let core = handle.core { return core.isReady }
      return try await handle.status.isReady
    }
  }

  public var waiterCount: Int {
    get async {
      if let core = handle.core { return core.waiterCount }
      return (try? await handle.status.waiterCount) ?? 0
    }
  }

  /// Its workers, free or not.
  public var workers: [ProcessID] { get async throws { try await handle.status.workers } }

  // MARK: Codable

  public required init(from decoder: any Decoder) throws { handle = try PoolHandle.decode(from: decoder) }

  /// Sends the pool by reference. Outside the cluster's own messages only an empty one is written.
  public func encode(to encoder: any Encoder) throws { try handle.encode(to: encoder) }
}
