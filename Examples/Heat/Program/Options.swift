import ArgumentParser
import HeatModel

/// The command line, the same on all ranks.
struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "Heat",
    abstract: "Solves the two-dimensional heat equation on the ranks of an MPI job, and checks it.",
    usage: "mpirun -n RANKS Heat [--cells N ...] [--diffusivity X] [--duration X] …",
    discussion: """
      The unit square is zero along its edges and sin(πx) sin(πy) at the beginning. The ranks have strips of its rows \
      and exchange the outer ones before each step. Without mpirun there is one rank, which does everything.

      EXAMPLES:
        mpirun -n 4 Heat --cells 32 64 128
        sbatch -N 2 -n 16 --wrap 'srun --mpi=pmix Heat --cells 256 512'
      """)

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("How many cells the square has along each side: one grid after the other.", valueName: "N"))
  var cells = [16, 32, 64]

  @Option(help: ArgumentHelp("The diffusivity.", valueName: "X"))
  var diffusivity = 1.0

  @Option(help: ArgumentHelp("The time that passes.", valueName: "X"))
  var duration = 0.1

  @Option(help: ArgumentHelp("How many states are saved on the way.", valueName: "N"))
  var states = 4

  @Option(help: ArgumentHelp("Where to leave a picture (PGM) of each saved state.", valueName: "FOLDER"))
  var pictures: String?

  @Flag(help: "Muster's own messages go over sockets, not over MPI.")
  var tcp = false

  var problem: HeatProblem { HeatProblem(diffusivity: diffusivity, duration: duration) }

  func validate() throws {
    guard cells.allSatisfy({ (4...100_000).contains($0) }), zip(cells, cells.dropFirst()).allSatisfy(<) else {
      let numbers = cells.map(String.init).joined(separator: " ")
      throw ValidationError("--cells is \(numbers): each must be from 4 to 100000, and more than the one before")
    }
    for (name, value) in [("diffusivity", diffusivity), ("duration", duration)] where !(value > 0 && value.isFinite) {
      throw ValidationError("--\(name) is \(value): it must be more than 0")
    }
    guard states > 0 else { throw ValidationError("--states is \(states): it must be at least 1") }
  }
}

/// There are no ranks in a program that was built without MPI.
struct Unavailable: Error, CustomStringConvertible {
  var description: String { "Heat was built without MPI: swift build -c release --product Heat --traits MPI" }
}
