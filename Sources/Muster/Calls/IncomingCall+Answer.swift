import Synchronization

/// How a call is answered.
extension IncomingCall {
  /// Values up to this size are sent to the caller of `remotecall` unasked; larger ones stay until they are fetched.
  static let unaskedSize = 64 << 10

  func answer<Value: Encodable>(_ value: Value, limit: Int = .max) throws {
    do {
      try link.send(.value, id: id, isAwaited: isLast) { writer in
        try writer.encode(value)
        if limit < .max, writer.count > limit || !writer.bulk.isEmpty { throw TooLargeUnasked() }
      }
    } catch let error as ProcessExitedError {
      throw error
    } catch let error as TooLargeUnasked {
      throw error
    } catch {
      throw ClusterError(
        .cannotEncode, "process \(link.context.processID) cannot encode the result of \(target.name): \(error)",
        cause: error)
    }
  }

  /// Sends the result of a spawned call, which is kept under its reference, along with the notice if it is small.
  func answerUnasked<Value: Encodable>(_ value: Value) throws {
    do {
      try answer(value, limit: Self.unaskedSize)
    } catch is TooLargeUnasked {
      try link.send(.kept, id: id)
    }
  }

  func answer(failure error: any Error) {
    // The peer has gone: there is nobody to tell.
    if let exited = error as? ProcessExitedError, exited.pid == link.peer, link.loss != nil { return }
    let failure = RemoteFailure(explain(error), backtrace: Backtrace.ofLatestThrow())
    switch kind {
    case .cast:
      link.context.report(
        "remoteDo(\(target.name)) failed: \(failure.typeName): \(failure.message)\n\(failure.backtrace)")
    default:
      do {
        try link.send(.failure, id: id) { try failure.write(to: $0) }
      } catch {
        var bare = failure
        bare.error = nil
        try? link.send(.failure, id: id) { try bare.write(to: $0) }
      }
    }
  }

  private func explain(_ error: any Error) -> any Error {
    guard error is CancellationError, Task.isCancelled else { return error }
    return ClusterError(
      .interrupted, "\(target.name) on process \(link.context.processID) was interrupted",
      worker: link.context.processID)
  }

  private struct TooLargeUnasked: Error {}
}
