import Glibc

/// The near end of the raw rows. Each function measures one block with a peer of its own.
enum RawRounds {
  /// Requests and their replies, `window` of them on the way at a time.
  ///
  /// - Parameters:
  ///   - waiting: not `sleeps` if the window is larger than a write.
  ///   - windows: how many windows make one sample.
  ///   - samples: how many samples.
  static func exchange(
    over kind: SocketKind, waiting: Waiting, window: Int, windows: Int = 1, samples: Int, warmUp: Int
  ) throws -> Samples {
    try RawProcess.with(.answer, over: kind, waiting: waiting) { peer in
      try withBuffer { buffer in
        try measure(samples: samples, warmUp: warmUp) {
          for _ in 0..<windows { try exchange(window, over: peer.socket, buffer) }
        }
      }
    }
  }

  private static func exchange(_ count: Int, over socket: RawSocket, _ buffer: UnsafeMutableRawBufferPointer) throws {
    var unsent = count * RawMessage.requestSize
    var missing = count * RawMessage.replySize
    if unsent <= buffer.count {
      try socket.sendAll(UnsafeRawBufferPointer(rebasing: buffer[..<unsent]))
      guard try socket.receiveAll(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<missing])) else { throw gone }
      return
    }
    // By turns, because a peer that cannot get rid of its replies stops reading requests.
    while missing > 0 {
      let moved = try socket.persist(for: unsent > 0 ? POLLIN | POLLOUT : POLLIN) { () throws(BenchError) in
        var sent = 0
        if unsent > 0 {
          sent = try socket.send(UnsafeRawBufferPointer(rebasing: buffer[..<min(unsent, buffer.count)]))
          unsent -= sent
        }
        guard let received = try socket.receive(into: buffer) else { return nil }
        missing -= received
        return sent + received
      }
      guard moved != nil else { throw gone }
    }
  }

  private static var gone: BenchError { BenchError("the raw peer has gone") }

  /// Messages that are not answered, and one confirmation behind the last.
  static func send(_ count: Int, over kind: SocketKind, waiting: Waiting, samples: Int) throws -> Samples {
    let size = count * RawMessage.requestSize
    return try RawProcess.with(.confirm, over: kind, waiting: waiting, size: size) { peer in
      try withBuffer { buffer in
        try measure(samples: samples, warmUp: 1) {
          var unsent = size
          while unsent > 0 {
            let count = min(unsent, buffer.count)
            try peer.socket.sendAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            unsent -= count
          }
          _ = try peer.socket.receiveAll(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<RawMessage.replySize]))
        }
      }
    }
  }

  /// Arrays, each answered by its sum.
  static func arrays(_ arrays: TestArrays, over kind: SocketKind, waiting: Waiting, samples: Int) throws -> Samples {
    try RawProcess.with(.sum, over: kind, waiting: waiting, size: arrays.byteCount) { peer in
      var number = 0
      return try measure(samples: samples, warmUp: 2) {
        let (array, expected) = arrays[number]
        number += 1
        try array.withUnsafeBytes { try peer.socket.sendAll($0) }
        var sum = 0.0
        _ = try withUnsafeMutableBytes(of: &sum) { try peer.socket.receiveAll(into: $0) }
        try check(sum, is: expected, "the raw sum of an array")
      }
    }
  }

  private static func measure(samples: Int, warmUp: Int, _ round: () throws -> Void) rethrows -> Samples {
    for _ in 0..<warmUp { try round() }
    var result = Samples()
    for _ in 0..<samples {
      let start = now()
      try round()
      result.record(since: start)
    }
    return result
  }
}
