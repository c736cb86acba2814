import Testing

/// What the pages show is what is built and run.
@Suite struct CodeBlockTests {
  @Test func `There are pages with code`() {
    #expect(Repository.pages.count > 20)
    #expect(Repository.pages.flatMap { $0.blocks("swift") }.count > 40)
  }

  @Test(arguments: Repository.pages)
  func `Every line of Swift on a page stands in a source file that is built`(page: MarkdownPage) {
    for block in page.blocks("swift") {
      for piece in block.pieces where !Repository.sources.contains(piece.lines) {
        Issue.record(
          "\(page.path):\(piece.line): this stands in no source file:\n\(piece.lines.joined(separator: "\n"))")
      }
    }
  }

  @Test(arguments: Repository.pages.filter { !$0.path.hasPrefix("Examples/") })
  func `Every block of a page says what it is`(page: MarkdownPage) {
    let known = ["swift", "sh", "text"]
    for block in page.blocks where !known.contains(block.language) {
      Issue.record("\(page.path):\(block.line): a block of '\(block.language)': write one of \(known) behind the fence")
    }
  }
}
