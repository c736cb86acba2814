import Foundation
import Glibc
import Testing

@testable import MusterTool

@Suite struct ProgressLineTests {
  @Test func inALogThereIsALineNowAndThen() async throws {
    let pipe = Pipe()
    let progress = ProgressLine(descriptor: pipe.fileHandleForWriting.fileDescriptor, interval: .milliseconds(1))
    progress.update { $0.tally.succeeded = 3 }
    let ticker = progress.begin()
    // Reading waits for them, however long they take.
    var text = ""
    while text.count(where: { $0 == "\n" }) < 3 {
      text += String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
    }
    ticker.cancel()
    let lines = text.split(separator: "\n")
    #expect(lines[..<3].allSatisfy { $0.hasPrefix("3 done, ") }, "\(text)")
    #expect(!text.contains("\r") && !text.contains("\u{1b}"))
  }

  @Test func onATerminalOutputStandsAboveTheLineAndIsNotWrittenOver() throws {
    let terminal = try PseudoTerminal()
    let progress = ProgressLine(descriptor: terminal.inner, interval: .seconds(3600))
    for text in ["whole\n", "half", "\n"] { try progress.write(text.bytes, to: terminal.inner, called: "a terminal") }
    progress.finish()
    terminal.closeInner()
    let line = /\r0 done, [^\r\n]*\x1b\[K/
    let pieces = terminal.text.replacing(line, with: "|")
    // The line is there behind whole lines only, and taken away before the next.
    #expect(pieces == "whole\n|\r\u{1b}[Khalf\n||\n", "\(pieces)")
  }
}
