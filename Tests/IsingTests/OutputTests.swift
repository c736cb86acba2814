import IsingModel
import Testing

@Suite struct OutputTests {
  static let points = [1.8, 2.25, 3.0].map { temperature in
    SweepPoint(
      temperature: temperature,
      squaredMagnetisation: Estimate(mean: 0.5, error: 0.01, autocorrelationTime: 1.25),
      energy: Estimate(mean: -1.5, error: 0.02, autocorrelationTime: 2.5), isComparable: temperature != 2.25)
  }

  @Test(arguments: [
    (1.005, 2, false, "1.00"), (-0.004, 2, false, "0.00"), (0.004, 2, true, "+0.00"), (-1.25, 1, true, "-1.3"),
    (12.0, 0, false, "12"), (0.05, 3, false, "0.050"), (-.infinity, 1, true, "-inf"), (.nan, 1, false, "nan"),
  ])
  func fixedPoint(value: Double, decimals: Int, signed: Bool, text: String) {
    #expect(value.fixed(decimals, signed: signed) == text)
  }

  @Test func tableHasAlignedLines() {
    let lines = Self.points.table.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(Set(lines.map(\.count)).count == 1)
    #expect(lines[2].contains("(size)") && !lines[1].contains("(size)"))
  }

  @Test func commaSeparatedValuesCanBeReadBack() throws {
    let text = Self.points.commaSeparatedValues
    #expect(text.hasSuffix("\r\n"))
    let records = text.split(separator: "\r\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(records.count == 4)
    #expect(Set(records.map(\.count)) == [10])
    #expect(records[0].first == "temperature" && records[0].last == "comparable")
    #expect(Double(records[2][0]) == 2.25 && records[2].last == "false")
    #expect(Double(records[3][8]) == ExactSolution.energy(at: 3))
  }

  @Test func figureIsWellFormed() throws {
    let svg = Figure.svg(of: Self.points, caption: "a caption")
    try checkElementsAreClosed(svg)
    #expect(svg.contains("a caption") && svg.contains("Onsager 1944") && svg.contains("Yang 1952"))
    #expect(!svg.contains("nan") && !svg.contains("inf"))
    // In two panels 3 points and their legend, of which one point is excluded; 2 deviations below each.
    #expect(svg.count(of: #"class="measured""#) == 2 * (2 + 1 + 2))
    #expect(svg.count(of: #"class="excluded""#) == 2 * (1 + 1))
    #expect(svg.count(of: "<polyline") == 2)
  }

  @Test func figureOfOnePointWithoutErrorIsFinite() throws {
    let exact = Estimate(mean: 1, error: 0, autocorrelationTime: 0.5)
    let point = SweepPoint(temperature: 2, squaredMagnetisation: exact, energy: exact, isComparable: true)
    let svg = Figure.svg(of: [point], caption: "")
    try checkElementsAreClosed(svg)
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }

  /// Every start tag must have its end tag, properly nested, and attributes an even number of quotation marks.
  private func checkElementsAreClosed(_ svg: String) throws {
    var open: [Substring] = []
    for part in svg.split(separator: "<").dropFirst() {
      let tag = try #require(part.split(separator: ">", omittingEmptySubsequences: false).first)
      let quotationMarks = tag.count { $0 == "\"" }
      #expect(part.contains(">") && quotationMarks % 2 == 0)
      let name = tag.drop { $0 == "/" }.prefix { !$0.isWhitespace && $0 != "/" }
      if tag.hasPrefix("/") {
        #expect(open.popLast() == name)
      } else if !tag.hasSuffix("/") {
        open.append(name)
      }
    }
    #expect(open.isEmpty)
  }
}

extension String {
  fileprivate func count(of text: String) -> Int { split(separator: text, omittingEmptySubsequences: false).count - 1 }
}
