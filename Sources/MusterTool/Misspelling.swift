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

  /// How many characters are to be inserted, removed or replaced, or are to change places with the next: Damerau, "A technique
  /// for computer detection and correction of spelling errors" (1964), no character being moved twice.
  static func distance(from first: String, to second: String) -> Int {
    let (first, second) = (Array(first), Array(second))
    var rows = [Array(0...second.count)]
    for i in first.indices {
      var row = [i + 1]
      for j in second.indices {
        var cost = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (first[i] == second[j] ? 0 : 1))
        let changesPlaces = i > 0 && j > 0 && first[i] == second[j - 1] && first[i - 1] == second[j]
        if changesPlaces { cost = min(cost, rows[i - 1][j - 1] + 1) }
        row.append(cost)
      }
      rows.append(row)
    }
    return rows[first.count][second.count]
  }
}
