import Glibc
import Synchronization

/// Output that is too large for memory, in one temporary file without a name: it goes with the process.
///
/// The file consists of blocks, which are used again when what is in them is not wanted any more.
final class SpillFile: Sendable {
  static let blockSize = 64 << 10

  /// What was put there by one writer.
  struct Extent: Sendable {
    fileprivate var blocks: [Int] = []
    fileprivate(set) var size = 0

    var blockCount: Int { blocks.count }
  }

  private struct State {
    var descriptor: Int32 = -1
    var blocks = 0
    var free: [Int] = []
  }

  private let state = Mutex(State())

  deinit { state.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

  /// - Throws: `MapError` when the disk is full, say.
  func append(_ bytes: UnsafeRawBufferPointer, to extent: inout Extent) throws(MapError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let offset = extent.size % Self.blockSize
      let (descriptor, block) = try claim(offset == 0 ? nil : extent.blocks.last)
      if offset == 0 { extent.blocks.append(block) }
      let count = min(rest.count, Self.blockSize - offset)
      let part = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
      try Self.write(part, to: descriptor, at: block * Self.blockSize + offset)
      extent.size += count
      rest = rest.dropFirst(count)
    }
  }

  func append(_ bytes: Bytes, to extent: inout Extent) throws(MapError) {
    var failure: MapError?
    bytes.withUnsafeBytes { bytes in
      do throws(MapError) { try append(bytes, to: &extent) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// - Parameter index: of a block of it, from 0.
  func read(_ extent: Extent, block index: Int) throws(MapError) -> Bytes {
    let descriptor = state.withLock { $0.descriptor }
    let wanted = min(Self.blockSize, extent.size - index * Self.blockSize)
    let offset = extent.blocks[index] * Self.blockSize
    var failure: MapError?
    let bytes = Bytes(unsafeUninitializedCapacity: wanted) { buffer, filled in
      while filled < wanted {
        let count = pread(descriptor, buffer.baseAddress! + filled, wanted - filled, offset + filled)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else {
          failure = MapError("cannot read output back from a temporary file", errno: errno)
          return
        }
        filled += count
      }
    }
    if let failure { throw failure }
    return bytes
  }

  func release(_ extent: Extent) {
    state.withLock { $0.free += extent.blocks }
  }

  // MARK: The file

  /// - Parameter block: one that is there already; a free one if `nil`.
  private func claim(_ block: Int?) throws(MapError) -> (descriptor: Int32, block: Int) {
    try state.withLock { state in
      Result { () throws(MapError) in
        if state.descriptor < 0 { state.descriptor = try Self.open() }
        if let block { return (state.descriptor, block) }
        if let block = state.free.popLast() { return (state.descriptor, block) }
        defer { state.blocks += 1 }
        return (state.descriptor, state.blocks)
      }
    }.get()
  }

  private static func open() throws(MapError) -> Int32 {
    let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var path = Array("\(directory)/muster-XXXXXX".utf8CString)
    let descriptor = CloseOnExec.make { mkstemp(&path) }
    guard descriptor >= 0 else { throw MapError("cannot make a temporary file in \(directory)", errno: errno) }
    unlink(path)
    return descriptor
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int) throws(MapError) {
    var written = 0
    while written < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, offset + written)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw MapError("cannot keep output in a temporary file", errno: errno) }
      written += count
    }
  }
}
