import IsingModel
import Testing

@Suite struct BinningTests {
  /// x(t+1) = a x(t) + noise of variance 1 − a² has variance 1, τ = (1 + a) / (2 (1 − a)) and an error of √(2τ/n).
  @Test(arguments: [0.0, 0.5, 0.9])
  func autoregressiveSeries(a: Double) {
    var random = Xoshiro256StarStar(temperature: a, seed: 7)
    var series = BinnedSeries(binLength: 1000)
    let count = 400_000
    var x = 0.0
    for _ in 0..<count {
      // Uniform noise will do: what counts is its variance, here 1/12 before scaling.
      let noise = (Double.random(in: 0..<1, using: &random) - 0.5) * 12.0.squareRoot()
      x = a * x + (1 - a * a).squareRoot() * noise
      series.append(x)
    }
    let estimate = series.estimate
    let time = (1 + a) / (2 * (1 - a))
    let error = (2 * time / Double(count)).squareRoot()
    // 400 bins know their variance to 7 %, hence the error to 3.5 %.
    #expect(abs(estimate.error / error - 1) < 0.14)
    #expect(abs(estimate.autocorrelationTime / time - 1) < 0.28)
    #expect(abs(estimate.mean) < 4 * error)
  }

  @Test func smallSeriesByHand() {
    var series = BinnedSeries(binLength: 2)
    for value in [1.0, 3, 5, 7] { series.append(value) }
    #expect(series.binMeans == [2, 6])
    #expect(series.estimate.mean == 4)
    #expect(series.estimate.error == 2)
    #expect(abs(series.estimate.autocorrelationTime - 2 * 8 / 5 / 2) < 1e-15)
  }

  @Test func mergingIsAppending() {
    var whole = BinnedSeries(binLength: 2)
    var first = BinnedSeries(binLength: 2)
    var second = BinnedSeries(binLength: 2)
    for value in [1.0, 3, 5, 7] { whole.append(value) }
    for value in [1.0, 3] { first.append(value) }
    for value in [5.0, 7] { second.append(value) }
    first.merge(second)
    #expect(first == whole)
  }

  @Test func constantSeriesHasNoError() {
    var series = BinnedSeries(binLength: 1)
    for _ in 0..<10 { series.append(-2) }
    #expect(series.estimate == Estimate(mean: -2, error: 0, autocorrelationTime: 0.5))
    #expect(series.estimate.deviation(from: -2) == 0)
    #expect(series.estimate.deviation(from: -1) == -.infinity)
  }
}
