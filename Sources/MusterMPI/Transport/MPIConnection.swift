#if MPI
  import CMPI
  import Muster

  /// A stream of bytes to another rank (or to this one), as messages of a communicator.
  ///
  /// What is under way is bounded by what the other end says that it has read.
  protocol MPIConnection: Connection {
    /// Who the other end is.
    var key: MPIConnectionKey { get }

    // What the transport has received for it; called where MPI may be called.
    /// - Parameter reader: who has looked for messages; it need not be told.
    func received(_ message: MatchedMessage, for reader: (any MPIConnection)?)
    func otherEndHasTaken(_ count: Int)
    func otherEndHasClosed()
  }

  struct MPIConnectionKey: Hashable, Sendable {
    let rank: Int32
    let number: Int32
    /// This end has opened the connection.
    let isOpener: Bool
  }

  enum MPIStream {
    /// Bytes that may be under way.
    static let window = 8 << 20
    /// The other end hears of what was taken after so much.
    static let noticeEvery = window / 8
    /// A larger piece is sent as several messages, whose transfers overlap.
    static let largestMessage = 1 << 20
  }

  /// Who is told that something may have changed.
  ///
  /// A structure, because a function that is kept in a Mutex by itself is wrapped once more each time it is looked at
  /// (Swift 6.3): that takes memory, and time with each call, for ever.
  struct ReadyHandler: Sendable {
    var call: (@Sendable () -> Void)?
  }

  extension MPIConnection {
    var peerDescription: String { "MPI rank \(key.rank)" }
    var descriptor: Int32? { nil }

    func tag(_ kind: MessageTag.Kind) -> Int32 {
      MessageTag(number: key.number, isFromOpener: key.isOpener, kind: kind).rawValue
    }
  }

  /// A message that MPI has matched to us and that has not been received yet.
  // @unchecked: a handle of MPI, which may be used by any thread, one at a time.
  struct MatchedMessage: @unchecked Sendable {
    var matched: muster_mpi_matched
    var count: Int { Int(matched.count) }
  }

  /// A send that may not have completed.
  // @unchecked: as above.
  struct PendingSend: @unchecked Sendable {
    /// `nil` when it has completed.
    var request: muster_mpi_request?
    let count: Int
    /// Memory of the message, if it is not somebody else's.
    var memory: UnsafeMutableRawPointer?
  }

  /// Memory of its own for a message that is to be sent.
  // @unchecked: whoever has it uses it alone.
  struct MessageCopy: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(of bytes: UnsafeRawBufferPointer) {
      self.bytes = .allocate(byteCount: bytes.count, alignment: 16)
      self.bytes.copyMemory(from: bytes)
    }
  }
#endif
