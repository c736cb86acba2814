import ArgumentParser

/// An option that `muster map` does not have, where it expects its own: the parser takes it for the command.
struct UnknownOption: CustomStringConvertible {
  let description: String

  init(_ word: String, in command: (some ParsableCommand).Type) {
    let name = String(word.prefix { $0 != "=" })
    let nearest = Misspelling.nearest(to: name, in: Self.names(of: command))
    let suggestion = nearest.map { " Did you mean '\($0)'?" } ?? ""
    description = "Unknown option '\(name)'.\(suggestion) A command that begins with - goes behind --."
  }

  private static func names(of command: (some ParsableCommand).Type) -> [String] {
    command.helpMessage(columns: 200).split { " ,\n".contains($0) }.filter { $0.hasPrefix("--") }.map(String.init)
  }
}
