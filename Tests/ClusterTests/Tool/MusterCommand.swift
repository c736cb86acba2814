import Foundation
import Glibc
import Muster

/// The command `muster`, as built.
enum MusterCommand {
  static let path: String = {
    let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return runner.deletingLastPathComponent().appendingPathComponent("muster").path
  }()

  /// As programs name this machine.
  static var hostName: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      gethostname(buffer.baseAddress!, buffer.count) == 0 ? String(cString: buffer.baseAddress!) : ""
    }
  }

  /// Runs it to its end, which comes within a minute; both streams are in the output.
  static func run(_ arguments: [String], environment: [String: String] = [:]) -> (code: Int32, output: String) {
    let variables = environment.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
    let words = arguments.map { "'\($0)'" }.joined(separator: " ")
    return Shell.run("\(variables) exec timeout 60 '\(path)' \(words)")
  }

  /// What a program on this node says of itself.
  static func status(of pid: Int32) throws -> ProgramStatus {
    let result = run(["status", "\(pid)", "--json"])
    return try JSONDecoder().decode(ProgramStatus.self, from: Data(result.output.utf8))
  }
}
