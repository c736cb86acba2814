import Foundation
import Testing

/// What the examples have in common.
@Suite struct CommandLineTests {
  @Test(arguments: ["Pipeline", "KmerCount", "Search", "Heat"])
  func `the help shows how to use it, by example`(name: String) async throws {
    let help = try await Example.run(name, ["--help"])
    #expect(help.code == 0 && help.errors.isEmpty, "\(help)")
    for word in ["OVERVIEW", "USAGE", "EXAMPLES", "OPTIONS", "\(name) --"] {
      #expect(help.output.contains(word), "\(word): \(help.output)")
    }
  }

  @Test(arguments: [
    ("Pipeline", ["/no/such/folder", "out"], "INPUT: there is no folder '/no/such/folder'"),
    ("Pipeline", ["/tmp", "/tmp/out", "--make-input", "1"], "--make-input: there is a '/tmp' already"),
    ("Pipeline", ["/tmp", "/tmp/out", "--in-flight", "0"], "--in-flight is 0: it must be at least 1"),
    ("Pipeline", ["/tmp"], "Missing expected argument '<OUTPUT>'"),
    ("KmerCount", ["--k", "13"], "--k is 13: it must be from 1 to 12"),
    ("KmerCount", ["--k", "4", "--bases", "3"], "--bases is 3: it must be from 4"),
    ("KmerCount", ["--bases", "many"], "The value 'many' is invalid for '--bases <N>'"),
    ("KmerCount", ["--chek"], "Did you mean '--check'?"),
    ("Search", ["--points", "1"], "--points is 1: it must be from 2 to 200"),
    ("Search", ["--tolerance", "nan"], "--tolerance is nan: it must not be below 0"),
    ("Heat", ["--cells", "16", "16"], "--cells is 16 16: each must be from 4 to 100000, and more than the one before"),
    ("Heat", ["--duration", "0"], "--duration is 0.0: it must be more than 0"),
  ])
  func `what is wrong with the command line is said`(name: String, arguments: [String], message: String) async throws {
    let example = try await Example.run(name, arguments)
    #expect(example.code == 64 && example.output.isEmpty, "\(example)")
    #expect(example.errors.contains(message), "\(example.errors)")
  }
}

@Suite struct SmallExamplesTests {
  @Test func `Squares prints squares`() async throws {
    let example = try await Example.run("Squares", [])
    #expect(example.code == 0 && example.output.hasPrefix("[1, 4, 9, 16, 25, 36, 49, 64, 81, 100] from"), "\(example)")
    #expect(example.output.hasSuffix("12² = 144, computed by process 2\n"), "\(example)")
  }

  @Test func `Ising gives the same numbers on local workers as in one process`() async throws {
    try await withFolder { folder in
      let parameters = """
        lattice = 32
        temperatures = 2.0 3.0
        seeds = 1 2
        thermalisation = 200
        measurements = 400
        bins = 20

        """
      try parameters.write(toFile: folder + "/parameters.txt", atomically: true, encoding: .utf8)
      let example = try await Example.run(
        "ising", ["--procs", "2", folder + "/parameters.txt", "--output", folder + "/results"])
      #expect(example.code == 0 && example.output.contains("4 runs on 2 workers"), "\(example)")
      #expect(example.output.contains("the same to the last bit"), "\(example)")
      #expect(try text(folder + "/results/ising.csv").split(separator: "\r\n").count == 3)
    }
  }
}
