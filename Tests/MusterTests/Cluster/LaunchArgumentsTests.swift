import Testing

@testable import Muster

private func parse(_ words: String...) throws -> LaunchArguments { try LaunchArguments(words[...]) }

@Test(
  arguments: [
    (["--procs", "4", "x"], 4, 2), (["--procs=4", "x"], 4, 1), (["--procs", "auto"], nil, 2),
    (["--procs=auto"], nil, 1),
    (["--procs", "1"], 1, 2),
  ] as [([String], Int?, Int)])
func `a number of workers at the beginning is understood`(words: [String], workers: Int?, count: Int) throws {
  let arguments = try LaunchArguments(words[...])
  #expect(arguments.workers == workers.map { .exactly($0) } ?? .auto)
  #expect(arguments.count == count && arguments.machineFile == nil)
}

@Test func `a hostfile at the beginning is understood, with its format`() throws {
  let plain = try parse("--machine-file", "hosts", "x")
  #expect(plain.machineFile?.path == "hosts" && plain.machineFile?.format == nil && plain.count == 2)
  let named = try parse("--machine-file=mpich:/a:b/hosts")
  #expect(named.machineFile?.path == "/a:b/hosts" && named.machineFile?.format == .mpich && named.count == 1)
  #expect(try parse("--machine-file", "/a:b/hosts").machineFile?.path == "/a:b/hosts")
}

@Test func `both are understood in any order`() throws {
  for words in [["--procs", "2", "--machine-file=f", "x"], ["--machine-file", "f", "--procs=2", "x"]] {
    let arguments = try LaunchArguments(words[...])
    #expect(arguments.workers == 2 && arguments.machineFile?.path == "f" && arguments.count == 3)
  }
}

@Test(
  arguments: [[], ["x", "--procs", "4"], ["--proc", "4"], ["--procsx=4"], ["4"], ["x", "--machine-file", "f"]]
    as [[String]])
func `what is not at the beginning is the program's own`(words: [String]) throws {
  #expect(try LaunchArguments(words[...]) == LaunchArguments([]))
}

@Test(arguments: [
  ["--procs"], ["--procs", ""], ["--procs="], ["--procs", "0"], ["--procs", "-2"], ["--procs", "four"],
  ["--procs", "4.5"], ["--procs", "99999999999999999999"], ["--procs", "AUTO"], ["--procs", "1", "--procs", "2"],
  ["--machine-file"], ["--machine-file="], ["--machine-file", "a", "--machine-file", "b"],
])
func `a value that is none is an error that names the option`(words: [String]) throws {
  let error = try #require(throws: ClusterError.self) { try LaunchArguments(words[...]) }
  #expect(error.code == .invalidArgument && error.message.contains(words[0].prefix { $0 != "=" }))
}
