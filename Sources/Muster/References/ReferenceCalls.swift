/// What processes ask the owner of a reference: internal remote functions, like everything else.

struct FetchReference<Value: Codable & Sendable>: RemoteThunk, InternalFunction {
  let id: RRID

  func callAsFunction() async throws -> Value {
    try await Cluster.current.promise(id).value(as: Value.self, of: id)
  }
}

struct WaitForReference: RemoteAction, InternalFunction {
  let id: RRID

  func callAsFunction() async throws {
    _ = try await Cluster.current.promise(id).wait().get()
  }
}

struct ReferenceIsReady: RemoteThunk, InternalFunction {
  let id: RRID

  func callAsFunction() async throws -> Bool {
    try await Cluster.current.promise(id).result != nil
  }
}

struct PutReference<Value: Codable & Sendable>: RemoteProcedure, InternalFunction {
  typealias Input = Value
  let id: RRID

  func callAsFunction(_ value: Value) async throws {
    let promise = try await Cluster.current.promise(id)
    guard promise.fulfil(.success(value)) else { throw ClusterError.alreadySet(id) }
  }
}

/// Some references, all of which a process holds once more or once less.
struct HoldChanges: Codable, Sendable {
  let holder: ProcessID
  /// Who said, or says now, that it holds them.
  let registrar: ProcessID
  /// 1 or -1.
  let change: Int
  /// Who made the references.
  let whence: ProcessID
  var ids: [UInt64]

  var references: some Sequence<RRID> { ids.lazy.map { RRID(whence: whence, id: $0) } }

  func continues(with id: RRID, _ holder: ProcessID, _ registrar: ProcessID, _ change: Int) -> Bool {
    whence == id.whence && self.holder == holder && self.registrar == registrar && self.change == change
  }
}

/// Tells the owner who holds what, in order.
struct ChangeHolds: RemoteAction, OrderedFunction {
  let owner: ProcessID
  let changes: HoldChanges

  func callAsFunction() {
    let cluster = Cluster.current
    guard owner == cluster.myid else { return cluster.releases.relay(changes, to: owner) }
    cluster.references.change(
      changes.references, changes.holder, registrar: changes.registrar, by: changes.change)
  }
}

extension ClusterError {
  static func alreadySet(_ id: RRID) -> ClusterError {
    ClusterError(.alreadySet, "the future \(id) has a value already: a future is given a value once")
  }
}
