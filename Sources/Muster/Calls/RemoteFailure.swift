/// An error as it travels: its description always arrives, the error itself if its type is Codable.
struct RemoteFailure {
  /// Where it was thrown, which need not be where it comes from.
  var pid: ProcessID
  var typeName: String
  var message: String
  var backtrace: String
  var error: (any Error & Codable)?

  init(_ error: any Error, backtrace: String) {
    // A remote error that passes through keeps where it came from.
    if let remote = error as? RemoteError {
      pid = remote.pid
      typeName = remote.typeName
      message = remote.message
      self.backtrace = remote.backtrace + "\nwas received by process \(Cluster.current.myid)\n" + backtrace
      self.error = remote.underlying as? any Error & Codable
    } else {
      pid = Cluster.current.myid
      typeName = String(reflecting: type(of: error))
      message = "\(error)"
      self.backtrace = backtrace
      self.error = error as? any Error & Codable
    }
  }

  func write(to writer: FrameWriter) throws {
    writer.write(UInt32(truncatingIfNeeded: pid.rawValue))
    writer.write(string: typeName)
    writer.write(string: message)
    writer.write(string: backtrace)
    guard let error, let name = _mangledTypeName(type(of: error)) else {
      writer.write(string: "")
      return
    }
    writer.write(string: name)
    try writer.encode(error)
  }

  /// Reads what `write` wrote. An error value that cannot be decoded is replaced by the reason, together with what
  /// the original said of itself.
  static func read(from reader: inout FrameReader) throws -> RemoteError {
    let pid = ProcessID(Int(try reader.read(UInt32.self)))
    let typeName = try reader.readString()
    let message = try reader.readString()
    let backtrace = try reader.readString()
    let name = try reader.readString()
    var underlying: (any Error)?
    if !name.isEmpty {
      do {
        guard let type = _typeByName(name) as? any (Error & Decodable).Type else {
          throw ClusterError(.cannotDecode, "process \(Cluster.current.myid) has no error type \(typeName)")
        }
        underlying = try decode(type, from: &reader)
      } catch {
        let original = RemoteError(pid: pid, typeName: typeName, message: message, backtrace: backtrace)
        underlying = CompositeError(errors: [original, error])
      }
    }
    return RemoteError(pid: pid, typeName: typeName, message: message, backtrace: backtrace, underlying: underlying)
  }

  private static func decode<E: Error & Decodable>(_ type: E.Type, from reader: inout FrameReader) throws -> any Error {
    try reader.decode(type)
  }
}

/// `cause` stays behind: it need not be Codable, and the message says what it said.
extension ClusterError: Codable {
  private enum CodingKeys: String, CodingKey { case code, message, worker }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(Code.self, forKey: .code), try container.decode(String.self, forKey: .message),
      worker: try container.decodeIfPresent(ProcessID.self, forKey: .worker))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(code, forKey: .code)
    try container.encode(message, forKey: .message)
    try container.encodeIfPresent(worker, forKey: .worker)
  }
}
