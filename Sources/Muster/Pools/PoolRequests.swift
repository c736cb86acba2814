/// What processes ask the owner of a pool: internal remote functions, like everything else.
///
/// They are ordered: a worker that is put back is free before anything that was asked later is answered, and a
/// cancellation finds what it cancels.

struct RequestWorker: RemoteThunk, OrderedFunction {
  let pool: RRID
  let receipt: Receipt
  let takes: Bool

  func callAsFunction() async throws -> ProcessID {
    try await Cluster.current.references.pool(pool).request(receipt, takes: takes)
  }
}

struct TakeFreeWorker: RemoteThunk, OrderedFunction {
  let pool: RRID
  let receipt: Receipt

  func callAsFunction() throws -> ProcessID? { try Cluster.current.references.pool(pool).takeIfFree(receipt) }
}

struct CancelRequest: RemoteAction, OrderedFunction {
  let pool: RRID
  let receipt: Receipt

  /// A pool that is not kept any more has given everything up.
  func callAsFunction() { try? Cluster.current.references.pool(pool).cancel(receipt) }
}

struct PutWorker: RemoteProcedure, OrderedFunction {
  typealias Input = ProcessID
  let pool: RRID

  func callAsFunction(_ pid: ProcessID) { try? Cluster.current.references.pool(pool).put(pid) }
}

struct PushWorker: RemoteProcedure, OrderedFunction {
  typealias Input = ProcessID
  let pool: RRID

  func callAsFunction(_ pid: ProcessID) throws { try Cluster.current.references.pool(pool).push(pid) }
}

struct AskPool: RemoteThunk, OrderedFunction {
  let pool: RRID

  func callAsFunction() throws -> PoolStatus { PoolStatus(try Cluster.current.references.pool(pool)) }
}

/// What there is to know of a pool.
struct PoolStatus: Codable, Sendable {
  let workers: [ProcessID]
  let isReady: Bool
  let waiterCount: Int

  init(_ core: PoolCore) {
    workers = core.members
    isReady = core.isReady
    waiterCount = core.waiterCount
  }
}
