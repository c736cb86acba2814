import Testing

@testable import Muster

@Test(arguments: HostfileCorpus.names(in: "good"))
func `a good hostfile is told apart by itself`(name: String) throws {
  let machines = try Hostfile(contentsOf: HostfileCorpus.path("good", name, "hosts")).machines
  let expected = try HostfileCorpus.text("good", name, "machines").split(separator: "\n").map(String.init)
  #expect(machines.map(\.description) == expected)
}

@Test(arguments: HostfileCorpus.names(in: "good"))
func `a good hostfile is the same when its format is named`(name: String) throws {
  let path = HostfileCorpus.path("good", name, "hosts")
  guard let format = Hostfile.Format(rawValue: String(name.prefix { $0 != "-" })) else { return }
  #expect(try Hostfile(contentsOf: path, format: format) == Hostfile(contentsOf: path))
}

@Test(arguments: HostfileCorpus.names(in: "bad"))
func `a bad hostfile is an error with file, line, column, and what was expected`(name: String) throws {
  let path = HostfileCorpus.path("bad", name, "hosts")
  let error = try #require(throws: ClusterError.self) { try Hostfile(contentsOf: path) }
  let expected = try HostfileCorpus.text("bad", name, "error").split(separator: "\n").joined()
  #expect(error.code == .invalidArgument)
  #expect(error.message == expected.replacing("FILE", with: path))
}

@Test func `the corpus is there`() {
  #expect(HostfileCorpus.names(in: "good").count > 20 && HostfileCorpus.names(in: "bad").count > 50)
}

@Test func `a number behind a host is what the named format says`() throws {
  let text = "n1:4\nn2:22\n"
  #expect(try Hostfile(parsing: text, format: .mpich).machines.map(\.description) == ["4*n1", "22*n2"])
  #expect(try Hostfile(parsing: text, format: .julia).machines.map(\.description) == ["n1:4", "n2:22"])
  #expect(throws: ClusterError.self) { try Hostfile(parsing: text, format: .pbs) }
}

@Test func `the examples are what they say, a grammar each`() throws {
  let formats = Set(HostfileCorpus.examples).intersection(Hostfile.Format.allCases.map(\.rawValue))
  #expect(formats.count == Hostfile.Format.allCases.count)
  for name in HostfileCorpus.examples {
    let path = HostfileCorpus.examplePath(name)
    let machines = try Hostfile(contentsOf: path).machines
    #expect(!machines.isEmpty)
    if let format = Hostfile.Format(rawValue: name) {
      #expect(try Hostfile(contentsOf: path, format: format).machines == machines)
    }
  }
}

@Test func `a file that cannot be read is an error that says why`() throws {
  for (path, reason) in [
    ("/nonexistent/hosts", "No such file"), ("/", "Is a directory"), ("/dev/zero", "more than 16 MiB"),
  ] {
    let error = try #require(throws: ClusterError.self) { try Hostfile(contentsOf: path) }
    #expect(error.message.contains(path) && error.message.contains(reason), "\(error)")
  }
}

@Test func `a hostfile longer than a page is read to its end`() throws {
  let text = (0..<20_000).map { "node\($0).cluster.example.org slots=2\n" }.joined()
  let machines = try Hostfile(parsing: text, format: .openMPI).machines
  #expect(machines.count == 20_000 && machines.last?.host == "node19999.cluster.example.org")
}

@Test func `more hosts than there can be are an error before they are made`() throws {
  let error = #expect(throws: ClusterError.self) {
    try Hostfile(parsing: String(repeating: "n[1-60000]\n", count: 1_000))
  }
  #expect(error?.message.hasPrefix("hostfile:2:1: expected at most 65536 hosts") == true)
}

@Test func `counts of the same machine are added, but not those of machines with different settings`() throws {
  let text = "2*n1\nn1\nn1:22\n2*n1 dir=/a\nauto*n1\nn1 dir=/a\n"
  #expect(
    try Hostfile(parsing: text).machines.map(\.description) == ["3*n1", "n1:22", "3*n1 dir=/a", "auto*n1"])
}

@Test func `entries are kept as they stand in the file`() throws {
  let file = try Hostfile(parsing: "n1\nn2\nn1\n", format: .pbs)
  #expect(file.entries.map(\.host) == ["n1", "n2", "n1"] && file.machines.map(\.description) == ["2*n1", "n2"])
}

@Test(arguments: [
  ("1", [1]), ("2(x3),1", [2, 2, 2, 1]), ("4,4,2(x2)", [4, 4, 2, 2]), ("1(x1)", [1]),
])
func `task counts are a number for each node`(text: String, counts: [Int]) throws {
  #expect(try TaskCounts(parsing: text).counts == counts)
  #expect(try TaskCounts(parsing: TaskCounts(counts).description).counts == counts)
}

@Test(arguments: ["", "2(x3", "2(3)", "2(x0)", "0", "-1", "2,", "2(x3)1", "2(x99999999)", "x3", "2 (x3)"])
func `what are no task counts is an error that shows them`(text: String) throws {
  let error = try #require(throws: ClusterError.self) { try TaskCounts(parsing: text) }
  #expect(error.code == .invalidArgument && error.message.contains("“\(text)”"))
}
