import IsingModel
import Testing

@Suite struct ParameterFileTests {
  static let valid = """
    # a sweep
    lattice = 16
    temperatures = 1.5:0.1:1.8 3.0   # a range and a single one
    seeds=1 18446744073709551615
    thermalisation = 10

    measurements = 40
    bins = 4
    """

  @Test func readsAValidFile() throws {
    let parameters = try ParameterFile.parse(Self.valid, file: "sweep")
    #expect(parameters.simulation == Simulation(side: 16, thermalisation: 10, measurements: 40, bins: 4))
    #expect(parameters.temperatures == [1.5, 1.6, 1.7, 1.8, 3.0])
    #expect(parameters.seeds == [1, .max])
    #expect(parameters.runs.count == 10)
    #expect(parameters.runs[1] == Run(temperature: 1.5, seed: .max))
  }

  @Test func lineEndsOfWindowsAndTabsDoNotMatter() throws {
    let text = Self.valid.replacing("\n", with: "\r\n").replacing(" = ", with: "\t=\t")
    let parameters = try ParameterFile.parse(text, file: "")
    #expect(try parameters == ParameterFile.parse(Self.valid, file: ""))
  }

  struct Mistake: Sendable {
    let line: Int
    let text: String
    let message: String

    init(_ line: Int, _ text: String, _ message: String) {
      (self.line, self.text, self.message) = (line, text, message)
    }
  }

  @Test(arguments: [
    Mistake(2, "lattice = 24", "2:11: expected a power of two from 4 to 1024, found “24”"),
    Mistake(2, "lattice = 1e3", "2:11: expected a power of two from 4 to 1024, found “1e3”"),
    Mistake(2, "lattice = 16 32", "2:14: expected the end of the line after the one value of lattice, found “32”"),
    Mistake(2, "lattice 16", "2:9: expected =, found “16”"),
    Mistake(2, "lattice", "2:8: expected =, found the end of the line"),
    Mistake(2, "lattice =  # sixteen", "2:12: expected a value of lattice, found the end of the line"),
    Mistake(2, "lattice == 16", "2:10: expected a power of two from 4 to 1024, found “=”"),
    Mistake(2, "bins = 4", "8:1: bins is there twice"),
    Mistake(2, "# lattice = 16", "8:1: the file ends without lattice = …"),
    Mistake(3, "temperatures = 2 cold", "3:18: expected a temperature from 1 to 10, found “cold”"),
    Mistake(3, "temperatures = nan", "3:16: expected a temperature from 1 to 10, found “nan”"),
    Mistake(3, "temperatures = 2:3", "3:16: expected a temperature or first:step:last, found “2:3”"),
    Mistake(3, "temperatures = 2:0:3", "3:18: expected a step from 0.001 to 10, found “0”"),
    Mistake(3, "temperatures = 2::3", "3:18: expected a step from 0.001 to 10, found nothing"),
    Mistake(3, "temperatures = 2:0.1:1.5", "3:22: expected a last temperature not below the first, found “1.5”"),
    Mistake(3, "temperatures = 1.5:0.1:1.8 1.7", "3:28: 1.7 is there twice"),
    Mistake(4, "seeds = 1 -2", "4:11: expected a whole number as seed, found “-2”"),
    Mistake(4, "seeds = 1 2 1", "4:13: 1 is there twice"),
    Mistake(7, "measurements = 41", "7:16: expected a multiple of the number of bins, 4, found “41”"),
    Mistake(8, "bins = 1", "8:8: expected a whole number from 2 to 1000000, found “1”"),
  ])
  func saysWhatIsWrongAndWhere(mistake: Mistake) {
    var lines = Self.valid.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    lines[mistake.line - 1] = mistake.text
    let text = lines.joined(separator: "\n")
    let error = #expect(throws: ParameterError.self) { try ParameterFile.parse(text, file: "sweep") }
    #expect(error?.description == "sweep:" + mistake.message)
  }

  @Test func unknownNameListsTheKnownOnes() {
    let error = #expect(throws: ParameterError.self) { try ParameterFile.parse("  lattices = 16", file: "sweep") }
    #expect(error?.line == 1 && error?.column == 3)
    #expect(
      error?.message
        == "expected one of lattice, temperatures, seeds, thermalisation, measurements, bins, found “lattices”")
  }
}
