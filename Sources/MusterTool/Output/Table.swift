/// Rows in columns as wide as they need to be.
struct Table: Sendable {
  struct Cell: Sendable, ExpressibleByStringInterpolation {
    let text: String
    var style: Style?

    init(_ text: String, _ style: Style? = nil) {
      self.text = text
      self.style = style
    }

    init(stringLiteral text: String) { self.init(text) }
  }

  private let titles: [String]
  private var rows: [[Cell]] = []
  /// Columns of numbers, by their places.
  private let numbers: Set<Int>

  init(_ titles: [String], numbers: Set<Int> = []) {
    self.titles = titles
    self.numbers = numbers
  }

  mutating func add(_ row: [Cell]) { rows.append(row) }

  /// The lines; the last column is not padded, and cut where the terminal ends.
  func lines(on terminal: Terminal) -> [String] {
    let head = titles.map { Cell($0.uppercased(), .dim) }
    let all = [head] + rows
    let widths = titles.indices.map { column in all.map { $0[column].text.count }.max() ?? 0 }
    let last = titles.count - 1
    let room = terminal.width - widths[..<last].reduce(0) { $0 + $1 + 2 }
    return all.map { row in
      let line = row.enumerated().map { column, cell in
        let text = column == last && terminal.isTerminal && room > 10 ? cell.text.cut(to: room) : cell.text
        let padding = String(repeating: " ", count: max(0, widths[column] - text.count))
        let styled = cell.style.map { terminal.styled(text, $0) } ?? text
        return numbers.contains(column) ? padding + styled : column == last ? styled : styled + padding
      }
      return line.joined(separator: "  ")
    }
  }
}

extension String {
  func cut(to width: Int) -> String { count <= width ? self : prefix(max(0, width - 1)) + "…" }
}
