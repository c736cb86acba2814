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

  /// Places where a value once was a piece of shell; with what comes before it in the output.
  static let traps = [
    ("printf '<%s>' \"${}\"", "$"), ("printf '<%s>' ${}", "$"), ("printf '<%s>' \"\\{}\"", "\\"),
    ("printf '<%s>' \\{}", ""), ("printf '<%s>' a\\\\{}", "a\\"), ("printf '<%s>' {}>&1", ""),
    ("printf '<%s>' {} # it's {}", ""),
    ("printf '<%s>' \"$(case x in x) printf %s. \"{}\";; esac)\" | sed 's/\\.>/>/'", ""),
    ("printf '<%s>' \"$(case x in (y|z) ;; x) printf %s. {} ;; esac)\" | sed 's/\\.>/>/'", ""),
    ("f() { case $1 in a) :;; *) printf '<%s>' \"$1\";; esac; }; f {}", ""),
    ("printf '<%s>' \"$((1<<2))\"{}", "4"),
    ("cat <<EOF >/dev/null # it's\nit's $(echo)\nEOF\nprintf '<%s>' {}", ""),
    ("cat <<-'EOF' >/dev/null; cat <<E >/dev/null\n\"\n\tEOF\n'\nE\nprintf '<%s>' \"{}\"", ""),
  ]

  @Test(arguments: traps, ["/bin/sh", "/bin/bash"])
  func whatStandsBeforeAValueDoesNothingToIt(trap: (template: String, before: String), shell: String) throws {
    let directory = try MusterProcess.makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let mine = "touch \(directory)/mine"
    let crafted = [
      "(\(mine))", ";\(mine);#", "'; \(mine); '", "\"; \(mine); \"", "x\n\(mine) #", "\\';\(mine) #", "};\(mine);{",
      "$(\(mine))",
      "'$(\(mine))'", "HOME", "{HOME}", "2",
    ]
    let values = Self.values + crafted
    let template = CommandTemplate([trap.template.bytes])
    // One shell for all: it is the same to them.
    let script = values.map { template([$0.bytes], sequence: 1).inSlot(1).text + "\nprintf '\\0'\n" }.joined()
    let outputs = try Self.output(of: shell, script).split(separator: "\0", omittingEmptySubsequences: false).dropLast()
    #expect(outputs.elementsEqual(values.map { "<\(trap.before)\($0)>" }), "\(shell) -c \(script)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
  }

  @Test(arguments: ["/bin/sh", "/bin/bash"]) func aShellCalculatesWithNumbersOnly(shell: String) throws {
    let directory = try MusterProcess.makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let template = CommandTemplate(["echo $((({} + 2) * 2))".bytes])
    #expect(try Self.output(of: shell, template(["3".bytes], sequence: 1).inSlot(1).text) == "10\n")
    for value in ["$(touch \(directory)/mine)", "a[$(touch \(directory)/mine)]", "`touch \(directory)/mine`"] {
      #expect(try Self.output(of: shell, template([value.bytes], sequence: 1).inSlot(1).text) == "")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
  }

  @Test func betweenDollarQuotesOfBash() throws {
    let template = CommandTemplate(["printf '<%s>' $'a{}b'".bytes])
    let script = Self.values.map { template([$0.bytes], sequence: 1).inSlot(1).text + "\n" }.joined()
    #expect(try Self.output(of: "/bin/bash", script) == Self.values.map { "<a\($0)b>" }.joined(), "\(script)")
  }

  @Test(arguments: [
    ("cat <<EOF\n{}\nEOF", "here-document"), ("cat <<'E'\nit's\n{}\nE", "here-document"),
    ("echo \"${x:-{}}\"", "braces"), ("echo ${x:{}}", "braces"), ("echo $(('1' + {}))", "not all shells"),
    ("echo \"${x:-\"{}\"}\"", "braces"), ("echo $'it\\'s {}'", "not all shells"),
    ("echo $'\\{}'", "backslash"),
  ])
  func whereNoValueCanBeWrittenThatIsSaid(template: String, reason: String) {
    #expect(CommandTemplate([template.bytes]).refusal?.contains(reason) == true)
    #expect(CommandTemplate(["echo {}".bytes]).refusal == nil)
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

  @Test(arguments: [
    ("/bin/sh", true), ("/usr/bin/bash", true), ("zsh", false), ("/images/in-container.sh", false), ("python3", false),
  ])
  func onlyShellsThatDoNothingElseAreLeftOut(shell: String, isOne: Bool) {
    #expect(SimpleCommand.isShell(shell) == isOne)
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
