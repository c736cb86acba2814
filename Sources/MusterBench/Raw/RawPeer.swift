import ArgumentParser
import Glibc

/// The other process of a raw row: this executable with a socket as descriptor 3, and without Muster.
struct RawPeer: ParsableCommand {
  enum Work: String, ExpressibleByArgument {
    /// Answers every request with a reply; those that come together are answered together.
    case answer
    /// Sends one reply for every `size` bytes.
    case confirm
    /// Receives arrays of `size` bytes into new memory and sends their sums.
    case sum
    /// Does nothing.
    case rest
  }

  /// The first argument of a process that is one.
  static let name = "raw-peer"
  static let descriptor: Int32 = 3

  @Argument var work: Work
  @Option var size = 0
  @Option var waiting = Waiting.sleeps

  func run() throws {
    let socket = RawSocket(descriptor: Self.descriptor, waiting: waiting)
    switch work {
    case .answer: try answer(socket)
    case .confirm: try confirm(socket)
    case .sum: while let array = try receiveArray(from: socket) { try send(sum(array), over: socket) }
    case .rest:
      try send(0, over: socket)
      try withBuffer { while try socket.receiveSome(into: $0) != nil {} }
    }
  }

  private func answer(_ socket: RawSocket) throws {
    try withBuffer { buffer in
      try withBuffer { replies in
        var pending = 0
        while let count = try socket.receiveSome(into: buffer) {
          pending += count
          let requests = pending / RawMessage.requestSize
          pending %= RawMessage.requestSize
          try socket.sendAll(UnsafeRawBufferPointer(rebasing: replies[..<(requests * RawMessage.replySize)]))
        }
      }
    }
  }

  private func confirm(_ socket: RawSocket) throws {
    try withBuffer { buffer in
      var pending = 0
      while let count = try socket.receiveSome(into: buffer) {
        pending += count
        guard pending >= size else { continue }
        pending -= size
        try socket.sendAll(UnsafeRawBufferPointer(rebasing: buffer[..<RawMessage.replySize]))
      }
    }
  }

  private func receiveArray(from socket: RawSocket) throws -> [Double]? {
    var isComplete = false
    let array = try [Double](unsafeUninitializedCapacity: size / 8) { elements, count in
      let bytes = UnsafeMutableRawBufferPointer(elements)
      adviseHugePages(bytes)
      isComplete = try socket.receiveAll(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<size]))
      count = size / 8
    }
    return isComplete ? array : nil
  }

  private func send(_ sum: Double, over socket: RawSocket) throws {
    try withUnsafeBytes(of: sum) { try socket.sendAll($0) }
  }

  /// As Muster does before it receives an array.
  private func adviseHugePages(_ bytes: UnsafeMutableRawBufferPointer) {
    let page: UInt = 2 << 20
    guard let base = bytes.baseAddress, bytes.count >= 2 * Int(page) else { return }
    let first = (UInt(bitPattern: base) + page - 1) & ~(page - 1)
    let last = (UInt(bitPattern: base) + UInt(bytes.count)) & ~(page - 1)
    madvise(UnsafeMutableRawPointer(bitPattern: first), Int(last - first), Int32(MADV_HUGEPAGE))
  }
}
