/// An error thrown by a function in another process (or by a remote call of this one).
public struct RemoteError: Error, Sendable, CustomStringConvertible {
  /// Where it was thrown.
  public let pid: ProcessID
  /// The type of the error there.
  public let typeName: String
  /// What the error said of itself.
  public let message: String
  /// Where it was thrown, one frame a line, the throwing function first; empty when it could not be found out.
  public let backtrace: String
  /// The error itself, when its type is Codable and could be decoded here.
  public let underlying: (any Error)?

  public init(pid: ProcessID, typeName: String, message: String, backtrace: String = "", underlying: (any Error)? = nil)
  {
    self.pid = pid
    self.typeName = typeName
    self.message = message
    self.backtrace = backtrace
    self.underlying = underlying
  }

  public var description: String {
    let head = "on process \(pid): \(typeName): \(message)"
    return backtrace.isEmpty ? head : "\(head)\n\(backtrace)"
  }
}
