import Foundation
import Testing

@testable import MusterTool

/// What the shell makes of it is what counts, so the shell is asked.
@Suite struct QuotingTests {
  static let values = [
    "plain", "two  words", "it's", "say \"hi\"", "$HOME", "`id`", "$(id)", "back\\slash", "a\\\\b", "", "~", "*", "!x",
    "#x",
    "a\nb", "-n", "{}", "%1", "ü", "'", "\"", "\\", "a=b", "&& false", "tab\there",
  ]

  static let templates = [
    "printf '<%s>' {}", "printf '<%s>' \"{}\"", "printf '<%s>' '{}'",
    "printf '<%s>' \"$(printf %s. {})\" | sed 's/\\.>/>/'",
    "printf '<%s>' \"$(printf %s. \"{}\")\" | sed 's/\\.>/>/'", "printf '<%s>' `printf %s 1`{} | sed 's/<1/</'",
    "x=\"{}\"; printf '<%s>' \"$x\"", "(printf '<%s>' {})", "printf '<%s>' \"$((1))\"'{}' | sed 's/<1/</'",
    "# it's a comment\nprintf '<%s>' {}", "printf '<%s>' \\\"{} | sed 's/<\"/</'",
  ]

  @Test(arguments: templates, ["/bin/sh", "/bin/bash"])
  func theShellReadsJustTheValue(template: String, shell: String) throws {
    for value in Self.values {
      let command = CommandTemplate([template.bytes])([value.bytes], sequence: 1).inSlot(1).text
      #expect(try Self.output(of: shell, command) == "<\(value)>", "\(shell) -c \(command)")
    }
  }

  @Test func backquotesTakeBackslashesAwayOnceMore() throws {
    for value in Self.values where !value.hasSuffix("\n") && !value.isEmpty {
      for template in ["printf '<%s>' \"`printf %s {}`\"", "x=`printf %s '{}'`; printf '<%s>' \"$x\""] {
        let command = CommandTemplate([template.bytes])([value.bytes], sequence: 1).inSlot(1).text
        // Quotes within backquotes within quotes are undefined (POSIX 2.6.3).
        if template.contains("\"`"), value.contains("\"") || value.contains("'") { continue }
        #expect(try Self.output(of: "/bin/sh", command) == "<\(value)>", "\(command)")
      }
    }
  }

  @Test func whatIsStartedWithoutAShellHasTheWordsThatTheShellWouldSee() throws {
    for value in Self.values {
      let command = CommandTemplate(["printargs a=1 {} x".bytes])([value.bytes], sequence: 1).inSlot(1)
      let words = try #require(SimpleCommand.words(of: command))
      #expect(words.map(\.text) == ["printargs", "a=1", value, "x"])
    }
  }

  @Test(arguments: [
    "echo a", "a=1 b", "a | b", "a; b", "a $b", "a > b", "a *", "a ~", "cd x", ": x", "a &", "'' x", "a\nb", "a \"$b\"",
    "a \"b", "",
    "a 'b", "! a", "{ a; }", "a {b,c}", "a b#c #d",
  ])
  func whatMeansSomethingToTheShellIsLeftToIt(command: String) {
    #expect(SimpleCommand.words(of: command.bytes) == nil)
  }

  private static func output(of shell: String, _ command: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: shell)
    process.arguments = ["-c", command]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self)
  }
}
