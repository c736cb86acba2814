/// Makes one value of many: how the values of a distributed loop are put together.
///
/// `combine` has to be associative, and need not be commutative: the order of the indices is kept.
public protocol RemoteReducer<Value>: Codable, Sendable {
  associatedtype Value: Codable & Sendable

  /// Makes one value of two.
  func combine(_ a: Value, _ b: Value) -> Value

  /// The values of a block, combined in order. The block is not empty.
  func reduce(_ block: UnsafeBufferPointer<Value>) -> Value
}

extension RemoteReducer {
  @inlinable
  public func reduce(_ block: UnsafeBufferPointer<Value>) -> Value {
    var result = block[0]
    for position in 1..<block.count { result = combine(result, block[position]) }
    return result
  }
}
