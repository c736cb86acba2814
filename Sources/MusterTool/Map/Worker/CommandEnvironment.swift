import Glibc

/// What a command finds around it: the environment of the worker, and which command it is.
struct CommandEnvironment: Sendable {
  /// Lists, separated by colons, the guards that look after a process (`CommandGuard`).
  static let guards = "MUSTER_MAP_GUARDS"

  /// /dev/null: what comes on the map's own standard input is its input.
  let standardInput: Int32
  /// Not where functions were exported to bash, which may have any name, or it reads a file before each command.
  let mayOmitShell: Bool
  private let variables: [Bytes]
  private var own: [Bytes] = []

  /// - Parameters:
  ///   - guardName: of the guard of this process's commands.
  ///   - shell: of the commands.
  init(guardName: String, shell: String) throws(MapError) {
    standardInput = CloseOnExec.make { open("/dev/null", O_RDONLY) }
    guard standardInput >= 0 else { throw MapError("cannot open /dev/null", errno: errno) }
    var variables: [Bytes] = []
    var guards = "\(Self.guards)="
    var entry = environ
    while let pointer = entry.pointee {
      let text = Bytes(UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
      if text.starts(with: guards.utf8) { guards = text.text + ":" } else { variables.append(text) }
      entry += 1
    }
    variables.append((guards + guardName).bytes)
    mayOmitShell =
      SimpleCommand.isShell(shell)
      && !variables.contains { $0.starts(with: "BASH_FUNC_".utf8) || $0.starts(with: "BASH_ENV=".utf8) }
    self.variables = variables.map { $0 + [0] }
  }

  /// The environment of one command, with the variables of GNU parallel's that say which it is.
  func of(sequence: Int, slot: Int) -> CommandEnvironment {
    var copy = self
    copy.own = ["PARALLEL_SEQ=\(sequence)\0".bytes, "PARALLEL_JOBSLOT=\(slot)\0".bytes]
    return copy
  }

  /// As execve(2) takes it.
  func withPointers<Result>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result) -> Result {
    let all = variables + own
    var pointers: [UnsafeMutablePointer<CChar>?] = all.map { variable in
      variable.withUnsafeBytes { bytes in
        let copy = malloc(bytes.count)!
        copy.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        return copy.assumingMemoryBound(to: CChar.self)
      }
    }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
  }
}
