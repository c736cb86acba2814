/// Follows the quotes of a shell command, to know how a value has to be written at some place of it.
///
/// POSIX, Shell Command Language 2.2, 2.3 and 2.6, and of bash what templates use: `$'…'`, `<<<`, `((…))`.
struct ShellScanner {
  private enum Frame: Equatable {
    case backquotes, parenthesis, substitution, arithmetic, singleQuotes, dollarQuotes, doubleQuotes
    /// `${…}`; between double quotes it is quoted itself.
    case braces(isQuoted: Bool)
    /// From `case` to `esac`: a closing parenthesis ends a pattern.
    case caseClause
  }

  /// What the byte before does to the next one.
  enum Pending {
    case nothing, backslash, dollar
  }

  private var frames: [Frame] = []
  private var previous: UInt8?
  private(set) var pending = Pending.nothing
  private var isInComment = false
  private var words = CommandWords()
  private var hereDocuments = HereDocuments()
  /// Shells read what was last differently.
  private var isInDoubt = false
  /// Of the two parentheses that end it.
  private var hasSeenFirstOfArithmetic = false

  /// Shells do not agree on what quotes are there (POSIX 2.6.2), and bash may calculate with what stands there.
  private static let inBraces = Quoting.Place.impossible(
    "between the braces of ${…}: put it into a variable before, x={}, and $x there")

  /// How a value is written here.
  var quoting: Quoting {
    var quoting = Quoting()
    quoting.isInBackquotes = frames.contains(.backquotes)
    if hereDocuments.isInBody {
      quoting.place = .impossible("in a here-document (<<): put it into a variable before it, x={}, and $x there")
    } else if isInDoubt {
      quoting.place = .impossible("behind what not all shells read alike: $'…\\'…', or more than numbers in $((…))")
    } else if isInComment {
      quoting.place = .comment
    } else {
      switch frames.last {
      case .singleQuotes: quoting.place = .singleQuotes
      case .dollarQuotes:
        quoting.place = pending == .backslash ? .impossible("behind a backslash between $'…'") : .dollarQuotes
      case .braces: quoting.place = Self.inBraces
      case .doubleQuotes:
        quoting.place = frames.dropLast().last == .braces(isQuoted: true) ? Self.inBraces : .doubleQuotes
      default: quoting.place = isInArithmetic ? .arithmetic : .plain
      }
    }
    return quoting
  }

  /// A value is put here.
  mutating func passValue() {
    pending = .nothing
    previous = UInt8(ascii: "x")
    words.pass(UInt8(ascii: "x"))
  }

  /// The next byte of the command.
  mutating func pass(_ byte: UInt8) {
    if hereDocuments.isInBody { return hereDocuments.passInBody(byte) }
    defer { previous = byte }
    if isInComment { return passInComment(byte) }
    if hereDocuments.isReadingDelimiter || isPlain { hereDocuments.passInCommand(byte) }
    if pending == .backslash {
      pending = .nothing
      if frames.last == .dollarQuotes, byte == UInt8(ascii: "'") { isInDoubt = true }
      words.pass(UInt8(ascii: "\\"))
      return
    }
    if hasSeenFirstOfArithmetic, byte != UInt8(ascii: ")") { isInDoubt = true }
    hasSeenFirstOfArithmetic = false
    let isBehindDollar = pending == .dollar
    pending = .nothing
    switch frames.last {
    case .singleQuotes: if byte == UInt8(ascii: "'") { frames.removeLast() }
    case .dollarQuotes: passInDollarQuotes(byte)
    case .doubleQuotes, .braces(isQuoted: true): passInDoubleQuotes(byte, isBehindDollar)
    default: passPlain(byte, isBehindDollar)
    }
  }

  /// In `$((…))` or `((…))`, where quotes quote nothing.
  private var isInArithmetic: Bool { frames.last { $0 != .parenthesis } == .arithmetic }

  /// Neither quoted nor arithmetic, where << is no redirection.
  private var isPlain: Bool {
    guard pending != .backslash, !frames.contains(.arithmetic) else { return false }
    switch frames.last {
    case .singleQuotes, .dollarQuotes, .doubleQuotes, .braces: return false
    default: return true
    }
  }

  private mutating func passInComment(_ byte: UInt8) {
    if byte == UInt8(ascii: "\n") {
      isInComment = false
      hereDocuments.passInCommand(byte)
      passPlain(byte, false)
    } else if byte == UInt8(ascii: "`"), let start = frames.lastIndex(of: .backquotes) {
      isInComment = false
      frames.removeSubrange(start...)
    }
  }

  private mutating func passInDollarQuotes(_ byte: UInt8) {
    if byte == UInt8(ascii: "\\") { pending = .backslash }
    if byte == UInt8(ascii: "'") { frames.removeLast() }
  }

  private mutating func passInDoubleQuotes(_ byte: UInt8, _ isBehindDollar: Bool) {
    switch byte {
    case UInt8(ascii: "\\"): pending = .backslash
    case UInt8(ascii: "\""):
      if frames.last == .doubleQuotes { frames.removeLast() } else { frames.append(.doubleQuotes) }
    case UInt8(ascii: "}") where frames.last == .braces(isQuoted: true): frames.removeLast()
    default: passExpansion(byte, isBehindDollar, isQuoted: true)
    }
  }

  private mutating func passPlain(_ byte: UInt8, _ isBehindDollar: Bool) {
    switch words.pass(byte) {
    case .opensCase: if !isInArithmetic { frames.append(.caseClause) }
    case .closesCase: if frames.last == .caseClause { frames.removeLast() }
    case nil: break
    }
    if isInArithmetic, "'\"".utf8.contains(byte) { isInDoubt = true }
    switch byte {
    case UInt8(ascii: "\\"): pending = .backslash
    case UInt8(ascii: "'"): frames.append(isBehindDollar ? .dollarQuotes : .singleQuotes)
    case UInt8(ascii: "\""): frames.append(.doubleQuotes)
    case UInt8(ascii: "#") where previous.map { " \t\n;&|()`".utf8.contains($0) } ?? true: isInComment = true
    case UInt8(ascii: ")"): closeParenthesis()
    case UInt8(ascii: "}") where frames.last == .braces(isQuoted: false): frames.removeLast()
    case UInt8(ascii: "(") where !isBehindDollar:
      let isSecond = previous == UInt8(ascii: "(") && [.substitution, .parenthesis].contains(frames.last)
      frames.append(isSecond ? .arithmetic : .parenthesis)
    default: passExpansion(byte, isBehindDollar, isQuoted: false)
    }
  }

  private mutating func closeParenthesis() {
    switch frames.last {
    case .arithmetic:
      frames.removeLast()
      hasSeenFirstOfArithmetic = true
    case .substitution, .parenthesis: frames.removeLast()
    default: break
    }
  }

  /// What begins, or ends, a piece of shell within the command.
  private mutating func passExpansion(_ byte: UInt8, _ isBehindDollar: Bool, isQuoted: Bool) {
    switch byte {
    case UInt8(ascii: "$"): pending = isBehindDollar ? .nothing : .dollar
    case UInt8(ascii: "(") where isBehindDollar:
      frames.append(.substitution)
      words.begin()
    case UInt8(ascii: "{") where isBehindDollar: frames.append(.braces(isQuoted: isQuoted))
    case UInt8(ascii: "`"):
      if let start = frames.lastIndex(of: .backquotes) {
        frames.removeSubrange(start...)
      } else {
        frames.append(.backquotes)
        words.begin()
      }
    default: break
    }
  }
}

/// Finds the words `case` and `esac` where a command may begin (POSIX 2.4).
private struct CommandWords {
  enum Found {
    case opensCase, closesCase
  }

  /// A command may begin behind these.
  private static let introductions: Set<Bytes> = Set(
    ["if", "then", "elif", "else", "while", "until", "do", "in", "!", "{", "time", "case"].map(\.bytes))

  private var word = Bytes()
  private var mayBegin = true

  /// A command begins here.
  mutating func begin() {
    word = []
    mayBegin = true
  }

  @discardableResult
  mutating func pass(_ byte: UInt8) -> Found? {
    guard " \t\n;&|()<>".utf8.contains(byte) else {
      word.append(byte)
      return nil
    }
    let ended = word
    let began = mayBegin
    word = []
    if !ended.isEmpty { mayBegin = began && Self.introductions.contains(ended) || ended == "in".bytes }
    if "\n;&|()".utf8.contains(byte) { mayBegin = true }
    if began, ended == "case".bytes { return .opensCase }
    return began && ended == "esac".bytes ? .closesCase : nil
  }
}

/// Follows here-documents (POSIX 2.7.4).
private struct HereDocuments {
  private struct Document {
    var delimiter = Bytes()
    var stripsTabs = false
  }

  private enum Reading {
    case nothing, less, lessLess
    case delimiter(Document)
  }

  private var reading = Reading.nothing
  /// Those whose lines are still to come.
  private var open: [Document] = []
  private var line = Bytes()
  private(set) var isInBody = false

  var isReadingDelimiter: Bool { if case .delimiter = reading { true } else { false } }

  mutating func passInBody(_ byte: UInt8) {
    guard byte == UInt8(ascii: "\n") else { return line.append(byte) }
    let text = open[0].stripsTabs ? line.drop { $0 == UInt8(ascii: "\t") } : line[...]
    line = []
    if text.elementsEqual(open[0].delimiter) { open.removeFirst() }
    isInBody = !open.isEmpty
  }

  mutating func passInCommand(_ byte: UInt8) {
    switch (reading, byte) {
    case (.nothing, UInt8(ascii: "<")): reading = .less
    case (.less, UInt8(ascii: "<")): reading = .lessLess
    case (.less, _): reading = .nothing
    // A here-string, <<<.
    case (.lessLess, UInt8(ascii: "<")): reading = .nothing
    case (.lessLess, UInt8(ascii: "-")): reading = .delimiter(Document(stripsTabs: true))
    case (.lessLess, _):
      reading = .delimiter(Document())
      passInCommand(byte)
    case (.delimiter(var document), _):
      if " \t\n;&|()<>".utf8.contains(byte) {
        if document.delimiter.isEmpty, " \t".utf8.contains(byte) { return }
        open.append(document)
        reading = .nothing
      } else if !"'\"\\".utf8.contains(byte) {
        document.delimiter.append(byte)
        reading = .delimiter(document)
      }
    default: break
    }
    if byte == UInt8(ascii: "\n") { isInBody = !open.isEmpty }
  }
}
