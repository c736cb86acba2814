/// Cuts a line of input into several arguments (`--colsep`).
// @unchecked: `Regex` is an immutable value that only lacks the conformance.
struct ColumnSplitter: @unchecked Sendable {
  private let separator: Regex<AnyRegexOutput>

  /// - Throws: `MapError` for what is no regular expression.
  init(_ pattern: String) throws(MapError) {
    do { separator = try Regex(pattern) } catch {
      throw MapError("--colsep '\(pattern)' is not a regular expression: \(error)")
    }
  }

  /// The columns, without the blanks around them, as GNU parallel does.
  func callAsFunction(_ line: Bytes) -> [Bytes] {
    // Bytes that are no UTF-8 are looked at one by one.
    if let text = String(validating: line, as: UTF8.self) {
      return text.split(separator: separator, omittingEmptySubsequences: false).map { Self.trim(Bytes($0.utf8)[...]) }
    }
    let text = String(String.UnicodeScalarView(line.map { Unicode.Scalar($0) }))
    return text.split(separator: separator, omittingEmptySubsequences: false).map { column in
      Self.trim(column.unicodeScalars.map { UInt8($0.value) }[...])
    }
  }

  private static func trim(_ column: ArraySlice<UInt8>) -> Bytes {
    let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    guard let first = column.firstIndex(where: { !isBlank($0) }), let last = column.lastIndex(where: { !isBlank($0) })
    else { return [] }
    return Bytes(column[first...last])
  }
}
