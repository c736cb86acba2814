import Testing

/// Whether the sources have a text, in one literal or in up to three that are put together.
private func isSaid(_ text: Substring, parts: Int = 3) -> Bool {
  let text = text.trimmed
  if text.isEmpty || Sources.all.contains(text) { return true }
  guard parts > 1 else { return false }
  let spaces = text.indices.reversed().filter { text[$0] == " " }
  return spaces.contains { Sources.all.contains(text[..<$0]) && isSaid(text[$0...], parts: parts - 1) }
}

/// Symptoms are looked up by what is on the screen.
@Suite struct TroubleshootingTests {
  static let page = Repository.pages.first { $0.path.hasSuffix("/Troubleshooting.md") }

  /// `…` on the page stands for what differs from time to time.
  @Test func `Every message on the page is one that Muster's sources have`() throws {
    let page = try #require(Self.page)
    let blocks = page.blocks("text")
    #expect(blocks.count > 10)
    for block in blocks {
      for (index, line) in block.lines.enumerated() {
        for piece in line.split(separator: "…") where piece.count > 5 && !isSaid(piece) {
          Issue.record("\(page.path):\(block.line + index): no source says '\(piece.trimmed)'")
        }
      }
    }
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = drop { " :".contains($0) }
    while text.last == " " { text.removeLast() }
    return text
  }
}
