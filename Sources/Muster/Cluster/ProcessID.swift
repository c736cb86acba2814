/// The number of a process: 1 is the process you started, workers are numbered from 2 in the order in which they were
/// asked for. Numbers are never used again.
public struct ProcessID: Hashable, Comparable, Strideable, Codable, Sendable, ExpressibleByIntegerLiteral,
  CustomStringConvertible
{
  /// The number as an integer.
  public let rawValue: Int

  public init(_ rawValue: Int) { self.rawValue = rawValue }
  public init(integerLiteral value: Int) { rawValue = value }
  public init(from decoder: any Decoder) throws { rawValue = try Int(from: decoder) }

  public func encode(to encoder: any Encoder) throws { try rawValue.encode(to: encoder) }
  public var description: String { String(rawValue) }
  public func distance(to other: ProcessID) -> Int { other.rawValue - rawValue }
  public func advanced(by distance: Int) -> ProcessID { ProcessID(rawValue + distance) }
  public static func < (left: ProcessID, right: ProcessID) -> Bool { left.rawValue < right.rawValue }
}
