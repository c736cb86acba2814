/// Follows the quotes of a shell command, to know how a value has to be written at some place of it.
struct ShellScanner {
  private enum Frame {
    case backquotes, parenthesis, substitution, singleQuotes, doubleQuotes
  }

  private var frames: [Frame] = []
  private var previous: UInt8?
  private var isEscaped = false
  private var isInComment = false

  /// How a value is written here.
  var quoting: Quoting {
    var quoting = Quoting()
    switch frames.last {
    case .singleQuotes: quoting.place = .singleQuotes
    case .doubleQuotes: quoting.place = .doubleQuotes
    default: quoting.place = .plain
    }
    quoting.isInBackquotes = frames.contains(.backquotes)
    return quoting
  }

  /// A value is put here.
  mutating func passValue() {
    isEscaped = false
    previous = UInt8(ascii: "x")
  }

  /// The next byte of the command.
  mutating func pass(_ byte: UInt8) {
    defer { previous = byte }
    if isEscaped {
      isEscaped = false
      return
    }
    if isInComment {
      isInComment = byte != UInt8(ascii: "\n")
      return
    }
    switch frames.last {
    case .singleQuotes: if byte == UInt8(ascii: "'") { frames.removeLast() }
    case .doubleQuotes: passInDoubleQuotes(byte)
    default: passPlain(byte)
    }
  }

  private mutating func passInDoubleQuotes(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\\"): isEscaped = true
    case UInt8(ascii: "\""): frames.removeLast()
    default: passSubstitution(byte)
    }
  }

  private mutating func passPlain(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\\"): isEscaped = true
    case UInt8(ascii: "'"): frames.append(.singleQuotes)
    case UInt8(ascii: "\""): frames.append(.doubleQuotes)
    case UInt8(ascii: "#") where previous.map { " \t\n;&|(".utf8.contains($0) } ?? true: isInComment = true
    case UInt8(ascii: ")"):
      if frames.last == .parenthesis || frames.last == .substitution { frames.removeLast() }
    case UInt8(ascii: "(") where previous != UInt8(ascii: "$"): frames.append(.parenthesis)
    default: passSubstitution(byte)
    }
  }

  /// What begins, or ends, a command within the command.
  private mutating func passSubstitution(_ byte: UInt8) {
    if byte == UInt8(ascii: "(") {
      if previous == UInt8(ascii: "$") { frames.append(.substitution) }
    } else if byte == UInt8(ascii: "`") {
      if frames.last == .backquotes { frames.removeLast() } else { frames.append(.backquotes) }
    }
  }
}
