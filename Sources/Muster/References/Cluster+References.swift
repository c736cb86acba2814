/// What this process keeps under a reference that another one has, or may not have heard of yet.
///
/// Whoever has received a reference may ask the owner before the maker's word has arrived there, which travels on another
/// connection. Nothing is kept then, as it is where everything has been released; so the maker is heard out first.
extension Cluster {
  /// The promise behind a reference that somebody holds.
  ///
  /// - Throws: `ClusterError` when nobody does.
  func promise(_ reference: RRID) async throws -> ReferencePromise {
    if !references.contains(reference) { await hearOut(reference.whence) }
    return try references.promise(reference)
  }

  /// The channel behind a reference that somebody holds.
  ///
  /// - Throws: `ClusterError` when nobody does.
  func channel(_ reference: RRID) async throws -> any KeptChannel {
    if !references.contains(reference) { await hearOut(reference.whence) }
    return try references.channel(reference)
  }

  /// Returns when everything that a process has said to this one until now has been dealt with.
  private func hearOut(_ maker: ProcessID) async {
    guard maker != myid else { return }
    // A maker that has gone, or has no connection to here, has nothing more to say.
    _ = try? await call(SayEverything(to: myid), on: maker, Nothing())
  }
}

/// Returns when all that was said before has been dealt with by the process it was said to.
struct SayEverything: RemoteAction, InternalFunction {
  let to: ProcessID

  func callAsFunction() async throws {
    let cluster = Cluster.current
    cluster.releases.flush()
    _ = try await cluster.call(HearThis(), on: to, Nothing())
  }
}

/// Comes after what was said before it.
struct HearThis: RemoteAction, InternalFunction {
  func callAsFunction() {}
}

/// How many values this process keeps for others and itself; for the benchmarks, which check that none is left.
package func keptReferenceCount() -> Int { Cluster.current.references.count }
