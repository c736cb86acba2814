import ArgumentParser

extension MusterTool {
  /// The parser suggests options, but not subcommands.
  static func refuseMisspelled(_ arguments: [String]) {
    guard let word = arguments.first, !word.hasPrefix("-") else { return }
    let commands = configuration.subcommands
    let shown = commands.filter { $0.configuration.shouldDisplay }.map { $0._commandName } + ["help"]
    guard !commands.contains(where: { $0._commandName == word }), !shown.contains(word),
      let nearest = Misspelling.nearest(to: word, in: shown)
    else { return }
    exit(withError: ValidationError("There is no subcommand '\(word)'. Did you mean '\(nearest)'?"))
  }
}

/// Words that were meant to be others.
enum Misspelling {
  /// The word that is nearest, if it is near.
  static func nearest(to word: String, in words: [String]) -> String? {
    let nearest = words.min { distance(from: word, to: $0) < distance(from: word, to: $1) }
    return nearest.flatMap { distance(from: word, to: $0) <= max(2, word.count / 3) ? $0 : nil }
  }

  /// How many characters are to be inserted, removed or replaced (Levenshtein).
  static func distance(from first: String, to second: String) -> Int {
    let second = Array(second)
    var row = Array(0...second.count)
    for (index, character) in first.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in second.indices {
        let cost = min(row[column] + 1, row[column + 1] + 1, diagonal + (second[column] == character ? 0 : 1))
        diagonal = row[column + 1]
        row[column + 1] = cost
      }
    }
    return row[second.count]
  }
}
