/// Adds; as everywhere in Swift, a sum of integers that overflows ends the process.
public struct Sum<Value: AdditiveArithmetic & Codable & Sendable>: RemoteReducer {
  public init() {}

  public func combine(_ a: Value, _ b: Value) -> Value { a + b }

  @_specialize(where Value == Int)
  @_specialize(where Value == Double)
  @_specialize(where Value == Float)
  public func reduce(_ block: UnsafeBufferPointer<Value>) -> Value {
    var sum = block[0]
    for position in 1..<block.count { sum += block[position] }
    return sum
  }
}

/// Multiplies; a product of integers that overflows ends the process.
public struct Product<Value: Numeric & Codable & Sendable>: RemoteReducer {
  public init() {}

  public func combine(_ a: Value, _ b: Value) -> Value { a * b }

  @_specialize(where Value == Int)
  @_specialize(where Value == Double)
  @_specialize(where Value == Float)
  public func reduce(_ block: UnsafeBufferPointer<Value>) -> Value {
    var product = block[0]
    for position in 1..<block.count { product *= block[position] }
    return product
  }
}

/// The smallest value.
public struct Min<Value: Comparable & Codable & Sendable>: RemoteReducer {
  public init() {}

  public func combine(_ a: Value, _ b: Value) -> Value { min(a, b) }

  @_specialize(where Value == Int)
  @_specialize(where Value == Double)
  @_specialize(where Value == Float)
  public func reduce(_ block: UnsafeBufferPointer<Value>) -> Value {
    var smallest = block[0]
    for position in 1..<block.count { smallest = min(smallest, block[position]) }
    return smallest
  }
}

/// The largest value.
public struct Max<Value: Comparable & Codable & Sendable>: RemoteReducer {
  public init() {}

  public func combine(_ a: Value, _ b: Value) -> Value { max(a, b) }

  @_specialize(where Value == Int)
  @_specialize(where Value == Double)
  @_specialize(where Value == Float)
  public func reduce(_ block: UnsafeBufferPointer<Value>) -> Value {
    var largest = block[0]
    for position in 1..<block.count { largest = max(largest, block[position]) }
    return largest
  }
}

/// Puts arrays, or strings, one behind the other: Julia's `vcat`.
public struct Concatenate<Value: RangeReplaceableCollection & Codable & Sendable>: RemoteReducer {
  public init() {}

  public func combine(_ a: Value, _ b: Value) -> Value { a + b }

  public func reduce(_ block: UnsafeBufferPointer<Value>) -> Value {
    var all = block[0]
    for position in 1..<block.count { all += block[position] }
    return all
  }
}
