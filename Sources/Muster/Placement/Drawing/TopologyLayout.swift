/// Where the boxes and cells of a drawing stand, in characters: a plain value.
struct TopologyLayout: Sendable, Hashable {
  /// A rectangle of characters, its border included.
  struct Frame: Sendable, Hashable {
    var x = 0
    var y = 0
    var width: Int
    var height: Int
  }

  /// A box with a border, and its title in the upper one.
  struct PlacedBox: Sendable, Hashable {
    var frame: Frame
    let title: String
  }

  /// A cell of one line: title, bracket, slots, bracket.
  struct PlacedCell: Sendable, Hashable {
    var x: Int
    var y: Int
    let cell: TopologyDrawing.Cell
  }

  private(set) var boxes: [PlacedBox] = []
  private(set) var cells: [PlacedCell] = []
  private(set) var width = 0
  private(set) var height = 0

  private init() {}

  /// - Parameter width: that should not be exceeded; cells stand below each other at worst.
  init(_ drawing: TopologyDrawing, width: Int) {
    self = Self.box(drawing.root, width: width, drawing)
  }

  private static func box(_ box: TopologyDrawing.Box, width: Int, _ drawing: TopologyDrawing) -> TopologyLayout {
    let inner = max(1, width - 4)
    let content =
      switch box.content {
      case .boxes(let boxes): arranged(boxes, width: inner, drawing)
      case .cells(let cells): grid(cells, width: inner, drawing)
      }
    var layout = TopologyLayout()
    layout.add(content, x: 2, y: 1)
    // A title is no reason to be wider than there is room.
    let title = box.title.count > max(inner, content.width) ? box.title.prefix(max(1, inner - 1)) + "…" : box.title
    layout.width = max(content.width, title.count) + 4
    layout.height = content.height + 2
    layout.boxes.insert(
      PlacedBox(frame: Frame(width: layout.width, height: layout.height), title: title), at: 0)
    return layout
  }

  /// As many boxes beside each other as have room there without being higher than wide.
  private static func arranged(
    _ boxes: [TopologyDrawing.Box], width: Int, _ drawing: TopologyDrawing
  ) -> TopologyLayout {
    for count in stride(from: boxes.count, through: 2, by: -1) {
      let share = (width - (count - 1)) / count
      guard share >= 12 else { continue }
      let parts = boxes.map { box($0, width: share, drawing) }
      // A character is about twice as high as wide.
      if parts.allSatisfy({ $0.width <= share && $0.width >= 2 * $0.height }) {
        return rows(of: parts, count: count)
      }
    }
    return rows(of: boxes.map { box($0, width: width, drawing) }, count: 1)
  }

  private static func grid(_ cells: [TopologyDrawing.Cell], width: Int, _ drawing: TopologyDrawing) -> TopologyLayout {
    let parts = cells.map { cell in
      var layout = TopologyLayout()
      layout.cells = [PlacedCell(x: 0, y: 0, cell: cell)]
      layout.width = drawing.width(of: cell)
      layout.height = 1
      return layout
    }
    let widest = parts.map(\.width).max() ?? 1
    return rows(of: parts, count: columns(for: cells.count, fitting: max(1, (width + 1) / (widest + 1))))
  }

  /// Full rows if that costs no more than half of the width.
  private static func columns(for count: Int, fitting: Int) -> Int {
    if count <= fitting { return max(1, count) }
    let even = (1...fitting).last { count % $0 == 0 } ?? 1
    return even * 2 >= fitting ? even : fitting
  }

  private static func rows(of parts: [TopologyLayout], count: Int) -> TopologyLayout {
    var layout = TopologyLayout()
    var start = 0
    while start < parts.count {
      let row = parts[start..<min(start + count, parts.count)]
      var x = 0
      for part in row {
        layout.add(part, x: x, y: layout.height)
        x += part.width + 1
      }
      layout.width = max(layout.width, x - 1)
      layout.height += row.map(\.height).max() ?? 0
      start += count
    }
    return layout
  }

  private mutating func add(_ other: TopologyLayout, x: Int, y: Int) {
    boxes += other.boxes.map { box in
      var box = box
      box.frame.x += x
      box.frame.y += y
      return box
    }
    cells += other.cells.map { PlacedCell(x: $0.x + x, y: $0.y + y, cell: $0.cell) }
  }
}

extension TopologyDrawing {
  /// In characters.
  func width(of cell: Cell) -> Int { titleWidth + 1 + cell.slots.count * (slotWidth + 1) + 1 }
}
