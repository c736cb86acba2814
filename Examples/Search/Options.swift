import ArgumentParser
import Foundation

/// The command line, after Muster has taken its own options from the front.
struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "Search",
    abstract: "Finds the parameters of a measured oscillator on a grid, and stops when they are good enough.",
    usage: "Search [--procs N|auto | --machine-file FILE] [--points N] [--tolerance X] …",
    discussion: """
      The measurement is made by the program itself: a damped Duffing oscillator, with noise.

      Workers: as many as --procs or --machine-file say, which come before everything else; under srun one for each \
      task but the first; otherwise one for each core of this machine.

      EXAMPLES:
        Search
        Search --procs 4 --points 51 --tolerance 0.03
      """)

  @Option(help: ArgumentHelp("The points of the grid along each of its three axes.", valueName: "N"))
  var points = 26

  @Option(help: ArgumentHelp("The misfit that is good enough.", valueName: "X"))
  var tolerance = 0.05

  @Option(help: ArgumentHelp("The standard deviation of the noise.", valueName: "X"))
  var noise = 0.02

  @Option(help: ArgumentHelp("Another number, other noise and another order.", valueName: "N"))
  var seed: UInt64 = 1

  func validate() throws {
    guard (2...200).contains(points) else { throw ValidationError("--points is \(points): it must be from 2 to 200") }
    guard tolerance >= 0, tolerance.isFinite else {
      throw ValidationError("--tolerance is \(tolerance): it must not be below 0")
    }
    guard noise >= 0, noise.isFinite else { throw ValidationError("--noise is \(noise): it must not be below 0") }
  }
}

extension Double {
  func text(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}
