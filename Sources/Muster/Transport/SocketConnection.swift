import CMuster
import Glibc
import Synchronization

/// A stream socket, TCP or Unix-domain.
final class SocketConnection: Connection {
  let peerDescription: String
  /// Whether it is TCP to an address that is not loopback.
  let crossesNetwork: Bool
  private let socket: Int32
  private let isClosed = Atomic<Bool>(false)

  /// Takes over a connected (or still connecting) non-blocking socket.
  init(socket: Int32, peer: TransportAddress) {
    self.socket = socket
    peerDescription = peer.description
    if case .tcp = peer { crossesNetwork = !peer.isLoopback } else { crossesNetwork = false }
  }

  deinit { Glibc.close(socket) }

  var descriptor: Int32? { socket }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportError) -> Int? {
    while true {
      let count = recv(socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
      if count > 0 { return count }
      if count == 0 { throw .closed }
      switch errno {
      case EAGAIN: return nil
      case EINTR: continue
      case ECONNRESET: throw .closed
      case let number:
        throw TransportError(description: "receiving from \(peerDescription): \(describe(errno: number))")
      }
    }
  }

  func write(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) throws(TransportError) -> Int {
    while true {
      // Nearly always there is one block, and the plain call is the shorter way into the kernel.
      let count =
        buffers.count == 1
        ? send(socket, buffers[0].baseAddress, buffers[0].count, Self.sendFlags) : sendVectors(buffers)
      if count >= 0 { return count }
      switch errno {
      case EAGAIN, ENOTCONN: return 0
      case EINTR: continue
      case EPIPE, ECONNRESET: throw .closed
      case let number: throw TransportError(description: "sending to \(peerDescription): \(describe(errno: number))")
      }
    }
  }

  private static var sendFlags: Int32 { Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL) }

  private func sendVectors(_ buffers: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int {
    withUnsafeTemporaryAllocation(of: iovec.self, capacity: buffers.count) { vectors in
      for (index, buffer) in buffers.enumerated() {
        vectors[index] = iovec(iov_base: UnsafeMutableRawPointer(mutating: buffer.baseAddress), iov_len: buffer.count)
      }
      var message = msghdr()
      message.msg_iov = vectors.baseAddress
      message.msg_iovlen = vectors.count
      return sendmsg(socket, &message, Self.sendFlags)
    }
  }

  /// The descriptor itself is closed with the last reference: a thread may still be about to use its number.
  func close() {
    if !isClosed.exchange(true, ordering: .relaxed) { shutdown(socket, Int32(SHUT_RDWR)) }
  }
}

/// A listening socket, TCP or Unix-domain.
final class SocketListener: Listener {
  let address: TransportAddress
  private let socket: Int32
  private let isClosed = Atomic<Bool>(false)

  init(socket: Int32, address: TransportAddress) {
    self.socket = socket
    self.address = address
  }

  deinit { Glibc.close(socket) }

  var descriptor: Int32? { socket }

  func accept() throws(TransportError) -> (any Connection)? {
    while true {
      let accepted = muster_accept(socket)
      if accepted >= 0 { return try Sockets.accepted(accepted, by: address) }
      switch errno {
      case EAGAIN: return nil
      case EINTR, ECONNABORTED: continue
      case let number: throw TransportError(description: "accepting at \(address): \(describe(errno: number))")
      }
    }
  }

  func close() {
    guard !isClosed.exchange(true, ordering: .relaxed) else { return }
    shutdown(socket, Int32(SHUT_RDWR))
    if case .unix(let path) = address { unlink(path) }
  }
}
