import ArgumentParser
import Muster

/// Counts how often each k-mer, a word of k bases, is in a genome, on all workers.
@main struct KmerCount: ClusterProgram {
  func run() async throws {
    let options = Options.parseOrExit()
    if nprocs() == 1 { try await addprocs() }

    let genome = Genome(count: options.bases, seed: options.seed)
    let kmers = CountKmers(genome: genome, k: options.k, chunkSize: min(options.chunk, options.bases))
    let clock = ContinuousClock()
    var counts: [UInt32] = []
    let time = try await clock.measure {
      // Each worker adds up its chunks; the sums are added here.
      counts = try await distributed(0..<kmers.chunkCount, reduce: AddCounts(), kmers)
    }
    let speed = Double(options.bases) / 1e6 / (time / .seconds(1))
    print("\(options.bases) bases in \(kmers.chunkCount) chunks on \(nworkers()) workers: \(time.inSeconds)")
    print("\(speed.text(1)) million bases a second")

    print("\(counts.count { $0 > 0 }) different \(options.k)-mers; the most frequent:")
    for (code, count) in mostFrequent(options.top, of: counts) {
      print("  \(Base.text(of: code, k: options.k)) \(count)")
    }

    guard options.check else { return }
    var expected: [UInt32] = []
    let timeAlone = clock.measure { expected = CountKmers(genome: genome, k: options.k, chunkSize: options.bases)(0) }
    guard counts == expected else { throw CountsDiffer() }
    print("the same as counted in process 1 alone, in \(timeAlone.inSeconds)")
  }
}

/// The most frequent k-mers, the first first; of equally frequent ones those with the smaller code.
func mostFrequent(_ number: Int, of counts: [UInt32]) -> [(code: Int, count: UInt32)] {
  var top: [(code: Int, count: UInt32)] = []
  for (code, count) in counts.enumerated() where count > (top.count < number ? 0 : top.last?.count ?? .max) {
    top.insert((code, count), at: top.firstIndex { $0.count < count } ?? top.endIndex)
    if top.count > number { top.removeLast() }
  }
  return top
}

struct CountsDiffer: Error, CustomStringConvertible {
  var description: String { "process 1 alone has counted something else than the workers" }
}
