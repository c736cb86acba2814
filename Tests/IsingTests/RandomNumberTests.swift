import IsingModel
import Testing

@Suite struct RandomNumberTests {
  /// Of the reference implementation in C by D. Blackman and S. Vigna, from the state 1, 2, 3, 4.
  @Test func xoshiroGivesTheReferenceSequence() {
    var random = Xoshiro256StarStar(state: (1, 2, 3, 4))
    let numbers = (0..<10).map { _ in random.next() }
    #expect(
      numbers == [
        11520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
        16_172_922_978_634_559_625, 8_476_171_486_693_032_832, 10_595_114_339_597_558_777, 2_904_607_092_377_533_576,
      ])
  }

  /// Of the reference implementation in C by S. Vigna, from the state 1234567.
  @Test func splitMixGivesTheReferenceSequence() {
    var random = SplitMix64(state: 1_234_567)
    let numbers = (0..<5).map { _ in random.next() }
    #expect(
      numbers == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
      ])
  }

  @Test func streamsDependOnTemperatureAndSeed() {
    func start(_ temperature: Double, _ seed: UInt64) -> UInt64 {
      var random = Xoshiro256StarStar(temperature: temperature, seed: seed)
      return random.next()
    }
    #expect(start(2, 1) == start(2, 1))
    #expect(Set([start(2, 1), start(2, 2), start(2.1, 1), start(2.1, 2)]).count == 4)
  }
}
