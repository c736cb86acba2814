import CMuster
import Glibc

/// The command line of this process, and Muster's own part of it, which is removed before the program looks.
///
/// The kernel is asked, because `CommandLine` reads its arguments once, when it is first touched, and can be told
/// others only before that.
enum ProgramArguments {
  static let current: [String] = {
    var arguments = (readSmallFile("/proc/self/cmdline") ?? "").split(separator: "\0", omittingEmptySubsequences: false)
    // Each argument is followed by a zero.
    if arguments.last?.isEmpty == true { arguments.removeLast() }
    return arguments.map(String.init)
  }()

  /// Makes `CommandLine.arguments` what it is without those at `positions`.
  static func hide(_ positions: ClosedRange<Int>) {
    var rest = current
    rest.removeSubrange(positions)
    let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: rest.count + 1)
    for (index, argument) in rest.enumerated() { pointers[index] = strdup(argument) }
    pointers[rest.count] = nil
    overrideArguments(pointers, Int32(rest.count))
  }

  /// The N of `--procs N` where that comes first; hidden from the program.
  static func takeWorkerCount() throws(ClusterError) -> WorkerCount? {
    guard let (count, positions) = try workerCount(in: current) else { return nil }
    hide(positions)
    return count
  }

  static func workerCount(in arguments: [String]) throws(ClusterError) -> (WorkerCount, ClosedRange<Int>)? {
    guard arguments.count > 1 else { return nil }
    let value: String
    let positions: ClosedRange<Int>
    if arguments[1] == "--procs" {
      guard arguments.count > 2 else { throw invalid("nothing") }
      value = arguments[2]
      positions = 1...2
    } else if arguments[1].hasPrefix("--procs=") {
      value = String(arguments[1].dropFirst("--procs=".count))
      positions = 1...1
    } else {
      return nil
    }
    if value == "auto" { return (.auto, positions) }
    guard let count = Int(value), count > 0 else { throw invalid("'\(value)'") }
    return (.exactly(count), positions)
  }

  private static func invalid(_ value: String) -> ClusterError {
    ClusterError(.invalidArgument, "--procs is followed by \(value): it takes the number of local workers, or auto")
  }
}

/// The runtime's own way to give `CommandLine` other arguments (stdlib/public/CommandLineSupport); what is passed must
/// live as long as the process.
@_silgen_name("_swift_stdlib_overrideUnsafeArgvArgc")
private func overrideArguments(_ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ count: Int32)

/// Writes a line to standard error.
func printError(_ message: String) {
  Array((message + "\n").utf8).withUnsafeBytes { muster_write_stream(true, $0.baseAddress!, $0.count) }
}
