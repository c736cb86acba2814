import ArgumentParser
import Muster

/// Finds the parameters of an oscillator that was measured: tries the points of a grid on all workers, in random order,
/// and stops as soon as one of them is good enough.
@main struct Search: ClusterProgram {
  func run() async throws {
    let options = Options.parseOrExit()
    var random = SplitMix64(state: options.seed)
    let measured = Measurement.made(of: .hidden, noise: options.noise, using: &random)
    let candidates = Oscillator.grid(options.points).shuffled(using: &random)
    if nprocs() == 1 { try await addprocs() }

    let clock = ContinuousClock()
    let start = clock.now
    var best: (oscillator: Oscillator, misfit: Double)?
    var tried = 0
    // A few for each worker are under way at a time: what is not needed any more should not have been begun.
    let misfits = pmapStream(Misfit(measured: measured), candidates, inFlight: 4 * nworkers())
    for try await (index, misfit) in misfits {
      tried += 1
      if misfit < best?.misfit ?? .infinity {
        best = (candidates[index], misfit)
        print("after \(tried): misfit \(misfit.text(4)) with \(candidates[index])")
      }
      // Leaving the loop ends the rest.
      if misfit < options.tolerance { break }
    }

    let seconds = ((clock.now - start) / .seconds(1)).text(2)
    print("tried \(tried) of \(candidates.count) points on \(nworkers()) workers in \(seconds) s")
    guard let best, best.misfit < options.tolerance else { throw NotFound(tolerance: options.tolerance) }
    print("found: \(best.oscillator)")
  }
}

/// The function that travels to the workers: how far an oscillator is from what was measured (root mean square).
struct Misfit: RemoteFunction {
  let measured: Measurement

  func callAsFunction(_ oscillator: Oscillator) -> Double {
    let computed = oscillator.displacements(at: measured.interval, count: measured.displacements.count)
    let squares = zip(computed, measured.displacements).map { ($0 - $1) * ($0 - $1) }
    return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
  }
}

struct NotFound: Error, CustomStringConvertible {
  let tolerance: Double
  var description: String { "no point of the grid has a misfit below \(tolerance): try more --points or a larger one" }
}
