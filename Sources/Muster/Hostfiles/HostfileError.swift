/// Something in a text is not what its grammar wants there.
struct HostfileError: Error, Hashable, CustomStringConvertible {
  /// The file, or `nil` for a text that is not from one.
  let file: String?
  /// Counted from 1.
  let line: Int
  /// Counted from 1, in characters.
  let column: Int
  let expected: String
  let found: String
  /// The line has more or other parts than this grammar knows: it is probably not this grammar.
  var isUnfit = false

  /// `hosts:3:7: expected a count of at least 1, found "0"`
  var description: String {
    "\(file.map { "\($0):\(line):" } ?? "column ")\(column): expected \(expected), found \(found)"
  }
}

extension ClusterError {
  /// The public form of an error in a text; its cause has file, line and column apart.
  init(_ error: HostfileError, in text: String? = nil) {
    self.init(.invalidArgument, (text.map { "\($0): " } ?? "") + error.description, cause: error)
  }
}
