import Glibc
import Muster
import Synchronization

/// Where the processes of one cluster find each other's named pipes: a directory that only this user can enter.
public final class NamedPipeDirectory: Sendable {
  public let path: String
  private let readiness: Readiness
  private let connectionCount = Atomic<Int>(0)

  /// Makes a new directory.
  public convenience init() throws {
    // mkdtemp(3) makes it with mode 0700.
    var template = Array("/tmp/named-pipes-XXXXXX".utf8CString)
    guard let made = template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress!) }) else {
      throw NamedPipeError("making a directory in /tmp")
    }
    try self.init(path: String(cString: made))
  }

  /// Uses one that another process has made.
  public init(path: String) throws {
    self.path = path
    readiness = try Readiness()
    // A pipe that nobody reads any more shall be an error, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Removes the directory.
  public func remove() {
    guard let directory = opendir(path) else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      unlink("\(path)/\(name)")
    }
    rmdir(path)
  }

  /// Lets others connect to this process under a name.
  ///
  /// - Parameter accept: takes over each connection; called on a thread that must not be kept.
  public func listen(
    as name: String, _ accept: @escaping @Sendable (NamedPipeConnection) -> Void
  ) throws -> NamedPipeListener {
    try NamedPipeListener(path: "\(path)/\(name)", readiness: readiness) { [self] announced in
      // The name of a connection is a file here, and nowhere else.
      guard !announced.isEmpty, announced.allSatisfy({ $0.isNumber || $0 == "-" }) else { return }
      guard let connection = try? accepted(announced) else { return }
      accept(connection)
    }
  }

  /// Connects to the process that listens under a name.
  public func connect(to name: String) throws -> NamedPipeConnection {
    let own = "\(getpid())-\(connectionCount.wrappingAdd(1, ordering: .relaxed).newValue)"
    let pipes = PipeNames(base: "\(path)/\(own)")
    try pipes.make()
    var opened: [Int32] = []
    do {
      // For both reading and writing, which Linux lets us do before anybody else has opened them.
      for pipe in [pipes.input, pipes.output] { opened.append(try open(pipe, O_RDWR)) }
      opened.append(try open(pipes.input, O_RDONLY))
      opened.append(try open(pipes.output, O_WRONLY))
      try announce(own, to: name)
    } catch {
      for descriptor in opened { close(descriptor) }
      pipes.remove()
      throw error
    }
    return NamedPipeConnection(
      pipes: pipes, reader: opened[2], writer: opened[3], spares: Array(opened[..<2]), readiness: readiness)
  }

  private func announce(_ connection: String, to name: String) throws {
    // Fails if nobody listens.
    let listener = try open("\(path)/\(name)", O_WRONLY)
    defer { close(listener) }
    let line = Array("\(connection)\n".utf8)
    // So short a line is written as a whole or not at all.
    guard write(listener, line, line.count) == line.count else { throw NamedPipeError("connecting to \(name)") }
  }

  /// Opens the other ends of the pipes that somebody has made.
  private func accepted(_ name: String) throws -> NamedPipeConnection {
    let pipes = PipeNames(base: "\(path)/\(name)")
    let reader = try open(pipes.output, O_RDONLY)
    let writer: Int32
    do { writer = try open(pipes.input, O_WRONLY) } catch {
      close(reader)
      throw error
    }
    var open: UInt8 = 0
    _ = write(writer, &open, 1)
    return NamedPipeConnection(pipes: pipes, reader: reader, writer: writer, spares: [], readiness: readiness)
  }

  private func open(_ path: String, _ mode: Int32) throws -> Int32 {
    let descriptor = Glibc.open(path, mode | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw NamedPipeError("opening \(path)") }
    return descriptor
  }
}

/// A named pipe into which others write the names of the connections they have made.
public final class NamedPipeListener: Sendable {
  private let path: String
  private let descriptor: Int32
  private let readiness: Readiness
  private let announced: @Sendable (String) -> Void
  private let partialLine = Mutex("")

  fileprivate init(path: String, readiness: Readiness, announced: @escaping @Sendable (String) -> Void) throws {
    guard mkfifo(path, 0o600) == 0 else { throw NamedPipeError("making \(path)") }
    // For writing, too: otherwise it has ended whenever nobody is connecting.
    descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw NamedPipeError("opening \(path)") }
    self.path = path
    self.readiness = readiness
    self.announced = announced
    awaitLines()
  }

  deinit {
    readiness.forget(descriptor)
    close(descriptor)
    unlink(path)
  }

  private func awaitLines() { readiness.await(descriptor) { [weak self] in self?.readLines() } }

  private func readLines() {
    let text = withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      let count = max(0, read(descriptor, buffer.baseAddress!, buffer.count))
      return String(decoding: buffer[..<count], as: UTF8.self)
    }
    let lines = partialLine.withLock { partial in
      var lines = (partial + text).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      partial = lines.removeLast()
      return lines
    }
    for line in lines { announced(line) }
    awaitLines()
  }
}
