import Glibc
import Muster

/// The name of the host that it runs on.
struct HostName: RemoteThunk {
  func callAsFunction() -> String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

struct Square: RemoteFunction {
  func callAsFunction(_ x: Int) -> Int { x * x }
}

/// Says where its workers run, and has them compute something: what the scripts in jobscripts/ start.
///
///     whereabouts                    workers of --procs or --machine-file; otherwise of this machine
///     whereabouts pbs [STARTER]      workers on the hosts of the PBS job that this runs in
///     whereabouts qsub COUNT [chunks]  workers in a PBS job of their own, an array or one job
@main struct Whereabouts: ClusterProgram {
  func run() async throws {
    try await startWorkers(Array(CommandLine.arguments.dropFirst()))
    for pid in workers() { print("worker \(pid) on \(try await remotecallFetch(HostName(), on: pid))") }
    let squares = try await pmap(Square(), 1...1000, batchSize: 50)
    print("the sum of the squares of 1…1000 is \(squares.reduce(0, +)), by \(nworkers()) workers")
  }

  private func startWorkers(_ words: [String]) async throws {
    switch (words.first, words.dropFirst().first) {
    case (nil, _):
      if nprocs() == 1 { try await addprocs() }
    case ("pbs", let name):
      let starter = try name.map { name in
        guard let starter = PBSStarter(rawValue: name) else { throw Usage() }
        return starter
      }
      try await addprocs(PBSManager(starter: starter))
    case ("qsub", let number?):
      guard let count = Int(number) else { throw Usage() }
      var pbs = PBSOptions()
      pbs.shape = words.last == "chunks" ? .chunks : .array
      pbs.walltime = .seconds(600)
      try await addprocs(PBSManager(np: count, pbs))
    default: throw Usage()
    }
  }
}

struct Usage: Error, CustomStringConvertible {
  var description: String {
    "usage: whereabouts [--procs N|auto] [--machine-file F] [pbs [STARTER] | qsub COUNT [chunks]]"
  }
}
