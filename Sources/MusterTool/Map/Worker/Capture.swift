import Glibc

/// Takes what a command writes to one of its streams: into memory as long as it is little.
struct Capture: ~Copyable {
  /// What travels with the result.
  static let mostInMemory = SpillFile.blockSize

  let descriptor: Int32
  /// The other end of the pipe, for the command.
  private(set) var writer: Int32
  private(set) var isAtEnd = false
  private(set) var bytes = Bytes()
  private(set) var extent: SpillFile.Extent?
  /// Why something is missing.
  private(set) var failure: MapError?

  init() throws(MapError) { (descriptor, writer) = try CloseOnExec.pipe() }

  deinit {
    close(descriptor)
    if writer >= 0 { close(writer) }
  }

  /// The command has it now: its end is to be seen.
  mutating func closeWriter() {
    close(writer)
    writer = -1
  }

  /// Reads once what is there, and waits if there is nothing.
  ///
  /// - Returns: how many bytes.
  @discardableResult
  mutating func read(
    through buffer: UnsafeMutableRawBufferPointer, _ spill: SpillFile, atMost most: Int = .max
  ) -> Int {
    let count = Glibc.read(descriptor, buffer.baseAddress, min(buffer.count, most))
    if count > 0 {
      keep(UnsafeRawBufferPointer(rebasing: buffer[..<count]), spill)
    } else if count == 0 || errno != EINTR {
      isAtEnd = true
    }
    return max(0, count)
  }

  /// Reads what is in the pipe now, and no more: others may go on writing for ever.
  mutating func readRest(through buffer: UnsafeMutableRawBufferPointer, _ spill: SpillFile) {
    var left: Int32 = 0
    guard !isAtEnd, ioctl(descriptor, UInt(FIONREAD), &left) == 0 else { return }
    while left > 0, !isAtEnd { left -= Int32(read(through: buffer, spill, atMost: Int(left))) }
  }

  private mutating func keep(_ new: UnsafeRawBufferPointer, _ spill: SpillFile) {
    // What cannot be kept is read all the same, or the command would wait for ever.
    guard failure == nil else { return }
    if extent == nil, bytes.count + new.count <= Self.mostInMemory {
      bytes += new
      return
    }
    do throws(MapError) {
      // Taken out, or each block would copy the list of all.
      var extent = self.extent.take() ?? SpillFile.Extent()
      defer { self.extent = extent }
      if !bytes.isEmpty {
        try spill.append(bytes, to: &extent)
        bytes = []
      }
      try spill.append(new, to: &extent)
    } catch {
      failure = error
    }
  }
}
