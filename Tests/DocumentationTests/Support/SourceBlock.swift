extension MarkdownPage.Block {
  /// What belongs together: up to an empty line behind which something begins at the left margin. A page shows types and
  /// their use in one block, and in the source they are in different places.
  var pieces: [(line: Int, lines: [Substring])] {
    var pieces: [(line: Int, lines: [Substring])] = []
    var current: [Substring] = []
    for (index, text) in lines.enumerated() {
      let isNew = current.last?.isEmpty == true && !text.isEmpty && text.first != " " && text.first != "}"
      if isNew || index == 0 {
        if !current.isEmpty { pieces.append((line + index - current.count, current)) }
        current = []
      }
      current.append(text)
    }
    pieces.append((line + lines.count - current.count, current))
    return pieces.map { ($0.line, $0.lines.trimmingEmptyEnd) }.filter { !$0.lines.isEmpty }
  }
}

extension [Substring] {
  fileprivate var trimmingEmptyEnd: [Substring] {
    var lines = self
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

}

/// The lines of all source files, to be found by their text.
struct SourceIndex {
  private let files: [[Substring]]
  private var places: [Substring: [(file: Int, line: Int)]] = [:]

  init(_ files: [[Substring]]) {
    self.files = files
    for (file, lines) in files.enumerated() {
      for (number, line) in lines.enumerated() { places[line.drop { $0 == " " }, default: []].append((file, number)) }
    }
  }

  /// Whether these lines stand somewhere, all of them further to the right by as much.
  func contains(_ lines: [Substring]) -> Bool {
    guard let first = lines.first else { return true }
    return places[first.drop { $0 == " " }, default: []].contains { place in
      let others = files[place.file].dropFirst(place.line).prefix(lines.count)
      let margin = others.first!.prefix(others.first!.count - first.count)
      guard others.count == lines.count else { return false }
      return zip(lines, others).allSatisfy { $0.isEmpty ? $1.isEmpty : $1 == margin + $0 }
    }
  }
}
