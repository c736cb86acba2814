/// A word of a text and where it stands.
struct Word {
  let text: Substring
  /// Counted from 1.
  let line: Int
  /// Counted from 1, in characters.
  let column: Int
  var isEndOfLine = false

  /// The words of a line up to a comment; an equals sign is a word by itself. An empty last word marks the
  /// end of the line.
  static func words(in text: Substring, line: Int) -> [Word] {
    let content = text.prefix { $0 != "#" }
    func word(_ range: Range<Substring.Index>) -> Word {
      let column = content.distance(from: content.startIndex, to: range.lowerBound) + 1
      return Word(text: content[range], line: line, column: column)
    }

    var words: [Word] = []
    var start = content.startIndex
    for index in content.indices where content[index] == "=" || content[index].isWhitespace {
      let next = content.index(after: index)
      if start < index { words.append(word(start..<index)) }
      if content[index] == "=" { words.append(word(index..<next)) }
      start = next
    }
    if start < content.endIndex { words.append(word(start..<content.endIndex)) }
    var end = word(content.endIndex..<content.endIndex)
    end.isEndOfLine = true
    return words + [end]
  }

  /// The parts between separators, each with its own column.
  func split(at separator: Character) -> [Word] {
    text.split(separator: separator, omittingEmptySubsequences: false).map { part in
      let offset = text.distance(from: text.startIndex, to: part.startIndex)
      return Word(text: part, line: line, column: column + offset)
    }
  }
}
