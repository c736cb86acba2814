/// What a map has done that ends before its time is over.
public struct PartialMap<Output: Sendable>: Sendable {
  /// One for each item; `nil` for those that are left.
  public let values: [Output?]

  init(values: [Output?]) { self.values = values }

  /// The positions of the items that have no result.
  public var left: [Int] { values.indices.filter { values[$0] == nil } }

  /// Whether nothing is left.
  public var isComplete: Bool { values.allSatisfy { $0 != nil } }
}
