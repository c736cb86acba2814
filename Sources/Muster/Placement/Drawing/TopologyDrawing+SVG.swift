extension TopologyDrawing {
  /// The same as a picture for a browser or a paper, of SVG 1.1: each worker has a colour of its own.
  public func svg() -> String {
    let layout = TopologyLayout(self, width: 120)
    let (width, height) = (layout.width * Self.unit.x, layout.height * Self.unit.y)
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
        + "viewBox=\"0 0 \(width) \(height)\" font-family=\"sans-serif\" font-size=\"11\">",
      "<rect width=\"\(width)\" height=\"\(height)\" fill=\"white\"/>",
    ]
    lines += layout.boxes.enumerated().flatMap { Self.box($1, isRoot: $0 == 0) }
    lines += layout.cells.flatMap(cell)
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  /// What a character is in pixels.
  private static let unit = (x: 11, y: 24)

  private static func box(_ box: TopologyLayout.PlacedBox, isRoot: Bool) -> [String] {
    let frame = box.frame
    let (x, y) = (frame.x * unit.x + 2, frame.y * unit.y + 2)
    let size = "width=\"\(frame.width * unit.x - 4)\" height=\"\(frame.height * unit.y - 4)\""
    return [
      "<rect x=\"\(x)\" y=\"\(y)\" \(size) rx=\"4\" fill=\"\(isRoot ? "none" : "#0000000a")\" stroke=\"#888\"/>",
      "<text x=\"\(x + 6)\" y=\"\(y + 15)\" fill=\"#333\">\(escaped(box.title))</text>",
    ]
  }

  private func cell(_ placed: TopologyLayout.PlacedCell) -> [String] {
    let y = placed.y * Self.unit.y
    var x = (placed.x + titleWidth) * Self.unit.x + 2
    var lines = [Self.label(placed.cell.title, x: x - 4, y: y + 16, anchor: "end", fill: "#777")]
    let width = (slotWidth + 1) * Self.unit.x - 2
    for slot in placed.cell.slots {
      let fill = slot.worker.map(Self.colour) ?? (slot.isAllowed ? "white" : "#ddd")
      lines.append(
        "<rect x=\"\(x)\" y=\"\(y + 2)\" width=\"\(width)\" height=\"\(Self.unit.y - 4)\" rx=\"2\" fill=\"\(fill)\" "
          + "stroke=\"#555\"/>")
      if slot.worker != nil || !slot.isAllowed {
        lines.append(Self.label(slot.text, x: x + width / 2, y: y + 16, anchor: "middle", fill: "#000"))
      }
      x += width
    }
    return lines
  }

  private static func label(_ text: String, x: Int, y: Int, anchor: String, fill: String) -> String {
    "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\" fill=\"\(fill)\">\(escaped(text))</text>"
  }

  /// Neighbours differ: each hue is a golden angle from the one before.
  private static func colour(_ worker: Int) -> String { "hsl(\(worker * 137 % 360), 70%, 75%)" }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
    return result
  }
}
