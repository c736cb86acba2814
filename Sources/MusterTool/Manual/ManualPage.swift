/// A page of the manual in the language of man(7): a pure function of what the parser knows.
struct ManualPage {
  private let command: HelpTree.Command
  /// Names of other pages.
  private let others: [String]

  init(of command: HelpTree.Command, others: [String]) {
    self.command = command
    self.others = others
  }

  /// `muster-plan`
  var name: String { command.words.joined(separator: "-") }

  var text: String {
    var lines = [".TH \(name.uppercased()) 1 \"\" \"Muster\" \"User Commands\""]
    lines += [".SH NAME", Self.escaped("\(name)") + " \\- " + Self.escaped(command.abstract ?? "")]
    lines += [".SH SYNOPSIS", synopsis]
    let (examples, description) = Self.parts(of: command.discussion ?? "")
    if !description.isEmpty { lines += [".SH DESCRIPTION"] + description.map(Self.line) }
    if !examples.isEmpty { lines += [".SH EXAMPLES", ".nf"] + examples.map(Self.line) + [".fi"] }
    if !command.shownSubcommands.isEmpty { lines += [".SH COMMANDS"] + command.shownSubcommands.flatMap(Self.entry) }
    lines += options
    lines += [
      ".SH SEE ALSO", others.filter { $0 != name }.map { "\\fB\(Self.escaped($0))\\fR(1)" }.joined(separator: ", "),
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private var arguments: [HelpTree.Argument] { (command.arguments ?? []).filter(\.shouldDisplay) }

  private var synopsis: String {
    let positionals = arguments.filter(\.isPositional).map { argument in
      let text = argument.value + (argument.isRepeating ? " ..." : "")
      return argument.isOptional ? "[\(text)]" : text
    }
    let rest = (command.shownSubcommands.isEmpty ? ["[options]"] : ["<command>", "[options]"]) + positionals
    return "\\fB\(Self.escaped(command.words.joined(separator: " ")))\\fR \(Self.escaped(rest.joined(separator: " ")))"
  }

  private var options: [String] {
    let sections = arguments.reduce(into: [String]()) { titles, argument in
      let title = argument.sectionTitle ?? ""
      if !titles.contains(title) { titles.append(title) }
    }
    return sections.flatMap { title in
      [title.isEmpty ? ".SH OPTIONS" : ".SH \(Self.escaped(title.uppercased()))"]
        + arguments.filter { ($0.sectionTitle ?? "") == title }.flatMap(Self.entry)
    }
  }

  private static func entry(_ command: HelpTree.Command) -> [String] {
    [".TP", "\\fB\(escaped(command.words.joined(separator: "-")))\\fR(1)", line(command.abstract ?? "")]
  }

  private static func entry(_ argument: HelpTree.Argument) -> [String] {
    let names = (argument.names ?? []).map { "\\fB\(escaped($0.text))\\fR" }.joined(separator: ", ")
    let value = argument.kind == "option" || argument.isPositional ? escaped(argument.value) : ""
    var text = argument.abstract ?? ""
    if let values = argument.allValues, !values.isEmpty { text += " Values: \(values.joined(separator: ", "))." }
    if let value = argument.defaultValue { text += " Default: \(value)." }
    return [".TP", [names, value].filter { !$0.isEmpty }.joined(separator: " "), line(text)]
  }

  /// The lines under `EXAMPLES`, and all others.
  private static func parts(of discussion: String) -> (examples: [String], description: [String]) {
    let lines = discussion.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let start = lines.firstIndex(where: { $0.hasPrefix("EXAMPLES") }) else { return ([], lines) }
    let examples = lines[(start + 1)...].prefix { !$0.isEmpty }
    return (
      examples.map { String($0.dropFirst(2)) },
      Array(lines[..<start] + lines[examples.endIndex...].drop(while: \.isEmpty))
    )
  }

  /// A line of text; an empty one begins a paragraph.
  private static func line(_ text: String) -> String {
    if text.isEmpty { return ".PP" }
    let escaped = escaped(text)
    // A dot or an apostrophe at the beginning would be a request.
    return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "'": result += "\\(aq"
      case "^": result += "\\(ha"
      case "~": result += "\\(ti"
      default: result.append(character)
      }
    }
    return result
  }
}
