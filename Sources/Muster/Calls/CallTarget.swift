import CMuster
import Synchronization

/// What runs when a request arrives for one function: decodes, calls, answers.
class CallTarget: @unchecked Sendable {  // immutable but for the atomic
  /// The function's type, for messages.
  var name: String { fatalError("abstract") }
  /// Muster's own functions are not cancelled by `interrupt`.
  var isInterruptible: Bool { true }
  /// Nothing that comes after it on its connection is run before it has finished.
  var isOrdered: Bool { false }
  /// The latest run took so long that answers before it should not wait for it.
  let isSlow = Atomic<Bool>(false)

  func run(_ request: Request) async { fatalError("abstract") }
}

/// A Muster function: it is part of the machinery, not of the user's program.
protocol InternalFunction {}

/// An internal function on whose order others rely; it must be short and not suspend.
protocol OrderedFunction: InternalFunction {}

/// A function this executable has.
final class TypedTarget<F: RemoteFunction>: CallTarget, @unchecked Sendable {
  private let isInternal = F.self is any InternalFunction.Type
  private let orderIsKept = F.self is any OrderedFunction.Type
  /// From then on a call is worth a write of its own.
  private static var slowThreshold: UInt64 { 20_000 }

  override var name: String { String(reflecting: F.self) }
  override var isInterruptible: Bool { !isInternal }
  override var isOrdered: Bool { orderIsKept }

  override func run(_ request: Request) async {
    do {
      if request.kind == .spawn {
        try await spawn(request)
      } else {
        let output = try await call(request)
        if request.kind == .call { try request.answer(output, of: self) }
      }
    } catch {
      request.fail(with: error, in: self)
    }
  }

  private func spawn(_ request: Request) async throws {
    do {
      let output = try await call(request)
      request.promise?.fulfil(.success(output))
      try request.answerUnasked(output, of: self)
    } catch {
      request.promise?.fulfil(.failure(error))
      throw error
    }
  }

  private func call(_ request: Request) async throws -> F.Output {
    let function: F
    let input: F.Input
    do {
      var reader = request.reader()
      if request.kind == .spawn { _ = try reader.read(UInt64.self) }
      function = try reader.decode(F.self)
      input = try reader.decode(F.Input.self)
    } catch {
      throw undecodable(request, error)
    }
    // The clock costs a tenth of a short call: functions that were fast are timed now and then only.
    let isTimed = isSlow.load(ordering: .relaxed) || muster_current_sequence() & 15 == 0
    guard isTimed else { return try await function(input) }
    let start = muster_now()
    let output = try await function(input)
    isSlow.store(muster_now() &- start > Self.slowThreshold, ordering: .relaxed)
    return output
  }

  private func undecodable(_ request: Request, _ error: any Error) -> ClusterError {
    ClusterError(
      .cannotDecode, "process \(request.link.context.processID) cannot decode the call of \(name): \(error)",
      cause: error)
  }
}

/// A function this executable does not have.
final class UnknownTarget: CallTarget, @unchecked Sendable {
  private let mangledName: String

  init(name: String) { mangledName = name }

  override var name: String { mangledName }
  override var isInterruptible: Bool { false }

  override func run(_ request: Request) async {
    let context = request.link.context
    let error = ClusterError(
      .unknownFunction,
      "process \(context.processID) has no function of the type \(mangledName) (its build is \(BuildDigest.current), "
        + "process \(request.link.peer) has the same build if the handshake compared them): "
        + "is the type compiled into this executable, and not only into a library the other one loads?")
    request.fail(with: error, in: self)
  }
}
