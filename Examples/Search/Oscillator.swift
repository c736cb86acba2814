/// A damped Duffing oscillator, x″ = −k x − β x³ − c x′, let go at x = 1.
struct Oscillator: Codable, Sendable, Equatable {
  var stiffness: Double
  var hardening: Double
  var damping: Double

  /// What the measured one is, which the search does not know.
  static let hidden = Oscillator(stiffness: 4.2, hardening: 1.3, damping: 0.15)

  /// Where the parameters are looked for.
  static let ranges = (stiffness: 1.0...6.0, hardening: 0.0...3.0, damping: 0.0...0.5)

  /// All points of a grid with so many along each axis.
  static func grid(_ points: Int) -> [Oscillator] {
    func values(_ range: ClosedRange<Double>) -> [Double] {
      (0..<points).map { range.lowerBound + (range.upperBound - range.lowerBound) * Double($0) / Double(points - 1) }
    }
    let (hardenings, dampings) = (values(ranges.hardening), values(ranges.damping))
    return values(ranges.stiffness).flatMap { stiffness in
      hardenings.flatMap { hardening in
        dampings.map { Oscillator(stiffness: stiffness, hardening: hardening, damping: $0) }
      }
    }
  }

  /// Where it is at `count` times, `interval` apart: by the classical Runge-Kutta method.
  func displacements(at interval: Double, count: Int) -> [Double] {
    var (x, v) = (1.0, 0.0)
    let steps = 20
    let h = interval / Double(steps)
    func acceleration(_ x: Double, _ v: Double) -> Double { -stiffness * x - hardening * x * x * x - damping * v }
    return (0..<count).map { _ in
      for _ in 0..<steps {
        let (v1, a1) = (v, acceleration(x, v))
        let (v2, a2) = (v + h / 2 * a1, acceleration(x + h / 2 * v1, v + h / 2 * a1))
        let (v3, a3) = (v + h / 2 * a2, acceleration(x + h / 2 * v2, v + h / 2 * a2))
        let (v4, a4) = (v + h * a3, acceleration(x + h * v3, v + h * a3))
        x += h / 6 * (v1 + 2 * v2 + 2 * v3 + v4)
        v += h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
      }
      return x
    }
  }
}

extension Oscillator: CustomStringConvertible {
  var description: String {
    "stiffness \(stiffness.text(3)), hardening \(hardening.text(3)), damping \(damping.text(3))"
  }
}

/// Where something was at equally spaced times.
struct Measurement: Codable, Sendable {
  var interval: Double
  var displacements: [Double]

  /// 20 s of an oscillator, ten values a second, with uniform noise.
  ///
  /// - Parameter noise: its standard deviation.
  static func made(of oscillator: Oscillator, noise: Double, using random: inout SplitMix64) -> Measurement {
    let width = noise * 3.0.squareRoot()
    let exact = oscillator.displacements(at: 0.1, count: 200)
    return Measurement(interval: 0.1, displacements: exact.map { $0 + .random(in: -width...width, using: &random) })
  }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
