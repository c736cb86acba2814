/// The arguments of one command after the other: every combination of the rows of the groups, the last group fastest.
///
/// The first group is read as it comes, so that commands can start before the end of a pipe, and an endless one will do.
/// The others are read whole.
final class ArgumentLists: IteratorProtocol {
  private let splitter: ColumnSplitter?
  private let separator: UInt8
  private let first: RowReader
  private let others: [[[Bytes]]]
  /// The row of the first group, and which of the others come with it next.
  private var row: [Bytes]?
  private var positions: [Int]

  /// - Parameters:
  ///   - separator: ends a record of a file.
  ///   - splitter: cuts each value into several.
  /// - Throws: `MapError` for files that cannot be read.
  init(_ groups: [[MapWords.Source]], separator: UInt8, splitter: ColumnSplitter? = nil) throws(MapError) {
    self.splitter = splitter
    self.separator = separator
    first = try RowReader(groups[0], separator: separator, splitter: splitter)
    var others: [[[Bytes]]] = []
    for group in groups.dropFirst() {
      let reader = try RowReader(group, separator: separator, splitter: splitter)
      var rows: [[Bytes]] = []
      while let row = reader.next() { rows.append(row) }
      if let failure = reader.failure { throw failure }
      others.append(rows)
    }
    self.others = others
    positions = Array(repeating: 0, count: others.count)
  }

  /// What has gone wrong, after the last row.
  var failure: MapError? { first.failure }

  func next() -> [Bytes]? {
    guard others.allSatisfy({ !$0.isEmpty }) else { return nil }
    if row == nil { row = first.next() }
    guard let current = row else { return nil }
    let result = current + zip(others, positions).flatMap { rows, position in rows[position] }
    advance()
    return result
  }

  private func advance() {
    for index in positions.indices.reversed() {
      positions[index] += 1
      if positions[index] < others[index].count { return }
      positions[index] = 0
    }
    row = nil
  }
}

/// The rows of a group: values of its sources side by side, as many as the shortest of them has.
private final class RowReader {
  private enum Column {
    case list(ArraySlice<Bytes>)
    case file(RecordReader)

    mutating func next() -> Bytes? {
      switch self {
      case .file(let reader): return reader.next()
      case .list(var values):
        defer { self = .list(values) }
        return values.popFirst()
      }
    }
  }

  private var columns: [Column]
  private let splitter: ColumnSplitter?

  init(_ sources: [MapWords.Source], separator: UInt8, splitter: ColumnSplitter?) throws(MapError) {
    self.splitter = splitter
    columns = []
    for source in sources {
      switch source {
      case .list(let values): columns.append(.list(values[...]))
      case .file(let path): columns.append(.file(try RecordReader(path: path, separator: separator)))
      }
    }
  }

  var failure: MapError? {
    columns.lazy.compactMap { if case .file(let reader) = $0 { reader.failure } else { nil } }.first
  }

  func next() -> [Bytes]? {
    var row: [Bytes] = []
    for index in columns.indices {
      guard let value = columns[index].next() else { return nil }
      if let splitter { row += splitter(value) } else { row.append(value) }
    }
    return row
  }
}
