/// A line of a hostfile that names a machine: words, and settings behind them.
struct HostfileLine {
  /// At least one.
  let words: [Word]
  let settings: [HostSetting]
  let end: Word

  /// Where the line begins.
  var start: Word { words[0].through(settings.last?.value ?? words[words.count - 1]) }

  /// The lines that are not empty, without comments.
  ///
  /// - Throws: also where there are none.
  static func lines(of text: String, file: String) throws(HostfileError) -> [HostfileLine] {
    var lines: [HostfileLine] = []
    var number = 0
    var last = Word(Word.Line(file: file, number: 1, text: text[...]))
    for part in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      last = Word(Word.Line(file: file, number: number, text: Substring(part)))
      if let line = try HostfileLine(last) { lines.append(line) }
    }
    guard !lines.isEmpty else { throw last.end.error("a host", found: "the end of the file") }
    return lines
  }

  /// `nil` where there is nothing but comment.
  private init?(_ line: Word) throws(HostfileError) {
    let tokens = try HostfileTokens.tokens(of: line)
    guard tokens.count > 1 else { return nil }
    // The word before the first = is the key of the first setting.
    let firstSetting = tokens.firstIndex(where: \.isEqualsSign).map { $0 - 1 } ?? tokens.count - 1
    guard firstSetting > 0 else { throw tokens[0].expected("a host") }
    words = Array(tokens[..<firstSetting])
    settings = try HostSetting.settings(tokens[firstSetting...])
    end = tokens[tokens.count - 1]
  }

  /// For grammars that have no settings.
  func requireNoSettings() throws(HostfileError) {
    if let setting = settings.first { throw Self.unfit(setting.key) }
  }

  /// For grammars with so many words at most.
  func requireWords(atMost count: Int) throws(HostfileError) {
    if words.count > count { throw Self.unfit(words[count]) }
  }

  private static func unfit(_ word: Word) -> HostfileError {
    var error = word.expected("the end of the line")
    error.isUnfit = true
    return error
  }
}

/// The words of a line.
enum HostfileTokens {
  /// Words, equals signs, and an empty word that marks the end. White space and `#` within double quotes are part of
  /// the word.
  static func tokens(of line: Word) throws(HostfileError) -> [Word] {
    let bytes = line.text.utf8
    var tokens: [Word] = []
    var start = bytes.startIndex
    var quote: Substring.Index?
    var end = bytes.endIndex
    func finish(at index: Substring.Index) {
      if start < index { tokens.append(line.piece(start..<index)) }
    }
    for index in bytes.indices {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") {
        quote = quote == nil ? index : nil
      } else if quote != nil {
        continue
      } else if byte == UInt8(ascii: "#") {
        end = index
        break
      } else if byte == UInt8(ascii: "=") || byte.isASCIISpace {
        finish(at: index)
        start = bytes.index(after: index)
        if byte == UInt8(ascii: "=") { tokens.append(line.piece(index..<start)) }
      }
    }
    if let quote { throw line.piece(quote..<bytes.endIndex).expected("a closing quotation mark") }
    finish(at: end)
    return tokens + [line.end]
  }
}
