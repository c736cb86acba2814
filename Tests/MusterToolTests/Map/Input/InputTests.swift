import Foundation
import Testing

@testable import MusterTool

@Suite struct InputTests {
  private func rows(
    _ words: String..., files: [String] = [], separator: UInt8 = 10, colsep: String? = nil
  ) throws -> [[String]] {
    let words = try MapWords(words, files: files)
    let lists = try ArgumentLists(
      words.groups, separator: separator, splitter: try colsep.map { try ColumnSplitter($0) })
    var rows: [[String]] = []
    while let row = lists.next() { rows.append(row.map(\.text)) }
    if let failure = lists.failure { throw failure }
    return rows
  }

  private func withFile<Result>(_ content: [UInt8], _ body: (String) throws -> Result) throws -> Result {
    let path = NSTemporaryDirectory() + "input-\(UUID().uuidString)"
    try Data(content).write(to: URL(fileURLWithPath: path))
    defer { unlink(path) }
    return try body(path)
  }

  @Test func theCommandEndsWhereTheValuesBegin() throws {
    let words = try MapWords(["echo", "-n", ":::", "a", "b", ":::", "c"])
    #expect(words.command.map(\.text) == ["echo", "-n"])
    #expect(words.count == 2)
    #expect(try MapWords(["echo"]).groups == [[.file("-")]])
    #expect(try MapWords(["echo", "::::", "f"]).count == nil)
  }

  @Test func everyCombinationComesTheLastListFastest() throws {
    #expect(try rows("x", ":::", "a", "b", ":::", "1", "2") == [["a", "1"], ["a", "2"], ["b", "1"], ["b", "2"]])
    #expect(try rows("x", ":::", "a", "b", ":::") == [])
  }

  @Test func linkedListsGoSideBySideAsLongAsTheShortest() throws {
    #expect(try rows("x", ":::", "a", "b", ":::+", "c", "d", "e", ":::", "1") == [["a", "c", "1"], ["b", "d", "1"]])
    #expect(throws: MapError.self) { try MapWords(["x", ":::+", "a"]) }
  }

  @Test func theLinesOfFilesAreValues() throws {
    try withFile("a\n\nb c\nlast".bytes) { path in
      let lines = try rows("x", "::::", path)
      #expect(lines == [["a"], [""], ["b c"], ["last"]])
      let withList = try rows("x", ":::", "1", files: [path])
      #expect(withList.first == ["a", "1"])
    }
    #expect(throws: MapError.self) { try rows("x", "::::", "/there/is/none") }
    #expect(throws: MapError.self) { try rows("x", "::::", "/tmp") }
  }

  @Test func valuesMayEndWithZeroBytes() throws {
    try withFile("a\nb\0c\0".bytes) { path in
      let rows = try rows("x", "::::", path, separator: 0)
      #expect(rows == [["a\nb"], ["c"]])
    }
  }

  @Test func aZeroByteInALineIsSaidAndNotCutOff() throws {
    try withFile("a\0b\0".bytes) { path in
      _ = #expect(throws: MapError.self) { try rows("x", "::::", path) }
    }
  }

  @Test func longAndManyLinesComeWhole() throws {
    let lines =
      (0..<3000).map { String(repeating: "x", count: $0 % 97) + "\($0)" } + [String(repeating: "y", count: 300_000)]
    try withFile(lines.joined(separator: "\n").bytes) { path in
      let rows = try rows("x", "::::", path)
      #expect(rows == lines.map { [$0] })
    }
  }

  @Test func columnsAreCutAtAnExpression() throws {
    #expect(try rows("x", ":::", "a , b", "c", colsep: ",") == [["a", "b"], ["c"]])
    #expect(try rows("x", ":::", "a1b22c", colsep: "[0-9]+") == [["a", "b", "c"]])
    #expect(try rows("x", ":::", ",a,", colsep: ",") == [["", "a", ""]])
    #expect(throws: MapError.self) { try ColumnSplitter("(") }
  }

  @Test func columnsNeedNotBeUTF8() throws {
    let splitter = try ColumnSplitter(",")
    #expect(splitter([0xff, 0x2c, 0xe9]) == [[0xff], [0xe9]])
  }
}
