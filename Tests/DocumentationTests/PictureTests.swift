import Testing

/// The pictures of the page on placement are what `muster topo` draws.
@Suite struct PictureTests {
  static let machine = ["--synthetic", "package:2 numa:1 l3:1 core:4 pu:2"]

  static let pictures: [(name: String, arguments: [String])] = [
    ("placement-core", ["--workers", "4"]),
    ("placement-scatter", ["--workers", "4", "--placement", "scatter"]),
    ("placement-threads", ["--workers", "4", "--threads-per-worker", "2"]),
    ("placement-reserved", ["--workers", "auto", "--reserved-cores", "1"]),
    ("placement-oversubscribed", ["--workers", "9"]),
  ]

  @Test(arguments: pictures)
  func `A picture shows what muster topo draws`(name: String, arguments: [String]) throws {
    let drawn = try Command.run([Command.path("muster"), "topo"] + Self.machine + arguments + ["--svg", "-"])
    let picture = try Repository.text("Sources/Muster/Muster.docc/Resources/\(name).svg")
    #expect(drawn.code == 0)
    #expect(drawn.output == picture, "draw it anew: muster topo … --svg \(name).svg")
  }
}
