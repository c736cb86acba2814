/// A piece of a line, which knows where it stands.
struct Word: Sendable {
  /// A line of a file, or a text that is not from one.
  struct Line: Sendable {
    let file: String?
    let number: Int
    let text: Substring
  }

  let text: Substring
  let line: Line

  /// The whole of a line.
  init(_ line: Line) { self.init(line.text, line) }

  /// A text that is not from a file.
  init(_ text: some StringProtocol) { self.init(Line(file: nil, number: 1, text: Substring(text))) }

  private init(_ text: Substring, _ line: Line) {
    self.text = text
    self.line = line
  }

  var isEmpty: Bool { text.isEmpty }

  /// The error that something else was expected here.
  func expected(_ what: String) -> HostfileError {
    error(what, found: text.isEmpty ? endsLine ? "the end of the line" : "nothing" : quoted)
  }

  /// As Swift writes a string, so that invisible characters are seen.
  private var quoted: String {
    let scalars = text.unicodeScalars.prefix(80)
    return "\"" + scalars.map { $0.escaped(asASCII: $0.properties.generalCategory == .format) }.joined() + "\""
  }

  /// The error that something else was expected here than what this word means.
  func error(_ expected: String, found: String) -> HostfileError {
    let column = line.text.distance(from: line.text.startIndex, to: text.startIndex) + 1
    return HostfileError(file: line.file, line: line.number, column: column, expected: expected, found: found)
  }

  private var endsLine: Bool { text.startIndex == line.text.endIndex }
}

/// Pieces of a word. Lines are cut at ASCII characters only, so they are looked at as bytes: that is many times faster.
extension Word {
  private var bytes: Substring.UTF8View { text.utf8 }

  func piece(_ range: Range<Substring.Index>) -> Word { Word(text[range], line) }

  /// The words between white space, and an empty one that marks the end of the line.
  var words: [Word] {
    var words: [Word] = []
    var start = bytes.startIndex
    func finish(at end: Substring.Index) { if start < end { words.append(piece(start..<end)) } }
    for index in bytes.indices where bytes[index].isASCIISpace {
      finish(at: index)
      start = bytes.index(after: index)
    }
    finish(at: bytes.endIndex)
    return words + [end]
  }

  /// From here to the end of another word of the line.
  func through(_ last: Word) -> Word { Word(line.text[text.startIndex..<last.text.endIndex], line) }

  /// What is behind this word: nothing.
  var end: Word { piece(text.endIndex..<text.endIndex) }

  /// The parts between separators, empty ones too.
  func split(at separator: Character) -> [Word] { split { $0 == separator.asciiValue! } }

  func split(where isSeparator: (UInt8) -> Bool) -> [Word] {
    bytes.split(omittingEmptySubsequences: false, whereSeparator: isSeparator).map { Word(Substring($0), line) }
  }

  /// Without its first character, an ASCII one.
  func dropFirst() -> Word { Word(Substring(bytes.dropFirst()), line) }

  /// What is before and behind the first of these characters; `nil` where there is none.
  func cut(at separator: Character) -> (Word, Word)? {
    bytes.firstIndex(of: separator.asciiValue!).map(parts(around:))
  }

  /// What is before and behind the last of these characters; `nil` where there is none.
  func cutAtLast(_ separator: Character) -> (Word, Word)? {
    bytes.lastIndex(of: separator.asciiValue!).map(parts(around:))
  }

  private func parts(around index: Substring.Index) -> (Word, Word) {
    (piece(text.startIndex..<index), piece(bytes.index(after: index)..<text.endIndex))
  }

  /// What is before the first byte that does not satisfy this, and the rest with it.
  func prefix(while condition: (UInt8) -> Bool) -> (Word, Word) {
    let index = bytes.firstIndex { !condition($0) } ?? bytes.endIndex
    return (piece(text.startIndex..<index), piece(index..<text.endIndex))
  }

  /// Without white space at its ends.
  var trimmed: Word {
    let rest = prefix(while: \.isASCIISpace).1
    let end = rest.bytes.lastIndex { !$0.isASCIISpace }
    return end.map { rest.piece(rest.text.startIndex..<rest.bytes.index(after: $0)) } ?? rest
  }
}

/// Numbers.
extension Word {
  var isDigits: Bool { !isEmpty && bytes.allSatisfy(\.isASCIIDigit) }

  /// A number of decimal digits in a range.
  func number(in range: ClosedRange<Int>, _ what: String) throws(HostfileError) -> Int {
    guard isDigits, let number = Int(text), range.contains(number) else {
      throw expected("\(what) from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A number of workers.
  func count() throws(HostfileError) -> Int {
    try number(in: 1...Self.largestCount, "a count")
  }

  /// No host has so many hardware threads, so a larger count is a slip of the pen, and sums of counts do not overflow.
  static let largestCount = 65_536
}

extension UInt8 {
  var isASCIISpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
  var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}
