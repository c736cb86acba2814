/// What a distributed loop can run over: ranges, closed ranges and strides of integers of any type.
public protocol LoopRange {
  /// - Throws: `ClusterError` `.invalidArgument` when an index, or their number, does not fit into an `Int`.
  func loopIndices() throws -> LoopIndices
}

/// Evenly spaced indices.
public struct LoopIndices: Codable, Sendable, Hashable {
  /// The first index.
  public let first: Int
  /// From one index to the next.
  public let step: Int
  /// How many there are.
  public let count: Int

  static let none = LoopIndices(first: 0, step: 1, count: 0)

  private init(first: Int, step: Int, count: Int) {
    self.first = first
    self.step = step
    self.count = count
  }

  /// - Parameter last: the last index, which must be a number of steps behind the first.
  fileprivate init(from first: Int128, through last: Int128, by step: Int128) throws(ClusterError) {
    let count = (last - first) / step + 1
    // A single index needs no step, and some are larger than an Int.
    guard let first = Int(exactly: first), Int(exactly: last) != nil, let count = Int(exactly: count) else {
      throw ClusterError(
        .invalidArgument,
        "distributed: the indices \(first), …, \(last): a loop has Int for its indices and their number")
    }
    self.init(first: first, step: Int(truncatingIfNeeded: step), count: count)
  }

  /// The index at a position from 0 to `count - 1`.
  subscript(position: Int) -> Int {
    // On the way it may leave the range of Int, and comes back.
    first &+ position &* step
  }

  /// Initializes the elements of `out` with the values that a body makes of the indices at some positions.
  func fill<B: RemoteLoopBody>(_ out: UnsafeMutablePointer<B.Value>, _ positions: Range<Int>, with body: B) {
    let first = self[positions.lowerBound]
    let (end, overflow) = first.addingReportingOverflow(positions.count)
    // The largest Int has no range that ends behind it.
    if step == 1, !overflow {
      body.fill(out, first..<end)
    } else {
      body.fill(out, from: first, by: step, count: positions.count)
    }
  }
}

extension Range: LoopRange where Bound: FixedWidthInteger {
  public func loopIndices() throws -> LoopIndices {
    isEmpty ? .none : try LoopIndices(from: wide(lowerBound), through: wide(upperBound - 1), by: 1)
  }
}

extension ClosedRange: LoopRange where Bound: FixedWidthInteger {
  public func loopIndices() throws -> LoopIndices {
    try LoopIndices(from: wide(lowerBound), through: wide(upperBound), by: 1)
  }
}

extension StrideTo: LoopRange where Element: FixedWidthInteger {
  public func loopIndices() throws -> LoopIndices {
    let stride = try StrideBounds(of: self)
    return try stride.indices(before: stride.end)
  }
}

extension StrideThrough: LoopRange where Element: FixedWidthInteger {
  public func loopIndices() throws -> LoopIndices {
    let stride = try StrideBounds(of: self)
    return try stride.indices(before: stride.end + stride.step.signum())
  }
}

/// What a stride was made of. The standard library shows it only to debuggers; to count all elements instead would take
/// as long as a loop over them.
private struct StrideBounds {
  let start: Int128
  let end: Int128
  let step: Int128

  init(of stride: Any) throws(ClusterError) {
    let parts = Mirror(reflecting: stride).children.map { $0.value as? any FixedWidthInteger }
    guard parts.count == 3, let start = parts[0], let end = parts[1], let step = parts[2] else {
      throw ClusterError(.invalidArgument, "distributed: \(stride) is not known to be a stride of integers")
    }
    self.start = try wide(start)
    self.end = try wide(end)
    self.step = try wide(step)
  }

  func indices(before end: Int128) throws(ClusterError) -> LoopIndices {
    guard step > 0 ? start < end : start > end else { return .none }
    let steps = (end - start - step.signum()) / step
    return try LoopIndices(from: start, through: start + steps * step, by: step)
  }
}

/// In 128 bits nothing overflows that is done here with integers of 64.
private func wide<I: FixedWidthInteger>(_ value: I) throws(ClusterError) -> Int128 {
  guard let value = Int128(exactly: value), value.magnitude <= UInt128(UInt64.max) else {
    throw ClusterError(.invalidArgument, "distributed: the index \(value) does not fit into an Int")
  }
  return value
}
