/// How the indices of a distributed loop come to the workers.
public enum LoopSchedule: Sendable, Hashable {
  /// One part for each worker, in order; they differ by at most one index.
  case `static`
  /// Parts of `chunk` indices, each to the worker that is free next: for bodies that take differently long.
  case dynamic(chunk: Int)
}

/// Runs a loop on all workers, on process 1 if there are none: Julia's `@distributed` without a reducer.
///
/// It returns at once. The values of the body are dropped.
///
/// - Parameters:
///   - range: a range, a closed range or a stride of integers of any type.
///   - schedule: which worker does what.
///   - body: called once with every index.
/// - Returns: futures that are ready when the iterations are through; fetching them throws what went wrong. A part that
///   fails does not stop the others.
/// - Throws: `ClusterError` `.invalidArgument` for a chunk below 1 or indices that do not fit into an `Int`; as
///   `remotecall`.
@discardableResult
public func distributed<B: RemoteLoopBody>(
  _ range: some LoopRange, schedule: LoopSchedule = .static, _ body: B
) async throws -> [Future<Nothing>] {
  let indices = try range.loopIndices()
  return try await Cluster.current.distribute(RunChunk(body: body, indices: indices), indices.count, schedule)
}

/// Runs a loop whose body may wait, and throw, on all workers; returns at once. The iterations of a part run one after
/// the other, and the part ends with the first that throws.
@discardableResult
public func distributed<A: RemoteLoopAction>(
  _ range: some LoopRange, schedule: LoopSchedule = .static, _ body: A
) async throws -> [Future<Nothing>] {
  let indices = try range.loopIndices()
  return try await Cluster.current.distribute(ActOnChunk(body: body, indices: indices), indices.count, schedule)
}

/// Runs a loop on all workers, on process 1 if there are none, and puts its values together: Julia's `@distributed`
/// with a reducer.
///
/// Each worker reduces its part, then the results are combined here, in the order of the indices. Which values are
/// combined first depends on the number of workers, which floating-point numbers show in their last digits.
///
/// - Parameters:
///   - range: a range, a closed range or a stride of integers of any type.
///   - reducer: `Sum()`, `Product()`, `Min()`, `Max()`, `Concatenate()` or your own.
///   - schedule: which worker does what.
///   - body: called once with every index.
/// - Throws: `ClusterError` `.invalidArgument` for a range without elements, of which there is no value, and as the loop
///   without a reducer; `RemoteError`; `ProcessExitedError` when a worker is lost.
public func distributed<B: RemoteLoopBody, R: RemoteReducer>(
  _ range: some LoopRange, reduce reducer: R, schedule: LoopSchedule = .static, _ body: B
) async throws -> R.Value where R.Value == B.Value {
  let indices = try range.loopIndices()
  let chunk = ReduceChunk(body: body, reducer: reducer, indices: indices)
  let cluster = Cluster.current
  var results = PartialResults(reducer)
  for value in try await cluster.run({ try await cluster.values(chunk, indices.count, schedule) }) {
    results.append(value)
  }
  guard let total = results.total else {
    throw ClusterError(.invalidArgument, "distributed: the range is empty, and \(R.self) has no value for that")
  }
  return total
}
