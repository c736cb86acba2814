import DequeModule
import Glibc

/// What waits to be written to one connection, in order: blocks of small messages and arrays in their own memory.
///
/// Addresses never change while they wait (see `Connection.write`).
// @unchecked: a plain value that owns its blocks; `Link` keeps it in a Mutex.
struct OutputQueue: ~Copyable, @unchecked Sendable {
  private static let blockSize = 128 << 10
  private static let buffersPerWrite = 16

  private struct Segment {
    let base: UnsafeMutableRawPointer
    /// 0 for an array.
    let capacity: Int
    var start = 0
    var end = 0
    /// Keeps the memory of an array.
    var array: BulkArray?
  }

  private var segments = Deque<Segment>()
  private var spare: UnsafeMutableRawPointer?
  /// Bytes that have not been taken by the connection.
  private(set) var byteCount = 0

  init() {}

  deinit {
    for segment in segments where segment.array == nil { segment.base.deallocate() }
    spare?.deallocate()
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    byteCount += bytes.count
    if segments.isEmpty || segments[segments.count - 1].capacity - segments[segments.count - 1].end < bytes.count {
      segments.append(newBlock(for: bytes.count))
    }
    let last = segments.count - 1
    memcpy(segments[last].base + segments[last].end, bytes.baseAddress!, bytes.count)
    segments[last].end += bytes.count
  }

  mutating func append(_ array: BulkArray) {
    guard array.byteCount > 0 else { return }
    byteCount += array.byteCount
    segments.append(Segment(base: array.base, capacity: 0, end: array.byteCount, array: array))
  }

  /// Writes until the queue is empty or the connection takes no more. Returns whether the queue is empty.
  mutating func write(to connection: any Connection) throws(TransportError) -> Bool {
    while byteCount > 0 {
      let taken = try writeOnce(to: connection)
      if taken == 0 { return false }
      remove(taken)
    }
    return true
  }

  /// Forgets everything.
  mutating func removeAll() {
    remove(byteCount)
  }

  private func writeOnce(to connection: any Connection) throws(TransportError) -> Int {
    try withUnsafeTemporaryAllocation(of: UnsafeRawBufferPointer.self, capacity: Self.buffersPerWrite) {
      buffers throws(TransportError) in
      let count = min(segments.count, Self.buffersPerWrite)
      for index in 0..<count {
        let segment = segments[index]
        buffers[index] = UnsafeRawBufferPointer(start: segment.base + segment.start, count: segment.end - segment.start)
      }
      return try connection.write(UnsafeBufferPointer(rebasing: buffers[..<count]))
    }
  }

  private mutating func remove(_ count: Int) {
    byteCount -= count
    var left = count
    while left > 0 {
      let step = min(left, segments[0].end - segments[0].start)
      segments[0].start += step
      left -= step
      if segments[0].start == segments[0].end { recycle(segments.removeFirst()) }
    }
  }

  private mutating func newBlock(for count: Int) -> Segment {
    if count <= Self.blockSize {
      let base = spare.take() ?? .allocate(byteCount: Self.blockSize, alignment: 64)
      return Segment(base: base, capacity: Self.blockSize)
    }
    return Segment(base: .allocate(byteCount: count, alignment: 64), capacity: count)
  }

  private mutating func recycle(_ segment: Segment) {
    guard segment.array == nil else { return }
    if spare == nil, segment.capacity == Self.blockSize { spare = segment.base } else { segment.base.deallocate() }
  }
}
