import Muster

struct Sum: RemoteFunction {
  func callAsFunction(_ array: [Double]) -> Double { sum(array) }
}

/// The sum with eight-fold vectors: one number after the other, adding would take longer than receiving.
func sum(_ array: [Double]) -> Double {
  array.withUnsafeBytes { bytes in
    var sums = (SIMD8<Double>.zero, SIMD8<Double>.zero)
    let step = 2 * MemoryLayout<SIMD8<Double>>.size
    for offset in stride(from: 0, through: bytes.count - step, by: step) {
      sums.0 += bytes.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self)
      sums.1 += bytes.loadUnaligned(fromByteOffset: offset + step / 2, as: SIMD8<Double>.self)
    }
    return (sums.0 + sums.1).sum()
  }
}

/// Two arrays that are sent in turn, so that an answer to the one before is noticed; whole numbers, so that sums are
/// exact.
struct TestArrays: Sendable {
  private let arrays: [([Double], sum: Double)]
  let byteCount: Int

  init(byteCount: Int) {
    self.byteCount = byteCount
    arrays = (0..<2).map { number in
      let array = (0..<(byteCount / 8)).map { Double($0 % 1000 + number) }
      return (array, sum(array))
    }
  }

  subscript(number: Int) -> ([Double], sum: Double) { arrays[number % 2] }
}

extension Row {
  static let array1MiB = Row(name: "array1MiB", targets: .everywhere(.ratioAtLeast(0.8))) { bench in
    try await measureArrays("array1MiB", bench, byteCount: 1 << 20, samples: bench.scaled(300))
  }

  static let array64MiB = Row(name: "array64MiB", targets: .everywhere(.ratioAtLeast(0.8))) { bench in
    try await measureArrays("array64MiB", bench, byteCount: 64 << 20, samples: max(3, bench.scaled(10)))
  }

  private static func measureArrays(
    _ name: String, _ bench: Bench, byteCount: Int, samples: Int
  ) async throws -> Measurement {
    let arrays = TestArrays(byteCount: byteCount)
    return try await bench.withWorkers(1) { pids in
      let (ours, raw) = try await bench.interleave {
        var number = 0
        return try await measure(samples) {
          let (array, expected) = arrays[number]
          number += 1
          let sum = try await remotecallFetch(Sum(), on: pids[0], array)
          try check(sum, is: expected, "the sum of an array")
        }
      } raw: { waiting in
        try RawRounds.arrays(arrays, over: bench.socket, waiting: waiting, samples: samples)
      }
      return .rate(name, bench, of: byteCount, unit: .bytesPerSecond, ours, raw: raw)
    }
  }
}
