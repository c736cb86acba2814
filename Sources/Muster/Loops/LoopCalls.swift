import CMuster

/// Reduces the values at some positions of a loop.
struct ReduceChunk<B: RemoteLoopBody, R: RemoteReducer>: RemoteFunction where R.Value == B.Value {
  let body: B
  let reducer: R
  let indices: LoopIndices

  func callAsFunction(_ positions: Range<Int>) throws -> R.Value {
    var results = PartialResults(reducer)
    try LoopBlocks(body: body, indices: indices).forEach(in: positions) { results.append(reducer.reduce($0)) }
    guard let total = results.total else { throw ClusterError(.invalidArgument, "distributed: a part is empty") }
    return total
  }
}

/// Runs the body of a loop at some positions, and drops its values.
struct RunChunk<B: RemoteLoopBody>: RemoteProcedure {
  let body: B
  let indices: LoopIndices

  func callAsFunction(_ positions: Range<Int>) throws {
    try LoopBlocks(body: body, indices: indices).forEach(in: positions) { _ in }
  }
}

struct ActOnChunk<A: RemoteLoopAction>: RemoteProcedure {
  let body: A
  let indices: LoopIndices

  func callAsFunction(_ positions: Range<Int>) async throws {
    for position in positions {
      try Task.checkCancellation()
      try await body(indices[position])
    }
  }
}

/// Evaluates the body of a loop into a buffer, a block at a time: to go through the protocols for each element would
/// cost 15 times as much as a simple body.
struct LoopBlocks<B: RemoteLoopBody> {
  let body: B
  let indices: LoopIndices

  /// As many values as stay in the first-level cache (what is done once for each block takes a third of the time of a
  /// thousand cheap ones); where values have memory of their own, one at a time, as it may be much.
  private var size: Int {
    _isPOD(B.Value.self) ? min(Self.largestBlock, max(1, (32 << 10) / MemoryLayout<B.Value>.stride)) : 1
  }

  private static var largestBlock: Int { 4096 }

  /// Hands the values at some positions to `use`, in order.
  ///
  /// - Throws: `CancellationError` when the task has been cancelled.
  func forEach(in positions: Range<Int>, _ use: (UnsafeBufferPointer<B.Value>) -> Void) throws {
    let size = size
    let values = UnsafeMutablePointer<B.Value>.allocate(capacity: size)
    defer { values.deallocate() }
    var next = positions.lowerBound
    var piece = 1
    while next < positions.upperBound {
      let end = next + min(size, positions.upperBound - next)
      var filled = 0
      defer { values.deinitialize(count: filled) }
      while next < end {
        let part = next..<(next + min(piece, end - next))
        piece = try fill(values + filled, part)
        filled += part.count
        next = part.upperBound
      }
      use(UnsafeBufferPointer(start: values, count: filled))
    }
  }

  /// Blocks are alike on every run, so that sums are; but a body that takes long must not put off a cancellation until
  /// its block is full.
  ///
  /// - Returns: how many values may be made before we look again.
  private func fill(_ out: UnsafeMutablePointer<B.Value>, _ positions: Range<Int>) throws -> Int {
    try Task.checkCancellation()
    let start = muster_now()
    indices.fill(out, positions, with: body)
    return muster_now() &- start < 100_000 ? min(2 * positions.count, Self.largestBlock) : 1
  }
}

/// Results that are put together as a binary counter counts: no more are kept than their number has digits, and a
/// concatenation copies each element as seldom.
struct PartialResults<R: RemoteReducer> {
  private let reducer: R
  private var parts: [(value: R.Value, rank: Int)] = []

  init(_ reducer: R) { self.reducer = reducer }

  mutating func append(_ value: R.Value) {
    var (value, rank) = (value, 0)
    while let last = parts.last, last.rank == rank {
      value = reducer.combine(last.value, value)
      rank += 1
      parts.removeLast()
    }
    parts.append((value, rank))
  }

  /// All of them, in order; `nil` if there are none.
  var total: R.Value? {
    guard let last = parts.last?.value else { return nil }
    return parts.dropLast().reversed().reduce(last) { reducer.combine($1.value, $0) }
  }
}
