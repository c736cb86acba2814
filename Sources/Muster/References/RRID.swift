/// Names a value of the cluster: which process asked for it, and that process's number for it.
public struct RRID: Hashable, Sendable, Codable, CustomStringConvertible {
  /// The process that made the reference.
  public let whence: ProcessID
  /// That process's number for it.
  public let id: UInt64

  public init(whence: ProcessID, id: UInt64) {
    self.whence = whence
    self.id = id
  }

  public var description: String { "\(whence):\(id)" }

  /// The number alone tells almost all references apart.
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// A reference to a value that lives in some process of the cluster.
public protocol AbstractRemoteRef: AnyObject, Sendable {
  /// The process that keeps the value: Julia's `where`.
  var owner: ProcessID { get }
  /// Its name in the cluster.
  var id: RRID { get }
}

extension AbstractRemoteRef {
  public func hash(into hasher: inout Hasher) {
    hasher.combine(owner)
    hasher.combine(id)
  }
}

/// Julia's `remoteref_id`.
public func remoterefID(_ reference: some AbstractRemoteRef) -> RRID { reference.id }
