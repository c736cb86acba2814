import IsingModel
import Testing

/// A small sweep below and above the critical temperature against the exact solution of the infinite lattice.
@Suite struct InfiniteLatticeTests {
  @Test func sweepAgreesWithOnsagerAndYang() {
    let simulation = Simulation(side: 32, thermalisation: 50, measurements: 1000, bins: 25)
    let parameters = Parameters(
      simulation: simulation, temperatures: [1.4, 1.5, 1.6, 1.7, 1.8, 2.9, 3.1, 3.4, 3.8, 4.2], seeds: [1, 2])
    let runs = parameters.runs
    let points = SweepPoint.points(from: runs.map(simulation.measure), of: runs, side: simulation.side)
    #expect(points.map(\.temperature) == parameters.temperatures)
    #expect(points.map(\.isComparable) == points.map { _ in true })
    #expect(points.magnetisationAgreement.isAcceptable, "\(points.magnetisationAgreement)\n\(points.table)")
    #expect(points.energyAgreement.isAcceptable, "\(points.energyAgreement)\n\(points.table)")
    for point in points {
      #expect(point.energy.error < 0.006 && point.squaredMagnetisation.error < 0.006)
    }
  }

  @Test func pointsNearTheCriticalTemperatureAreNotCompared() {
    let simulation = Simulation(side: 8, thermalisation: 1, measurements: 4, bins: 2)
    let runs = [3.0, 2.3, 1.0].map { Run(temperature: $0, seed: 1) }
    let points = SweepPoint.points(from: runs.map(simulation.measure), of: runs, side: simulation.side)
    #expect(points.map(\.temperature) == [1.0, 2.3, 3.0])
    #expect(points.map(\.isComparable) == [true, false, false])
    #expect(points.energyAgreement.count == 1)
  }

  @Test func aRunIsReproducible() {
    let simulation = Simulation(side: 8, thermalisation: 5, measurements: 20, bins: 4)
    let run = Run(temperature: 2, seed: 3)
    #expect(simulation.measure(run) == simulation.measure(run))
    #expect(simulation.measure(run) != simulation.measure(Run(temperature: 2, seed: 4)))
  }
}
