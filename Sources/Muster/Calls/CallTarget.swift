import Synchronization

/// What runs when a call arrives for one function.
class CallTarget: @unchecked Sendable {  // immutable but for the atomic
  /// Muster's own functions are not cancelled by `interrupt`.
  let isInterruptible: Bool
  /// Nothing that comes after it on its connection is run before it has finished.
  let isOrdered: Bool
  /// The latest run took so long that answers before it should not wait for it.
  let isSlow = Atomic<Bool>(false)

  init(isInterruptible: Bool, isOrdered: Bool) {
    self.isInterruptible = isInterruptible
    self.isOrdered = isOrdered
  }

  /// The function's type, for messages.
  var name: String { fatalError("abstract") }

  /// Runs a call, and those behind it for this target, until `call.hasNext` says that there is none.
  func run(_ call: IncomingCall) async { fatalError("abstract") }
}

/// A Muster function: it is part of the machinery, not of the user's program.
protocol InternalFunction {}

/// An internal function on whose order others rely; it must be short and not suspend.
protocol OrderedFunction: InternalFunction {}

/// A function this executable has.
final class TypedTarget<F: RemoteFunction>: CallTarget, @unchecked Sendable {
  init() {
    super.init(
      isInterruptible: !(F.self is any InternalFunction.Type), isOrdered: F.self is any OrderedFunction.Type)
  }

  override var name: String { String(reflecting: F.self) }

  override func run(_ call: IncomingCall) async { await F._serve(call) }
}

/// A function this executable does not have.
final class UnknownTarget: CallTarget, @unchecked Sendable {
  private let mangledName: String

  init(name: String) {
    mangledName = name
    super.init(isInterruptible: false, isOrdered: false)
  }

  override var name: String { mangledName }

  override func run(_ call: IncomingCall) async {
    repeat { call.fail(error(in: call.link)) } while call.hasNext()
  }

  private func error(in link: Link) -> ClusterError {
    let (context, peer) = (link.context, link.peer)
    return ClusterError(
      .unknownFunction,
      "process \(context.processID) has no function of the type \(mangledName) (its build is \(BuildDigest.current), "
        + "process \(peer) has the same build if the handshake compared them): "
        + "is the type compiled into this executable, and not only into a library the other one loads?")
  }
}
