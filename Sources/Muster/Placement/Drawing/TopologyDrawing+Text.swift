extension TopologyDrawing {
  /// The machine in characters: in a cell stands the number of the core, and then for each hardware thread the name of the
  /// worker there (with `+`: and of others), `.` where there is none, and `-` where the job may not be.
  ///
  /// - Parameters:
  ///   - width: of the terminal, which a large machine exceeds only where a single cell does.
  ///   - colour: what stands for a worker's name, given that and the worker's place in the list.
  public func text(width: Int = 80, colour: (_ text: String, _ worker: Int) -> String = { text, _ in text }) -> String {
    let layout = TopologyLayout(self, width: width)
    var canvas = Array(repeating: Array(repeating: " ", count: layout.width), count: layout.height)
    for box in layout.boxes { draw(box, on: &canvas) }
    for cell in layout.cells { draw(cell, on: &canvas, colour) }
    return canvas.map { line in
      String(line.joined().reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }

  private func draw(_ box: TopologyLayout.PlacedBox, on canvas: inout [[String]]) {
    let frame = box.frame
    let (right, bottom) = (frame.x + frame.width - 1, frame.y + frame.height - 1)
    for x in (frame.x + 1)..<right {
      canvas[frame.y][x] = "─"
      canvas[bottom][x] = "─"
    }
    for y in (frame.y + 1)..<bottom {
      canvas[y][frame.x] = "│"
      canvas[y][right] = "│"
    }
    (canvas[frame.y][frame.x], canvas[frame.y][right]) = ("┌", "┐")
    (canvas[bottom][frame.x], canvas[bottom][right]) = ("└", "┘")
    write(" \(box.title) ", at: frame.x + 1, frame.y, on: &canvas)
  }

  private func draw(
    _ placed: TopologyLayout.PlacedCell, on canvas: inout [[String]], _ colour: (String, Int) -> String
  ) {
    var x = placed.x + titleWidth - placed.cell.title.count
    write(placed.cell.title + "[", at: x, placed.y, on: &canvas)
    x = placed.x + titleWidth + 1
    for (index, slot) in placed.cell.slots.enumerated() {
      let padding = String(repeating: " ", count: slotWidth - slot.text.count)
      // The whole in one place of the line: what makes it coloured takes no room.
      let text = slot.worker.map { colour(slot.text, $0) } ?? slot.text
      canvas[placed.y][x] = padding + text
      for other in 1..<max(1, slotWidth) { canvas[placed.y][x + other] = "" }
      canvas[placed.y][x + slotWidth] = index == placed.cell.slots.count - 1 ? "]" : " "
      x += slotWidth + 1
    }
  }

  private func write(_ text: String, at x: Int, _ y: Int, on canvas: inout [[String]]) {
    for (index, character) in text.enumerated() { canvas[y][x + index] = String(character) }
  }
}
