import Foundation
import Testing

@testable import Muster

/// Slurm's own word on node lists; it needs no daemons for that.
private enum Scontrol {
  static let path = "/usr/bin/scontrol"
  static let isThere = FileManager.default.isExecutableFile(atPath: path)

  static func show(_ words: String...) throws -> [String] {
    let configuration = NSTemporaryDirectory() + "slurm-\(UUID().uuidString).conf"
    try "ClusterName=x\nSlurmctldHost=localhost\nNodeName=n1\n".write(
      toFile: configuration, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: configuration) }
    let process = Process()
    let output = Foundation.Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["show"] + words
    process.environment = ["SLURM_CONF": configuration]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// Hosts as a cluster has them: runs and gaps, padded and not, several prefixes, some again.
  static func hosts(_ generator: inout SplitMix64) -> [String] {
    var hosts: [String] = []
    for _ in 0..<Int.random(in: 1...6, using: &generator) {
      let prefix = ["n", "node", "r1n", "gpu-"].randomElement(using: &generator)!
      let width = Int.random(in: 1...4, using: &generator)
      let first = Int.random(in: 0...120, using: &generator)
      let numbers = first..<(first + Int.random(in: 1...5, using: &generator))
      hosts += numbers.map { prefix + NodeList.padded($0, to: width) }
    }
    return hosts
  }
}

@Test(.enabled(if: Scontrol.isThere, "scontrol of slurm-client is not installed"))
func `Slurm reads the node lists that are written here, and writes the same`() throws {
  var generator = SplitMix64(seed: 6)
  for _ in 0..<40 {
    let hosts = Scontrol.hosts(&generator)
    let list = NodeList(hosts).description
    #expect(try NodeList(parsing: list).hosts == hosts)
    let expanded = try Scontrol.show("hostnames", list)
    let compact = try Scontrol.show("hostlist", hosts.joined(separator: ","))
    #expect(expanded == hosts && compact == [list])
  }
}

@Test(.enabled(if: Scontrol.isThere, "scontrol of slurm-client is not installed"))
func `node lists that Slurm reads are read here alike`() throws {
  for list in ["n[001-003,7],m1", "r[1-2]n[3-4]", "n[001-7]", "n[08-10]", "n[7,5-6]", "n[1-2][3-4]", "n1,n1"] {
    let theirs = try Scontrol.show("hostnames", list)
    #expect(try NodeList(parsing: list).hosts == theirs)
  }
}
