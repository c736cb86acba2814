import Foundation
import Testing

@Suite struct TopoTests {
  private let machine = ["topo", "--synthetic", "package:2 l3:2 core:2 pu:2"]

  @Test func workersStandWhereTheyRun() throws {
    let result = try Tool.run(machine + ["--workers", "3", "--placement", "package"])
    #expect(result.output.contains("0[2 2]") && result.output.contains("4[3 3]"), "\(result.output)")
    #expect(result.output.contains("1[4 4]") && result.output.contains("7[. .]"), "\(result.output)")
    #expect(result.output.contains("3       package 1, NUMA 0, core 4, CPU 8-9"), "\(result.output)")
  }

  @Test(arguments: [40, 60, 80, 200])
  func aMachineIsDrawnAsWideAsTheTerminalAtMost(width: Int) throws {
    let result = try Tool.runOnTerminal(
      ["topo", "--xml", Tool.fixture("Topologies/epyc.xml")], width: width, environment: ["NO_COLOR": "1"])
    let drawn = result.lines.filter { "┌│└".contains($0.first ?? " ") }.map { $0.trimmingCharacters(in: .newlines) }
    #expect(result.code == 0 && drawn.count > 4)
    #expect(drawn.allSatisfy { $0.trimmingCharacters(in: .whitespacesAndNewlines).count <= width }, "\(result.output)")
    // Every box is closed.
    #expect(result.output.count { $0 == "┌" } == result.output.count { $0 == "┘" })
  }

  @Test(arguments: [
    "asymmetric", "big-little", "epyc", "expander", "flat-hbm", "holes", "hybrid", "job", "laptop", "lonely",
    "numa-of-packages", "smt8", "snc-expander", "virtual", "xeon",
  ])
  func everyMachineCanBeDrawn(name: String) throws {
    let file = Tool.fixture("Topologies/\(name).xml")
    let text = try Tool.run(["topo", "--xml", file, "--workers", "auto"])
    #expect(text.code == 0 && text.output.contains("┘"), "\(text.errors)")
    let svg = try Tool.run(["topo", "--xml", file, "--workers", "2", "--svg", "-"])
    #expect(svg.output.hasPrefix("<svg ") && XMLParserCheck.isWellFormed(svg.output), "\(svg.errors)")
  }

  @Test func jsonHasObjectsAndWorkers() throws {
    let result = try Tool.run(machine + ["--workers", "auto", "--json"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect((object["workers"] as? [Any])?.count == 8 && object["allowed"] as? String == "0-15")
    #expect(((object["objects"] as? [String: Any])?["core"] as? [Any])?.count == 8)
  }

  @Test func severalMachines() throws {
    let result = try Tool.run(machine + ["--workers", "2", "--placement", "node", "--nodes", "2"])
    #expect(result.output.contains("imagined machine 2") && result.output.contains("0[3 3]"), "\(result.output)")
  }

  @Test func contradictionsAreRefused() throws {
    let result = try Tool.run(machine + ["--xml", "x"])
    #expect(result.code != 0 && result.errors.contains("exclude each other"))
  }
}

enum XMLParserCheck {
  /// Every element that is opened is closed, in order.
  static func isWellFormed(_ text: String) -> Bool {
    var open: [Substring] = []
    for part in text.split(separator: "<").dropFirst(0) {
      let name = part.prefix { $0 != " " && $0 != ">" && $0 != "/" }
      if part.hasPrefix("/") {
        guard let last = open.popLast(), part.dropFirst().hasPrefix(last) else { return false }
      } else if let end = part.firstIndex(of: ">"), part[..<end].hasSuffix("/") {
        continue
      } else {
        open.append(name)
      }
    }
    return open.isEmpty
  }
}
