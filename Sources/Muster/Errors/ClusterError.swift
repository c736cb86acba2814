/// Something was asked of the cluster that it cannot do; the message says what, where and what to do about it.
public struct ClusterError: Error, Sendable, CustomStringConvertible {
  /// What kind of error it is.
  public struct Code: Hashable, Sendable, Codable, CustomStringConvertible {
    private enum Kind: String, Codable {
      case invalidArgument, notProcess1, noSuchProcess, unknownFunction, privateFunction, cannotEncode, cannotDecode
      case notConnected, timeout, launchFailed, refused, alreadySet, interrupted, notAWorker, noWorkers
      case channelClosed, journalFailed
    }
    private let kind: Kind
    private init(_ kind: Kind) { self.kind = kind }

    /// A value outside its range, or options that contradict each other.
    public static let invalidArgument = Code(.invalidArgument)
    /// Only process 1 may add and remove workers.
    public static let notProcess1 = Code(.notProcess1)
    /// There is no process of that number, or not any more.
    public static let noSuchProcess = Code(.noSuchProcess)
    /// The other process does not know the function: it runs another executable.
    public static let unknownFunction = Code(.unknownFunction)
    /// The function's type is private, fileprivate or local, so no process can find it by name.
    public static let privateFunction = Code(.privateFunction)
    /// A function, argument or result could not be encoded.
    public static let cannotEncode = Code(.cannotEncode)
    /// A function, argument or result could not be decoded.
    public static let cannotDecode = Code(.cannotDecode)
    /// Two processes have no connection and cannot open one.
    public static let notConnected = Code(.notConnected)
    /// Something took longer than its deadline allows.
    public static let timeout = Code(.timeout)
    /// Workers did not start; the message has one line for each with the reason and its last output.
    public static let launchFailed = Code(.launchFailed)
    /// The other process did not accept the connection.
    public static let refused = Code(.refused)
    /// A future can be given a value only once.
    public static let alreadySet = Code(.alreadySet)
    /// The call was cancelled by `interrupt`.
    public static let interrupted = Code(.interrupted)
    /// A worker's task was asked of a process that is none.
    public static let notAWorker = Code(.notAWorker)
    /// A pool has no workers left.
    public static let noWorkers = Code(.noWorkers)
    /// A channel takes no more values, or has none left and will get none.
    public static let channelClosed = Code(.channelClosed)
    /// A journal cannot be written.
    public static let journalFailed = Code(.journalFailed)

    public var description: String { kind.rawValue }
  }

  /// What kind of error it is.
  public let code: Code
  /// What, where, and what to do about it.
  public let message: String
  /// The process it is about, if it is about one.
  public let worker: ProcessID?
  /// The error behind it, if there is one.
  public let cause: (any Error)?

  public init(_ code: Code, _ message: String, worker: ProcessID? = nil, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.worker = worker
    self.cause = cause
  }

  public var description: String { message }
}

/// A process has gone, and with it everything it was asked to do.
public struct ProcessExitedError: Error, Sendable, Hashable, Codable, CustomStringConvertible {
  /// Which.
  public let pid: ProcessID
  /// Such as "killed by signal 9", "exited with status 1", "no heartbeat for 30 s".
  public let reason: String

  public init(pid: ProcessID, reason: String) {
    self.pid = pid
    self.reason = reason
  }

  public var description: String { "process \(pid) has gone: \(reason)" }
}

/// Several things failed.
public struct CompositeError: Error, Sendable, CustomStringConvertible {
  /// In the order of what failed: of the targets, or of the items.
  public let errors: [any Error]

  public init(errors: [any Error]) { self.errors = errors }

  public var description: String {
    guard let first = errors.first else { return "no errors" }
    return errors.count == 1 ? "\(first)" : "\(first)\n… and \(errors.count - 1) more exceptions"
  }
}
