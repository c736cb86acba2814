import ArgumentParser
import FoundationEssentials

/// What the parser knows of a command and its options, from what it says to `--experimental-dump-help`.
struct HelpTree: Decodable {
  struct Command: Decodable {
    let commandName: String
    let superCommands: [String]?
    let shouldDisplay: Bool?
    let abstract: String?
    let discussion: String?
    let subcommands: [Command]?
    let arguments: [Argument]?

    /// `muster plan`
    var words: [String] { (superCommands ?? []) + [commandName] }
    /// Those that people are told of.
    var shownSubcommands: [Command] {
      (subcommands ?? []).filter { $0.shouldDisplay ?? true && $0.commandName != "help" }
    }
  }

  struct Argument: Decodable {
    struct Name: Decodable {
      let kind: String
      let name: String

      var text: String { (kind == "long" ? "--" : "-") + name }
    }

    let kind: String
    let shouldDisplay: Bool
    let sectionTitle: String?
    let isOptional: Bool
    let isRepeating: Bool
    let names: [Name]?
    let valueName: String?
    let defaultValue: String?
    let allValues: [String]?
    let abstract: String?

    var isPositional: Bool { kind == "positional" }
    var value: String { "<\(valueName ?? "value")>" }
  }

  let command: Command

  static func ofMuster() throws -> HelpTree {
    try JSONDecoder().decode(HelpTree.self, from: Data(MusterTool._dumpHelp().utf8))
  }
}
