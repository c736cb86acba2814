/// Where in a shell command a value is put, and how it is written there so that the shell reads just that value
/// (POSIX, Shell Command Language 2.2).
struct Quoting: Hashable, Sendable {
  enum Place: Hashable, Sendable {
    case plain, singleQuotes, doubleQuotes
    /// `$'…'`, which not all shells know.
    case dollarQuotes
    case comment
    /// The shell calculates with it: of what is no number or name, bash might run a part.
    case arithmetic
    /// The value is a piece of shell itself.
    case verbatim
    /// There is no way to write any value here; and what to do.
    case impossible(String)
  }

  var place = Place.plain
  /// Within `…`, where backslashes are taken away once more.
  var isInBackquotes = false
  /// A number would belong to the redirection behind it, and not be a word: `{}>file`.
  var isBeforeRedirection = false

  static let verbatim = Quoting(place: .verbatim)

  func callAsFunction(_ value: Bytes) -> Bytes {
    let quoted: Bytes =
      switch place {
      case .verbatim: value
      case .plain: Self.isSafe(value) && !isBeforeRedirection ? value : Self.quoted(value)
      case .singleQuotes: Self.closeAtQuotes(value)
      // Out of them, and in again.
      case .dollarQuotes: [Self.quote] + Self.quoted(value) + "$'".bytes
      case .doubleQuotes: Self.escape("$`\"\\", in: value)
      // It would end with the line.
      case .comment: value.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 }
      case .arithmetic: Self.isSafe(value) ? value : "(this value is no number)".bytes
      case .impossible: []
      }
    return isInBackquotes ? Self.escape("$`\\", in: quoted) : quoted
  }

  /// What a backslash or a dollar of the command's own in front of a value is changed to, so that it does nothing to it.
  func neutralized(_ pending: ShellScanner.Pending) -> Bytes {
    switch (pending, place) {
    case (.backslash, .plain): []
    case (.backslash, .doubleQuotes): isInBackquotes ? "\\\\\\\\".bytes : "\\\\".bytes
    case (.backslash, _): "\\".bytes
    case (.dollar, _): isInBackquotes ? "\\\\$".bytes : "\\$".bytes
    case (.nothing, _): []
    }
  }

  private static let quote = UInt8(ascii: "'")

  /// Characters that no shell sees anything in.
  private static let safe = Set(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+,:@%".utf8)

  static func isSafe(_ value: Bytes) -> Bool { !value.isEmpty && value.allSatisfy(safe.contains) }

  private static func quoted(_ value: Bytes) -> Bytes { [quote] + closeAtQuotes(value) + [quote] }

  /// A single quote cannot be had between single quotes: `'` becomes `'"'"'`.
  private static func closeAtQuotes(_ value: Bytes) -> Bytes {
    guard value.contains(quote) else { return value }
    return value.flatMap { $0 == quote ? "'\"'\"'".bytes : [$0] }
  }

  private static func escape(_ special: StaticString, in value: Bytes) -> Bytes {
    special.withUTF8Buffer { special in
      guard value.contains(where: special.contains) else { return value }
      return value.flatMap { special.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
    }
  }
}
