import Synchronization

/// How this process calls functions in others. Everything that is public ends here.
extension Cluster {
  /// The open connection to a process, if there is one.
  func openLink(to pid: ProcessID) -> Link? { members.withLock { $0.openLink(to: pid) } }

  /// The connection to a process, opened if need be.
  func link(to pid: ProcessID) async throws -> Link {
    if let link = openLink(to: pid) { return link }
    return try await connect(to: pid)
  }

  /// Calls and waits for the value.
  func call<F: RemoteFunction>(_ function: F, on pid: ProcessID, _ input: F.Input) async throws -> F.Output {
    if pid == myid { return try await callHere(function, input) }
    let link = try await link(to: pid)
    await link.paceIfNeeded()
    let id = try sendCall(function, input, over: link)
    let reply = await link.reply(to: id)
    return try decode(reply, from: link, as: F.Output.self)
  }

  /// Calls, and returns the reference to a value to come.
  func spawn<F: RemoteFunction>(_ function: F, on pid: ProcessID, _ input: F.Input) async throws -> Future<F.Output> {
    if pid == myid { return spawnHere(function, input) }
    let link = try await link(to: pid)
    let reference = nextReference()
    let entry = try functions.entry(of: F.self)
    let id = link.pending.withLock { $0.add() }
    do {
      try link.send(.spawn, id: id, function: entry) { writer in
        writer.write(UInt32(entry.number))
        writer.write(reference.id)
        try write(function, input, to: writer)
      }
    } catch {
      try link.giveUp(id, error, isAwaited: true)
    }
    await link.paceIfNeeded()
    return Future(cluster: self, link: link, slot: id, id: reference)
  }

  /// Calls without an answer.
  func cast<F: RemoteFunction>(_ function: F, on pid: ProcessID, _ input: F.Input) async throws {
    let (isHere, open) = members.withLock { ($0.me == pid, $0.openLink(to: pid)) }
    if isHere { return castHere(function, input) }
    let link = if let open { open } else { try await link(to: pid) }
    try cast(function, input, over: link)
    await link.paceIfNeeded()
  }

  func cast<F: RemoteFunction>(_ function: F, _ input: F.Input, over link: Link) throws {
    try cast(functions.entry(of: F.self), over: link) { try write(function, input, to: $0) }
  }

  /// - Parameter content: writes the function and its argument.
  @inline(__always)
  func cast(_ entry: FunctionEntry, over link: Link, _ content: (FrameWriter) throws -> Void) throws {
    try link.send(.cast, id: 0, function: entry) { writer in
      writer.write(UInt32(entry.number))
      try content(writer)
    }
  }

  /// Sends a call whose answer is to be awaited with `Link.reply`. To be preceded by `Link.paceIfNeeded`.
  ///
  /// - Parameter isLast: whether the caller waits now, and sends nothing more before.
  func sendCall<F: RemoteFunction>(
    _ function: F, _ input: F.Input, over link: Link, isLast: Bool = true
  ) throws -> UInt64 {
    try sendCall(functions.entry(of: F.self), over: link, isLast: isLast) { try write(function, input, to: $0) }
  }

  /// - Parameter content: writes the function and its argument.
  @inline(__always)
  func sendCall(
    _ entry: FunctionEntry, over link: Link, isLast: Bool = true, _ content: (FrameWriter) throws -> Void
  ) throws -> UInt64 {
    let id = link.pending.withLock { $0.add() }
    do {
      try link.send(.call, id: id, function: entry, isAwaited: isLast) { writer in
        writer.write(UInt32(entry.number))
        try content(writer)
      }
    } catch {
      try link.giveUp(id, error, isAwaited: isLast)
    }
    return id
  }

  /// Nobody waits for the answer to a call any more: the function is cancelled, if it runs.
  func cancelCall(_ id: UInt64, over link: Link) {
    try? cast(CancelCall(id: id, caller: myid), Nothing(), over: link)
  }

  func write<F: RemoteFunction>(_ function: F, _ input: F.Input, to writer: FrameWriter) throws {
    do {
      try writer.encode(function)
      try writer.encode(input)
    } catch {
      throw ClusterError(
        .cannotEncode, "cannot encode the call of \(F.self): \(error). Nothing was sent", cause: error)
    }
  }

  /// The value in an answer.
  ///
  /// - Throws: the error in it; why there is none; `ClusterError` `.cannotDecode`.
  func decode<Value: Codable>(_ reply: Reply, from link: Link, as type: Value.Type) throws -> Value {
    switch reply.kind {
    case .value: break
    case .failure: throw try remoteError(in: reply, from: link)
    case .lost: throw link.lossError
    case .cancelled: throw CancellationError()
    case .kept: throw ClusterError(.cannotDecode, "a call was answered as if it were spawned")
    }
    do {
      return try reply.withReader { try $0.decode(type) }
    } catch {
      throw ClusterError(
        .cannotDecode, "cannot decode the \(type) that process \(link.peer) answered: \(error)", worker: link.peer,
        cause: error)
    }
  }

  /// An unknown function is our mistake in calling, not the function's; everything else was thrown over there.
  private func remoteError(in reply: Reply, from link: Link) throws -> any Error {
    let error = try reply.withReader { try RemoteFailure.read(from: &$0) }
    if let clusterError = error.underlying as? ClusterError, clusterError.code == .unknownFunction {
      return clusterError
    }
    return error
  }

  // MARK: In this process: nothing is encoded

  private func callHere<F: RemoteFunction>(_ function: F, _ input: F.Input) async throws -> F.Output {
    do {
      return try await run { try await function(input) }
    } catch let error as RemoteError {
      throw error
    } catch {
      throw remoteErrorOfMine(error)
    }
  }

  private func remoteErrorOfMine(_ error: any Error) -> RemoteError {
    RemoteError(
      pid: myid, typeName: String(reflecting: type(of: error)), message: "\(error)",
      backtrace: Backtrace.ofLatestThrow(), underlying: error)
  }

  private func spawnHere<F: RemoteFunction>(_ function: F, _ input: F.Input) -> Future<F.Output> {
    let reference = nextReference()
    let promise = references.create(reference, holder: myid)
    let future = Future<F.Output>(cluster: self, promise: promise, id: reference)
    task { [self] in
      do {
        promise.fulfil(.success(try await callHere(function, input)))
      } catch {
        promise.fulfil(.failure(error))
      }
    }
    return future
  }

  private func castHere<F: RemoteFunction>(_ function: F, _ input: F.Input) {
    task { [self] in
      do {
        _ = try await function(input)
      } catch {
        report("remoteDo(\(F.self)) failed: \(error)")
      }
    }
  }

  /// Tells the owner of a reference that another process is going to hold it.
  func registerHold(of reference: RRID, owner: ProcessID, for holder: ProcessID) {
    releases.register(CollectionOfOne((owner, reference)), for: holder)
  }
}
