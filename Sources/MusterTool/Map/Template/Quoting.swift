/// Where in a shell command a value is put, and how it is written there so that the shell reads just that value
/// (POSIX, Shell Command Language 2.2).
struct Quoting: Hashable, Sendable {
  enum Place: Sendable {
    case plain, singleQuotes, doubleQuotes
    /// The value is a piece of shell itself.
    case verbatim
  }

  var place = Place.plain
  /// Within `…`, where backslashes are taken away once more.
  var isInBackquotes = false

  static let verbatim = Quoting(place: .verbatim)

  func callAsFunction(_ value: Bytes) -> Bytes {
    let quoted: Bytes =
      switch place {
      case .verbatim: value
      case .plain: Self.isSafe(value) ? value : [Self.quote] + Self.closeAtQuotes(value) + [Self.quote]
      case .singleQuotes: Self.closeAtQuotes(value)
      case .doubleQuotes: Self.escape("$`\"\\", in: value)
      }
    return isInBackquotes ? Self.escape("$`\\", in: quoted) : quoted
  }

  private static let quote = UInt8(ascii: "'")

  /// Characters that no shell sees anything in.
  private static let safe = Set(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+,:@%".utf8)

  static func isSafe(_ value: Bytes) -> Bool { !value.isEmpty && value.allSatisfy(safe.contains) }

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
