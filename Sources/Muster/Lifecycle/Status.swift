import Synchronization

/// Says of a process what others shall know of it, such as "loading" or a progress of your own type. Process 1 keeps it
/// until the worker has gone.
///
/// - Parameters:
///   - status: any value that can be encoded, of a type that is not private or local; `nil` takes it back.
///   - pid: of which process; this one unless given.
///   - module: whose status it is: every module has its own.
/// - Throws: `ClusterError` `.noSuchProcess`; `.invalidArgument` for a type that other processes could not find;
///   `.cannotEncode`.
public func setStatus(
  _ status: (any Codable & Sendable)?, of pid: ProcessID = myid(), module: String = #fileID
) async throws {
  let encoded = try status.map { try EncodedStatus($0) }
  try await askProcess1(SetStatus(pid: pid, module: moduleName(module), status: encoded))
}

/// What was said of a process; `nil` if nothing was.
///
/// - Parameters:
///   - pid: of which process; this one unless given.
///   - module: whose status it is: every module has its own.
/// - Throws: `ClusterError` `.noSuchProcess`; `.cannotDecode`.
public func status(of pid: ProcessID = myid(), module: String = #fileID) async throws -> (any Codable)? {
  try await askProcess1(GetStatus(pid: pid, module: moduleName(module)))?.decode()
}

/// What was said of a process, as the type it has.
///
/// - Throws: `ClusterError` `.noSuchProcess`; `.cannotDecode`, also when it is of another type.
public func status<Status: Codable & Sendable>(
  of pid: ProcessID = myid(), as type: Status.Type = Status.self, module: String = #fileID
) async throws -> Status? {
  guard let status = try await askProcess1(GetStatus(pid: pid, module: moduleName(module)))?.decode() else {
    return nil
  }
  guard let typed = status as? Status else {
    throw ClusterError(
      .cannotDecode, "the status of process \(pid) is a \(Swift.type(of: status)), and not a \(Status.self)",
      worker: pid)
  }
  return typed
}

/// The part of `#fileID` that names the module.
private func moduleName(_ fileID: String) -> String { String(fileID.prefix { $0 != "/" }) }

/// What process 1 says against it is the caller's mistake.
@discardableResult
private func askProcess1<F: RemoteThunk>(_ function: F) async throws -> F.Output {
  do {
    return try await Cluster.current.call(function, on: 1, Nothing())
  } catch let error as RemoteError {
    throw error.underlying as? ClusterError ?? error
  }
}

/// A value with the name of its type, so that it can be kept where nobody knows what it is.
struct EncodedStatus: Codable, Sendable {
  let typeName: String
  let bytes: [UInt8]

  init(_ status: some Codable & Sendable) throws {
    let type = Swift.type(of: status)
    guard let name = _mangledTypeName(type), _typeByName(name) is any Codable.Type else {
      throw ClusterError(
        .invalidArgument,
        "setStatus: \(type) is private, fileprivate or local, so that other processes cannot find it by name")
    }
    let writer = FrameWriter()
    do {
      try writer.encode(status)
    } catch {
      throw ClusterError(.cannotEncode, "setStatus: cannot encode the status: \(error)", cause: error)
    }
    typeName = name
    bytes = writer.withUnsafeBytes { Array($0) }
  }

  func decode() throws -> any Codable {
    guard let type = _typeByName(typeName) as? any Codable.Type else {
      throw ClusterError(.cannotDecode, "process \(myid()) does not have the type \(typeName) of a status")
    }
    do {
      return try decode(type)
    } catch {
      throw ClusterError(.cannotDecode, "cannot decode the status, a \(type): \(error)", cause: error)
    }
  }

  private func decode<Status: Codable>(_ type: Status.Type) throws -> any Codable {
    try bytes.withUnsafeBytes { bytes in
      var reader = FrameReader(bytes)
      return try reader.decode(type)
    }
  }
}

struct SetStatus: RemoteAction, InternalFunction {
  let pid: ProcessID
  let module: String
  let status: EncodedStatus?

  func callAsFunction() throws {
    let cluster = Cluster.current
    try cluster.requireKnown(pid)
    cluster.lifecycle.withLock { $0.statuses[pid, default: [:]][module] = status }
  }
}

struct GetStatus: RemoteThunk, InternalFunction {
  let pid: ProcessID
  let module: String

  func callAsFunction() throws -> EncodedStatus? {
    let cluster = Cluster.current
    try cluster.requireKnown(pid)
    return cluster.lifecycle.withLock { $0.statuses[pid]?[module] }
  }
}

extension Cluster {
  /// A worker is known until its last callback has returned.
  fileprivate func requireKnown(_ pid: ProcessID) throws(ClusterError) {
    let isThere = members.withLock { $0.me == pid || $0[pid]?.state.isGone == false }
    guard !isThere, lifecycle.withLock({ $0.lives[pid] }) == nil else { return }
    throw ClusterError(
      .noSuchProcess, "there is no process \(pid), or not any more, that could have a status", worker: pid)
  }
}
