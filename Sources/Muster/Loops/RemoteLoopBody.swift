/// The body of a distributed loop that makes a value of every index.
///
///     struct Toss: RemoteLoopBody {
///       func callAsFunction(_ i: Int) -> Int { Bool.random() ? 1 : 0 }
///     }
///     let heads = try await distributed(0..<1_000_000, reduce: Sum(), Toss())
///
/// Its stored properties travel with it, as those of a `RemoteFunction` do.
public protocol RemoteLoopBody<Value>: Codable, Sendable {
  associatedtype Value

  /// The value of an index.
  func callAsFunction(_ i: Int) -> Value

  /// Initializes the elements of `out` with the values of all indices of a range, in order.
  ///
  /// The default calls the body for each. It is compiled together with the body, so that its loop has no calls where
  /// the body can be inlined; write your own where a vectorized one is faster.
  func fill(_ out: UnsafeMutablePointer<Value>, _ range: Range<Int>)

  /// Initializes `count` elements of `out` with the values of the indices `first`, `first + step`, …, in order.
  func fill(_ out: UnsafeMutablePointer<Value>, from first: Int, by step: Int, count: Int)
}

extension RemoteLoopBody {
  @inlinable
  public func fill(_ out: UnsafeMutablePointer<Value>, _ range: Range<Int>) {
    var next = out
    for i in range {
      next.initialize(to: self(i))
      next += 1
    }
  }

  @inlinable
  public func fill(_ out: UnsafeMutablePointer<Value>, from first: Int, by step: Int, count: Int) {
    var i = first
    for position in 0..<count {
      (out + position).initialize(to: self(i))
      // Behind the last one it may leave the range of Int.
      i &+= step
    }
  }
}

/// The body of a distributed loop without a result; it may wait, and throw.
public protocol RemoteLoopAction: Codable, Sendable {
  /// Does what is to be done for an index.
  func callAsFunction(_ i: Int) async throws
}
