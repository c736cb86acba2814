import IsingModel
import Testing

@Suite struct AgreementTests {
  /// Upper tails of χ² from tables.
  @Test(arguments: [(10, 18.307, 0.05), (20, 37.566, 0.01), (20, 19.337, 0.5), (30, 18.493, 0.95)])
  func probability(count: Int, chiSquared: Double, probability: Double) {
    let deviation = (chiSquared / Double(count)).squareRoot()
    let agreement = Agreement(deviations: repeatElement(deviation, count: count))
    #expect(agreement.count == count)
    #expect(abs(agreement.chiSquared - chiSquared) < 1e-9)
    #expect(abs(agreement.probability - probability) < 0.002)
  }

  @Test func whatIsAcceptable() {
    #expect(Agreement(deviations: []).isAcceptable)
    #expect(Agreement(deviations: [1, -1, 0.5, -1.5, 2]).isAcceptable)
    #expect(!Agreement(deviations: [1, -1, 0.5, -4.1, 1]).isAcceptable)
    #expect(!Agreement(deviations: repeatElement(2.0, count: 20)).isAcceptable, "χ² too large")
    #expect(!Agreement(deviations: repeatElement(0.1, count: 20)).isAcceptable, "χ² too small")
    #expect(!Agreement(deviations: [.infinity]).isAcceptable)
    #expect(!Agreement(deviations: [.nan, 1]).isAcceptable)
  }
}
