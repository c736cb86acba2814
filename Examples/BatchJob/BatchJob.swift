import Glibc
import Muster

/// Estimates π by throwing so many darts.
struct ThrowDarts: RemoteFunction {
  let count: Int

  func callAsFunction(_ seed: Int) -> Int {
    var state = UInt64(bitPattern: Int64(seed)) &+ 0x9E37_79B9_7F4A_7C15
    func random() -> Double {  // SplitMix64
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }
    var hits = 0
    for _ in 0..<count {
      let (x, y) = (random(), random())
      if x * x + y * y < 1 { hits += 1 }
    }
    return hits
  }
}

/// A program for a Slurm job that may be cut short: it keeps a journal of what is done, ends in time, and a second job goes
/// on where the first has stopped.
///
///     BatchJob [FIRST LAST [JOURNAL]]     the seeds, and where to keep the results
@main struct BatchJob: ClusterProgram {
  func run() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    let numbers = arguments.compactMap { Int($0) }
    let (first, last) = numbers.count >= 2 ? (numbers[0], numbers[1]) : (1, 100)
    let journal = arguments.dropFirst(2).first ?? "batch-job.journal"

    // `srun ./BatchJob` has made workers of its tasks; in a job script they are started here.
    if workers() == [1] { try await addprocs(SlurmManager()) }
    print("\(nworkers()) workers")

    let darts = 100_000
    let part = try await pmap(ThrowDarts(count: darts), first...last, stopBefore: .seconds(30), journal: journal)
    let hits = part.values.compactMap { $0 }
    print(
      "\(hits.count) of \(part.values.count) done, π ≈ \(4 * Double(hits.reduce(0, +)) / Double(hits.count * darts))")
    // For whoever has submitted the job: there is more to do.
    if !part.isComplete { exit(75) }
  }
}
