import Foundation
import Glibc
import Testing

/// Output that is large, and what is shown on a terminal.
@Suite(.serialized) struct MapOutputTests {
  /// The most memory that a process has had, in bytes (proc(5): VmHWM).
  private static func peak(of pid: Int32) -> Int {
    let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return (line.flatMap { Int($0.split { " \t".contains($0) }[1]) } ?? 0) * 1024
  }

  @Test func outputOf200MegabytesIsWrittenWithBoundedMemory() async throws {
    let size = 200_000_000
    // The first command ends last: the output of the other has to be kept.
    let directory = try MusterProcess.makeDirectory()
    let script =
      "if [ {} = 1 ]; then until [ -e \(directory)/go ]; do sleep 0.05; done; echo first; "
      + "else yes 0123456789abcde | head -c \(size); echo err >&2; echo > \(directory)/go; fi"
    let process = try MusterProcess(["map", "-k", "--procs", "2", script, ":::", "1", "2"], directory: directory)
    var peak = 0
    await eventually(within: .seconds(120), "muster ends") {
      for pid in process.processes { peak = max(peak, Self.peak(of: pid)) }
      return process.exitCode != nil
    }
    #expect(process.exitCode == 0)
    #expect(process.errors == "err\n")
    #expect(peak > 0 && peak < 150_000_000)
    let output = try FileHandle(forReadingFrom: URL(fileURLWithPath: "\(directory)/out"))
    #expect(try output.read(upToCount: 6) == Data("first\n".utf8))
    let block = Data(String(repeating: "0123456789abcde\n", count: 65_536).utf8)
    var count = 0
    while let piece = try output.read(upToCount: block.count), !piece.isEmpty {
      #expect(piece == block.prefix(piece.count), "behind \(count) bytes")
      count += piece.count
    }
    #expect(count == size)
  }

  @Test func outputOfMediumSizeComesWholeOnBothStreams() async throws {
    let script = "seq 1 {} ; seq 1 {} >&2"
    let run = try await MusterProcess.run("map", "-k", "--procs", "2", script, ":::", "10", "30000", "100000", "7")
    let expected = [10, 30_000, 100_000, 7].map { (1...$0).map { "\($0)\n" }.joined() }.joined()
    #expect(run.output == expected)
    #expect(run.errors == expected)
  }

  @Test func progressIsOneLineOnATerminal() async throws {
    let terminal = try PseudoTerminal()
    let directory = try MusterProcess.makeDirectory()
    // The last waits until the line has said how long it will take.
    let script = "[ {} != 4 ] || until [ -e \(directory)/go ]; do sleep 0.05; done; echo {}; test {} != 2"
    let process = try MusterProcess(
      ["map", "--procs", "2", "--progress", script, ":::", "1", "2", "3", "4"],
      errors: .descriptor(terminal.inner), directory: directory)
    terminal.closeInner()
    await eventually("it says how long") { terminal.text.contains("75 %, 3 of 4, 1 running, ") }
    #expect(FileManager.default.createFile(atPath: "\(directory)/go", contents: nil))
    #expect(try await process.waitForExit() == 1)
    let text = terminal.text
    #expect(process.outputLines.sorted() == ["1", "2", "3", "4"])
    // Rewritten in place, and ended once.
    #expect(text.components(separatedBy: "\n").count == 2, "\(text)")
    #expect(text.components(separatedBy: "\r").count > 3, "\(text)")
    #expect(text.contains("100 %, 4 of 4"), "\(text)")
    #expect(text.contains("1 failed"), "\(text)")
    #expect(text.contains(" left, "), "\(text)")
  }

  @Test func progressIsLinesInAFile() async throws {
    let run = try await MusterProcess.run("map", "--progress", "true", ":::", "1", "2")
    #expect(run.errors.hasPrefix("100 %, 2 of 2, "))
    #expect(!run.errors.contains("\u{1b}") && !run.errors.contains("\r"))
    #expect(run.errors.split(separator: "\n").count == 1)
  }
}

/// A pseudo-terminal, 100 columns wide.
final class PseudoTerminal {
  private let outer: Int32
  private(set) var inner: Int32
  private var bytes: [UInt8] = []

  init() throws {
    // posix_openpt and its kin are not in Swift's Glibc; TIOCSPTLCK and TIOCGPTN are what they do (ioctl_tty(2)).
    outer = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    inner = -1
    var (unlocked, number): (Int32, UInt32) = (0, 0)
    try #require(outer >= 0 && ioctl(outer, 0x4004_5431, &unlocked) == 0 && ioctl(outer, 0x8004_5430, &number) == 0)
    inner = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(inner >= 0)
    var size = winsize(ws_row: 25, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(outer, UInt(TIOCSWINSZ), &size) == 0)
  }

  deinit {
    closeInner()
    close(outer)
  }

  /// The program has it.
  func closeInner() {
    if inner >= 0 { close(inner) }
    inner = -1
  }

  /// What has been written to it so far.
  var text: String {
    var chunk = [UInt8](repeating: 0, count: 4096)
    while case let count = read(outer, &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
    // The terminal sends a return with each newline.
    return String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "\n")
  }
}
