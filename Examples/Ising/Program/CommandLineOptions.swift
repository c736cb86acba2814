/// The command line, after Muster has taken its own options from the front.
struct CommandLineOptions: Equatable {
  var parameterFile = "Examples/Ising/parameters.txt"
  var output = "ising-results"
  var isCompared = true
  /// The program runs as the ranks of an MPI job, which talk over this.
  var mpi: MPIMode?

  enum MPIMode: String {
    case mpi, tcp
  }

  static let usage = """
    usage: ising [--procs N|auto | --machine-file FILE] [PARAMETERS] [--output DIRECTORY] [--no-comparison]
           mpirun -n N ising --mpi mpi|tcp [PARAMETERS] [--output DIRECTORY] [--no-comparison]

      PARAMETERS          the parameter file of the sweep (Examples/Ising/parameters.txt)
      --output DIRECTORY  where ising.csv and ising.svg are written (ising-results)
      --mpi mpi|tcp       run on the ranks of an MPI job, which talk to each other over MPI or over sockets
      --no-comparison     do not repeat the sweep in one process to compare the times
    """

  init(_ arguments: some Sequence<String>) throws {
    var hasParameterFile = false
    var iterator = arguments.makeIterator()
    while let argument = iterator.next() {
      switch argument {
      case "--no-comparison":
        isCompared = false
      case "--mpi":
        guard let mode = iterator.next().flatMap({ MPIMode(rawValue: $0) }) else {
          throw UsageError(message: "--mpi needs mpi or tcp")
        }
        mpi = mode
      case "--output":
        guard let directory = iterator.next(), !directory.hasPrefix("--") else {
          throw UsageError(message: "--output needs a directory")
        }
        output = directory
      case _ where argument.hasPrefix("-"):
        throw UsageError(message: "unknown option \(argument)")
      case _ where hasParameterFile:
        throw UsageError(message: "a second parameter file, \(argument)")
      default:
        parameterFile = argument
        hasParameterFile = true
      }
    }
  }
}

/// What is wrong with the command line.
struct UsageError: Error, Equatable, CustomStringConvertible {
  let message: String

  var description: String { "\(message)\n\(CommandLineOptions.usage)" }
}
