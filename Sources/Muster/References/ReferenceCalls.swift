/// What processes ask the owner of a reference: internal remote functions, like everything else.

struct FetchReference<Value: Codable & Sendable>: RemoteThunk, InternalFunction {
  let id: RRID

  func callAsFunction() async throws -> Value {
    try await Cluster.current.references.promise(id).value(as: Value.self, of: id)
  }
}

struct WaitForReference: RemoteAction, InternalFunction {
  let id: RRID

  func callAsFunction() async throws {
    _ = try await Cluster.current.references.promise(id).wait().get()
  }
}

struct ReferenceIsReady: RemoteThunk, InternalFunction {
  let id: RRID

  func callAsFunction() throws -> Bool {
    try Cluster.current.references.promise(id).result != nil
  }
}

struct PutReference<Value: Codable & Sendable>: RemoteProcedure, InternalFunction {
  typealias Input = Value
  let id: RRID

  func callAsFunction(_ value: Value) throws {
    let promise = try Cluster.current.references.promise(id)
    guard promise.fulfil(.success(value)) else { throw ClusterError.alreadySet(id) }
  }
}

/// Registers a hold for a process to which the sender is sending the reference.
struct HoldReference: RemoteAction, OrderedFunction {
  let id: RRID
  let holder: ProcessID

  func callAsFunction() { Cluster.current.references.addHold(of: id, by: holder) }
}

struct ReleaseReferences: RemoteAction, OrderedFunction {
  let whences: [Int]
  let ids: [UInt64]
  let holder: ProcessID

  func callAsFunction() {
    let references = zip(whences, ids).map { RRID(whence: ProcessID($0), id: $1) }
    Cluster.current.references.release(references, by: holder)
  }
}

extension ClusterError {
  static func alreadySet(_ id: RRID) -> ClusterError {
    ClusterError(.alreadySet, "the future \(id) has a value already: a future is given a value once")
  }
}
