import ArgumentParser

/// An option that `muster map` does not have, where it expects its own: the parser takes it for the command.
struct UnknownOption: CustomStringConvertible {
  let description: String

  init(_ word: String, in command: (some ParsableCommand).Type) {
    let name = String(word.prefix { $0 != "=" })
    let nearest = Self.names(of: command).map { ($0, Self.distance(name, $0)) }.min { $0.1 < $1.1 }
    let suggestion = nearest.flatMap { $0.1 <= max(1, name.count / 3) ? " Did you mean '\($0.0)'?" : nil } ?? ""
    description = "Unknown option '\(name)'.\(suggestion) A command that begins with - goes behind --."
  }

  private static func names(of command: (some ParsableCommand).Type) -> [String] {
    command.helpMessage(columns: 200).split { " ,\n".contains($0) }.filter { $0.hasPrefix("--") }.map(String.init)
  }

  /// How many letters have to be put in, taken out or changed (Levenshtein).
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let substituted = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
