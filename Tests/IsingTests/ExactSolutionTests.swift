import IsingModel
import Testing

@Suite struct ExactSolutionTests {
  @Test func criticalTemperature() {
    #expect(abs(ExactSolution.criticalTemperature - 2.269_185_314_213_022) < 1e-14)
  }

  @Test func energyAtTheCriticalTemperatureIsMinusRootTwo() {
    // The slope is infinite there, so that a rounding error in the temperature is multiplied by about 70.
    let energy = ExactSolution.energy(at: ExactSolution.criticalTemperature)
    #expect(abs(energy + 2.0.squareRoot()) < 1e-13)
  }

  /// Computed with mpmath from the textbook forms, with 40 digits.
  @Test(arguments: [
    (1.0, -1.997_160_204_112_251_127, 0.999_275_751_957_061_196),
    (1.5, -1.951_116_573_078_376_844, 0.986_499_602_621_494_465),
    (2.0, -1.745_564_575_312_553_965, 0.911_319_377_877_495_977),
    (2.2, -1.546_489_144_098_454_408, 0.784_755_131_383_921_513),
    (2.5, -1.106_079_203_745_790_912, 0.0),
    (3.0, -0.817_309_592_502_420_141, 0.0),
    (5.0, -0.428_228_833_240_348_058, 0.0),
  ])
  func knownValues(temperature: Double, energy: Double, magnetisation: Double) {
    #expect(abs(ExactSolution.energy(at: temperature) - energy) < 1e-13)
    #expect(abs(ExactSolution.magnetisation(at: temperature) - magnetisation) < 1e-13)
  }

  @Test func limits() {
    #expect(abs(ExactSolution.energy(at: 0.1) + 2) < 1e-15)
    #expect(ExactSolution.magnetisation(at: 0.1) == 1)
    #expect(ExactSolution.magnetisation(at: ExactSolution.criticalTemperature) == 0)
    // High temperature: u → −2 tanh K.
    #expect(abs(ExactSolution.energy(at: 1000) + 0.002) < 1e-8)
  }

  @Test func correlationLengthDiverges() {
    #expect(ExactSolution.inverseCorrelationLength(at: ExactSolution.criticalTemperature) < 1e-15)
    #expect(ExactSolution.inverseCorrelationLength(at: 1) > 1)
    #expect(ExactSolution.inverseCorrelationLength(at: 10) > 1)
  }
}
