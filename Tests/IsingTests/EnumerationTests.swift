import Glibc
import IsingModel
import Testing

/// The simulation against the exact averages of a lattice of 4 × 4 spins, summed over all its 65,536 states.
@Suite struct EnumerationTests {
  @Test(arguments: [1.5, 2.269, 4.0])
  func simulationGivesTheAveragesOfAllStates(temperature: Double) {
    let simulation = Simulation(side: 4, thermalisation: 100, measurements: 40_000, bins: 100)
    let measured = simulation.measure(Run(temperature: temperature, seed: 1))
    let exact = Self.averages(at: temperature)
    #expect(abs(measured.energy.estimate.deviation(from: exact.energy)) < 4)
    #expect(abs(measured.squaredMagnetisation.estimate.deviation(from: exact.correlation)) < 4)
    #expect(measured.energy.estimate.error < 0.02)
  }

  /// Knows nothing of how the library finds neighbours.
  static func averages(at temperature: Double) -> (energy: Double, correlation: Double) {
    var sums = (weight: 0.0, energy: 0.0, correlation: 0.0)
    for state in 0..<65_536 {
      func products(shiftedBy rows: Int, _ columns: Int) -> Int {
        // The rows of the state are its four hexadecimal digits; equal spins leave a zero in the exclusive or.
        let turned = (state >> (4 * rows) | state << (16 - 4 * rows)) & 0xffff
        let low = [0xffff, 0x7777, 0x3333, 0x1111][columns]
        let shifted = ((turned >> columns) & low) | ((turned << (4 - columns)) & ~low & 0xffff)
        return 16 - 2 * (state ^ shifted).nonzeroBitCount
      }
      let energy = -Double(products(shiftedBy: 1, 0) + products(shiftedBy: 0, 1))
      let weight = exp(-energy / temperature)
      sums.weight += weight
      sums.energy += weight * energy / 16
      sums.correlation += weight * Double(products(shiftedBy: 2, 2)) / 16
    }
    return (sums.energy / sums.weight, sums.correlation / sums.weight)
  }

  @Test func latticeStartsOrderedAndCountsItsFlips() {
    var lattice = Lattice(side: 8)
    #expect(lattice.energyPerSpin == -2)
    #expect(lattice.correlationAcross == 1)
    // So cold that the cluster is the whole lattice.
    var random = Xoshiro256StarStar(temperature: 0.1, seed: 1)
    let update = WolffUpdate(temperature: 0.1, sites: lattice.count)
    #expect(update.flipCluster(of: &lattice, using: &random) == 64)
    #expect(lattice.energyPerSpin == -2)
    // So hot that the cluster is a single site, which turns four bonds and one pair of opposite sites.
    let hot = WolffUpdate(temperature: 1e12, sites: lattice.count)
    #expect(hot.flipCluster(of: &lattice, using: &random) == 1)
    #expect(lattice.energyPerSpin == -2 + 8.0 / 64)
    #expect(lattice.correlationAcross == 1 - 2.0 / 32)
  }
}
