import ArgumentParser
import Foundation
import Testing

@testable import MusterTool

/// Completions and the manual.
@Suite struct ShellTests {
  private static func missing(_ program: String) -> Bool {
    !["/bin", "/usr/bin"].contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
  }

  private func script(_ shell: String) throws -> String {
    let path = NSTemporaryDirectory() + "completion-\(UUID().uuidString)"
    let result = try Tool.run(["--generate-completion-script", shell])
    #expect(result.code == 0 && !result.output.isEmpty, "\(result.errors)")
    try result.output.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test(.disabled(if: missing("bash"), "bash is not installed")) func bashCompletesCommandsAndOptions() throws {
    let path = try script("bash")
    defer { unlink(path) }
    func completions(_ words: String, _ count: Int) throws -> String {
      try Tool.shell(
        "bash -c 'source \(path); COMP_WORDS=(\(words)); COMP_CWORD=\(count); COMP_LINE=\"\(words)\"; "
          + "COMP_POINT=${#COMP_LINE}; _muster muster \"${COMP_WORDS[\(count)]}\"; echo \"${COMPREPLY[@]}\"'"
      ).output
    }
    #expect(try completions("muster st", 1) == "status\n")
    #expect(try completions("muster topo --plac", 2).contains("--placement"))
  }

  @Test(.disabled(if: missing("zsh"), "zsh is not installed")) func zshReadsItsCompletions() throws {
    let path = try script("zsh")
    defer { unlink(path) }
    let result = try Tool.shell("zsh -n \(path)")
    #expect(result.code == 0, "\(result.errors)")
  }

  @Test(.disabled(if: missing("fish"), "fish is not installed")) func fishCompletesCommands() throws {
    let path = try script("fish")
    defer { unlink(path) }
    let result = try Tool.shell("fish --private --no-config -c 'source \(path); complete -C \"muster sta\"'")
    #expect(result.output.contains("status"), "\(result.output)\(result.errors)")
  }

  @Test(.disabled(if: missing("groff"), "groff is not installed")) func theManualHasAPageForEveryCommand() throws {
    let directory = NSTemporaryDirectory() + "manual-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    #expect(try Tool.run(["manual", "--directory", directory]).code == 0)
    let pages = try FileManager.default.contentsOfDirectory(atPath: directory)
    let commands = MusterTool.configuration.subcommands.filter { $0.configuration.shouldDisplay }
    #expect(Set(pages) == Set(["muster.1"] + commands.map { "muster-\($0._commandName).1" }))
    for page in pages {
      let result = try Tool.shell("groff -man -ww -Tutf8 -k -P-cbou '\(directory)/\(page)'")
      #expect(result.errors == "" && result.output.contains("SEE ALSO"), "\(page): \(result.errors)")
    }
    let plan = try Tool.shell("groff -man -Tascii -P-cbou '\(directory)/muster-plan.1'").output
    #expect(plan.contains("muster plan --slurm 64"), "\(plan)")
  }
}
