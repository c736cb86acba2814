import IsingModel
import Muster

/// Sweeps the two-dimensional Ising model over temperatures and seeds on all cores of this machine, or on the workers
/// asked for with --procs or --machine-file, and compares the result with the exact solution.
@main
struct Ising: ClusterProgram {
  func run() async throws {
    let options = try CommandLineOptions(CommandLine.arguments.dropFirst())
    let parameters = try ParameterFile.parse(readText(options.parameterFile), file: options.parameterFile)
    let runs = parameters.runs
    let simulate = SimulateTemperature(simulation: parameters.simulation)
    // Returns on rank 0 only.
    if let mode = options.mpi { try await startRanks(mode) }
    print(parameters.summary)

    let clock = ContinuousClock()
    if nprocs() == 1, options.mpi == nil {
      let start = clock.now
      let added = try await addprocs()
      print("\(added.count) workers started in \((clock.now - start).seconds.fixed(2)) s")
    }
    var measurements: [Measurements] = []
    let timeOnWorkers = try await clock.measure {
      measurements = try await pmap(simulate, runs, progress: .bar)
    }
    let workerCount = nworkers()
    print("\(runs.count) runs on \(workerCount) workers: \(timeOnWorkers.seconds.fixed(2)) s\n")

    let points = SweepPoint.points(from: measurements, of: runs, side: parameters.simulation.side)
    print(points.table)
    print()
    print("m² against Yang:        \(points.magnetisationAgreement)")
    print("energy against Onsager: \(points.energyAgreement)")
    print(parameters.explanation)
    try write(points, caption: parameters.caption, to: options.output)

    if options.isCompared {
      print("\nThe same \(runs.count) runs in process 1 alone, one after the other, for comparison …")
      var repeated: [Measurements] = []
      // A plain loop: one thread, whereas pmap(…, distributed: false) may use several.
      let timeAlone = clock.measure {
        repeated = runs.map(parameters.simulation.measure)
      }
      let speedUp = timeAlone / timeOnWorkers
      print("\(timeAlone.seconds.fixed(2)) s, so \(workerCount) workers were \(speedUp.fixed(2)) times as fast")
      guard repeated == measurements else { throw IsingError.differentAlone }
      print("The results are the same to the last bit.")
    }
    guard points.magnetisationAgreement.isAcceptable && points.energyAgreement.isAcceptable else {
      throw IsingError.disagreement
    }
  }

  private func write(_ points: [SweepPoint], caption: String, to directory: String) throws {
    try createDirectory(directory)
    try writeText(points.commaSeparatedValues, to: directory + "/ising.csv")
    try writeText(Figure.svg(of: points, caption: caption), to: directory + "/ising.svg")
    print("\nWritten: \(directory)/ising.csv and \(directory)/ising.svg")
  }
}

/// Why the program ends with an error although everything could be computed.
enum IsingError: Error, CustomStringConvertible {
  case disagreement
  case differentAlone

  var description: String {
    switch self {
    case .disagreement:
      "the simulation disagrees with the exact solution: a value is more than 4 σ off or χ² is beyond chance"
    case .differentAlone:
      "the runs gave other numbers in process 1 than on the workers, although their random numbers are the same"
    }
  }
}
