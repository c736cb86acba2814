import Testing

/// A page of the documentation.
struct MarkdownPage: CustomTestStringConvertible {
  /// What stands between two fences.
  struct Block {
    let language: String
    /// That of its first line in the page, from 1.
    let line: Int
    let lines: [Substring]
  }

  let path: String
  let text: String
  let blocks: [Block]

  var testDescription: String { path }

  init(path: String, text: String) {
    self.path = path
    self.text = text
    blocks = Self.blocks(of: text)
  }

  func blocks(_ languages: String...) -> [Block] { blocks.filter { languages.contains($0.language) } }

  private static func blocks(of text: String) -> [Block] {
    var blocks: [Block] = []
    var open: (fence: Substring, indentation: Int, language: String, line: Int)?
    var lines: [Substring] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let content = line.drop { $0 == " " }
      let fence = content.prefix { $0 == "`" }
      if let block = open {
        if content == block.fence {
          blocks.append(Block(language: block.language, line: block.line, lines: lines))
          open = nil
        } else {
          lines.append(line.dropFirst(min(block.indentation, line.count - content.count)))
        }
      } else if fence.count >= 3 {
        let language = content.dropFirst(fence.count).prefix { $0 != " " }
        open = (fence, line.count - content.count, String(language), index + 2)
        lines = []
      }
    }
    return blocks
  }
}
