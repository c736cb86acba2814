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

  /// Muster's own arguments at the beginning; hidden from the program.
  static func takeLaunchArguments() throws(ClusterError) -> LaunchArguments {
    let arguments = try LaunchArguments(current.dropFirst())
    if arguments.count > 0 { hide(1...arguments.count) }
    return arguments
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
